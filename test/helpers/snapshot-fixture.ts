import type {Distribution, Mean, VariantFigures} from '../../source/domain/figures-schema.ts';
import type {FleetView} from '../../source/domain/fleet-view.ts';
import type {RunConfig} from '../../source/domain/run-config.ts';
import type {BucketState, LatencySeries, Snapshot, TimelinePoint} from '../../source/domain/snapshot.ts';
import type {Limit, ListedModel, Target} from '../../source/domain/target.ts';
import type {Variant} from '../../source/domain/task.ts';
import type {Plan} from '../../source/threads/messages.ts';
import {verdictsOf} from './results-fixture.ts';

/** A plausible run of four variants, the same every time: what views, printouts and reports are tested with. */

/** A limit that the account's own quotas state. */
export function limitFixture(value: number | null, overrides: Partial<Limit> = {}): Limit {
	return {
		value,
		state: value === null ? 'none' : value === 0 ? 'blocked' : 'known',
		source: value === null ? null : 'applied',
		applied: value,
		default: value === null ? null : value / 2,
		adjustable: value === null ? null : true,
		code: value === null ? null : 'L-15B8E632',
		name: value === null ? null : 'Cross-region model inference requests per minute for Amazon Nova Lite',
		...overrides,
	};
}

/** A cross-Region profile of Nova Lite with 200 requests and 200,000 tokens a minute. */
export function targetFixture(overrides: Partial<Target> = {}): Target {
	return {
		model: 'us.amazon.nova-lite-v1:0',
		baseModel: 'amazon.nova-lite-v1:0',
		scope: 'cross-region',
		region: 'us-east-1',
		endpoint: null,
		tier: null,
		burndown: {value: 1, source: 'documented'},
		quota: {
			requestsPerMinute: limitFixture(200),
			tokensPerMinute: limitFixture(200_000, {code: 'L-6CE5C5E2'}),
			tokensPerDay: limitFixture(null),
		},
		...overrides,
	};
}

/** Mean with an interval of 4 % on either side. */
export function meanFixture(mean: number): Mean {
	return {mean, low: mean * 0.96, high: mean * 1.04};
}

/** A right-skewed distribution around its median. */
export function distributionFixture(p50: number, count = 40): Distribution {
	const bins = [0.6, 0.8, 1, 1.25, 1.6, 2.2, 3].map((factor) => Math.round(p50 * factor));
	const counts = [2, 9, 12, 8, 5, 3, 1].map((each) => Math.round((each * count) / 40));
	return {
		count,
		mean: Math.round(p50 * 1.08),
		p50,
		p90: Math.round(p50 * 1.7),
		p99: count >= 100 ? Math.round(p50 * 2.6) : null,
		max: Math.round(p50 * 2.9),
		histogram: bins.map((upperMs, index) => [upperMs, counts[index] ?? 0] as const),
	};
}

type VariantOptions = {
	readonly name: string;
	readonly target?: number;
	readonly inputTokens: number;
	readonly outputTokens: number;
	readonly sent?: number;
	readonly useful?: number;
	readonly throttled?: number;
	readonly firstTokenMs: number;
	readonly totalMs: number;
	readonly usefulPerMinute: number | null;
	readonly limitedBy?: VariantFigures['sustainable']['limitedBy'];
	readonly sample?: string;
};

