import {z} from 'zod';
import {UserError} from '../../domain/user-error.ts';
import {scenarioShape} from '../scenario.ts';

/** The script of faults that `--faults FILE` names. */

export const faultKinds = [
	'throttle-requests',
	'throttle-tokens',
	'throttle-day',
	'overloaded',
	'unavailable',
	'internal',
	'stall',
	'cut',
	'stream-error',
	'access-denied',
	'validation',
] as const;

export type FaultKind = (typeof faultKinds)[number];

const streamExceptions = [
	'internalServerException',
	'modelStreamErrorException',
	'modelTimeoutException',
	'serviceUnavailableException',
	'throttlingException',
	'validationException',
] as const;

const milliseconds = z.number().nonnegative();
const wholeNumber = z.number().int().nonnegative();

const faultSchema = z
	.strictObject({
		kind: z.enum(faultKinds),
		/** Since the first request. */
		afterMs: milliseconds.optional(),
		/** Requests that come through before it. */
		afterRequests: wholeNumber.optional(),
		forMs: milliseconds.optional(),
		/** Requests that it meets. */
		count: wholeNumber.optional(),
		/** Part of the requests that it meets, 0 to 1. */
		probability: z.number().min(0).max(1).default(1),
		/** Part of the model IDs that it meets; all without it. */
		model: z.string().optional(),
		/** Which exception a `stream-error` sends. */
		exception: z.enum(streamExceptions).default('modelStreamErrorException'),
	})
	.refine((fault) => fault.kind !== 'stall' || fault.forMs !== undefined, {
		message: 'a stall needs forMs: the milliseconds for which nothing is answered',
		path: ['forMs'],
	});

const scriptSchema = z.strictObject({
	faults: z.array(faultSchema).default([]),
	/** Other traffic in the account. */
	neighbour: z
		.strictObject({
			afterMs: milliseconds.default(0),
			forMs: milliseconds.optional(),
			/** Part of every limit, 0 to 1. */
			share: z.number().min(0).max(1),
		})
		.optional(),
	/** One way. */
	networkDelayMs: milliseconds.default(0),
	...scenarioShape,
});

export type Fault = z.infer<typeof faultSchema>;
export type FaultScript = z.infer<typeof scriptSchema>;

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
	path.reduce<unknown>(
		(inner, key) =>
			typeof inner === 'object' && inner !== null ? (inner as Record<PropertyKey, unknown>)[key] : undefined,
		value,
	);

const describe = (script: unknown, issue: z.core.$ZodIssue): string => {
	const place = issue.path.map(String).join('.') || 'the file';
	const found = valueAt(script, issue.path);
	const quoted =
		found === undefined || issue.code === 'unrecognized_keys' ? '' : ` (${JSON.stringify(found)})`;
	return `${place}${quoted}: ${issue.message}`;
};

/**
 * Checks a script of faults: a mapping with `faults`, `neighbour`, `networkDelayMs` and what a
 * scenario has, or a bare list of faults.
 * @throws UserError that quotes what is wrong.
 */
export const parseFaults = (value: unknown): FaultScript => {
	const script = value === undefined || value === null ? {} : Array.isArray(value) ? {faults: value} : value;
	const parsed = scriptSchema.safeParse(script);
	if (parsed.success) {
		return parsed.data;
	}
	throw new UserError(
		`The script of faults is wrong: ${parsed.error.issues.map((issue) => describe(script, issue)).join('; ')}.`,
		{exitCode: 2, hint: `A fault has a kind, one of ${faultKinds.join(', ')}.`},
	);
};
