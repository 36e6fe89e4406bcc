import {describe, type ExpectStatic, it} from 'vitest';
import {displayWidth} from '../../source/text/width.ts';
import {type Tier, tierOf} from '../../source/tui/layout.ts';
import {accountFixture} from '../helpers/account-fixture.ts';
import {createCamera, openScreen} from '../helpers/screen.ts';
import {configFixture} from '../helpers/snapshot-fixture.ts';

/** Tests source/tui at the sizes without a golden: every panel of the tier is whole, and no word that matters is cut. */

const sizes = [
	[200, 60],
	[120, 30],
	[119, 30],
	[80, 24],
	[79, 40],
	[60, 15],
	[40, 8],
	[39, 24],
	[20, 4],
] as const;

type Words = Readonly<Partial<Record<Tier, readonly RegExp[]>>>;

const variants = [/\bconcise\b/, /\bdetailed\b/, /\bminimal\b/, /\bstructured\b/];

/** The views by their key, and what every frame of a tier shows. */
const views: ReadonlyArray<Words & {readonly key: string}> = [
	{
		key: '2',
		wide: [
			/╭─ Quota applied/,
			/─ Requests per minute ─/,
			/─ Quota tokens per minute ─/,
			/╭─ Variants · /,
			...variants,
		],
		normal: [/╭─ Quota applied/, /─ Quota tokens per minute ─/, /╭─ Variants · /, ...variants],
		narrow: [/^RPM █/m, /^TPM █/m, /Useful/, variants[0] ?? /./],
	},
	{
		key: '3',
		wide: [/╭─ Variants · /, /Limited by/, /╭─ detailed ─/, ...variants],
		normal: [/╭─ Variants · /, /╭─ detailed ─/, ...variants],
		narrow: [/Useful/, variants[0] ?? /./],
	},
	{
		key: '4',
		wide: [
			/─ Mean total time ─/,
			/─ Requests per minute ─/,
			/─ Quota tokens per minute ─/,
			/─ In flight /,
			...variants,
		],
		normal: [/─ Mean total time ─/, /─ Quota tokens per minute ─/, /─ In flight /, ...variants],
		narrow: [/Mean total time/, variants[0] ?? /./],
	},
	{
		key: '5',
		wide: [/╭─ Quotas · 3 limits/, /› +us\.am/, /RPM +200/, /TPM +200k/, /TPD +no limit/, /Increase/],
		normal: [/╭─ Quotas · 3 limits/, /› +us\.am/, /RPM +200/, /TPD +no limit/],
		narrow: [/RPM +200/, /TPD +no limit/],
	},
	{
		key: '6',
		wide: [/╭─ Log · \d+ lines/],
		normal: [/╭─ Log · \d+ lines/],
		narrow: [/started|throttled/i],
	},
];

const always: Words = {
	wide: [/SIMULATED/, /RUNNING/, /\[\d \w+\]/, /q Quit/],
	normal: [/SIMULATED/, /RUNNING/, /\[\d \w+\]/, /q Quit/],
	narrow: [/SIMULATED/, /RUNNING/, /q Quit/],
	tiny: [/SIMULATED/, /RUNNING/],
};

/** A frame fills its terminal exactly, with closed panels. */
function expectWhole(expect: ExpectStatic, frame: string, columns: number, rows: number): void {
	const lines = frame.split('\n');
	expect(lines).toHaveLength(rows);
	expect(lines.filter((line) => displayWidth(line) > columns)).toEqual([]);
	expect(frame.match(/^╭─ /gm)?.length).toBe(frame.match(/^╰─/gm)?.length);
}

describe.concurrent.each(sizes)('at %i x %i', {timeout: 90_000}, (columns, rows) => {
	const tier = tierOf(columns, rows);

	it('every view of a run is whole', async ({expect}) => {
		const screen = openScreen({columns, rows});
		const {shoot} = createCamera(screen);
		await screen.prepare();
		await screen.progress();
		for (const view of views) {
			const frame = await shoot(view.key, view.key);
			expectWhole(expect, frame, columns, rows);
			for (const word of [...(view[tier] ?? []), ...(always[tier] ?? [])]) {
				expect(frame).toMatch(word);
			}
		}
		screen.abort();
		await screen.settled();
		await screen.finish();
		await screen.end;
	});

	it('the account is whole', async ({expect}) => {
		const screen = openScreen(
			{columns, rows},
			{isDemo: false, opensOnAccount: true, config: configFixture({models: []})},
		);
		screen.engine.report({type: 'account', account: accountFixture({}, {region: 'eu-west-1'})});
		const frame = await screen.settled();
		expectWhole(expect, frame, columns, rows);
		expect(frame).toMatch(/WATCHING/);
		if (tier === 'wide' || tier === 'normal') {
			expect(frame).toMatch(/Model +.*RPM .*TPM /);
			// Two Regions are side by side where each table has 76 columns.
			expect(frame.match(/╭─ Account · /g)).toHaveLength(columns >= 152 ? 2 : 1);
		}
		await screen.terminal.press('q');
		await screen.end;
	});
});
