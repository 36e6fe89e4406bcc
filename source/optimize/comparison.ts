import {noQuota} from '../bedrock/quotas/bucket-quota.ts';
import type {Standing} from '../domain/figures-schema.ts';
import {type Lead, leadOf, levelOf} from '../metrics/decisions/pairwise-comparison.ts';
import {Blocks, measuresOfLost, type RequestMeasures} from '../metrics/figures/blocks.ts';
import {evidentT, normalQuantile, wilsonInterval} from '../metrics/statistics/intervals.ts';
import {
	boundLevel,
	normalBelow,
	type PairedCounts,
	pairedDifference,
} from '../metrics/statistics/paired-shares.ts';
import type {ItemRecord, Outcomes} from './outcomes.ts';

/** A candidate against the baseline on the same items, by the blocks and the evidence of every run. */
export type Comparison = PairedCounts & {
	/** Lead in quota tokens per useful item, as a logarithm; undefined where one of them has nothing useful. */
	readonly lead: Lead | undefined;
};

const measuresOfOutcome = ({isUseful, quotaTokens}: ItemRecord): RequestMeasures => ({
	...measuresOfLost(undefined),
	useful: isUseful ? 1 : 0,
	quotaTokens,
	answers: 1,
});

/** Items that both were asked for. A lost answer of the older one says nothing; one of the newer one is not useful. */
const pairsOf = (
	outcomes: Outcomes,
	older: string,
	newer: string,
	items: readonly number[],
): ReadonlyArray<readonly [older: ItemRecord, newer: ItemRecord]> =>
	items.flatMap((item) => {
		const one = outcomes.get(older)?.get(item);
		const other = outcomes.get(newer)?.get(item);
		return one === undefined || other === undefined || one.isLost ? [] : [[one, other] as const];
	});

/**
 * Compares two variants.
 * @param items In question: others are not looked at.
 * @param rivals Variants that the newer one was chosen among, for the level of its lead.
 */
export function compare(
	outcomes: Outcomes,
	older: string,
	newer: string,
	items: readonly number[],
	rivals = 1,
): Comparison {
	const pairs = pairsOf(outcomes, older, newer, items);
	const blocks = new Blocks([0, 1]);
	for (const [number, [one, other]] of pairs.entries()) {
		blocks.add({number, units: 2, isUnitOver: true}, 0, measuresOfOutcome(one));
		blocks.add({number, units: 2, isUnitOver: true}, 1, measuresOfOutcome(other));
	}
	const field = {blocks, quota: noQuota, rivals, gateOf: () => 'none' as const, isAlive: () => true};
	return {
		items: pairs.length,
		gained: pairs.filter(([one, other]) => !one.isUseful && other.isUseful).length,
		lost: pairs.filter(([one, other]) => one.isUseful && !other.isUseful).length,
		lead: leadOf(field, 'efficiency', 1, 0),
	};
}

/** Part of the quota tokens per useful item that a lead saves. */
function savingOf(lead: number): number {
	return 1 - Math.exp(-lead);
}

/** What a verdict wants. */
export type Bar = {
	/** How much smaller the useful share may be. */
	readonly margin: number;
	/** Least saving, 0 to 1. */
	readonly minSaving: number;
};

/**
 * How likely held-out items will prove a candidate, by what is known so far: its difference and its saving, each with
 * its own uncertainty and that of the proof.
 * @param heldOut Items of the proof.
 */
export function chanceOf(
	{items, gained, lost, lead}: Comparison,
	{margin, minSaving}: Bar,
	heldOut: number,
): number {
	if (lead === undefined || items === 0) {
		return 0;
	}
	const difference = (gained - lost) / (items + 2);
	// One item more that differs: few items do not say that none does.
	const variance = (gained + lost + 1) / (items + 2);
	const proofError = Math.sqrt(variance / heldOut);
	const quality = normalBelow(
		(difference + margin - normalQuantile(boundLevel) * proofError) /
			Math.sqrt(variance / items + variance / heldOut),
	);
	const proofLeadError = lead.error * Math.sqrt(lead.count / heldOut);
	const over = lead.difference + Math.log1p(-minSaving) - evidentT(heldOut, levelOf(1)) * proofLeadError;
	return quality * normalBelow(over / Math.max(1e-9, Math.hypot(lead.error, proofLeadError)));
}

/** What a candidate promises: its lead, by which the work of a quota grows, times how likely it is proven. */
export function promiseOf(comparison: Comparison, bar: Bar, heldOut: number): number {
	return Math.max(0, comparison.lead?.difference ?? 0) * chanceOf(comparison, bar, heldOut);
}

/** Useful share and quota tokens per useful item of a variant on some items. */
export function standingOn(
	outcomes: Outcomes,
	name: string,
	items: readonly number[],
): Standing & {readonly items: number} {
	const own = items.flatMap((item) => outcomes.get(name)?.get(item) ?? []);
	const useful = own.filter(({isUseful}) => isUseful).length;
	const spent = own.reduce((sum, {quotaTokens}) => sum + quotaTokens, 0);
	const interval = wilsonInterval(useful, own.length);
	return {
		name,
		items: own.length,
		usefulRate: {
			value: own.length === 0 ? null : useful / own.length,
			low: interval?.low ?? null,
			high: interval?.high ?? null,
		},
		quotaTokensPerUseful: useful === 0 ? null : spent / useful,
	};
}

/** What held-out items prove of a candidate. */
export type Proof = {
	readonly items: number;
	readonly difference: NonNullable<ReturnType<typeof pairedDifference>>;
	readonly saving: {readonly mean: number; readonly low: number; readonly high: number};
	readonly isAsGood: boolean;
	readonly isSaving: boolean;
	readonly counts: PairedCounts;
};

/** The verdict on items that chose nothing; undefined where nothing was measured. */
export function proofOf(comparison: Comparison, {margin, minSaving}: Bar): Proof | undefined {
	const difference = pairedDifference(comparison);
	const {lead} = comparison;
	if (difference === undefined) {
		return undefined;
	}
	const saving =
		lead === undefined
			? {mean: 0, low: Number.NEGATIVE_INFINITY, high: 1}
			: {mean: savingOf(lead.difference), low: savingOf(lead.low), high: savingOf(lead.high)};
	return {
		items: comparison.items,
		difference,
		saving,
		isAsGood: difference.low >= -margin,
		isSaving: saving.low > minSaving,
		counts: comparison,
	};
}
