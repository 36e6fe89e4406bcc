import {settledTokens} from '../domain/accounting.ts';
import type {Usage} from '../domain/backend.ts';
import {type SeriesValues, type TimeWindow, type UsageMetric, usageMetrics} from '../domain/usage-source.ts';

export const minuteMs = 60_000;
/** CloudWatch lists what was active in this time. */
export const listedMs = 180 * minuteMs;
/** Others' use is the mean of this many minutes: a single one may be cut at its edges. */
export const othersMinutes = 3;

/** Begin of the minute that holds a moment. */
export function minuteOf(atMs: number): number {
	return Math.floor(atMs / minuteMs) * minuteMs;
}

/** The values of the last minutes of one series, in constant memory. Minutes without a value are 0. */
export class MinuteRing {
	readonly #values: Float64Array;
	/** Number of the newest minute that was set. */
	#newest = Number.NEGATIVE_INFINITY;

	constructor(minutes: number) {
		this.#values = new Float64Array(minutes);
	}

	/** Sets the value of the minute that begins at `atMs`. What is older than the ring is not kept. */
	set(atMs: number, value: number): void {
		const minute = Math.floor(atMs / minuteMs);
		this.#forget(minute);
		if (minute > this.#newest - this.#values.length) {
			this.#values[minute % this.#values.length] = value;
		}
	}

	get(atMs: number): number {
		const minute = Math.floor(atMs / minuteMs);
		const isKept = minute <= this.#newest && minute > this.#newest - this.#values.length;
		return isKept ? (this.#values[minute % this.#values.length] ?? 0) : 0;
	}

	/** Sum from one moment (included) to another (not included). */
	sum(fromMs: number, toMs: number): number {
		let sum = 0;
		for (let at = minuteOf(fromMs); at < toMs; at += minuteMs) {
			sum += this.get(at);
		}
		return sum;
	}

	/** Sets the minutes between the newest and this one to nothing. */
	#forget(minute: number): void {
		if (minute <= this.#newest) {
			return;
		}
		const count = Math.min(this.#values.length, minute - this.#newest);
		for (let passed = 0; passed < count; passed++) {
			this.#values[(minute - passed) % this.#values.length] = 0;
		}
		this.#newest = minute;
	}
}

/** Minutes that are kept: the three hours that CloudWatch calls recent, and what a late poll may add. */
export const keptMinutes = 190;

type ModelHistory = {
	readonly rings: Map<UsageMetric, MinuteRing>;
	/** Up to where everything was read. */
	coveredToMs: number;
	lastActiveMs: number;
};

const isUsageMetric = (name: string): name is UsageMetric => usageMetrics.some((metric) => metric === name);

/** Everything read of every ModelId, minute by minute, in bounded memory. */
export class UsageHistory {
	readonly #models = new Map<string, ModelHistory>();

