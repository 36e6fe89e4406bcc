/** What a batch job may be: quotas of the model where the account tells them, else AWS's defaults. */
export type BatchLimits = {
	readonly leastRecords: number;
	readonly recordsPerFile: number;
	readonly recordsPerJob: number;
	readonly bytesPerFile: number;
	readonly bytesPerJob: number;
	/** Jobs of a base model that may be submitted and in progress at once. */
	readonly activeJobs: number;
	/** Names of the limits that nobody told. */
	readonly assumed: readonly string[];
};

/** Bytes of the unit in which the quotas of sizes are stated. */
export const gigabyte = 1_000_000_000;

/** AWS's defaults for most models (General Reference, quotas of batch inference, read 2026-11). */
export const usualLimits = {
	leastRecords: 100,
	recordsPerFile: 50_000,
	recordsPerJob: 50_000,
	bytesPerFile: gigabyte,
	bytesPerJob: 5 * gigabyte,
	activeJobs: 20,
} as const;