/** The figures of a variant, from the few that matter. */
export function variantFixture(options: VariantOptions): VariantFigures {
	const {inputTokens, outputTokens, sent = 40, throttled = 0, usefulPerMinute} = options;
	const useful = options.useful ?? sent - 1;
	const quotaTokens = inputTokens + outputTokens;
	const costUsd = inputTokens * 6e-8 + outputTokens * 2.4e-7;
	return {
		name: options.name,
		target: options.target ?? 0,
		lane: 'normal',
		requests: {
			sent,
			succeeded: sent,
			truncated: sent - useful,
			refused: 0,
			attempts: sent + throttled,
			throttled: {requests: 0, tokens: throttled, day: 0, overloaded: 0},
			failed: {},
		},
		items: {sent, useful, checkFailed: 0, unparsed: 0},
		tokens: {
			input: inputTokens * sent,
			output: outputTokens * sent,
			cacheRead: 0,
			cacheWrite: 0,
			reasoning: null,
			quota: quotaTokens * sent,
			reserved: (inputTokens + 400) * sent,
			overruns: 0,
			estimated: false,
		},
		costUsd: costUsd * sent,
		perRequest: {
			inputTokens: meanFixture(inputTokens),
			outputTokens: meanFixture(outputTokens),
			totalTokens: meanFixture(quotaTokens),
			quotaTokens: meanFixture(quotaTokens),
			reservedTokens: meanFixture(inputTokens + 400),
			costUsd: meanFixture(costUsd),
		},
		latencyMs: {
			timeToFirstToken: distributionFixture(options.firstTokenMs, sent),
			total: distributionFixture(options.totalMs, sent),
			perOutputToken: distributionFixture(9, sent),
			dispatchDelay: distributionFixture(0, sent),
			service: distributionFixture(options.totalMs, sent),
		},
		rate: {
			requestsPerMinute: null,
			tokensPerMinute: null,
			outputTokensPerSecond: null,
			usefulPerMinute: null,
			goodputPerMinute: null,
		},
		sustainable: {
			usefulPerMinute,
			low: usefulPerMinute === null ? null : usefulPerMinute * 0.94,
			high: usefulPerMinute === null ? null : usefulPerMinute * 1.06,
			limitedBy: options.limitedBy ?? 'tokens',
		},
		quality: {checked: 0, passed: 0, score: null, low: null, high: null},
		stopReasons: {end_turn: useful, max_tokens: sent - useful},
		maxTokensAdvice: {
			value: Math.round(outputTokens * 1.4),
			truncationRisk: 0.01,
			sustainablePerMinute: usefulPerMinute,
		},
		prompt: {system: 'You summarize.', user: 'Summarize the text in three sentences.'},
		sample: options.sample ?? 'The report describes how the harbour grew from a fishing village to a port.',
	};
}

/** The four built-in variants as they come out of a run of `summarize`. */
export function variantsFixture(): readonly VariantFigures[] {
	return [
		variantFixture({
			name: 'detailed',
			inputTokens: 824,
			outputTokens: 612,
			useful: 38,
			throttled: 3,
			firstTokenMs: 412,
			totalMs: 5240,
			usefulPerMinute: 132,
		}),
		variantFixture({
			name: 'concise',
			inputTokens: 806,
			outputTokens: 118,
			useful: 40,
			firstTokenMs: 388,
			totalMs: 1310,
			usefulPerMinute: 200,
			limitedBy: 'requests',
		}),
		variantFixture({
			name: 'structured',
			inputTokens: 841,
			outputTokens: 402,
			useful: 39,
			throttled: 1,
			firstTokenMs: 401,
			totalMs: 3720,
			usefulPerMinute: 157,
		}),
		variantFixture({
			name: 'minimal',
			inputTokens: 779,
			outputTokens: 245,
			useful: 39,
			firstTokenMs: 379,
			totalMs: 2480,
			usefulPerMinute: 190,
		}),
	];
}

/** What the ledger says in the middle of a run. */
/** A fleet of three, one of which vanished, from what matters. */
export function fleetFixture(overrides: Partial<FleetView> = {}): FleetView {
	const row = {
		isSelf: false,
		state: 'live',
		use: {requests: 24, tokens: 31_000},
		inFlight: 3,
		waiting: 0,
		seenAgoMs: 400,
	} as const;
	return {
		state: 'connected',
		since: '2026-03-01T10:00:00.000Z',
		losses: 0,
		lostMs: 0,
		members: 3,
		isAssumed: false,
		othersUse: {requests: 60, tokens: 21_000},
		rows: [
			{...row, name: 'run on build-7, process 4711', isSelf: true},
			{
				...row,
				name: 'tap on web-1, process 31',
				use: {requests: 51, tokens: 18_400},
				inFlight: 5,
				waiting: 12,
			},
			{
				...row,
				name: 'limiter on web-2, process 1',
				state: 'vanished',
				seenAgoMs: 47_300,
				use: {requests: 9, tokens: 2600},
			},
		],
		...overrides,
	};
}

export function bucketFixture(overrides: Partial<BucketState> = {}): BucketState {
	return {
		requests: {used: 118, reserved: 8, limit: 200},
		tokens: {used: 132_400, reserved: 21_600, limit: 200_000},
		day: {used: 412_000, reserved: 0, limit: null},
		nextRoomMs: 0,
		share: 1,
		inFlight: 8,
		stamping: {countsFrom: 'unknown', at: Date.UTC(2026, 0, 1), accepted: 0, refused: 0},
		...overrides,
	};
}

