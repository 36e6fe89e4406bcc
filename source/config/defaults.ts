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
