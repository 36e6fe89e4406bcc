import {describe, expect, it} from 'vitest';
import type {Backend, Failure, FailureClass} from '../../source/domain/backend.ts';
import {createRandom} from '../../source/domain/clock.ts';
import type {RunSpec} from '../../source/domain/run-config.ts';
import type {Snapshot} from '../../source/domain/snapshot.ts';
import {createRun} from '../../source/engine/run.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {cellOf, itemsOf, loadOf, quotaOf, specOf, targetOf, variantOf} from '../helpers/spec-fixture.ts';

/** Tests source/engine/run.ts and metrics/decisions/variant-contest.ts: no verdict without evidence. */

/** What must not be said: each case plants a way in which a conclusion was once drawn without evidence. */

type Reply = {
	readonly tokens?: number;
	readonly text?: string;
	readonly firstTokenMs?: number;
	readonly fault?: FailureClass;
};
/** @param asked How often the variant was asked, from 1. */
type Replies = (name: string, user: string, asked: number) => Reply;

const failureOf = (kind: FailureClass): Failure => ({
	class: kind,
	message: kind,
	advice: '',
	isRetryable: false,
	charge: 'none',
});

const backendOf = (clock: FakeClock, replies: Replies): {backend: Backend; asked: Map<string, number>} => {
	const asked = new Map<string, number>();
	const pass = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));
	const backend: Backend = {
		async invoke(request, {onFirstToken}) {
			const user = request.messages[0]?.text ?? '';
			const name = user.split(':')[0] ?? '';
			asked.set(name, (asked.get(name) ?? 0) + 1);
			const reply = replies(name, user, asked.get(name) ?? 0);
			await pass(reply.firstTokenMs ?? 100);
			if (reply.fault !== undefined) {
				return {kind: 'failed', failure: failureOf(reply.fault)};
			}
			onFirstToken();
			await pass(200);
			return {
				kind: 'answered',
				unfit: undefined,
				reasoning: undefined,
				text: reply.text ?? 'fine',
				stopReason: 'end_turn',
				isTruncated: false,
				isRefused: false,
				isSimulated: false,
				serverLatencyMs: undefined,
				tier: undefined,
				requestId: undefined,
				usage: {
					inputTokens: 20,
					outputTokens: reply.tokens ?? 20,
					cacheReadTokens: 0,
					cacheWriteTokens: 0,
					reasoningTokens: undefined,
					isEstimated: false,
				},
			};
		},
		countTokens: async () => undefined,
		close: () => {},
	};
	return {backend, asked};
};

/** A run of variants until it ends; with `items`, each variant names the item that it is asked. */
const runOf = async (
	names: readonly string[],
	replies: Replies,
	{items = 0, packs = [], ...spec}: Partial<RunSpec> & {items?: number; packs?: readonly number[]} = {},
): Promise<{snapshot: Snapshot; asked: ReadonlyMap<string, number>}> => {
	const clock = new FakeClock();
	const {backend, asked} = backendOf(clock, replies);
	const run = createRun(
		specOf({
			targets: [targetOf(quotaOf(1e6, 1e6))],
			task: {task: 'x', content: undefined, items: itemsOf(items), checks: []},
			variants: names.map((name, index) =>
				variantOf(name, {
					instruction: `${name}: {{task}}${items > 0 ? ' {{item}}' : ''}`,
					itemsPerRequest: packs[index] ?? 1,
				}),
			),
			cells: names.map((_, variant) => cellOf({variant, maxTokens: 1000})),
			load: loadOf('measure', {requests: 100}),
			isEliminating: true,
			...spec,
		}),
		{backend, clock},
	);
	await clock.settle(run.start());
	return {snapshot: run.snapshot(), asked};
};

const mainOf = ({verdicts}: Snapshot) => verdicts[0];

/** Answers whose length is noise about a mean, the same for all variants. */
const noisy = (seed = 1): Replies => {
	const random = createRandom(seed);
	return () => ({tokens: Math.round(100 + 60 * random())});
};