/** Points a second apart that swell and ebb; a few throttles in the middle. */
export function pointsFixture(seconds = 90, target = 0): readonly TimelinePoint[] {
	return Array.from({length: seconds}, (_, second) => {
		const swell = 1 + Math.sin(second / 7) * 0.5 + Math.sin(second / 3) * 0.2;
		const requests = Math.max(0, Math.round(2 * swell));
		return {
			second,
			target,
			requests,
			quotaTokens: requests * 1150,
			reserved: requests * 1400,
			throttled: second % 37 === 36 ? 2 : 0,
			inFlight: Math.round(6 * swell),
		};
	});
}

/** Mean total times of four variants, six seconds each; one of them answers later than the others. */
export function latenciesFixture(intervals = 15): LatencySeries {
	const base = [5240, 1310, 3720, 2480];
	return {
		intervalSeconds: 6,
		cells: base.map((ms, cell) =>
			Array.from({length: intervals}, (_, index) =>
				index < (cell === 0 ? 2 : 1) ? null : Math.round(ms * (1 + 0.4 * Math.sin(index / 2 + cell))),
			),
		),
	};
}

const winners = [
	{target: 0, throughput: 'concise', efficiency: 'concise', cost: 'concise', latency: 'concise'},
];

/** A run of `summarize` on Nova Lite, 82 of 160 requests done. */
export function snapshotFixture(overrides: Partial<Snapshot> = {}): Snapshot {
	const best = overrides.best ?? winners;
	return {
		phase: 'running',
		startedAt: '2026-03-01T10:00:00.000Z',
		endedAt: null,
		elapsedMs: 90_000,
		simulated: true,
		outcome: null,
		stoppedBy: null,
		progress: {done: 82, total: 160, inFlight: 8, remainingMs: 64_000, waitingFor: null},
		spec: {
			preset: 'summarize',
			method: 'converse-stream',
			load: {
				shape: 'measure',
				requests: 40,
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
			task: 'Summarize the text in three sentences.',
		},
		targets: [targetFixture()],
		buckets: [bucketFixture()],
		variants: variantsFixture(),
		best,
		verdicts: verdictsOf(best, [{name: 'detailed', atLeast: 1.4}]),
		gain: {over: 'worst', ratio: 1.52},
		advice: [
			{
				kind: 'max-tokens',
				text: 'Set max tokens of concise to 165: the unused reservation holds back 40 % of the bucket.',
				usefulPerMinute: 240,
			},
		],
		events: [
			{at: '2026-03-01T10:00:00.000Z', kind: 'started', text: 'run started: 160 requests, 4 variants'},
			{at: '2026-03-01T10:00:36.000Z', kind: 'throttled', text: 'tokens limit: share shrunk to 90 %'},
		],
		timeline: {intervalSeconds: 1, points: pointsFixture(), latencyMs: latenciesFixture()},
		failures: [
			{
				class: 'throttled-tokens',
				message: 'Too many tokens, please wait before trying again.',
				advice: 'Someone else uses this bucket; the share was shrunk.',
				count: 4,
				firstAt: '2026-03-01T10:00:36.000Z',
			},
		],
		costUsd: 0.0184,
		...overrides,
	};
}

/** The same run before anything was sent. */
export function readySnapshotFixture(overrides: Partial<Snapshot> = {}): Snapshot {
	const full = snapshotFixture();
	const empty = (name: string) =>
		variantFixture({
			name,
			inputTokens: 0,
			outputTokens: 0,
			sent: 0,
			useful: 0,
			firstTokenMs: 0,
			totalMs: 0,
			usefulPerMinute: null,
			limitedBy: 'none',
		});
	const nothing: Mean = {mean: null, low: null, high: null};
	const never: Distribution = {
		count: 0,
		mean: null,
		p50: null,
		p90: null,
		p99: null,
		max: null,
		histogram: [],
	};
	return {
		...full,
		phase: 'ready',
		startedAt: null,
		elapsedMs: 0,
		progress: {done: 0, total: 160, inFlight: 0, remainingMs: null, waitingFor: null},
		buckets: [
			bucketFixture({
				requests: {used: 0, reserved: 0, limit: 200},
				tokens: {used: 0, reserved: 0, limit: 200_000},
				day: {used: 0, reserved: 0, limit: null},
				nextRoomMs: null,
				inFlight: 0,
			}),
		],
		variants: full.variants.map(({name}) => ({
			...empty(name),
			perRequest: {
				inputTokens: nothing,
				outputTokens: nothing,
				totalTokens: nothing,
				quotaTokens: nothing,
				reservedTokens: nothing,
				costUsd: nothing,
			},
			latencyMs: {
				timeToFirstToken: never,
				total: never,
				perOutputToken: never,
				dispatchDelay: never,
				service: never,
			},
			costUsd: 0,
			stopReasons: {},
			maxTokensAdvice: {value: null, truncationRisk: null, sustainablePerMinute: null},
			sample: null,
		})),
		best: [{target: 0, throughput: null, efficiency: null, cost: null, latency: null}],
		verdicts: [],
		gain: null,
		advice: [],
		events: [],
		timeline: {intervalSeconds: 1, points: []},
		failures: [],
		costUsd: 0,
		...overrides,
	};
}

/** The same run when it is over. */
export function endedSnapshotFixture(overrides: Partial<Snapshot> = {}): Snapshot {
	return snapshotFixture({
		phase: 'ended',
		endedAt: '2026-03-01T10:02:34.000Z',
		elapsedMs: 154_000,
		outcome: 'completed',
		progress: {done: 160, total: 160, inFlight: 0, remainingMs: 0, waitingFor: null},
		buckets: [
			bucketFixture({
				requests: {used: 62, reserved: 0, limit: 200},
				tokens: {used: 71_300, reserved: 0, limit: 200_000},
				nextRoomMs: null,
				inFlight: 0,
			}),
		],
		...overrides,
	});
}

/** What that run would send and cost. */
export function planFixture(overrides: Partial<Plan> = {}): Plan {
	return {
		targets: [targetFixture()],
		requests: 160,
		durationSeconds: null,
		quotaTokens: 185_000,
		quotaShare: 0.93,
		quotaMinutes: 0.93,
		costUsd: 0.0363,
		priceSource: 'list price of 2026-02-14',
		remarks: [],
		...overrides,
	};
}

/** Presets to choose from; any name can be read. */
export function presetsFixture() {
	return {
		list: async () => [
			{name: './letters.yaml', description: 'facts out of our letters', note: 'in this folder'},
			{name: 'classify', description: 'label short texts', note: 'run 2026-11-21'},
			{name: 'extract-json', description: 'facts out of letters, as JSON', note: ''},
			{name: 'summarize', description: 'three sentences out of a long text', note: ''},
		],
		load: async (name: string) => configFixture({preset: name, models: []}),
	};
}

/** What can be run in the Region. */
export function modelsFixture(): readonly ListedModel[] {
	const {quota, region} = targetFixture();
	const nova = {baseModel: 'amazon.nova-lite-v1:0', region, quota, price: {input: 6e-8, output: 2.4e-7}};
	return [
		{...nova, model: 'amazon.nova-lite-v1:0', scope: 'on-demand', name: 'Nova Lite'},
		{...nova, model: 'us.amazon.nova-lite-v1:0', scope: 'cross-region', name: 'US Nova Lite'},
		{
			model: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
			baseModel: 'anthropic.claude-sonnet-4-5-20250929-v1:0',
			scope: 'cross-region',
			region,
			quota: {...quota, requestsPerMinute: limitFixture(0), tokensPerMinute: limitFixture(null)},
			name: 'US Claude Sonnet 4.5',
			price: null,
		},
	];
}

function promptVariant(name: string): Variant {
	return {
		name,
		instruction: '{{task}}\n\n{{content}}',
		system: undefined,
		maxTokens: undefined,
		stop: [],
		parameters: {},
		itemsPerRequest: 1,
		cache: false,
		compress: [],
	};
}

/** The configuration of that run. */
export function configFixture(overrides: Partial<RunConfig> = {}): RunConfig {
	return {
		preset: 'summarize',
		task: {
			task: 'Summarize the text in three sentences.',
			content: 'A text.',
			items: [],
			checks: [],
		},
		variants: ['detailed', 'concise', 'structured', 'minimal'].map((name) => promptVariant(name)),
		models: ['us.amazon.nova-lite-v1:0'],
		connection: {region: 'us-east-1', profile: undefined, simulatorUrl: undefined},
		override: {requestsPerMinute: undefined, tokensPerMinute: undefined, burndown: undefined},
		method: 'converse-stream',
		load: {
			shape: 'measure',
			requests: 40,
			durationMs: null,
			concurrency: 10,
			ratePerMinute: null,
			arrival: 'constant',
		},
		lanes: [],
		goal: 'throughput',
		policy: 'fixed',
		burst: 'full',
		share: 1,
		isBalanced: false,
		maxTokens: 1000,
		isMaxTokensAuto: false,
		minQuality: null,
		serviceLevel: null,
		guards: {maxRequests: null, maxCostUsd: 1, isConfirmed: false},
		tier: undefined,
		seed: 1,
		isRefreshing: false,
		...overrides,
	};
}
