import {emptyModelIndex, identify, mantlePrefix} from '../bedrock/identify/identify.ts';
import {burndownOf} from '../bedrock/quotas/burndown.ts';
import type {AccountDay, AccountMap, DayPace, KnownBucket} from '../domain/account-snapshot.ts';
import {settledTokens} from '../domain/accounting.ts';
import {dayQuotaOf} from '../domain/target.ts';
import type {SeriesName, SeriesValues, TimeWindow} from '../domain/usage-source.ts';
import {listedMs, minuteMs, minuteOf, quotaTokensAt, type UsageHistory} from './usage-history.ts';

/**
 * What was used of the quotas of the day: of those of single models, and of the one that all models of account and Region
 * share.
 */

const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Midnight UTC before a moment. When AWS resets the day is not documented: this is assumed. */
export function dayStartOf(atMs: number): number {
	return Math.floor(atMs / dayMs) * dayMs;
}

/** End of the hours that no longer change and are still known minute by minute. */
const settledUpTo = (nowMs: number): number => Math.floor(nowMs / hourMs) * hourMs - hourMs;

type Base = {
	/** Day that it counts. */
	readonly dayMs: number;
	/** Up to where hours are in `tokens`; later minutes are in the history. */
	readonly toMs: number;
	readonly tokens: number;
};

/** Quota tokens of the day by ModelId: hours once read, minutes from the history after them. */
export class DayUse {
	readonly #bases = new Map<string, Base>();

	/** Window of hours to read before the day is known; undefined once it was read. */
	windowFor(modelId: string, nowMs: number): TimeWindow | undefined {
		const dayStart = dayStartOf(nowMs);
		const base = this.#bases.get(modelId);
		const toMs = Math.max(dayStart, settledUpTo(nowMs));
		return base?.dayMs === dayStart || toMs === dayStart ? undefined : {fromMs: dayStart, toMs};
	}

	/** Adds the hours of one ModelId. @param series Its sums over hours. */
	record(
		modelId: string,
		series: readonly SeriesValues[],
		{fromMs, toMs}: TimeWindow,
		burndown: number,
	): void {
		const sum = (name: SeriesName): number =>
			series
				.filter((each) => each.modelId === modelId && each.series === name)
				.flatMap(({values}) => values)
				.reduce((total, value) => total + value, 0);
		const estimated = sum('estimatedQuotaTokens');
		const tokens =
			estimated > 0
				? estimated
				: settledTokens(
						{
							inputTokens: sum('inputTokens'),
							cacheWriteTokens: sum('cacheWriteTokens'),
							outputTokens: sum('outputTokens'),
						},
						burndown,
					);
		this.#bases.set(modelId, {dayMs: fromMs, toMs, tokens});
	}

	/** Quota tokens since midnight UTC; undefined while the hours before are not known. */
	tokens(modelId: string, history: UsageHistory, nowMs: number, burndown: number): number | undefined {
		const dayStart = dayStartOf(nowMs);
		const base = this.#advanced(modelId, history, nowMs, burndown);
		if (base === undefined) {
			return undefined;
		}
		return base.tokens + tokensBetween(modelId, history, Math.max(base.toMs, dayStart), nowMs, burndown);
	}

	/** Moves hours that have settled from the history into the base, before the history forgets them. */
	#advanced(modelId: string, history: UsageHistory, nowMs: number, burndown: number): Base | undefined {
		const dayStart = dayStartOf(nowMs);
		const known = this.#bases.get(modelId);
		const isToday = known?.dayMs === dayStart;
		const toMs = Math.max(dayStart, settledUpTo(nowMs));
		if (!isToday && toMs > dayStart) {
			return undefined;
		}
		const base = known !== undefined && isToday ? known : {dayMs: dayStart, toMs: dayStart, tokens: 0};
		const next = {
			dayMs: dayStart,
			toMs,
			tokens: base.tokens + tokensBetween(modelId, history, base.toMs, toMs, burndown),
		};
		this.#bases.set(modelId, next);
		return next;
	}

	/** ModelIds whose hours are known. */
	get modelIds(): readonly string[] {
		return [...this.#bases.keys()];
	}

	/** Forgets ModelIds that are not among these. */
	keepOnly(modelIds: ReadonlySet<string>): void {
		for (const modelId of this.#bases.keys()) {
			if (!modelIds.has(modelId)) {
				this.#bases.delete(modelId);
			}
		}
	}
}

