import {settledTokens} from '../domain/accounting.ts';
import type {SeriesName, SeriesValues, TimeWindow} from '../domain/usage-source.ts';
import {minuteMs, minuteOf, quotaTokensAt, type UsageHistory} from './usage-history.ts';

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
