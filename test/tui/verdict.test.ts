import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {GateState, VariantFigures, Verdict} from '../../source/domain/figures-schema.ts';
import {type Goal, goals} from '../../source/domain/run-config.ts';
import type {Snapshot} from '../../source/domain/snapshot.ts';
import {lineText, lineWidth} from '../../source/text/segment.ts';
import {notesLines} from '../../source/tui/panels/notes.ts';
import {tinyLines} from '../../source/tui/panels/tiny.ts';
import {variantTableLines} from '../../source/tui/panels/variant-table.ts';
import {verdictLines, verdictRows} from '../../source/tui/panels/verdict.ts';
import {initialState, type State} from '../../source/view/state.ts';
import {joinFrames, openScreen} from '../helpers/screen.ts';
import {
	bucketFixture,
	configFixture,
	endedSnapshotFixture,
	snapshotFixture,
	targetFixture,
} from '../helpers/snapshot-fixture.ts';

/** Tests source/tui/panels/verdict.ts, and that advice and verdict follow the goal that is shown. */

/** The same verdict for all goals but those that `others` names. */
function verdicts(
	verdict: Omit<Verdict, 'target' | 'goal'>,
	others: Partial<Record<Goal, Omit<Verdict, 'target' | 'goal'>>> = {},
	target = 0,
): readonly Verdict[] {
	return goals.map((goal) => ({...(others[goal] ?? verdict), target, goal}));
}

const nothing = {recommended: null, leaders: [], tieBrokenBy: null, beaten: []} as const;

const winner = {
	...nothing,
	basis: 'winner',
	recommended: 'concise',
	leaders: ['concise'],
	beaten: [
		{name: 'structured', atLeast: 1.05},
		{name: 'detailed', atLeast: 1.2},
		{name: 'minimal', atLeast: 1.11},
	],
	text: 'Use concise. At least 1.2x of detailed, 1.11x of minimal, 1.05x of structured.',
} as const;
const tie = {
	...nothing,
	basis: 'tie',
	recommended: 'concise',
	leaders: ['concise', 'minimal'],
	tieBrokenBy: 'cost',
	beaten: [
		{name: 'structured', atLeast: 1.05},
		{name: 'detailed', atLeast: 1.2},
	],
	text: 'Use concise. Ties with minimal (0.5 % apart), costs 10 % less. At least 1.2x of detailed, 1.05x of structured.',
} as const;
const undecided = {
	...nothing,
	basis: 'undecided',
	leaders: ['concise', 'minimal'],
	beaten: [{name: 'detailed', atLeast: 1.2}],
	text: 'Undecided between concise and minimal: about 34 more requests per variant would decide, about $0.12. concise is at least 1.2x of detailed.',
} as const;
const unproven = {
	...nothing,
	basis: 'undecided',
	leaders: ['concise'],
	text: 'Undecided: concise leads, but its quality is not proven: 20 of 24 items passed, the minimum is 0.8; about 60 more items would prove it.',
} as const;
const only = {
	...nothing,
	basis: 'only',
	recommended: 'detailed',
	leaders: ['detailed'],
	text: 'Only detailed was run.',
} as const;
const none = {...nothing, basis: 'none', text: 'No useful answer: 40 cut off, 12 refused.'} as const;
const failed = {
	...nothing,
	basis: 'none',
	text: 'No variant reaches the minimum quality of 0.9: detailed 12 of 24, concise 13 of 24.',
} as const;

const checkedAs = (gate: GateState, score: number, low: number, high: number): Partial<VariantFigures> => ({
	quality: {gate, checked: 24, passed: Math.round(24 * score), score, low, high},
});

const {variants} = snapshotFixture();
const withEach = (change: Partial<VariantFigures>) => variants.map((each) => ({...each, ...change}));
/** With a leader by comparison, for the goal of the run. */
const compared = variants.map((each) => ({
	...each,
	state: each.name === 'concise' ? ('leader' as const) : ('in' as const),
}));
const {spec} = snapshotFixture();
const second = targetFixture({model: 'us.anthropic.claude-haiku-4-5-20251001-v1:0'});