const tokensBetween = (
	modelId: string,
	history: UsageHistory,
	fromMs: number,
	toMs: number,
	burndown: number,
): number => {
	let tokens = 0;
	for (let minute = minuteOf(fromMs); minute < toMs; minute += minuteMs) {
		tokens += quotaTokensAt(history, modelId, minute, burndown);
	}
	return tokens;
};

/** What is known when the days are added up. */
export type DayInput = {
	readonly map: AccountMap;
	readonly history: UsageHistory;
	readonly day: DayUse;
	/** ModelIds that had traffic today or before; undefined where they could not be listed. */
	readonly dayIds: readonly string[] | undefined;
	/** Whether it is known which ModelIds had traffic in the last hours. */
	readonly isListKnown: boolean;
	/** Begin of the minute that the newest poll is about. */
	readonly minute: number;
	/** By the service's clock, in milliseconds since 1970. */
	readonly nowMs: number;
};

/** Whether the day of a bucket is worth reading by itself: only where a quota of its own limits it. */
export function hasOwnDay({target: {quota}}: KnownBucket): boolean {
	const {limit, isShared} = dayQuotaOf(quota);
	return limit.state === 'known' && !isShared;
}

/** The quota of the day over all models, where one of them goes by it. */
export function accountDayLimit({buckets}: AccountMap): AccountDay['limit'] | undefined {
	return [...buckets.values()].find(({target: {quota}}) => dayQuotaOf(quota).isShared)?.target.quota
		.accountTokensPerDay;
}

/** Whether the day over all models counts a ModelId: bedrock-mantle has none. */
export function countsToday(modelId: string): boolean {
	return !modelId.startsWith(mantlePrefix);
}

/** Burndown of a ModelId, also of one that is in no bucket of these. */
export function burndownIn({buckets, owners}: AccountMap, modelId: string): number {
	const known = buckets.get(owners.get(modelId) ?? '');
	return (known?.target.burndown ?? burndownOf(identify(modelId, emptyModelIndex))).value;
}

/** The day over all models; undefined where the account has no such quota. */
export function foldAccountDay(input: DayInput): AccountDay | undefined {
	const {map, history, day, dayIds, nowMs} = input;
	const limit = accountDayLimit(map);
	if (limit === undefined) {
		return undefined;
	}
	const modelIds = [...new Set([...history.modelIds, ...(dayIds ?? [])])].filter(countsToday);
	const burndown = (modelId: string): number => burndownIn(map, modelId);
	const isRecent = new Set(history.modelIds);
	const each = modelIds.map((modelId) => ({
		model: map.buckets.get(map.owners.get(modelId) ?? '')?.target.baseModel ?? modelId,
		tokens:
			isRecent.has(modelId) && !history.isRead(modelId)
				? undefined
				: day.tokens(modelId, history, nowMs, burndown(modelId)),
	}));
	const isKnown = dayIds !== undefined && each.every(({tokens}) => tokens !== undefined);
	const byModel = Map.groupBy(each, ({model}) => model);
	const models = [...byModel]
		.map(([model, uses]) => ({model, tokens: uses.reduce((sum, {tokens}) => sum + (tokens ?? 0), 0)}))
		.filter(({tokens}) => tokens > 0)
		.toSorted((one, other) => other.tokens - one.tokens);
	const tokens = isKnown ? models.reduce((sum, model) => sum + model.tokens, 0) : null;
	return {limit, tokens, models, ...paceOf(input, modelIds, burndown, tokens)};
}

