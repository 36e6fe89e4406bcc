import {type SeriesValues, type TimeWindow, type UsageMetric, usageMetrics} from '../domain/usage-source.ts';
import {MinuteRing, minuteMs, minuteOf} from './minute-ring.ts';

/** Minutes that are kept: the three hours that CloudWatch calls recent, and what a late poll may add. */
export const keptMinutes = 190;

type ModelHistory = {
	readonly rings: Map<UsageMetric, MinuteRing>;
	/** Up to where everything was read. */
	coveredToMs: number;
	lastActiveMs: number;
};

const isUsageMetric = (name: string): name is UsageMetric => usageMetrics.some((metric) => metric === name);

/** What was read of every ModelId, minute by minute: bounded however long it goes on. */
export class UsageHistory {
	readonly #models = new Map<string, ModelHistory>();

	/** Takes in a ModelId that is known to exist. */
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
	 * Takes in what was read of a window: a newer word on a minute replaces the older one, so that late values are
	 * counted once.
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
			// Minutes that no query asked for are none of ours, and a sum is never negative.
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

	/** Begin of the last minute with requests or throttles; -Infinity where there was none. */
	lastActiveMs(modelId: string): number {
		return this.#models.get(modelId)?.lastActiveMs ?? Number.NEGATIVE_INFINITY;
	}

	/** Whether a series of a ModelId was ever told. */
	has(modelId: string, metric: UsageMetric): boolean {
		return this.#models.get(modelId)?.rings.has(metric) ?? false;
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
