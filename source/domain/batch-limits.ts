/** Limits of a batch job: quotas of the model where the account shows them, else assumed ones. */
export type BatchLimits = {
	readonly minRecords: number;
	readonly recordsPerFile: number;
	readonly recordsPerJob: number;
	readonly bytesPerFile: number;
	readonly bytesPerJob: number;
	/** Jobs of a base model that may be submitted and in progress at once. */
	readonly activeJobs: number;
	/** Names of the limits that are assumed. */
	readonly assumed: ReadonlyArray<keyof typeof usualLimits>;
};

/** Bytes of the unit in which the quotas of sizes are stated. */
export const gigabyte = 1_000_000_000;

/**
 * Assumed limits: AWS's defaults; where they depend on the model or the edition of the General Reference, the smallest. A job
 * is then rather too small than refused.
 */
export const usualLimits = {
	/** 100 for all models that were read but one (Llama 4 Scout: 50, 2025-06). */
	minRecords: 100,
	/** 50,000 for all models in 2025-06; 100,000 for newer ones in 2026-11 (Nova 2 Lite). */
	recordsPerFile: 50_000,
	/** 50,000 for all models in 2025-06; not read since. */
	recordsPerJob: 50_000,
	/** 1 GB for all models. */
	bytesPerFile: gigabyte,
	/** 5 GB; 100 GB for Nova Lite and Nova Pro. */
	bytesPerJob: 5 * gigabyte,
	/** 20 for all models in 2025-06; 100 for newer ones in 2026-11 (Claude Haiku 4.5). */
	activeJobs: 20,
} as const;
