import type {Snapshot} from '../../source/domain/snapshot.ts';
import {type SnapshotOptions, snapshot, target, variant} from './results-fixture.ts';

/** Runs that charts must survive: many variants, hostile names, missing values, limits of every state. */

const limit = target.quota.requestsPerMinute;

/** With latencies over time, and times in which requests were held. */
const overTime = (options: SnapshotOptions): Snapshot => {
	const run = snapshot(options);
	const {points} = run.timeline;
	return {
		...run,
		timeline: {
			...run.timeline,
			points: points.map((point, index) => (index % 50 < 9 ? {...point, held: 1 + (index % 4)} : point)),
			latencyMs: {
				intervalSeconds: Math.ceil((points.at(-1)?.second ?? 1) / 12),
				cells: run.variants.map((_, cell) =>
					Array.from({length: 12}, (__, at) =>
						at === cell % 5 ? null : 400 + 90 * cell + 300 * Math.sin(at + cell),
					),
				),
			},
		},
	};
};

/** Many candidates that are equally good, on a wide range of tokens. */
const optimisation = (count: number): NonNullable<Snapshot['optimize']> => ({
	baseline: 'plain',
	rewriter: 'us.amazon.nova-pro-v1:0',
	margin: 0.1,
	minSaving: 0,
	split: {seed: 1, train: [0], select: [1], heldOut: [2]},
	budget: {requests: 900, costUsd: 1},
	spend: {
		model: {requests: 10, quotaTokens: 1000, costUsd: 0.1},
		rewriter: {requests: 3, quotaTokens: 900, costUsd: 0.1},
	},
	rounds: [],
	candidates: Array.from({length: count}, (_, index) => ({
		name: `stricter-output-with-a-long-name-${index}`,
		parent: 'plain',
		kind: 'stricter-output',
		round: 1,
		items: 12,
		usefulRate: {value: [1, 1, 0.94, 0.08][index % 4] ?? 1, low: null, high: null},
		quotaTokensPerUseful: 90 * 1.2 ** index,
		out: null,
	})),
	front: ['stricter-output-with-a-long-name-0'],
	dropped: [],
	heldOut: null,
	rewrites: [
		{
			name: '<b>shorter</b>',
			parent: null,
			kind: 'shorter-instruction',
			why: '</details><script>',
			diff: '- {{task}}\n+ <img src=x>',
		},
	],
	verdict: 'No rewrite is proven.',
	next: null,
});

export const chartCases: Readonly<Record<string, () => Snapshot>> = {
	'four variants in measure': () => snapshot(),
	'simulated, another endpoint': () =>
		snapshot({simulated: true, targets: [{...target, endpoint: 'http://127.0.0.1:4455'}]}),
	'eight variants, measured rates, an hour': () =>
		overTime({
			variants: Array.from({length: 8}, (_, index) =>
				variant({
					name: `variant ${index}`,
					input: 200 + index * 90,
					output: 60 + index * 50,
					isMeasured: true,
				}),
			),
			seconds: 3600,
			intervalSeconds: 6,
		}),
	'forty variants with long names': () =>
		overTime({
			variants: Array.from({length: 40}, (_, index) =>
				variant({
					name: `variant-with-a-long-name-that-goes-on-and-on-number-${index}`,
					count: index === 7 ? 0 : index === 8 ? 1 : 120,
					input: 100 + index * 37,
					output: 40 + ((index * 53) % 300),
				}),
			),
		}),
	'every second throttled': () => {
		const base = snapshot({seconds: 600});
		const points = base.timeline.points.map((point) => ({...point, throttled: 3}));
		return {...base, timeline: {...base.timeline, points}};
	},
	'hostile names': () =>
		overTime({
			variants: [
				'<script>alert("&amp;")</script>',
				'\u0000\u001B[31mred\u0007\uFFFE\uD800',
				'\u202Eright to left',
				'',
				'   ',
				'同じ名前 🎉 テスト',
				']]> --> \' " `',
				'e\u0301'.repeat(60),
			].map((name) => variant({name})),
		}),
	'an optimisation with many candidates': () =>
		snapshot({
			variants: [variant({name: 'plain'}), variant({name: 'shorter'})],
			patch: {optimize: optimisation(26)},
		}),
	'one variant': () => snapshot({variants: [variant()], seconds: 1}),
	'nothing answered': () => snapshot({variants: [variant({count: 0}), variant({name: 'b', count: 0})]}),
	'a quota far away': () =>
		snapshot({
			variants: [variant({input: 5, output: 1})],
			targets: [{...target, quota: {...target.quota, requestsPerMinute: {...limit, value: 10_000_000}}}],
		}),
	'no, blocked and assumed limits': () =>
		snapshot({
			targets: [
				{
					...target,
					quota: {
						requestsPerMinute: {...limit, value: null, state: 'none', source: null},
						tokensPerMinute: {...limit, value: 10_000, state: 'unknown', source: 'assumed'},
						tokensPerDay: {...limit, value: 0, state: 'blocked'},
					},
				},
			],
		}),
	'estimated, cached, in lanes': () =>
		snapshot({
			variants: [
				variant({
					name: 'chat',
					patch: {
						lane: 'high',
						tokens: {...variant().tokens, cacheRead: 24_000, cacheWrite: 4000, estimated: true},
					},
				}),
				variant({name: 'chat', patch: {lane: 'low'}}),
			],
		}),
};
