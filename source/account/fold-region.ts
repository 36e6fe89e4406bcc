import type {AccountMap, KnownBucket} from '../domain/account-map.ts';
import type {AccountBucket, MinuteUse, ModelDurations} from '../domain/account-snapshot.ts';
import type {DayUse} from './day-use.ts';
import {foldBucket} from './fold-bucket.ts';
import {minuteMs, minuteOf} from './minute-ring.ts';
import type {OwnUse} from './own-use.ts';
import type {UsageHistory} from './usage-history.ts';

/** Minutes after their end for which CloudWatch may still add to a minute (no guarantee is documented). */
const delayMs = 2 * minuteMs;

/** Begin of the newest minute that CloudWatch has in full. @param nowMs By the service's clock. */
export const newestWholeMinute = (nowMs: number): number => minuteOf(nowMs - delayMs) - minuteMs;

export type RegionInput = {
	readonly map: AccountMap;
	readonly history: UsageHistory;
	readonly isListKnown: boolean;
	readonly own: OwnUse;
	/** By key of the bucket: our own runs in the last 60 seconds. */
	readonly ownNow: ReadonlyMap<string, MinuteUse>;
	readonly day: DayUse;
	/** By ModelId. */
	readonly durations: ReadonlyMap<string, ModelDurations>;
	/** Begin of the minute that the newest look is about. */
	readonly minute: number;
	/** By the service's clock, in milliseconds since 1970. */
	readonly nowMs: number;
};

/** Every bucket of a Region that is active, or that a limit is known for. */
export const foldBuckets = (input: RegionInput): readonly AccountBucket[] => {
	const {map, history, minute} = input;
	const byBucket = Map.groupBy(history.modelIds, (modelId) => map.owners.get(modelId) ?? '');
	return [...map.buckets.values()].flatMap((bucket) => {
		const modelIds = byBucket.get(bucket.key) ?? [];
		if (modelIds.length === 0 && !hasLimit(bucket) && !input.ownNow.has(bucket.key)) {
			return [];
		}
		return [
			foldBucket(bucket, {
				history,
				modelIds,
				isListKnown: input.isListKnown,
				minute,
				own: input.own,
				ownNow: input.ownNow.get(bucket.key),
				dayTokens: dayTokens(bucket, modelIds, input),
				durations: input.durations,
			}),
		];
	});
};

const hasLimit = ({target: {quota}}: KnownBucket): boolean =>
	[quota.requestsPerMinute, quota.tokensPerMinute].some(
		({state}) => state === 'known' || state === 'blocked',
	);

/** Whether the day of a bucket is worth reading: only where something limits it. */
export const hasDayLimit = ({target: {quota}}: KnownBucket): boolean => quota.tokensPerDay.state === 'known';

const dayTokens = (
	bucket: KnownBucket,
	modelIds: readonly string[],
	{day, history, isListKnown, nowMs}: RegionInput,
): number | null => {
	if (!hasDayLimit(bucket) || (modelIds.length === 0 && !isListKnown)) {
		return null;
	}
	const each = modelIds.map((modelId) => day.tokens(modelId, history, nowMs, bucket.target.burndown.value));
	return each.reduce<number | null>(
		(sum, tokens) => (sum === null || tokens === undefined ? null : sum + tokens),
		0,
	);
};
