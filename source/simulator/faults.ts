import type {Random} from './answers/random.ts';
import type {Bucket} from './enforcement.ts';
import type {Fault, FaultScript} from './options.ts';
import {ServiceError, throttlingError, validationError} from './wire/exchange.ts';

/** The faults as they happen, and the service's messages for them. */
const unexpectedError =
	'The system encountered an unexpected error during processing. Try your request again.';

const streamMessages: Readonly<Record<Fault['exception'], string>> = {
	internalServerException: unexpectedError,
	modelStreamErrorException: unexpectedError,
	modelTimeoutException: 'Model has timed out in processing the request. Try your request again.',
	serviceUnavailableException: 'Bedrock is unable to process your request.',
	throttlingException: 'Too many requests, please wait before trying again.',
	validationException: 'The model returned the following errors: Malformed input request.',
};

/** Message of an exception in the middle of a stream. */
export function streamMessage(exception: Fault['exception']): string {
	return streamMessages[exception];
}

/** The error that a fault answers with instead of the model; undefined for faults that interrupt an answer. */
export function errorOfFault(fault: Fault, modelId: string, isStream: boolean): ServiceError | undefined {
	switch (fault.kind) {
		case 'throttle-requests':
			return throttlingError('requests', modelId);
		case 'throttle-tokens':
			return throttlingError('tokens', modelId);
		case 'throttle-day':
			return throttlingError('day', modelId);
		case 'overloaded':
			return throttlingError('overloaded', modelId);
		case 'unavailable':
			return new ServiceError('ServiceUnavailableException', 'Bedrock is unable to process your request.');
		case 'internal':
			return new ServiceError('InternalServerException', unexpectedError);
		case 'access-denied':
			return new ServiceError(
				'AccessDeniedException',
				"You don't have access to the model with the specified model ID.",
			);
		case 'validation':
			return validationError('Malformed input request, please reformat your input and try again.');
		case 'stream-error':
			return isStream
				? undefined
				: new ServiceError('ModelErrorException', unexpectedError, {
						details: {originalStatusCode: 500, resourceName: modelId},
					});
		case 'cut':
		case 'stall':
			return undefined;
	}
}

/** The faults of a script. Their clock starts with the first request. */
export type Faults = {
	readonly networkDelayMs: number;
	/** How long a request that comes now is stalled, in milliseconds. */
	readonly stallMs: (modelId: string, nowMs: number) => number;
	/** The fault that meets a request, counted as met; undefined: none. */
	readonly next: (modelId: string, nowMs: number, random: Random) => Fault | undefined;
	/** Lets other traffic use its share of a bucket. */
	readonly occupy: (bucket: Bucket, sinceMs: number, nowMs: number) => void;
	readonly reset: () => void;
};

/** Slices per window in which the neighbor's traffic is counted. */
const slicesPerWindow = 600;

export function createFaults(
	script: Pick<FaultScript, 'faults' | 'neighbour' | 'networkDelayMs'>,
	windowMs: number,
): Faults {
	let startedAtMs: number | undefined;
	let requests = 0;
	const met = new Map<Fault, number>();

	const elapsedAt = (nowMs: number): number => {
		startedAtMs ??= nowMs;
		return nowMs - startedAtMs;
	};

	const isOn = (fault: Fault, modelId: string, elapsedMs: number, seen: number): boolean => {
		const beginsMs = fault.afterMs ?? 0;
		return (
			elapsedMs >= beginsMs &&
			(fault.forMs === undefined || elapsedMs < beginsMs + fault.forMs) &&
			seen >= (fault.afterRequests ?? 0) &&
			(fault.count === undefined || (met.get(fault) ?? 0) < fault.count) &&
			(fault.model === undefined || modelId.includes(fault.model))
		);
	};

	const stalls = script.faults.filter((fault) => fault.kind === 'stall');
	const others = script.faults.filter((fault) => fault.kind !== 'stall');

	return {
		networkDelayMs: script.networkDelayMs,
		stallMs(modelId, nowMs) {
			const elapsedMs = elapsedAt(nowMs);
			return Math.max(
				0,
				...stalls
					.filter((stall) => isOn(stall, modelId, elapsedMs, requests))
					.map((stall) => (stall.afterMs ?? 0) + (stall.forMs ?? 0) - elapsedMs),
			);
		},
		next(modelId, nowMs, random) {
			const elapsedMs = elapsedAt(nowMs);
			const seen = requests++;
			const fault = others.find(
				(candidate) =>
					isOn(candidate, modelId, elapsedMs, seen) &&
					(candidate.probability === 1 || random() < candidate.probability),
			);
			if (fault !== undefined) {
				met.set(fault, (met.get(fault) ?? 0) + 1);
			}
			return fault;
		},
		occupy(bucket, sinceMs, nowMs) {
			const {neighbour} = script;
			if (neighbour === undefined || startedAtMs === undefined) {
				return;
			}
			const beginsMs = startedAtMs + neighbour.afterMs;
			const endsMs = neighbour.forMs === undefined ? Number.POSITIVE_INFINITY : beginsMs + neighbour.forMs;
			// Anything older than a window no longer counts.
			const fromMs = Math.max(sinceMs, beginsMs, nowMs - windowMs);
			const sliceMs = windowMs / slicesPerWindow;
			const part = neighbour.share / slicesPerWindow;
			// Slices have fixed bounds, so that more frequent calls do not count more.
			for (
				let slice = Math.floor(fromMs / sliceMs) + 1;
				slice * sliceMs <= Math.min(nowMs, endsMs);
				slice++
			) {
				bucket.occupy(
					slice * sliceMs,
					(bucket.limits.requestsPerMinute ?? 0) * part,
					(bucket.limits.tokensPerMinute ?? 0) * part,
					true,
				);
			}
		},
		reset() {
			startedAtMs = undefined;
			requests = 0;
			met.clear();
		},
	};
}
