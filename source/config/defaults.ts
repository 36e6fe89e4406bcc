/** Bounds of the numbers of a run: on the command line, in a preset and in the settings on screen. */
export const bounds = {
	requests: {min: 1, max: 100_000_000},
	/** Per variant. */
	warmUp: {min: 0, max: 1000},
	concurrency: {min: 1, max: 1000},
	/** Per minute. */
	rate: {min: 0.1, max: 1_000_000},
	maxTokens: {min: 1, max: 1_000_000},
	/** Of a replay. */
	speed: {min: 0.01, max: 1000},
	share: {min: 0.01, max: 1},
	/** Maximum sizes of a preset, a text such as `@FILE`, the items of a run, and those of a batch. */
	bytes: {preset: 1_000_000, text: 20_000_000, items: 100_000_000, batchItems: 5_000_000_000},
} as const;

/** Every default of a run, once. Help and README are made from them. */
export const defaults = {
	method: 'converse-stream',
	goal: 'throughput',
	policy: 'fixed',
	loadShape: 'measure',
	/** Upper bound where variants are compared: a clear result ends it earlier. */
	requestsPerVariant: 100,
	/** Where nothing is compared: one variant, or `--fail-if`. */
	requestsWithoutChoice: 20,
	/** Of a search, over all of its rungs. */
	searchRequests: 200,
	/** Of an optimisation, over all of its rounds, the rewriter's included. */
	optimizeRequests: 900,
	optimizeRounds: 3,
	durationMs: 60_000,
	concurrency: 10,
	maxTokens: 1000,
	burst: 'full',
	share: 1,
	maxCostUsd: 1,
	seed: 1,
	/** Limits where the quota is unknown; always shown as assumed. */
	assumedRequestsPerMinute: 100,
	assumedTokensPerMinute: 10_000,
} as const;