describe('nobody wins without evidence', () => {
	it.each(['access-denied', 'validation'] as const)('over one that could not be sent (%s)', async (fault) => {
		const {snapshot, asked} = await runOf(['bad', 'good'], (name) => (name === 'bad' ? {fault} : {}));
		expect(mainOf(snapshot)).toMatchObject({basis: 'only', recommended: 'good', beaten: []});
		expect(asked.get('good')).toBe(100);
	});

	it('over one that could not be sent and one that is worse', async () => {
		const {snapshot} = await runOf(['bad', 'good', 'third'], (name) =>
			name === 'bad' ? {fault: 'access-denied'} : {tokens: name === 'good' ? 20 : 100},
		);
		expect(mainOf(snapshot)).toMatchObject({basis: 'undecided', recommended: null, leaders: ['good']});
		expect(mainOf(snapshot)?.beaten.map(({name}) => name)).toEqual(['third']);
		expect(mainOf(snapshot)?.text).toContain('not all others could be sent. good is at least');
	});

	it('over one that was given up midway, equal until then', async () => {
		const {snapshot} = await runOf(['a', 'b'], (name, _user, count) =>
			name === 'a' && count > 5 ? {fault: 'access-denied'} : noisy(count)(name, '', count),
		);
		expect(mainOf(snapshot)?.basis).not.toBe('winner');
	});

	it('when all are given up at once: what was measured stands', async () => {
		const replies = noisy();
		const {snapshot} = await runOf(['a', 'b'], (name, user, count) =>
			count > 5 ? {fault: 'credentials'} : replies(name, user, count),
		);
		expect(mainOf(snapshot)).toMatchObject({basis: 'undecided'});
		expect([...(mainOf(snapshot)?.leaders ?? [])].sort()).toEqual(['a', 'b']);
		expect(mainOf(snapshot)?.text).not.toContain('quota');
	});

	it('by milliseconds: the next goals break the tie', async () => {
		const {snapshot} = await runOf(
			['quick', 'small'],
			(name) => (name === 'quick' ? {firstTokenMs: 100, tokens: 60} : {firstTokenMs: 102}),
			{targets: [targetOf(quotaOf(100, 1e9))]},
		);
		expect(mainOf(snapshot)).toMatchObject({basis: 'tie', recommended: 'small', tieBrokenBy: 'efficiency'});
	});

	it.each([
		[10, [4, 3], 12],
		[500, [7, 50], 5],
	])('of %i items in packs of %j, equal on average', async (items, packs, seeds) => {
		for (let seed = 1; seed <= seeds; seed++) {
			const random = createRandom(seed);
			const cost = new Map<string, number>();
			const {snapshot} = await runOf(
				['a', 'b'],
				(_name, user) => {
					const asked = user.match(/item \d+/g) ?? [];
					const tokens = asked.reduce((sum, item) => {
						const known = cost.get(item) ?? 10 + Math.round(150 * random());
						cost.set(item, known);
						return sum + known;
					}, 0);
					return {tokens: Math.max(1, tokens)};
				},
				{items, packs},
			);
			expect(mainOf(snapshot)?.basis, `seed ${seed}`).not.toBe('winner');
		}
	});

	it('where each asks other items (--resume)', async () => {
		const {snapshot} = await runOf(
			['a', 'b'],
			(_name, user) => ({tokens: Number(user.match(/item (\d+)/)?.[1]) < 20 ? 10 : 100}),
			{
				items: 40,
				cells: [
					cellOf({variant: 0, onlyItems: Array.from({length: 20}, (_, item) => item)}),
					cellOf({variant: 1, onlyItems: Array.from({length: 20}, (_, item) => item + 20)}),
				],
				load: loadOf('measure', {requests: 20}),
			},
		);
		expect(mainOf(snapshot)).toMatchObject({basis: 'undecided', beaten: []});
		expect(mainOf(snapshot)?.text).toContain('not compared');
	});
});

