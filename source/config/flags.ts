import {accountFlags} from './flags/account.ts';
import {batchFlags} from './flags/batch.ts';
import type {Flag} from './flags/flag.ts';
import {generalFlags} from './flags/general.ts';
import {guardFlags} from './flags/guard.ts';
import {loadFlags} from './flags/load.ts';
import {outputFlags} from './flags/output.ts';
import {promptFlags} from './flags/prompt.ts';
import {simulatorFlags} from './flags/simulator.ts';

const table = [
	...promptFlags,
	...loadFlags,
	...accountFlags,
	...guardFlags,
	...batchFlags,
	...outputFlags,
	...simulatorFlags,
	...generalFlags,
] as const;

/** The name of a flag that is there: a misspelt one does not compile. */
export type FlagName<Kind extends Flag['kind'] = Flag['kind']> = Extract<
	(typeof table)[number],
	{readonly kind: Kind}
>['name'];

/** Flags with a value: given at most once, or `optional` ones whose value may be left out. */
export type TextFlag = FlagName<'value' | 'optional'>;

/** Every flag, in the order of the help. */
export const flags: ReadonlyArray<Flag & {readonly name: FlagName}> = table;