/** What a run may come to: what the snapshot of each says of it. */
const cases: Readonly<Record<string, Partial<Snapshot>>> = {
	winner: {verdicts: verdicts(winner)},
	'a tie, cost and latency by others': {
		verdicts: verdicts(tie, {cost: winner, latency: {...undecided, leaders: ['minimal', 'concise']}}),
		variants: compared,
	},
	undecided: {verdicts: verdicts(undecided, {latency: winner}), variants: compared},
	'undecided, because the gate is unproven': {
		verdicts: verdicts(unproven),
		variants: compared.map((each) => ({...each, ...checkedAs('unproven', 0.83, 0.64, 0.93)})),
		spec: {...spec, minQuality: 0.8},
	},
	'winner with a passed gate': {
		verdicts: verdicts(winner),
		variants: withEach(checkedAs('passed', 1, 0.86, 1)),
		spec: {...spec, minQuality: 0.8},
	},
	'winner, judged by an LLM': {
		verdicts: verdicts(winner),
		variants: withEach(checkedAs('none', 0.82, 0.69, 0.9)),
		judges: [
			{
				model: 'us.anthropic.claude-haiku-4-5-20251001-v1:0',
				question: 'Is it right?',
				passIf: 'yes',
				verdicts: {passed: 70, failed: 20, tie: 5, none: 1},
				fromCache: 0,
				agreement: {same: 85, of: 90},
				requests: 192,
				tokens: {input: 60_000, output: 192, quota: 60_960},
				costUsd: 0.06,
			},
		],
	},
	'winner, checked without a gate': {
		verdicts: verdicts(winner),
		variants: withEach(checkedAs('none', 0.82, 0.69, 0.9)),
	},
	only: {verdicts: verdicts(only), variants: variants.slice(0, 1)},
	'none useful': {verdicts: verdicts(none)},
	'none good enough': {
		verdicts: verdicts(failed),
		variants: withEach(checkedAs('failed', 0.54, 0.35, 0.72)),
		spec: {...spec, minQuality: 0.9},
	},
	'two models': {
		targets: [targetFixture(), second],
		buckets: [bucketFixture(), bucketFixture()],
		variants: [...compared, ...compared.map((each) => ({...each, target: 1}))],
		verdicts: [...verdicts(tie), ...verdicts(undecided, {}, 1)],
	},
};
const phases = {'so far': snapshotFixture, 'at the end': endedSnapshotFixture} as const;

function stateOf(snapshot: Snapshot, overrides: Partial<State> = {}): State {
	return {
		...initialState({config: configFixture(), isDemo: true, startsAtOnce: true, nowMs: 0}),
		stage: {kind: snapshot.phase === 'ended' ? 'ended' : 'running'},
		snapshot,
		...overrides,
	};
}

const allStates: ReadonlyArray<readonly [name: string, state: State]> = Object.entries(cases).flatMap(
	([name, overrides]) =>
		Object.entries(phases).map(([phase, make]) => [`${name}, ${phase}`, stateOf(make(overrides))] as const),
);

const textOf = (state: State, width = 116, height = 20): string =>
	verdictLines(state, width, height).map(lineText).join('\n');

describe.concurrent.each([
	[120, 40],
	[80, 24],
	[30, 6],
] as const)('at %i x %i', {timeout: 90_000}, (columns, rows) => {
	it('every basis has its own form', async ({expect: expectHere}) => {
		const frames: Array<readonly [string, string]> = [];
		for (const [name, overrides] of Object.entries(cases)) {
			const screen = openScreen({columns, rows}, {config: configOf(overrides)});
			await screen.prepare();
			await screen.progress(overrides);
			// The line of a running run is the same in the other tiers.
			if (columns === 80) {
				frames.push([`${name}, so far`, verdictPart(await screen.settled())]);
			}
			await screen.finish(overrides);
			frames.push([`${name}, at the end`, verdictPart(await screen.settled())]);
			await screen.terminal.press('q');
			await screen.end;
		}
		await expectHere(joinFrames(frames)).toMatchFileSnapshot(`frames/verdict-${columns}x${rows}.txt`);
	});
});

it('after a first demo says what to try next, below the verdict and where there is room', () => {
	const nextSteps = ['bedrock-top', 'bedrock-top tap --demo', 'bedrock-top presets --copy classify'];
	const ended = {...stateOf(endedSnapshotFixture({verdicts: verdicts(winner)})), nextSteps};
	expect(textOf(ended).split('\n').slice(-3)).toEqual(nextSteps.map((step) => `next ${step}`));
	expect(textOf(ended, 116, 2)).not.toContain('next');
	expect(textOf({...ended, isDemo: false})).not.toContain('next');
	expect(textOf({...stateOf(snapshotFixture()), nextSteps})).not.toContain('next');
});

/** The verdict, the table and what is below it, but the footer; the whole of a frame without panels. */
function verdictPart(frame: string): string {
	const lines = frame.split('\n');
	const verdict = lines.findIndex((line) => line.startsWith('╭─ Verdict'));
	const table = lines.findIndex((line) => line.startsWith('╭─ Variants'));
	const end = lines.findIndex((line, index) => index > verdict && line.startsWith('╰'));
	return verdict === -1 ? frame : [...lines.slice(verdict, end + 1), ...lines.slice(table, -1)].join('\n');
}

/** The variants of the run are those of its configuration. */
function configOf({variants: measured}: Partial<Snapshot>): State['config'] {
	const {variants: all, ...config} = configFixture();
	const names = measured?.map(({name}) => name);
	return {...config, variants: all.filter(({name}) => names?.includes(name) ?? true)};
}

