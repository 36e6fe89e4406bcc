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
