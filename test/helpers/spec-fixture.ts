import type {CellSpec, Load, RunSpec} from '../../source/domain/run-config.ts';
import type {Limit, Quota, Target} from '../../source/domain/target.ts';
import type {Item, Variant} from '../../source/domain/task.ts';

/** Specs of small runs for tests of the engine. */

export const limit = (value: number | null): Limit => ({
	value,
	state: value === null ? 'none' : value === 0 ? 'blocked' : 'known',
	source: value === null ? null : 'applied',
	applied: value,
	default: value,
	adjustable: true,
	code: null,
	name: null,
});

export const quotaOf = (
	requestsPerMinute: number | null,
	tokensPerMinute: number | null,
	tokensPerDay: number | null = null,
): Quota => ({
	requestsPerMinute: limit(requestsPerMinute),
	tokensPerMinute: limit(tokensPerMinute),
	tokensPerDay: limit(tokensPerDay),
});

export const targetOf = (quota: Quota, model = 'test.model-v1:0', burndown = 1): Target => ({
	model,
	baseModel: model,
	scope: 'on-demand',
	region: 'us-east-1',
	endpoint: null,
	tier: null,
	burndown: {value: burndown, source: 'test'},
	quota,
});

export const variantOf = (name: string, overrides: Partial<Variant> = {}): Variant => ({
	name,
	instruction: `${name}: {{task}}`,
	system: undefined,
	maxTokens: undefined,
	stop: [],
	parameters: {},
	itemsPerRequest: 1,
	cache: false,
	compress: [],
	...overrides,
});

export const itemsOf = (count: number): readonly Item[] =>
	Array.from({length: count}, (_unused, index) => ({
		index,
		text: `item ${index}`,
		fields: {},
		expected: undefined,
	}));

export const cellOf = (overrides: Partial<CellSpec> = {}): CellSpec => ({
	variant: 0,
	target: 0,
	lane: 'normal',
	ratePerMinute: null,
	inputTokens: {value: 20, isEstimated: false},
	maxTokens: 100,
	price: null,
	...overrides,
});

export const loadOf = (shape: Load['shape'], overrides: Partial<Load> = {}): Load => ({
	shape,
	requests: null,
	durationMs: null,
	concurrency: 10,
	ratePerMinute: null,
	arrival: 'constant',
	...overrides,
});

export const specOf = (overrides: Partial<RunSpec> = {}): RunSpec => ({
	preset: null,
	task: {task: 'Say fine.', content: undefined, items: [], checks: []},
	variants: [variantOf('plain')],
	targets: [targetOf(quotaOf(100, 100_000))],
	cells: [cellOf()],
	method: 'converse-stream',
	load: loadOf('measure', {requests: 20}),
	goal: 'throughput',
	policy: 'fixed',
	burst: 'full',
	share: 1,
	isBalanced: false,
	isMaxTokensAuto: false,
	minQuality: null,
	serviceLevel: null,
	maxRequests: null,
	maxCostUsd: null,
	seed: 1,
	windowMs: 60_000,
	...overrides,
});
