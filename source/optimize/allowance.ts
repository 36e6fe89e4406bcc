import {itemsForMargin, marginOfItems} from '../metrics/statistics/paired-shares.ts';
import type {Bar} from './comparison.ts';
import {type OptimizeSetup, type OptimizeState, spentTogether} from './state.ts';

/** How the requests of an optimisation are shared: the proof comes first, the race gets what it leaves. */

/** Share of items on which two equally good variants differ, before anything is known. */
export const assumedDiffering = 0.05;
/** The same for what is kept for the proof, where candidates may differ more. */
const cautiousDiffering = 0.2;
/** Part of all requests that the proof gets at most before the race. */
const mostForProof = 0.55;
/** For requests that are sent again. */
const forRetries = 0.03;
/** Items below which a proof says nothing. */
export const minProofItems = 20;
/** Train items that the baseline is asked for: the rewriter sees the worst of them. */
const trainItems = {least: 8, most: 24, part: 0.03};
/** An estimate of the cost of a request is exceeded by few. */
const costMargin = 1.25;

/** Train items of the baseline. */
export function trainItemsFor({budget, split}: Pick<OptimizeSetup, 'budget' | 'split'>): number {
	const wanted = Math.round(budget.requests * trainItems.part);
	return Math.min(split.train.length, Math.max(trainItems.least, Math.min(trainItems.most, wanted)));
}

/** Held-out items that are kept for the proof whatever the race needs, by all that may be sent. */
export function keptForProof(setup: OptimizeSetup, state: OptimizeState): number {
	const {split, bar} = setup;
	const all = spentTogether(state.model, state.rewriter).requests + requestsLeft(setup, state);
	return Math.max(
		Math.min(minProofItems, split.heldOut.length),
		Math.min(
			split.heldOut.length,
			itemsForMargin(bar.margin, cautiousDiffering),
			Math.floor((all * mostForProof) / 2),
		),
	);
}

/** Requests with which an optimisation comes to a verdict at all. */
export function leastRequests(heldOut: number): number {
	const race = 3 * 2 * 8;
	return Math.ceil((2 * Math.min(minProofItems, heldOut) + trainItems.least + 5 + race) * (1 + forRetries));
}

/** What so many held-out items prove: the smallest margin with 90% power, and the items that the margin of the run needs. */
export function provable(
	heldOut: number,
	{margin}: Pick<Bar, 'margin'>,
	differing = assumedDiffering,
): {readonly margin: number; readonly items: number} {
	return {margin: marginOfItems(heldOut, differing), items: itemsForMargin(margin, differing)};
}

/** Requests that may still be sent, by their number and by what they cost. */
export function requestsLeft({budget, dearestUsd}: OptimizeSetup, {model, rewriter}: OptimizeState): number {
	const spent = spentTogether(model, rewriter);
	const byNumber = budget.requests - spent.requests;
	if (budget.costUsd === null || spent.costUsd === null) {
		return Math.max(0, byNumber);
	}
	const mean =
		model.requests === 0 || model.costUsd === null || model.costUsd === 0
			? dearestUsd.model
			: (model.costUsd / model.requests) * costMargin;
	const byCost = mean === null || mean === 0 ? byNumber : Math.floor((budget.costUsd - spent.costUsd) / mean);
	return Math.max(0, Math.min(byNumber, byCost));
}

/** Requests that the race of a round may send: more in the first, in which most candidates come. */
export function requestsOfRace(setup: OptimizeSetup, state: OptimizeState, round: number): number {
	const proof = Math.ceil(2 * keptForProof(setup, state) * (1 + forRetries));
	const free = Math.max(0, requestsLeft(setup, state) - proof);
	const share = setup.rounds === 1 ? 0.85 : round === 1 ? 0.7 : 1 / (setup.rounds - round + 2);
	return Math.floor(free * share);
}

/** Requests that the finalists may still take on select items. */
export function requestsBeforeProof(setup: OptimizeSetup, state: OptimizeState): number {
	return Math.max(
		0,
		requestsLeft(setup, state) - Math.ceil(2 * keptForProof(setup, state) * (1 + forRetries)),
	);
}

/** Held-out items of the proof, by what is left. @param packed Items per request of the candidate. */
export function proofItems(setup: OptimizeSetup, state: OptimizeState, packed: number): number {
	const left = Math.floor(requestsLeft(setup, state) / (1 + forRetries));
	const perItem = Math.max(1, setup.baseline.itemsPerRequest) ** -1 + Math.max(1, packed) ** -1;
	return Math.min(setup.split.heldOut.length, Math.max(0, Math.floor((left - 2) / perItem)));
}
