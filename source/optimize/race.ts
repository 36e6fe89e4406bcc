import {noQuota} from '../bedrock/quotas/bucket-quota.ts';
import type {Standing} from '../domain/figures-schema.ts';
import type {Variant} from '../domain/task.ts';
import {type Lead, leadOf, levelOf} from '../metrics/decisions/pairwise-comparison.ts';
import {frontOf} from '../metrics/decisions/search/search-state.ts';
import {Blocks, measuresOfLost, type RequestMeasures} from '../metrics/figures/blocks.ts';
import {
	boundLevel,
	evidentT,
	normalBelow,
	normalQuantile,
	type PairedCounts,
	pairedDifference,
	studentT,
	wilsonInterval,
} from '../metrics/statistics/intervals.ts';
import {formatPercent} from '../text/numbers.ts';
import type {ItemRecord, Outcomes} from './outcomes.ts';

/** A candidate against the baseline on the same items, by the blocks and the evidence of every run. */
type Comparison = PairedCounts & {
	/** Lead in quota tokens per useful item, as a logarithm; undefined where one of them has nothing useful. */
	readonly lead: Lead | undefined;
	/** Requests that carried several of the items, which then are right or wrong together; absent where none did. */
	readonly packed?: {readonly requests: number; readonly error: number};
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
		return one === undefined || other === undefined || one.isLost || one.isUnjudged || other.isUnjudged
			? []
			: [[one, other] as const];
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
		const request = other.request ?? one.request;
		// Items of one request are one piece of evidence.
		const item = request === undefined ? undefined : {index: request, pass: 0, ofPass: pairs.length + 1};
		blocks.add({number, units: 2, isUnitOver: true, item}, 0, measuresOfOutcome(one));
		blocks.add({number, units: 2, isUnitOver: true, item}, 1, measuresOfOutcome(other));
	}
	const field = {blocks, quota: noQuota, rivals, gateOf: () => 'none' as const, isAlive: () => true};
	return {
		items: pairs.length,
		gained: pairs.filter(([one, other]) => !one.isUseful && other.isUseful).length,
		lost: pairs.filter(([one, other]) => one.isUseful && !other.isUseful).length,
		lead: leadOf(field, 'efficiency', 1, 0),
		...packedOf(pairs),
	};
}

/** How much the difference of requests that carry several items spreads. */
const packedOf = (
	pairs: ReadonlyArray<readonly [older: ItemRecord, newer: ItemRecord]>,
): Pick<Comparison, 'packed'> => {
	if (pairs.every(([one, other]) => one.request === undefined && other.request === undefined)) {
		return {};
	}
	const differenceOf = ([one, other]: (typeof pairs)[number]): number =>
		Number(other.isUseful) - Number(one.isUseful);
	const mean = pairs.reduce((sum, pair) => sum + differenceOf(pair), 0) / pairs.length;
	const requests = [...Map.groupBy(pairs, ([one, other]) => other.request ?? one.request ?? {one}).values()];
	const squares = requests.map((own) => own.reduce((sum, pair) => sum + differenceOf(pair) - mean, 0) ** 2);
	const spread = squares.reduce((sum, each) => sum + each, 0) / Math.max(1, requests.length - 1);
	return {packed: {requests: requests.length, error: Math.sqrt(spread * requests.length) / pairs.length}};
};

/** The difference in useful share; where items were packed, no surer than their requests allow. */
const differenceOf = (comparison: Comparison, level = boundLevel): ReturnType<typeof pairedDifference> => {
	const difference = pairedDifference(comparison, level);
	const {packed} = comparison;
	if (difference === undefined || packed === undefined) {
		return difference;
	}
	const half = studentT(packed.requests - 1, level) * packed.error;
	const {mean, low, high} = difference;
	return {
		mean,
		low: Math.max(-1, Math.min(low, mean - half)),
		high: Math.min(1, Math.max(high, mean + half)),
	};
};

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
	{items, gained, lost, lead, packed}: Comparison,
	{margin, minSaving}: Bar,
	heldOut: number,
): number {
	if (lead === undefined || items === 0) {
		return 0;
	}
	const difference = (gained - lost) / (items + 2);
	// One item more that differs: few items do not say that none does.
	const variance = Math.max((gained + lost + 1) / (items + 2), (packed?.error ?? 0) ** 2 * items);
	const proofError = Math.sqrt(variance / heldOut);
	const quality = normalBelow(
		(difference + margin - normalQuantile(boundLevel) * proofError) /
			Math.sqrt(variance / items + variance / heldOut),
	);
	const proofLeadError = lead.error * Math.sqrt(items / heldOut);
	const over = lead.difference + Math.log1p(-minSaving) - evidentT(heldOut, levelOf(1)) * proofLeadError;
	return quality * normalBelow(over / Math.max(1e-9, Math.hypot(lead.error, proofLeadError)));
}

