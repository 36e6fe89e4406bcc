import {type AccountBucket, type AccountDay, incompleteMinutes} from '../domain/account-snapshot.ts';
import {type AccountFigures, leftBeside} from '../domain/bucket-usage.ts';
import type {Plan, RunSpec} from '../domain/run-config.ts';
import {dayQuotaOf, type Limit, limitKinds, limitsInForce, type Target} from '../domain/target.ts';
import {formatCount, formatPercent, formatTokens} from '../text/numbers.ts';
import {fractionOf} from './alerts.ts';
import {minuteMs} from './usage-history.ts';

/**
 * How much of a bucket is left, when it is used up, and whether a run finds room in it. Nothing here is known without
 * figures of CloudWatch and a limit.
 */

const kinds = [...limitKinds, 'outputTokensPerMinute'] as const;
type LimitKind = (typeof kinds)[number];

/** What is left of one limit: requests or quota tokens of a minute, or quota tokens of the day. */
export type Room = {
	readonly kind: LimitKind;
	readonly left: number;
	readonly limit: number;
	/** Part of the limit that is used. */
	readonly fraction: number;
	/** Not one more request of the usual size fits. */
	readonly isFull: boolean;
};

/** When a limit is, or was, reached, in milliseconds since 1970 by the service's clock. */
export type Outlook =
	/** `atMs` is null where it has been full for longer than the minutes are known. */
	| {readonly type: 'full'; readonly kind: LimitKind; readonly atMs: number | null}
	/** An estimate by the trend; `atMs` is null where it rises but does not get there within the hour. */
	| {readonly type: 'rising'; readonly kind: LimitKind; readonly atMs: number | null};

/** Minutes that a trend is taken from. */
export const trendMinutes = 15;
/** A trend of minutes says nothing about what is further away. */
export const horizonMinutes = 60;
const dayMs = 24 * 60 * minuteMs;

/** Own use alone says nothing about what is left: others are not known without a minute of CloudWatch. */
const usedOf = ({
	use,
	minute,
	dayTokens,
	reported,
}: AccountBucket): Readonly<Record<LimitKind, number | null>> => ({
	outputTokensPerMinute: minute === null ? null : reported.outputTokens,
	requestsPerMinute: minute === null ? null : use.requests,
	tokensPerMinute: minute === null ? null : use.quotaTokens,
	tokensPerDay: dayTokens,
});

/** Size of a usual request: quota tokens where tokens are counted, or output tokens. */
const requestSize = (
	kind: LimitKind,
	{use: {requests, quotaTokens}, reported}: Pick<AccountBucket, 'use' | 'reported'>,
): number => {
	switch (kind) {
		case 'requestsPerMinute':
			return 1;
		case 'outputTokensPerMinute':
			return reported.requests > 0 ? reported.outputTokens / reported.requests : 1;
		case 'tokensPerMinute':
		case 'tokensPerDay':
			return requests > 0 ? quotaTokens / requests : 1;
	}
};

/** What is left of every limit whose number and use are known, the nearest first. */
export function roomsOf(bucket: AccountBucket): readonly Room[] {
	const used = usedOf(bucket);
	return kinds
		.flatMap((kind): readonly Room[] => {
			const limit = limitsInForce(bucket.quota)[kind];
			const fraction = fractionOf(used[kind], limit);
			if (fraction === null || limit?.value == null) {
				return [];
			}
			const left = Math.max(0, limit.value - (used[kind] ?? 0));
			return [{kind, left, limit: limit.value, fraction, isFull: left < requestSize(kind, bucket)}];
		})
		.toSorted((one, other) => Number(other.isFull) - Number(one.isFull) || other.fraction - one.fraction);
}

/**
 * What a request may use now: of the nearer limit of a minute, or of the day where less is left of it than of the minute.
 * Undefined where no use or no limit is known.
 */
export function nearestRoom(bucket: AccountBucket): Room | undefined {
	const rooms = roomsOf(bucket);
	const tokens = rooms.find(({kind}) => kind === 'tokensPerMinute');
	return rooms.find(
		({kind, left, isFull}) =>
			kind !== 'tokensPerDay' || isFull || left < (tokens?.left ?? 0) || rooms.length === 1,
	);
}

/** Since when a bucket is full, or when it will be; undefined where neither is known, or nothing rises. */
export function outlookOf(bucket: AccountBucket, nowMs: number): Outlook | undefined {
	const full = roomsOf(bucket).find(({isFull}) => isFull);
	if (full !== undefined) {
		return {type: 'full', kind: full.kind, atMs: fullSince(bucket, full.kind)};
	}
	return bucket.minute === null || bucket.activity !== 'active'
		? undefined
		: [
				risingTo(bucket, 'requestsPerMinute', nowMs),
				risingTo(bucket, 'tokensPerMinute', nowMs),
				risingTo(bucket, 'outputTokensPerMinute', nowMs),
				dayFullAt(bucket, nowMs),
			]
				.flatMap((each) => each ?? [])
				.toSorted((one, other) => (one.atMs ?? Infinity) - (other.atMs ?? Infinity))[0];
}

