import type {Distribution, Mean, VariantFigures, Verdict} from '../../source/domain/figures-schema.ts';
import type {Snapshot} from '../../source/domain/snapshot.ts';
import type {Target} from '../../source/domain/target.ts';
import type {Environment} from '../../source/reports/results.ts';

/** Snapshots of runs that ended, for reports and printouts: made up, but consistent in themselves. */

export const environment: Environment = {toolVersion: '0.1.0', nodeVersion: 'v24.0.0', platform: 'linux-x64'};

const nobody: Mean = {mean: null, low: null, high: null};
const noTimes: Distribution = {
	count: 0,
	mean: null,
	p50: null,
	p90: null,
	p99: null,
	max: null,
	histogram: [],
};

const around = (mean: number, part = 0.05): Mean => ({mean, low: mean * (1 - part), high: mean * (1 + part)});

function times(count: number, p50: number): Distribution {
	const histogram = Array.from({length: 40}, (_, index): readonly [number, number] => [
		Math.round(p50 * (0.6 + index * 0.06)),
		Math.max(1, Math.round(count * 0.1 * Math.exp(-(((index - 7) / 6) ** 2)))),
	]);
	return {
		count,
		mean: p50 * 1.1,
		p50,
		p90: count >= 10 ? p50 * 1.6 : null,
		p99: count >= 100 ? p50 * 2.4 : null,
		max: p50 * 3,
		histogram,
	};
}

export const target: Target = {
	model: 'us.amazon.nova-lite-v1:0',
	baseModel: 'amazon.nova-lite-v1:0',
	scope: 'cross-region',
	region: 'us-east-1',
	endpoint: null,
	tier: null,
	burndown: {value: 1, source: 'assumed'},
	quota: {
		requestsPerMinute: {
			value: 400,
			state: 'known',
			source: 'applied',
			applied: 400,
			default: 200,
			adjustable: true,
			code: 'L-12345678',
			name: 'Cross-region model inference requests per minute for Amazon Nova Lite',
		},
		tokensPerMinute: {
			value: 100_000,
			state: 'known',
			source: 'default',
			applied: null,
			default: 100_000,
			adjustable: true,
			code: 'L-87654321',
			name: 'Cross-region model inference tokens per minute for Amazon Nova Lite',
		},
		tokensPerDay: {
			value: null,
			state: 'none',
			source: null,
			applied: null,
			default: null,
			adjustable: null,
			code: null,
			name: null,
		},
	},
};

export type VariantOptions = {
	readonly name?: string;
	readonly target?: number;
	/** Answered requests. */
	readonly count?: number;
	readonly input?: number;
	readonly output?: number;
	readonly isMeasured?: boolean;
	readonly patch?: Partial<VariantFigures>;
};

/** A variant that was answered `count` times, or, with 0, never. */
export function variant(options: VariantOptions = {}): VariantFigures {
	const {name = 'minimal', count = 120, input = 300, output = 120, isMeasured = false} = options;
	const quotaTokens = input + output;
	const useful = Math.min(400, 100_000 / quotaTokens);
	const isEmpty = count === 0;
	return {
		name,
		target: options.target ?? 0,
		lane: 'normal',
		requests: {
			sent: count,
			succeeded: count,
			truncated: 0,
			refused: 0,
			attempts: count + 3,
			throttled: {requests: 1, tokens: 2, day: 0, overloaded: 0},
			failed: {},
		},
		items: {sent: count, useful: count, checkFailed: 0, unparsed: 0},
		tokens: {
			input: input * count,
			output: output * count,
			cacheRead: 0,
			cacheWrite: 0,
			reasoning: null,
			quota: quotaTokens * count,
			reserved: (input + 1000) * count,
			overruns: 0,
			estimated: false,
		},
		costUsd: isEmpty ? null : quotaTokens * count * 1e-7,
		perRequest: isEmpty
			? {
					inputTokens: nobody,
					outputTokens: nobody,
					totalTokens: nobody,
					quotaTokens: nobody,
					reservedTokens: nobody,
					costUsd: nobody,
				}
			: {
					inputTokens: around(input),
					outputTokens: around(output, 0.12),
					totalTokens: around(quotaTokens),
					quotaTokens: around(quotaTokens),
					reservedTokens: around(input + 1000),
					costUsd: around(quotaTokens * 1e-7),
				},
		latencyMs: isEmpty
			? {
					timeToFirstToken: noTimes,
					total: noTimes,
					perOutputToken: noTimes,
					dispatchDelay: noTimes,
					service: noTimes,
				}
			: {
					timeToFirstToken: times(count, 350 + input / 10),
					total: times(count, 350 + input / 10 + output * 8),
					perOutputToken: times(count, 8),
					dispatchDelay: times(count, 2),
					service: times(count, 348 + input / 10 + output * 8),
				},
		rate: isMeasured
			? {
					requestsPerMinute: useful * 0.93,
					tokensPerMinute: useful * 0.93 * quotaTokens,
					outputTokensPerSecond: (useful * 0.93 * output) / 60,
					usefulPerMinute: useful * 0.93,
					goodputPerMinute: null,
				}
			: {
					requestsPerMinute: null,
					tokensPerMinute: null,
					outputTokensPerSecond: null,
					usefulPerMinute: null,
					goodputPerMinute: null,
				},
		sustainable: isEmpty
			? {usefulPerMinute: null, low: null, high: null, limitedBy: 'none'}
			: {
					usefulPerMinute: useful,
					low: useful * 0.95,
					high: Math.min(400, useful * 1.05),
					limitedBy: useful === 400 ? 'requests' : 'tokens',
				},
		quality: {checked: count, passed: count, score: isEmpty ? null : 1, low: 0.97, high: 1},
		stopReasons: isEmpty ? {} : {end_turn: count},
		maxTokensAdvice: isEmpty
			? {value: null, truncationRisk: null, sustainablePerMinute: null}
			: {value: Math.ceil(output * 1.5), truncationRisk: 0.01, sustainablePerMinute: useful},
		prompt: {system: null, user: 'Summarise this.'},
		sample: 'A short answer.',
		...options.patch,
	};
}