/** What a candidate promises: its lead, by which the work of a quota grows, times how likely it is proven. */
function promiseOf(comparison: Comparison, bar: Bar, heldOut: number): number {
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
	const difference = differenceOf(comparison);
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

/**
 * The race on select items: rungs with ever more items for ever fewer candidates. The baseline is asked for the same items,
 * and no answer is paid for twice: later rounds ask for the same items first.
 */

/** Items of the first rung that are tried, the most first. */
const firstRungs = [24, 20, 16, 12, 10, 8, 6, 5, 4];
/** Candidates from which on a round ends. */
const finalists = 3;
/** Level at which a candidate is out for its quality. */
const worseLevel = 0.01;
/** Of those that promise most, how many may put another one out. */
const judges = 3;

/** One rung: so many candidates have answers to the first `items` select items after it. */
export type RaceRung = {readonly candidates: number; readonly items: number};

/** Rungs from some candidates down to the finalists: half of them, twice the items. */
function rungsFrom(candidates: number, items: number, most: number): readonly RaceRung[] {
	const first = {candidates, items: Math.min(items, most)};
	return candidates <= finalists || items >= most
		? [first]
		: [first, ...rungsFrom(Math.ceil(candidates / 2), items * 2, most)];
}

/** Requests that bring a variant from some answered items to more. */
export function requestsFor({itemsPerRequest}: Pick<Variant, 'itemsPerRequest'>, items: number): number {
	return Math.ceil(Math.max(0, items) / Math.max(1, itemsPerRequest));
}

/**
 * The most thorough rungs that a number of requests allows.
 * @param candidates Those without answers so far.
 * @param most Select items that there are.
 * @param baselineHas Items that the baseline has answered.
 * @returns How many of the candidates it has room for, and the rungs; none where it has room for none.
 */
export function planRace(
	candidates: readonly Variant[],
	requests: number,
	most: number,
	baselineHas: number,
): {readonly candidates: number; readonly rungs: readonly RaceRung[]} {
	for (let count = candidates.length; count > 0; count--) {
		for (const items of firstRungs) {
			const rungs = rungsFrom(count, items, most);
			if (costOf(candidates.slice(0, count), rungs, baselineHas) <= requests) {
				return {candidates: count, rungs};
			}
		}
	}
	return {candidates: 0, rungs: []};
}

/** Which candidates stay is not known: the dearest ones. */
const costOf = (candidates: readonly Variant[], rungs: readonly RaceRung[], baselineHas: number): number => {
	let cost = 0;
	let before = 0;
	for (const {candidates: count, items} of rungs) {
		const each = candidates.map((variant) => requestsFor(variant, items - before)).toSorted((a, b) => b - a);
		cost += each.slice(0, count).reduce((sum, requests) => sum + requests, 0);
		before = items;
	}
	return cost + Math.max(0, before - baselineHas);
};

/** What the race judges by. */
export type Track = {
	readonly outcomes: Outcomes;
	readonly baseline: string;
	/** Select items that count now. */
	readonly items: readonly number[];
	readonly bar: Bar;
	/** Items of the proof. */
	readonly heldOut: number;
	/** Candidates that were entered, for the level of the evidence. */
	readonly rivals: number;
};

/** A candidate with what it promises. */
export type Ranked = {readonly name: string; readonly comparison: Comparison; readonly promise: number};

/** Candidates, the one that promises most first. */
export function rank(track: Track, names: readonly string[]): readonly Ranked[] {
	const {outcomes, baseline, items, bar, heldOut, rivals} = track;
	return names
		.map((name) => {
			const comparison = compare(outcomes, baseline, name, items, rivals);
			return {name, comparison, promise: promiseOf(comparison, bar, heldOut)};
		})
		.toSorted((one, other) => other.promise - one.promise);
}

/** A candidate that leaves the race, and why. */
export type Leaving = {readonly name: string; readonly reason: string};

/** By evidence: worse than the margin allows, or another one is surely as good and takes fewer quota tokens. */
export function beaten(track: Track, ranked: readonly Ranked[]): readonly Leaving[] {
	const {outcomes, baseline, items, bar, rivals} = track;
	const worse = ranked.flatMap(({name, comparison}) => {
		const difference = differenceOf(comparison, worseLevel);
		return difference !== undefined && difference.high < -bar.margin
			? [{name, reason: `its answers are worse by ${formatPercent(-difference.high)} at least`}]
			: [];
	});
	const isWorse = (name: string): boolean => worse.some((each) => each.name === name);
	const better = [
		...ranked
			.filter(({name}) => !isWorse(name))
			.slice(0, judges)
			.map(({name}) => name),
		baseline,
	];
	const costly = ranked
		.filter(({name}) => !isWorse(name))
		.flatMap(({name}) => {
			const by = better.find((judge) => {
				const comparison = compare(outcomes, name, judge, items, rivals);
				const isAsGood = (differenceOf(comparison)?.low ?? -1) >= -bar.margin;
				return judge !== name && isAsGood && (comparison.lead?.isClear ?? false);
			});
			return by === undefined ? [] : [{name, reason: `${by} takes fewer quota tokens and is as good`}];
		});
	return [...worse, ...costly];
}

/** Who goes on to the next rung. @returns The others with the reason, too. */
export function afterRung(
	track: Track,
	names: readonly string[],
	keep: number,
): {readonly left: readonly string[]; readonly leaving: readonly Leaving[]} {
	const ranked = rank(track, names);
	const out = beaten(track, ranked);
	const rest = ranked.filter(({name}) => !out.some((each) => each.name === name)).map(({name}) => name);
	return {
		left: rest.slice(0, keep),
		leaving: [...out, ...rest.slice(keep).map((name) => ({name, reason: 'others promise a greater saving'}))],
	};
}

/** Quality against quota of those that were measured, the baseline among them: no other beats these. */
export function frontAmong(
	outcomes: Outcomes,
	names: readonly string[],
	items: readonly number[],
): ReadonlyArray<Standing & {readonly items: number}> {
	const standings = names
		.map((name) => standingOn(outcomes, name, items))
		.filter(({quotaTokensPerUseful}) => quotaTokensPerUseful !== null);
	return frontOf(standings);
}
