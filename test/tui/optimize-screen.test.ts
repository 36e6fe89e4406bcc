import {describe, expect, it} from 'vitest';
import type {OptimizeFigures} from '../../source/domain/figures-schema.ts';
import {lineText, lineWidth} from '../../source/text/segment.ts';
import {optimizeLines} from '../../source/tui/optimize-screen.tsx';
import {type OptimizeKey, type OptimizeView, press, selectedCandidate} from '../../source/view/optimize.ts';

/** Tests source/tui/optimize-screen.tsx and source/view/optimize.ts. */

type Candidate = OptimizeFigures['candidates'][number];

const candidate = (name: string, more: Partial<Candidate> = {}): Candidate => ({
	name,
	parent: 'plain',
	kind: 'shorter-instruction',
	round: 1,
	items: 24,
	usefulRate: {value: 0.96, low: 0.8, high: 0.99},
	quotaTokensPerUseful: 250,
	out: null,
	...more,
});

const figures: OptimizeFigures = {
	baseline: 'plain',
	rewriter: 'us.anthropic.claude-sonnet-5',
	margin: 0.1,
	minSaving: 0,
	split: {seed: 1, train: [1], select: [2], heldOut: [3]},
	budget: {requests: 900, costUsd: 5},
	spend: {
		model: {requests: 120, quotaTokens: 61_000, costUsd: 0.4},
		rewriter: {requests: 5, quotaTokens: 40_000, costUsd: 0.06},
	},
	rounds: [
		{
			round: 1,
			parents: ['plain'],
			candidates: ['bare', 'stricter-output-1', 'shorter-instruction-1'],
			rungs: [
				{candidates: 8, items: 8},
				{candidates: 4, items: 24},
			],
			left: ['shorter-instruction-1', 'stricter-output-1'],
		},
		{round: 2, parents: ['shorter-instruction-1'], candidates: [], rungs: [], left: []},
	],
	candidates: [
		candidate('bare', {
			parent: null,
			kind: 'own',
			usefulRate: {value: 0.75, low: 0.55, high: 0.88},
			quotaTokensPerUseful: 130,
			out: 'its answers are worse',
		}),
		candidate('stricter-output-1', {kind: 'stricter-output', quotaTokensPerUseful: 262}),
		candidate('shorter-instruction-1'),
		candidate('shorter-instruction-2', {
			round: 2,
			parent: 'shorter-instruction-1',
			items: 0,
			usefulRate: {value: null, low: null, high: null},
			quotaTokensPerUseful: null,
		}),
	],
	front: ['shorter-instruction-1'],
	dropped: [{round: 1, parent: 'plain', kind: 'fewer-examples', reason: 'it holds the text of an item'}],
	heldOut: null,
	rewrites: [
		{
			name: 'shorter-instruction-1',
			parent: 'plain',
			kind: 'shorter-instruction',
			why: 'The descriptions keep what tells the labels apart.',
			diff: '  Ticket: {{item.text}}\n- Give your reason in one sentence.\n+ Answer with the label alone.',
		},
	],
	verdict: 'Round 2 of 3: nothing is proven yet.',
	next: null,
};

const proven: OptimizeFigures = {
	...figures,
	heldOut: {
		candidate: 'shorter-instruction-1',
		items: 240,
		difference: {mean: 0, low: -0.03, high: 0.03},
		saving: {mean: 0.62, low: 0.6, high: 0.64},
		margin: 0.1,
		isProven: true,
	},
	verdict:
		'Use shorter-instruction-1: 62% (60% to 64%) fewer quota tokens per useful item than plain, +0.0 points useful (-3.0 points to +3.0 points), margin 10.0 points, on 240 held-out items.',
};

const running: OptimizeView = {
	stage: 'running',
	preset: 'route',
	model: 'us.anthropic.claude-sonnet-5',
	isSimulated: true,
	plan: ['Model         us.anthropic.claude-sonnet-5', '  to beat       plain', '  rounds        at most 3'],
	doing: 'Round 2: asking the rewriter for 4 rewrites.',
	step: {
		done: 1,
		total: 4,
		inFlight: 3,
		waitingFor: null,
		requests: 2,
		quotaTokens: 9000,
		costUsd: 0.01,
	},
	elapsedMs: 42_000,
	figures,
	files: [],
	selected: undefined,
	isDetailOpen: false,
	scroll: 0,
};