describe('at any size', () => {
	it('no line is too wide, none too many, and the first says what is known', () => {
		fc.assert(
			fc.property(
				fc.nat(allStates.length - 1),
				fc.integer({min: 20, max: 200}),
				fc.integer({min: 1, max: 12}),
				(index, width, height) => {
					const state = allStates[index]?.[1] ?? stateOf(snapshotFixture());
					const lines = verdictLines(state, width, height);
					expect(lines.length).toBeGreaterThan(0);
					expect(lines.length).toBeLessThanOrEqual(height);
					for (const line of lines) {
						expect(lineWidth(line)).toBeLessThanOrEqual(width);
					}
					const isOver = state.snapshot?.phase === 'ended';
					expect(lineText(lines[0] ?? [])).toMatch(isOver ? /^[★?·!] / : /^[★·] .*so far/);
				},
			),
			{numRuns: 1000},
		);
	});

	it('the rows asked for hold the whole verdict of an ended run', () => {
		for (const [, state] of allStates.filter(([name]) => name.endsWith('at the end'))) {
			for (const width of [40, 60, 76, 116, 196]) {
				const rows = verdictRows(state, width, 1);
				expect(verdictLines(state, width, rows)).toEqual(verdictLines(state, width, 99));
			}
		}
	});
});

it('before anything was sent there is none', () => {
	const state = stateOf(snapshotFixture({startedAt: null, phase: 'ready'}));
	expect(verdictRows(state, 116, 2)).toBe(0);
	expect(verdictLines(state, 116, 9)).toEqual([]);
});

it.each(['only', 'none useful', 'none good enough', 'undecided'] as const)('%s has no star', (name) => {
	for (const make of Object.values(phases)) {
		const overrides = cases[name] ?? {};
		const shown = {
			...overrides,
			verdicts: (overrides.verdicts ?? []).filter(({basis}) => basis !== 'winner'),
		};
		const state = stateOf(make(shown), {config: configOf(overrides)});
		const lines = [
			...verdictLines(state, 116, 9),
			...variantTableLines(state, 116, 9, false),
			...tinyLines(state, 30, 6),
		];
		expect(lines.map(lineText).join('\n')).not.toContain('★');
	}
});

it('while the run goes no number of requests that would decide is named: it jumps with each look', () => {
	expect(textOf(stateOf(snapshotFixture(cases.undecided)))).toMatch(
		/^· so far: concise leads, not decided against minimal, at least 1\.2x of detailed$/m,
	);
	expect(textOf(stateOf(endedSnapshotFixture(cases.undecided)))).toContain('about 34 more requests');
});

it('who is compared with nobody does not lead', () => {
	const text = 'Not decided: these variants do not share their blocks, so they are not compared.';
	const snapshot = snapshotFixture({verdicts: verdicts({...undecided, text})});
	expect(textOf(stateOf(snapshot))).toContain(
		'so far: not decided: these variants do not share their blocks',
	);
});

it('the only variant of its lane is not said to be the only one that ran', () => {
	const [chat, bulk] = variants.map(
		(each, index) => ({...each, lane: index === 0 ? 'high' : 'low'}) as const,
	);
	const snapshot = endedSnapshotFixture({
		variants: [chat, bulk].filter((each) => each !== undefined),
		verdicts: verdicts({
			...only,
			recommended: 'concise',
			leaders: ['concise'],
			text: 'Only concise was run.',
		}),
	});
	expect(textOf(stateOf(snapshot))).toContain('Only concise runs in its lane. Nothing to compare.');
});

it('the key that adds requests is offered where nothing is decided', () => {
	const more = {
		kind: 'offered',
		perVariant: 20,
		requests: 40,
		variants: ['concise', 'minimal'],
		isDeciding: true,
		costUsd: 0.005,
		durationMs: 10_000,
	} as const;
	const textWith = (name: string) => textOf(stateOf(endedSnapshotFixture({...cases[name], more})));
	expect(textWith('undecided')).toContain('a adds 20 to each (about 10 s)');
	expect(textWith('winner')).not.toContain('a adds');
});

describe('the goal that is shown', () => {
	const rate = {
		kind: 'limit',
		text: 'concise: limited by tokens to 190 per minute.',
		usefulPerMinute: 190,
	} as const;
	const cut = {kind: 'max-tokens', text: 'concise: 3 answers were cut off.', usefulPerMinute: null} as const;
	const minimal = {...rate, text: 'minimal: limited by requests to 200 per minute.'} as const;
	const snapshot = endedSnapshotFixture({
		verdicts: verdicts(winner, {latency: {...winner, recommended: 'minimal', text: 'Use minimal.'}}),
		advice: [rate, cut],
		adviceOfOtherGoals: {efficiency: [minimal, cut]},
	});
	const shownFor = (goal: Goal): string => {
		const state = stateOf(snapshot, {config: configFixture({goal})});
		return [...verdictLines(state, 116, 9), ...notesLines(state, 116, 4)].map(lineText).join('\n');
	};

	it('has its own verdict, and advice about whom it names', () => {
		expect(shownFor('throughput')).toContain('Use concise');
		expect(shownFor('throughput')).toContain(rate.text);
		expect(shownFor('efficiency')).toContain(minimal.text);
		expect(shownFor('efficiency')).not.toContain(rate.text);
		expect(shownFor('latency')).toContain('Use minimal.');
	});

	it.each(['cost', 'latency'] as const)('%s has no advice about rates', (goal) => {
		expect(shownFor(goal)).not.toContain('per minute');
		expect(shownFor(goal)).toContain(cut.text);
	});
});
