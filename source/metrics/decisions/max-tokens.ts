import type {VariantFigures} from '../../domain/figures-schema.ts';
import type {Quota} from '../../domain/target.ts';
import type {Quantiles} from '../statistics/distribution.ts';
import {sustainableUnderReservation, type TypicalRequest} from './sustainable.ts';

/** Minimum of answers for an advice. */
const minAnswers = 20;
/** From this many answers on the p99 counts; below, the longest answer with a margin. */
const manyAnswers = 100;
const roundTo = 8;

/** A max tokens that nearly every answer fits into: p99 + 5%, with fewer answers the longest x (1 + 1 / sqrt(n)). */
export function fittingMaxTokens(outputs: Quantiles): number {
	const {count} = outputs;
	const tokens =
		count >= manyAnswers ? outputs.at(0.99) * 1.05 : outputs.max * (1 + 1 / Math.sqrt(Math.max(1, count)));
	return rounded(tokens);
}

const rounded = (tokens: number): number => Math.max(roundTo, Math.ceil(tokens / roundTo) * roundTo);

/** Answers from which on the share of longer ones is bounded. */
const firstLook = 30;
/** How often the bound may be wrong, over all looks at it together. */
const level = 0.05;

/**
 * Greatest share of answers that may be longer than the longest of `count`, wrong in 5% of cases however often it is looked
 * at: with each doubling of the answers a smaller part of the 5% is spent.
 * @returns Undefined below 30 answers.
 */
export function longerShareBound(count: number): number | undefined {
	if (count < firstLook) {
		return undefined;
	}
	const doublings = Math.floor(Math.log2(count / firstLook));
	const spent = level / ((doublings + 1) * (doublings + 2));
	return 1 - spent ** (1 / (firstLook * 2 ** doublings));
}

/**
 * Advises max tokens from the answers so far. The service sets all of it aside while a request is in flight, so too much
 * costs throughput.
 * @param maxTokens What is sent now; the advice never exceeds it.
 * @param least The advice is never below it.
 * @param truncated Answers that were cut off: their true length is not known, so nothing is advised.
 * @returns `truncationRisk` by the rule of succession: (answers above the value + 1) / (answers + 2). The rate leaves room for
 * asking what is cut off once more, with the max tokens of now.
 */
export function adviseMaxTokens(
	outputs: Quantiles,
	truncated: number,
	maxTokens: number,
	quota: Quota,
	request: TypicalRequest,
	least = 0,
): VariantFigures['maxTokensAdvice'] {
	if (outputs.count < minAnswers || truncated > 0) {
		return {value: null, truncationRisk: null, sustainablePerMinute: null};
	}
	const value = Math.min(maxTokens, Math.max(fittingMaxTokens(outputs), rounded(least)));
	const reservedTokens = Math.max(request.quotaTokens, request.reservedTokens - (maxTokens - value));
	const truncationRisk = (outputs.countAbove(value) + 1) / (outputs.count + 2);
	const reservedByService =
		request.reservedByService === undefined ? undefined : request.reservedByService - (maxTokens - value);
	const fitting = sustainableUnderReservation(quota, {...request, reservedTokens, reservedByService});
	const full = sustainableUnderReservation(quota, request);
	return {
		value,
		truncationRisk,
		sustainablePerMinute: fitting && full ? 1 / (1 / fitting + truncationRisk / full) : (fitting ?? null),
	};
}