const views: Readonly<Record<string, OptimizeView>> = {
	'before the start': {
		...running,
		stage: 'ready',
		step: undefined,
		figures: {...figures, rounds: [], candidates: []},
	},
	'at its beginning': {
		...running,
		doing: 'Round 1: plain on train items.',
		figures: {...figures, rounds: [], candidates: [], front: [], dropped: []},
	},
	'in a round': running,
	'waiting for the quota': {
		...running,
		step: {
			...(running.step as NonNullable<OptimizeView['step']>),
			inFlight: 0,
			waitingFor: 'token quota full · next request in 12 s',
		},
	},
	'being stopped': {...running, stage: 'stopping'},
	'the detail of a candidate': {...running, isDetailOpen: true},
	proven: {
		...running,
		stage: 'ended',
		doing: 'Over.',
		step: undefined,
		figures: proven,
		files: ['/tmp/runs/route-optimized.yaml'],
	},
	'not proven': {
		...running,
		stage: 'ended',
		doing: 'Over.',
		step: undefined,
		figures: {
			...proven,
			heldOut: {...(proven.heldOut as NonNullable<OptimizeFigures['heldOut']>), isProven: false},
			verdict:
				'No rewrite is proven: of shorter-instruction-1 its answers may be worse than the margin allows.',
			next: 'About 700 held-out items would prove it (1,750 items in all), if the figures stay as they are.',
		},
	},
};

const textOf = (view: OptimizeView, columns: number, rows: number): string =>
	optimizeLines(view, columns, rows).map(lineText).join('\n');

describe.each([
	[120, 40],
	[80, 24],
	[40, 10],
	[30, 6],
] as const)('at %i x %i', (columns, rows) => {
	it('every stage fills the screen and no more', async () => {
		for (const [name, view] of Object.entries(views)) {
			const lines = optimizeLines(view, columns, rows);
			expect(lines.length, name).toBe(rows);
			for (const line of lines) {
				expect(lineWidth(line), `${name}: ${lineText(line)}`).toBeLessThanOrEqual(columns);
			}
		}
	});
});

it.each([
	[120, 40],
	[80, 24],
] as const)('looks as it did at %i x %i', async (columns, rows) => {
	const frames = Object.entries(views).map(([name, view]) => `--- ${name}\n${textOf(view, columns, rows)}\n`);
	await expect(frames.join('\n')).toMatchFileSnapshot(`frames/optimize-${columns}x${rows}.txt`);
});

describe('keys', () => {
	const pressed = (view: OptimizeView, ...keys: readonly OptimizeKey[]): OptimizeView =>
		keys.reduce((shown, key) => press(shown, key).view, view);

	it('start it once, from the plan', () => {
		const ready = views['before the start'] as OptimizeView;
		expect(press(ready, 'start')).toMatchObject({view: {stage: 'running'}, effect: 'start'});
		expect(press(running, 'start').effect).toBeUndefined();
		expect(press(ready, 'stop').effect).toBeUndefined();
	});

	it('stop it, and leave', () => {
		expect(press(running, 'stop')).toMatchObject({view: {stage: 'stopping'}, effect: 'stop'});
		expect(press(running, 'quit')).toMatchObject({view: {stage: 'stopping'}, effect: 'leave'});
		expect(press(pressed(running, 'stop'), 'stop').effect).toBeUndefined();
		expect(press(views.proven as OptimizeView, 'quit')).toMatchObject({
			view: {stage: 'ended'},
			effect: 'leave',
		});
	});

	it('select a candidate, open it, and close it; Esc never leaves', () => {
		const names = ['shorter-instruction-1', 'stricter-output-1', 'shorter-instruction-2', 'bare'];
		expect(selectedCandidate(running)?.name).toBe(names[0]);
		expect(selectedCandidate(pressed(running, 'down'))?.name).toBe(names[1]);
		expect(selectedCandidate(pressed(running, 'down', 'down', 'down', 'down', 'down'))?.name).toBe(names[3]);
		expect(selectedCandidate(pressed(running, 'down', 'up', 'up'))?.name).toBe(names[0]);
		const open = pressed(running, 'enter');
		expect(open.isDetailOpen).toBe(true);
		expect(pressed(open, 'down').scroll).toBe(1);
		expect(press(open, 'escape')).toMatchObject({view: {isDetailOpen: false, stage: 'running'}});
		expect(pressed(running, 'escape')).toMatchObject({stage: 'running', isDetailOpen: false});
	});
});