/** The day that a bucket goes by: its own, or the one of all models. */
export function dayOf(
	bucket: KnownBucket,
	modelIds: readonly string[],
	shared: AccountDay | undefined,
	input: DayInput & {readonly isReadable: boolean},
): {readonly dayTokens: number | null; readonly dayPace: DayPace | undefined} {
	const {limit, isShared} = dayQuotaOf(bucket.target.quota);
	if (isShared && shared !== undefined && limit.state === 'known') {
		const {tokens, perMinute, wholeToMs, newestTokens} = shared;
		return {dayTokens: tokens, dayPace: {perMinute, wholeToMs, newestTokens}};
	}
	if (limit.state !== 'known' || isShared) {
		return {dayTokens: null, dayPace: undefined};
	}
	const tokens = ownDayTokens(bucket, modelIds, input);
	const burndown = (): number => bucket.target.burndown.value;
	return {dayTokens: tokens, dayPace: paceOf(input, modelIds, burndown, tokens)};
}

const ownDayTokens = (
	bucket: KnownBucket,
	modelIds: readonly string[],
	{day, history, isListKnown, isReadable, nowMs}: DayInput & {readonly isReadable: boolean},
): number | null => {
	// The list goes back three hours: what was used before is not known of a bucket that is not in it.
	const isUnused = isListKnown && isReadable && dayStartOf(nowMs) >= nowMs - listedMs;
	if (modelIds.length === 0 && !isUnused) {
		return null;
	}
	const each = modelIds.map((modelId) =>
		history.isRead(modelId) ? day.tokens(modelId, history, nowMs, bucket.target.burndown.value) : undefined,
	);
	return each.reduce<number | null>(
		(sum, tokens) => (sum === null || tokens === undefined ? null : sum + tokens),
		0,
	);
};

/** Minutes that the present pace is taken from, and those of the hours before. */
const hourMinutes = 60;
const recentMinutes = 180;

/**
 * The pace at which a day is used: over all of it, while the last hour does not differ from that by more than its minutes
 * scatter; else over the last three hours, in the same way; else of the last hour. The longer the time, the surer it is.
 */
const paceOf = (
	{history, minute, nowMs}: DayInput,
	modelIds: readonly string[],
	burndown: (modelId: string) => number,
	tokens: number | null,
): DayPace => {
	const at = (each: number): number =>
		modelIds.reduce((sum, modelId) => sum + quotaTokensAt(history, modelId, each, burndown(modelId)), 0);
	const recent = Array.from({length: recentMinutes}, (_, index) => at(minute - index * minuteMs));
	const endMs = minute + minuteMs;
	let newestTokens = 0;
	for (let each = endMs; each < nowMs; each += minuteMs) {
		newestTokens += at(each);
	}
	const hour = recent.slice(0, hourMinutes);
	const hourMean = meanOf(hour);
	const scatter = hour.reduce((sum, value) => sum + (value - hourMean) ** 2, 0) / (hourMinutes - 1);
	const isLike = (mean: number): boolean =>
		Math.abs(mean - hourMean) <= Math.max(mean / 10, 3 * Math.sqrt(scatter / hourMinutes));
	const dayMinutes = (endMs - dayStartOf(nowMs)) / minuteMs;
	const dayMean =
		tokens === null || dayMinutes < hourMinutes ? undefined : (tokens - newestTokens) / dayMinutes;
	const recentMean = meanOf(recent);
	const perMinute =
		dayMean !== undefined && isLike(dayMean) ? dayMean : isLike(recentMean) ? recentMean : hourMean;
	return {perMinute: tokens === null ? null : perMinute, wholeToMs: endMs, newestTokens};
};

const meanOf = (values: readonly number[]): number =>
	values.reduce((sum, value) => sum + value, 0) / values.length;

/** The day with the most quota tokens, by their use per minute over stretches of time, against a quota per day. */
export function busiestDay(
	used: ReadonlyArray<{readonly at: number; readonly minutes: number; readonly quotaTokens: number}>,
	limit: number | null,
): {readonly at: number; readonly quotaTokens: number; readonly ofQuota: number | null} {
	const days = new Map<number, number>();
	for (const {at, quotaTokens, minutes} of used) {
		days.set(dayStartOf(at), (days.get(dayStartOf(at)) ?? 0) + quotaTokens * minutes);
	}
	const [at, quotaTokens] = [...days].reduce((most, day) => (day[1] > most[1] ? day : most));
	return {at, quotaTokens, ofQuota: limit === null || limit === 0 ? null : quotaTokens / limit};
}