describe('the gate', () => {
	const gated = (replies: Replies) =>
		runOf(['cheap', 'dear'], replies, {
			minQuality: 0.85,
			load: loadOf('measure', {requests: 300}),
			task: {task: 'x', content: undefined, items: [], checks: [{equals: 'fine'}]},
		});

	it('brings back who was put out by one that fails it later', async () => {
		const {snapshot} = await gated((name, _user, count) =>
			name === 'cheap'
				? {tokens: 5, text: count > 12 && count % 2 === 0 ? 'wrong' : 'fine'}
				: {tokens: 200, text: 'fine'},
		);
		expect(mainOf(snapshot)).toMatchObject({basis: 'winner', recommended: 'dear'});
		expect(snapshot.variants.map(({name, quality}) => [name, quality?.gate])).toEqual([
			['cheap', 'failed'],
			['dear', 'passed'],
		]);
	});

	it('stays failed whatever comes later', async () => {
		const {snapshot} = await gated((_name, _user, count) => ({text: count <= 9 ? 'wrong' : 'fine'}));
		expect(snapshot.verdicts.map(({basis}) => basis)).toEqual(['none', 'none', 'none', 'none']);
		expect(snapshot.variants.every(({quality}) => quality?.gate === 'failed')).toBe(true);
	});
});

describe('what would decide', () => {
	it.each([1, 4])('%i items never do, and more requests are not said to', async (items) => {
		const random = createRandom(1);
		const {snapshot} = await runOf(
			['a', 'b'],
			(name) => ({text: String(random()), tokens: name === 'a' ? 20 : 60}),
			{items},
		);
		expect(mainOf(snapshot)?.text).toBe(
			'Undecided between a and b: so few items cannot decide, 6 are the least.',
		);
		expect(snapshot.progress.likely).toBeUndefined();
	});

	it('is the rest of the items where the budget ended before', async () => {
		const replies = noisy();
		const {snapshot} = await runOf(['a', 'b'], replies, {
			items: 40,
			load: loadOf('measure', {requests: 15}),
		});
		expect(mainOf(snapshot)?.text).toMatch(
			/^Undecided between .*: not all items were asked yet; 25 more rounds would ask the rest\.$/,
		);
	});

	it('is more items once every item was asked', async () => {
		const random = createRandom(1);
		const {snapshot} = await runOf(
			['a', 'b'],
			(_name, user) => ({
				text: String(random()),
				tokens: 20 + ((Number(user.match(/item (\d+)/)?.[1]) * 37) % 11) * 9 + Math.round(40 * random()),
			}),
			{items: 12},
		);
		expect(mainOf(snapshot)?.text).toMatch(/more items? would|Ties/);
		expect(mainOf(snapshot)?.text).not.toContain('more requests per variant');
	});

	it('is said once where answers repeat, also where one packs more items', async () => {
		const {snapshot, asked} = await runOf(
			['a', 'b'],
			(_name, user) => {
				const numbers = (user.match(/item \d+/g) ?? []).map((item) => Number(item.slice(5)));
				return {text: numbers.join(), tokens: numbers.reduce((sum, n) => sum + 20 + ((n * 7) % 5) * 20, 0)};
			},
			{items: 12, packs: [1, 4], load: loadOf('measure', {requests: 200})},
		);
		expect(asked.get('a')).toBeLessThan(100);
		expect(snapshot.events.filter(({kind}) => kind === 'repeating')).toHaveLength(1);
	});
});

describe('what is not part of the measurement', () => {
	it('a lost warm-up request changes no rate', async () => {
		const rateAfter = async (faulty: number) => {
			const {snapshot} = await runOf(
				['a'],
				(_name, _user, count) => (count <= faulty ? {fault: 'model-error'} : {}),
				{load: loadOf('measure', {requests: 20, warmUpRequests: 2})},
			);
			return snapshot.variants[0]?.sustainable.usefulPerMinute;
		};
		expect(await rateAfter(0)).toBeGreaterThan(0);
		expect(await rateAfter(2)).toBe(await rateAfter(0));
	});

	it('variants in different lanes are not compared, and run to their end', async () => {
		const {snapshot, asked} = await runOf(['a', 'b'], () => ({}), {
			items: 12,
			cells: [cellOf({variant: 0, lane: 'high'}), cellOf({variant: 1, lane: 'low'})],
		});
		expect(mainOf(snapshot)?.text).toContain('not compared');
		expect([asked.get('a'), asked.get('b')]).toEqual([100, 100]);
	});
});
