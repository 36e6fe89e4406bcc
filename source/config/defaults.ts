/** What the numbers of a run may be: on the command line, in a preset and in the settings on screen alike. */
export const bounds = {
	requests: {min: 1, max: 100_000_000},
	/** Of each variant. */
	warmUp: {min: 0, max: 1000},
	concurrency: {min: 1, max: 1000},
	/** A minute. */
	rate: {min: 0.1, max: 1_000_000},
	maxTokens: {min: 1, max: 1_000_000},
	share: {min: 0.01, max: 1},
	/** The most that is read of a preset, of a text such as `@FILE`, of the items of a run and of those of a batch. */
	bytes: {preset: 1_000_000, text: 20_000_000, items: 100_000_000, batchItems: 5_000_000_000},
} as const;

/** Every default of a run, stated once. Help, README and behaviour are made from these. */
export const defaults = {
	method: 'converse-stream',
	goal: 'throughput',
	policy: 'fixed',
	loadShape: 'measure',
	/** At most, where there is something to choose: evidence ends it earlier. */
	requestsPerVariant: 100,
	/** Where nothing is chosen: one variant, or `--fail-if`. */
	requestsWithoutChoice: 20,
	/** Of a search, over all of its rungs. */
	searchRequests: 200,
	durationMs: 60_000,
	concurrency: 10,
	maxTokens: 1000,
	burst: 'full',
	share: 1,
	maxCostUsd: 1,
	seed: 1,
	/** Limits where nothing is known; always shown as assumed. */
	assumedRequestsPerMinute: 100,
	assumedTokensPerMinute: 10_000,
} as const;
