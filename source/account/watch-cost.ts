import type {WatchCost} from '../domain/account-snapshot.ts';
import type {UsageCost} from '../domain/usage-source.ts';
import {formatCount, formatUsd} from '../text/numbers.ts';

/**
 * Cost of polling CloudWatch: USD for a metric in GetMetricData, and for a call of ListMetrics. The list price as it
 * is commonly quoted for the large Regions; it was not verified, and the screen says so.
 */
const metricPrice = {metricUsd: 0.01 / 1000, listCallUsd: 0.01 / 1000} as const;

/** The cost of polling in words. */
export function watchCostWords(costs: readonly WatchCost[]): string {
	const sum = (of: (cost: WatchCost) => number): number => costs.reduce((total, cost) => total + of(cost), 0);
	return `about ${formatUsd(sum(({usdPerHour}) => usdPerHour))} per hour at list price (not verified); ${formatCount(sum(({metrics}) => metrics))} metrics, ${formatUsd(sum(({usd}) => usd))} so far`;
}

const hourMs = 3_600_000;
/** Polls that the pace is taken from. */
const rememberedPolls = 10;

/** Adds up calls and metrics. */
export class CostMeter {
	#calls = 0;
	#metrics = 0;
	#usd = 0;
	/** The polls after the first, which reads hours and does not show the later pace. */
	#recent: Array<{readonly at: number; readonly usd: number}> = [];

	add({calls, metrics}: UsageCost, atMs: number): void {
		// A call that asks for no metric is one of ListMetrics.
		const usd = metrics === 0 ? calls * metricPrice.listCallUsd : metrics * metricPrice.metricUsd;
		this.#calls += calls;
		this.#metrics += metrics;
		this.#usd += usd;
		this.#recent = [...this.#recent, {at: atMs, usd}].slice(-rememberedPolls);
	}

	/** @param pollMs Time between two polls as it is planned. */
	read(pollMs: number): WatchCost {
		const [first] = this.#recent;
		const last = this.#recent.at(-1);
		const spanMs = first === undefined || last === undefined ? 0 : last.at - first.at + pollMs;
		const spent = this.#recent.reduce((sum, {usd}) => sum + usd, 0);
		return {
			calls: this.#calls,
			metrics: this.#metrics,
			usd: this.#usd,
			usdPerHour: spanMs === 0 ? 0 : (spent / spanMs) * hourMs,
		};
	}
}