/** Whole minutes of the last hour, the oldest first. */
const wholeOf = ({series}: AccountBucket, kind: LimitKind): readonly number[] => {
	const all = {
		requestsPerMinute: series.requests,
		outputTokensPerMinute: series.outputTokens ?? [],
		tokensPerMinute: series.quotaTokens,
		tokensPerDay: series.quotaTokens,
	};
	return all[kind].slice(0, -incompleteMinutes);
};

const fullSince = (bucket: AccountBucket, kind: LimitKind): number | null => {
	const {minute, quota, dayTokens, series} = bucket;
	const limit = limitsInForce(quota)[kind]?.value ?? 0;
	if (minute === null || limit === 0) {
		return null;
	}
	const values = wholeOf(bucket, kind);
	const beginOf = (index: number): number => minute - (values.length - 1 - index) * minuteMs;
	if (kind === 'tokensPerDay') {
		if (dayQuotaOf(quota).isShared) {
			// Its own minutes say nothing of when all models together used it up.
			return null;
		}
		// Back from now, minute by minute, until the day was not used up yet.
		let before = dayTokens ?? 0;
		for (let index = series.quotaTokens.length - 1; index >= 0; index--) {
			before -= series.quotaTokens[index] ?? 0;
			if (before < limit) {
				return beginOf(index);
			}
		}
		return null;
	}
	const isFull = (index: number): boolean => {
		const use = {
			requests: bucket.series.requests[index] ?? 0,
			quotaTokens: bucket.series.quotaTokens[index] ?? 0,
		};
		return limit - (values[index] ?? 0) < requestSize(kind, {...bucket, use});
	};
	// One minute that is not full, as a poll may cut it, does not end the time in which it was.
	let first = values.length - 1;
	let index = first - 1;
	while (index >= 0 && first - index <= 2) {
		first = isFull(index) ? index : first;
		index--;
	}
	return first === 0 ? null : beginOf(first);
};

/** A line through values of successive minutes; undefined where they rise no more than they scatter. */
function riseOf(values: readonly number[]): {readonly perMinute: number; readonly last: number} | undefined {
	const count = values.length;
	if (count < 3) {
		return undefined;
	}
	const meanAt = (count - 1) / 2;
	const mean = values.reduce((sum, value) => sum + value, 0) / count;
	const spread = values.reduce((sum, _value, at) => sum + (at - meanAt) ** 2, 0);
	const slope = values.reduce((sum, value, at) => sum + (at - meanAt) * (value - mean), 0) / spread;
	const rest = values.reduce((sum, value, at) => sum + (value - mean - slope * (at - meanAt)) ** 2, 0);
	const error = Math.sqrt(rest / (count - 2) / spread);
	return slope <= 3 * error ? undefined : {perMinute: slope, last: mean + slope * meanAt};
}

/**
 * Minutes until a limit is met; undefined where nothing rises: less than a tenth of the limit in an hour is level, however
 * even it is.
 */
export function minutesToLimit(values: readonly number[], limit: number): number | undefined {
	const rise = riseOf(values);
	return rise === undefined || rise.perMinute * horizonMinutes < limit / 10
		? undefined
		: (limit - rise.last) / rise.perMinute;
}

const risingTo = (bucket: AccountBucket, kind: LimitKind, nowMs: number): Outlook | undefined => {
	const limit = bucket.quota[kind];
	if (limit?.state !== 'known' || limit.value === null || bucket.minute === null) {
		return undefined;
	}
	const minutes = minutesToLimit(wholeOf(bucket, kind).slice(-trendMinutes), limit.value);
	if (minutes === undefined) {
		return undefined;
	}
	const atMs = Math.max(nowMs, bucket.minute + minuteMs + minutes * minuteMs);
	return {type: 'rising', kind, atMs: atMs - nowMs > horizonMinutes * minuteMs ? null : atMs};
};

const dayFullAt = ({quota, dayTokens, dayPace}: AccountBucket, nowMs: number): Outlook | undefined =>
	dayPace && dayOutlook({...dayPace, limit: dayQuotaOf(quota).limit, tokens: dayTokens}, nowMs);

/** When a quota of the day is, or was, used up at the pace of its use; undefined where the day ends first. */
export function dayOutlook(
	{limit, tokens, perMinute, wholeToMs, newestTokens}: Omit<AccountDay, 'models'>,
	nowMs: number,
): Outlook | undefined {
	if (limit.state !== 'known' || limit.value === null || tokens === null) {
		return undefined;
	}
	if (tokens >= limit.value) {
		return {type: 'full', kind: 'tokensPerDay', atMs: null};
	}
	const left = limit.value - (tokens - newestTokens);
	const atMs = Math.max(nowMs, wholeToMs + (left / (perMinute ?? 0)) * minuteMs);
	return Math.floor(atMs / dayMs) === Math.floor(nowMs / dayMs)
		? {type: 'rising', kind: 'tokensPerDay', atMs}
		: undefined;
}

/** Above this part of a limit a run that shares the bucket with others asks before it starts. */
const crowdedFraction = 0.9;