	/** Adds a ModelId that is known to exist. */
	add(modelId: string): void {
		if (!this.#models.has(modelId)) {
			this.#models.set(modelId, {
				rings: new Map(),
				coveredToMs: Number.NEGATIVE_INFINITY,
				lastActiveMs: Number.NEGATIVE_INFINITY,
			});
		}
	}

	get modelIds(): readonly string[] {
		return [...this.#models.keys()];
	}

	/**
	 * Adds the values of a window: a newer value of a minute replaces the older one, so that late values count once.
	 */
	record({modelId, series, at, values, isPartial}: SeriesValues, window: TimeWindow): void {
		if (!isUsageMetric(series)) {
			return;
		}
		this.add(modelId);
		const model = this.#models.get(modelId);
		if (model === undefined) {
			return;
		}
		const ring = model.rings.get(series) ?? new MinuteRing(keptMinutes);
		model.rings.set(series, ring);
		if (!isPartial) {
			for (let minute = minuteOf(window.fromMs); minute < window.toMs; minute += minuteMs) {
				ring.set(minute, 0);
			}
		}
		for (const [index, minute] of at.entries()) {
			const value = values[index] ?? 0;
			// Ignores datapoints outside the window and invalid values.
			if (minute < window.toMs && Number.isFinite(value) && value >= 0) {
				ring.set(minute, value);
				if (value > 0 && (series === 'requests' || series === 'throttles')) {
					model.lastActiveMs = Math.max(model.lastActiveMs, minute);
				}
			}
		}
	}

	/** Everything of these ModelIds was read up to `toMs`. */
	cover(modelIds: readonly string[], toMs: number): void {
		for (const modelId of modelIds) {
			const model = this.#models.get(modelId);
			if (model !== undefined) {
				model.coveredToMs = Math.max(model.coveredToMs, toMs);
			}
		}
	}

	/** Up to where everything of a ModelId is known; -Infinity where nothing is. */
	coveredToMs(modelId: string): number {
		return this.#models.get(modelId)?.coveredToMs ?? Number.NEGATIVE_INFINITY;
	}

	/** Whether anything of a ModelId was ever read in full. */
	isRead(modelId: string): boolean {
		return Number.isFinite(this.coveredToMs(modelId));
	}

	/** Begin of the last minute with requests or throttles; -Infinity where there was none. */
	lastActiveMs(modelId: string): number {
		return this.#models.get(modelId)?.lastActiveMs ?? Number.NEGATIVE_INFINITY;
	}

	value(modelId: string, metric: UsageMetric, minute: number): number {
		return this.#models.get(modelId)?.rings.get(metric)?.get(minute) ?? 0;
	}

	/** Sum over a window. */
	sum(modelId: string, metric: UsageMetric, {fromMs, toMs}: TimeWindow): number {
		return this.#models.get(modelId)?.rings.get(metric)?.sum(fromMs, toMs) ?? 0;
	}

	/** Forgets ModelIds that are not listed any more and have been quiet for as long as minutes are kept. */
	forgetQuiet(listed: ReadonlySet<string>, nowMs: number): void {
		for (const [modelId, {lastActiveMs}] of this.#models) {
			if (!listed.has(modelId) && lastActiveMs < nowMs - keptMinutes * minuteMs) {
				this.#models.delete(modelId);
			}
		}
	}
}

/** Sums of a window over several ModelIds. */
export function sumOf(
	history: UsageHistory,
	modelIds: readonly string[],
	metric: UsageMetric,
	window: TimeWindow,
): number {
	return modelIds.reduce((sum, modelId) => sum + history.sum(modelId, metric, window), 0);
}

/** The window of one minute. */
export function minuteWindow(minute: number): TimeWindow {
	return {fromMs: minute, toMs: minute + minuteMs};
}

/** Metrics that every answer of text has. */
const tokenMetrics = ['inputTokens', 'outputTokens'] as const;

/**
 * Whether a minute of a ModelId has requests whose tokens CloudWatch does not have yet: they come later than the requests.
 * @param hour Shows what the model's minutes are like: of embeddings no output is ever counted, of pictures no tokens at all.
 * @param isTokenLimited A quota counts its tokens, so there must be some.
 */
export function lacksTokens(
	history: UsageHistory,
	modelId: string,
	minute: number,
	{hour, isTokenLimited}: {readonly hour: TimeWindow; readonly isTokenLimited: boolean},
): boolean {
	const value = (metric: UsageMetric): number => history.value(modelId, metric, minute);
	if (value('requests') === 0 || value('estimatedQuotaTokens') > 0) {
		return false;
	}
	const missing = tokenMetrics.filter((metric) => value(metric) === 0);
	const isCounted = missing.some((metric) => history.sum(modelId, metric, hour) > 0);
	return isCounted || (isTokenLimited && missing.length === tokenMetrics.length);
}

/** Quota tokens of one minute of a ModelId: as the service estimates them where it does, else by the formula. */
export function quotaTokensAt(
	history: UsageHistory,
	modelId: string,
	minute: number,
	burndown: number,
): number {
	const estimated = history.value(modelId, 'estimatedQuotaTokens', minute);
	return estimated > 0 ? estimated : settledTokens(tokensAt(history, modelId, minute), burndown);
}

/** Charged tokens of one minute of a ModelId. */
export function tokensAt(history: UsageHistory, modelId: string, minute: number): ChargedTokens {
	return {
		inputTokens: history.value(modelId, 'inputTokens', minute),
		cacheWriteTokens: history.value(modelId, 'cacheWriteTokens', minute),
		outputTokens: history.value(modelId, 'outputTokens', minute),
	};
}

type ChargedTokens = Pick<Usage, 'inputTokens' | 'cacheWriteTokens' | 'outputTokens'>;