export type SnapshotOptions = {
	readonly variants?: readonly VariantFigures[];
	readonly targets?: readonly Target[];
	/** Of the timeline; 0 for none. */
	readonly seconds?: number;
	readonly intervalSeconds?: number;
	readonly simulated?: boolean;
	readonly patch?: Partial<Snapshot>;
};

/** Verdicts of a run whose winners are known: for each target one for each goal, throughput first. */
export const verdictsOf = (best: Snapshot['best'], beaten: Verdict['beaten'] = []): readonly Verdict[] =>
	best.flatMap(({target: index, ...winners}) =>
		(['throughput', 'efficiency', 'cost', 'latency'] as const).map((goal): Verdict => {
			const name = winners[goal];
			const others = beaten.map((each) => `${each.atLeast}x of ${each.name}`).join(', ');
			return {
				target: index,
				goal,
				recommended: name,
				basis: name === null ? 'undecided' : 'winner',
				leaders: name === null ? ['minimal', 'concise'] : [name],
				tieBrokenBy: null,
				beaten: name === null ? [] : beaten,
				text:
					name === null
						? 'Undecided between minimal and concise: about 12 more requests per variant would decide, about $0.02.'
						: `Use ${name}.${others === '' ? '' : ` At least ${others}.`}`,
			};
		}),
	);

/** A `measure` run of some variants on one model that ended by itself. */
export function snapshot(options: SnapshotOptions = {}): Snapshot {
	const variants = options.variants ?? [
		variant({name: 'detailed', input: 420, output: 380}),
		variant({name: 'concise', input: 330, output: 90}),
		variant({name: 'structured', input: 400, output: 260}),
		variant({name: 'minimal', input: 220, output: 180}),
	];
	const targets = options.targets ?? [target];
	const interval = options.intervalSeconds ?? 1;
	const winners = targets.map((_, index) => ({
		target: index,
		throughput: 'minimal',
		efficiency: 'minimal',
		cost: 'minimal',
		latency: null,
	}));
	const best = options.patch?.best ?? winners;
	const slots = Math.floor((options.seconds ?? 90) / interval);
	return {
		phase: 'ended',
		startedAt: '2026-11-22T13:24:05.000Z',
		endedAt: '2026-11-22T13:25:35.000Z',
		elapsedMs: 90_000,
		simulated: options.simulated ?? false,
		outcome: 'completed',
		stoppedBy: null,
		progress: {done: 480, total: 480, inFlight: 0, remainingMs: 0, waitingFor: null},
		spec: {
			preset: 'summarize',
			method: 'converse-stream',
			load: {
				shape: 'measure',
				requests: 20,
				durationMs: null,
				concurrency: 10,
				ratePerMinute: null,
				arrival: 'constant',
			},
			goal: 'throughput',
			isBalanced: false,
			serviceLevel: null,
			policy: 'fixed',
			burst: 'full',
			share: 1,
			seed: 1,
			isMaxTokensAuto: false,
			minQuality: null,
			task: 'Summarise the text.',
			maxTokens: 1000,
		},
		targets,
		buckets: targets.map(() => ({
			requests: {used: 118, reserved: 2, limit: 400},
			tokens: {used: 61_000, reserved: 4000, limit: 100_000},
			day: {used: 1_200_000, reserved: 0, limit: null},
			nextRoomMs: null,
			share: 1,
			inFlight: 0,
			stamping: {countsFrom: 'first-byte', at: Date.UTC(2026, 0, 1), accepted: 40, refused: 0},
		})),
		variants,
		best,
		verdicts: verdictsOf(best, [
			{name: 'detailed', atLeast: 1.6},
			{name: 'concise', atLeast: 1.05},
		]),
		gain: {over: 'worst', ratio: 1.9, atLeast: 1.6},
		advice: [
			{
				kind: 'max-tokens',
				text: 'Set max tokens to 270: minimal never needed more, and 1,000 sets aside four times as much.',
				usefulPerMinute: 250,
			},
		],
		events: [{at: '2026-11-22T13:24:05.000Z', kind: 'start', text: 'Run started'}],
		timeline: {
			intervalSeconds: interval,
			points: targets.flatMap((_, index) =>
				Array.from({length: slots}, (__, slot) => ({
					second: slot * interval,
					target: index,
					requests: slot < 70 ? 6 : 2,
					quotaTokens: Math.round(interval * (1500 + 600 * Math.sin(slot / 4))),
					reserved: 4000 + (slot % 7) * 900,
					throttled: slot === 40 || slot === 61 ? 2 : 0,
					inFlight: 4,
				})),
			),
		},
		failures: [
			{
				class: 'throttled-tokens',
				message: 'Too many tokens, please wait before trying again.',
				advice: 'Another application uses the same quota: lower --share.',
				count: 12,
				firstAt: '2026-11-22T13:24:45.000Z',
			},
		],
		costUsd: 0.02,
		...options.patch,
	};
}

/** Files that the reports of a run leave beside `results.json` and `summary.md`. */
export const charts = [
	'token-usage.svg',
	'throughput-comparison.svg',
	'variant-performance.svg',
	'throughput-vs-quota.svg',
	'latency.svg',
	'latency-over-time.svg',
	'throttles-and-holds.svg',
];

/** Two variants for 5 s. */
export const twoVariants = snapshot({
	variants: [variant({name: 'concise', output: 90}), variant()],
	seconds: 5,
});
