import type {RequestRecord} from '../stats.ts';
import {
	addDuration,
	addSample,
	createMinuteSums,
	type MinuteSums,
	minuteMs,
	minuteOf,
} from './minute-sums.ts';

/** Served requests per minute, kept for a day. */
export type ServedMinutes = {
	readonly record: (request: RequestRecord) => void;
	/** ModelIds that were called in a Region. */
	readonly modelIds: (region: string) => readonly string[];
	/** By the begin of the minute. */
	readonly minutes: (region: string, modelId: string) => ReadonlyMap<number, MinuteSums>;
	readonly clear: () => void;
};

/** Minutes kept per ModelId. */
const keptMinutes = 25 * 60;

/**
 * Value of the dimension `ModelId`: the name that the caller used, of an ARN the last part. AWS writes the ID of an
 * application profile and not its ARN.
 */
export function dimensionOf(modelId: string): string {
	return modelId.startsWith('arn:') ? modelId.slice(modelId.lastIndexOf('/') + 1) : modelId;
}

/** Errors before the service accepted the request: AWS does not count them as invocations. */
const clientStatuses: ReadonlySet<number> = new Set([400, 403, 404]);

/** @param clockAheadMs How far the clock of the metrics is ahead of the requests'. */
export function createServedMinutes(clockAheadMs = 0): ServedMinutes {
	const regions = new Map<string, Map<string, Map<number, MinuteSums>>>();
	const nothing: ReadonlyMap<number, MinuteSums> = new Map();

	const sumsAt = (region: string, modelId: string, minute: number): MinuteSums => {
		const models = regions.get(region) ?? new Map<string, Map<number, MinuteSums>>();
		regions.set(region, models);
		const minutes = models.get(modelId) ?? new Map<number, MinuteSums>();
		models.set(modelId, minutes);
		const sums = minutes.get(minute) ?? createMinuteSums();
		minutes.set(minute, sums);
		for (const oldest of minutes.keys()) {
			if (oldest > minute - keptMinutes * minuteMs) {
				break;
			}
			minutes.delete(oldest);
		}
		return sums;
	};

	return {
		record(request) {
			// Requests without any model appear nowhere in CloudWatch.
			if (request.baseModel !== undefined) {
				const at = minuteOf(request.endedAt + clockAheadMs);
				count(sumsAt(request.region, dimensionOf(request.modelId), at), request);
			}
		},
		modelIds: (region) => [...(regions.get(region)?.keys() ?? [])],
		minutes: (region, modelId) => regions.get(region)?.get(modelId) ?? nothing,
		clear: () => regions.clear(),
	};
}

const count = (sums: MinuteSums, request: RequestRecord): void => {
	const {counts, durations} = sums;
	if (request.throttle !== undefined) {
		counts.InvocationThrottles++;
		return;
	}
	const isRefused = clientStatuses.has(request.status);
	if (request.error !== undefined) {
		counts[isRefused ? 'InvocationClientErrors' : 'InvocationServerErrors']++;
	}
	if (isRefused) {
		return;
	}
	counts.Invocations++;
	addSample(sums, 'InputTokenCount', request.inputTokens);
	addSample(sums, 'OutputTokenCount', request.outputTokens);
	addSample(sums, 'CacheReadInputTokenCount', request.cacheReadTokens);
	addSample(sums, 'CacheWriteInputTokenCount', request.cacheWriteTokens);
	if (request.error === undefined) {
		// Emitted for successful requests only (user guide).
		addSample(sums, 'EstimatedTPMQuotaUsage', request.quotaTokens);
		addDuration(durations.InvocationLatency, request.endedAt - request.startedAt);
	}
	if (request.firstTokenAt !== undefined && request.operation.toLowerCase().includes('stream')) {
		addDuration(durations.TimeToFirstToken, request.firstTokenAt - request.startedAt);
	}
};