type Dimension = {
	readonly word: 'requests' | 'quota tokens' | 'quota tokens of the day';
	readonly limit: Limit;
	readonly others: number;
	/** What the run could send per minute, or in all, if nothing held it back. */
	readonly demand: number;
	/** Part of the limit that the run may fill. */
	readonly share: number;
};

const dimensionsOf = (
	{requests, quotaTokens, targets}: Plan,
	{load, share}: Pick<RunSpec, 'load' | 'share'>,
	target: Target,
	{use, dayTokens}: AccountFigures,
): readonly Dimension[] => {
	const part = 1 / Math.max(1, targets.length);
	const inAll = (quotaTokens ?? Infinity) * part;
	const wanted = load.shape === 'rate' ? (load.ratePerMinute ?? Infinity) : (requests ?? Infinity);
	const perRequest = requests === null || quotaTokens === null ? Infinity : quotaTokens / requests;
	return [
		{
			word: 'requests',
			limit: target.quota.requestsPerMinute,
			others: use.requests,
			demand: wanted * part,
			share,
		},
		{
			word: 'quota tokens',
			limit: target.quota.tokensPerMinute,
			others: use.tokens,
			demand: load.shape === 'rate' ? wanted * part * perRequest : inAll,
			share,
		},
		// What is used of the day is gone, by others or by the user.
		{
			word: 'quota tokens of the day',
			limit: dayQuotaOf(target.quota).limit,
			others: dayTokens ?? 0,
			demand: dayQuotaOf(target.quota).isShared ? (quotaTokens ?? Infinity) : inAll,
			share: 1,
		},
	];
};

/** Greatest use per minute, or of the day, with the run in it: admission leaves others what they use. */
const peakOf = ({limit, others, demand, share}: Dimension): number => {
	return others + Math.min(demand, Math.max(0, leftBeside(limit.value ?? 0, share, others)));
};

/**
 * Whether a run would push a bucket that others use over 90% of a limit. A bucket that only this run uses may be
 * filled: that is the purpose of a benchmark.
 * @param accounts Of each target: the account's figures; undefined where they are not known.
 * @returns a sentence for the plan; undefined where there is room enough.
 */
export function crowdingOf(
	plan: Plan,
	spec: Pick<RunSpec, 'load' | 'share' | 'targets'>,
	accounts: ReadonlyArray<AccountFigures | undefined>,
): string | undefined {
	for (const [index, target] of spec.targets.entries()) {
		const figures = accounts[index];
		const crowded =
			figures === undefined
				? undefined
				: dimensionsOf(plan, spec, target, figures).find(
						(dimension) =>
							dimension.limit.state === 'known' &&
							dimension.others > 0 &&
							peakOf(dimension) > crowdedFraction * (dimension.limit.value ?? 0),
					);
		if (crowded !== undefined) {
			return crowdedWords(crowded, target);
		}
	}
	return undefined;
}

/** CloudWatch does not say whose requests it counts: runs of this host are taken off, those of other machines can't be. */
const ownIncluded = 'your own runs on other machines included';

const crowdedWords = (crowded: Dimension, {baseModel, scope, quota}: Target): string => {
	const {word, others} = crowded;
	const limit = crowded.limit.value ?? 0;
	const format = word === 'requests' ? formatCount : formatTokens;
	const used = `${format(others)} of ${format(limit)} ${word}`;
	const after = `with this run it would be ${formatPercent(peakOf(crowded) / limit)}.`;
	return word === 'quota tokens of the day'
		? `${used} are used up by now of ${dayQuotaOf(quota).isShared ? 'all models together, by estimate' : `${baseModel} (${scope})`}; ${after}`
		: `Others use ${used} per minute of ${baseModel} (${scope}), ${ownIncluded}; ${after}`;
};

/** Says that a day's quota is used up, by CloudWatch; undefined where there is some of it, or it is not known. */
export function dayUsedUp({quota}: Target, figures: AccountFigures | undefined): string | undefined {
	const used = figures?.dayTokens ?? null;
	const {limit: day, isShared} = dayQuotaOf(quota);
	const limit = day.state === 'known' ? day.value : null;
	return used === null || limit === null || used < limit
		? undefined
		: `daily token quota ${isShared ? 'of all models ' : ''}used up: ${formatTokens(used)} of ${formatTokens(limit)}, resets 00:00 UTC`;
}

/** Room that others leave, for the plan; undefined where others use nothing, or it is not known. */
export function headroomRemark(target: Target, figures: AccountFigures | undefined): string | undefined {
	const {requests = 0, tokens = 0} = figures?.use ?? {};
	if (requests < 0.5 && tokens < 0.5) {
		return undefined;
	}
	const {requestsPerMinute, tokensPerMinute} = target.quota;
	const parts = [
		...(requestsPerMinute.state === 'known'
			? [`${formatPercent(requests / (requestsPerMinute.value ?? 1))} of the requests`]
			: []),
		...(tokensPerMinute.state === 'known'
			? [`${formatPercent(tokens / (tokensPerMinute.value ?? 1))} of the quota tokens`]
			: []),
	];
	return parts.length === 0
		? undefined
		: `Others in the account use ${parts.join(' and ')} per minute, ${ownIncluded}: the rest is what this run may take.`;
}
