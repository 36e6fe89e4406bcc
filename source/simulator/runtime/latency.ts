import {logNormal, type Random} from '../answers/random.ts';
import type {Model} from '../catalog/model.ts';

/** Duration of an answer. */
export type Pace = {
	/** From the start of the service to the first token, in milliseconds. */
	readonly firstTokenMs: number;
	/** From the start of the service to the last token. */
	readonly totalMs: number;
};

/** Medians by size of model; orders of magnitude as in public measurements, not those of a named model. */
const medians = {
	small: {firstTokenMs: 300, perTokenMs: 5},
	medium: {firstTokenMs: 550, perTokenMs: 12},
	large: {firstTokenMs: 900, perTokenMs: 20},
} as const;

const firstTokenSigma = 0.25;
const perTokenSigma = 0.15;

/** Reading the prompt, in milliseconds per token. */
const perInputTokenMs = 0.02;

/** The median pace of an answer. */
export function medianPace(model: Model, inputTokens: number, outputTokens: number): Pace {
	const median = medians[model.size];
	const firstTokenMs = median.firstTokenMs + inputTokens * perInputTokenMs;
	return {firstTokenMs, totalMs: firstTokenMs + median.perTokenMs * Math.max(0, outputTokens - 1)};
}

/** A stream sends its first token after this share of a fixed service time. */
const fixedFirstTokenShare = 0.3;

/** The pace of one answer; exactly `fixedMs` in total where that is given. */
export function paceOf(
	random: Random,
	model: Model,
	inputTokens: number,
	outputTokens: number,
	fixedMs: number | undefined,
): Pace {
	if (fixedMs !== undefined) {
		return {firstTokenMs: fixedMs * fixedFirstTokenShare, totalMs: fixedMs};
	}
	const median = medians[model.size];
	const firstTokenMs =
		logNormal(random, median.firstTokenMs, firstTokenSigma) + inputTokens * perInputTokenMs;
	const perTokenMs = logNormal(random, median.perTokenMs, perTokenSigma);
	return {firstTokenMs, totalMs: firstTokenMs + perTokenMs * Math.max(0, outputTokens - 1)};
}
