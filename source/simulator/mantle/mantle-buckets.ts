import {
	type Bucket,
	createBucket,
	createRollingSum,
	type Enforcement,
	type RollingSum,
	roundingSlack,
} from '../enforcement.ts';
import type {MantleLimits} from './mantle-quotas.ts';

/**
 * Buckets of bedrock-mantle, as its user guide describes them (quotas-mantle): a request is admitted by its input and
 * its max tokens against the input quota; the output quota is counted while an answer is generated, and cuts it.
 */

/** A refused request: the quota that it met, and by how many tokens. */
export type MantleRefusal = {
	readonly isAdmitted: false;
	readonly side: 'input' | 'output';
	readonly exceededBy: number;
};

export type MantleAdmission =
	| {
			readonly isAdmitted: true;
			/** Counts output tokens as they are generated; returns how many of them the quota has room for. */
			readonly produce: (nowMs: number, tokens: number) => number;
			/** Gives the unused part of the reserved input quota back. Once only. */
			readonly settle: (nowMs: number, tokens: number) => void;
	  }
	| MantleRefusal;

export type MantleBuckets = {
	readonly admit: (region: string, model: string, nowMs: number, reservedTokens: number) => MantleAdmission;
	/** Limits and use of every bucket that was used. */
	readonly report: (nowMs: number) => readonly object[];
	readonly reset: () => void;
};

type Side = {readonly bucket: Bucket; readonly used: RollingSum; maximum: number};

type Entry = {
	readonly region: string;
	readonly model: string;
	readonly input: Side;
	readonly output: Side;
	seenAtMs: number;
};

const note = (side: Side, nowMs: number): void => {
	side.maximum = Math.max(side.maximum, side.used.sum(nowMs));
};

/** @param occupy Lets other traffic use its share of a bucket. */
export function createMantleBuckets(
	limitsOf: (model: string) => MantleLimits,
	enforcement: Enforcement,
	occupy: (bucket: Bucket, sinceMs: number, nowMs: number) => void,
): MantleBuckets {
	const entries = new Map<string, Entry>();

	const createSide = (tokensPerMinute: number | undefined): Side => ({
		bucket: createBucket(
			{requestsPerMinute: undefined, tokensPerMinute, tokensPerDay: undefined},
			enforcement,
		),
		used: createRollingSum(enforcement.windowMs),
		maximum: 0,
	});

	const entryOf = (region: string, model: string): Entry => {
		const key = `${region} ${model}`;
		const known = entries.get(key);
		if (known !== undefined) {
			return known;
		}
		const limits = limitsOf(model);
		const entry: Entry = {
			region,
			model,
			input: createSide(limits.inputTokensPerMinute),
			output: createSide(limits.outputTokensPerMinute),
			// Others may have used it before.
			seenAtMs: Number.NEGATIVE_INFINITY,
		};
		entries.set(key, entry);
		return entry;
	};

	const produce = ({bucket, used}: Side, nowMs: number, tokens: number): number => {
		const granted = Math.max(0, Math.min(tokens, Math.floor(bucket.tokenRoom(nowMs) + roundingSlack)));
		const admission = bucket.admit(nowMs, granted);
		if (!admission.isAdmitted) {
			return 0;
		}
		admission.settle(nowMs, granted);
		used.add(nowMs, granted);
		return granted;
	};

	return {
		admit(region, model, nowMs, reserved) {
			const entry = entryOf(region, model);
			const {input, output} = entry;
			for (const {bucket} of [input, output]) {
				occupy(bucket, entry.seenAtMs, nowMs);
			}
			entry.seenAtMs = nowMs;
			// Not documented: a used-up output quota refuses a request instead of answering it with nothing.
			const outputRoom = output.bucket.tokenRoom(nowMs);
			if (outputRoom + roundingSlack < 1) {
				return {isAdmitted: false, side: 'output', exceededBy: 1 - outputRoom};
			}
			const admission = input.bucket.admit(nowMs, reserved);
			if (!admission.isAdmitted) {
				return {isAdmitted: false, side: 'input', exceededBy: reserved - input.bucket.tokenRoom(nowMs)};
			}
			const charge = input.used.add(nowMs, reserved);
			note(input, nowMs);
			return {
				isAdmitted: true,
				produce(atMs, tokens) {
					const granted = produce(output, atMs, tokens);
					note(output, atMs);
					return granted;
				},
				settle(atMs, tokens) {
					admission.settle(atMs, tokens);
					input.used.settle(atMs, charge, tokens);
					note(input, atMs);
				},
			};
		},
		report: (nowMs) =>
			[...entries.values()].map(({region, model, input, output}) => ({
				region,
				model,
				inputTokensPerMinute: input.bucket.limits.tokensPerMinute ?? null,
				outputTokensPerMinute: output.bucket.limits.tokensPerMinute ?? null,
				inputTokens: input.used.sum(nowMs),
				outputTokens: output.used.sum(nowMs),
				maximumInputTokens: input.maximum,
				maximumOutputTokens: output.maximum,
			})),
		reset: () => entries.clear(),
	};
}
