import {accountFlags} from './flags/account.ts';
import {batchFlags} from './flags/batch.ts';
import type {Flag} from './flags/flag.ts';
import {generalFlags} from './flags/general.ts';
import {guardFlags} from './flags/guard.ts';
import {loadFlags} from './flags/load.ts';
import {outputFlags} from './flags/output.ts';
import {promptFlags} from './flags/prompt.ts';
import {simulatorFlags} from './flags/simulator.ts';

/** Every flag, in the order of the help. */
export const flags: readonly Flag[] = [
	...promptFlags,
	...loadFlags,
	...accountFlags,
	...guardFlags,
	...batchFlags,
	...outputFlags,
	...simulatorFlags,
	...generalFlags,
];
