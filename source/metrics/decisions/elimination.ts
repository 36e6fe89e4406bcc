import type {GateState} from '../../domain/figures-schema.ts';
import type {Goal} from '../../domain/run-config.ts';
import {evidentT, logShareEvidence} from '../statistics/intervals.ts';
import {
	type Field,
	figureOf,
	type Lead,
	leadOf,
	leadOverUseless,
	levelOf,
	practicallyEqual,
} from './pairwise-comparison.ts';

/** Smallest certain lead that prefers a variant. */
const minPreferred = 0.01;

/** Why a cell is out. `low`: lower bound of the lead over it, as a logarithm. */
export type Out =
	| {readonly reason: 'beaten'; readonly by: number; readonly low: number}
	| {readonly reason: 'gate'}
	| {readonly reason: 'given-up'};

/** The contest of one goal: the leader, which cells are out, and the leads over those still in. */
export type Standings = {
	/** Undefined before the first useful answer. */
	readonly leader: number | undefined;
	/** Cells that are in, the leader first. */
	readonly left: readonly number[];
	readonly out: ReadonlyMap<number, Out>;
	/** Of each rival that is in; undefined where it has no figure yet. */
	readonly leads: ReadonlyMap<number, Lead | undefined>;
	/** All left are practically equal to the leader. */
	readonly isEqual: boolean;
};

/** The leads of a leader over those that are in. */
const leadsOf = (
	field: Field,
	goal: Goal,
	leader: number,
	rivals: readonly number[],
): ReadonlyMap<number, Lead | undefined> =>
	new Map(rivals.map((rival) => [rival, leadOf(field, goal, leader, rival)]));

/** Whether the whole interval of the lead is within 10%. */
function isPracticallyEqual({low, high}: Lead): boolean {
	return Math.max(-low, high) <= Math.log1p(practicallyEqual);
}

/** Practically equal, and hardly behind: no reason to prefer the leader, so the next goals break the tie. */
const isNegligible = (lead: Lead): boolean => isPracticallyEqual(lead) && lead.low < Math.log1p(minPreferred);

/**
 * Eliminates rivals by evidence. Evidence that once reached the level counts, whatever comes later. Rivals come back when the
 * variant that eliminated them fails its gate.
 */
export class Elimination {
	readonly #goal: Goal;
	readonly #cells: readonly number[];
	/** Out by evidence. */
	#out = new Map<number, Out>();
	/** Given up while others continued. */
	readonly #givenUp = new Set<number>();

	/** @param cells Every cell that was configured is a rival until it is out. */
	constructor(goal: Goal, cells: readonly number[]) {
		this.#goal = goal;
		this.#cells = cells;
	}

	/** Evaluates all blocks so far. */
	evaluate(field: Field): Standings {
		this.#leave(field);
		const candidates = this.#cells.filter((cell) => !this.#out.has(cell) && !this.#givenUp.has(cell));
		const ranked = candidates
			.map((cell) => ({cell, figure: figureOf(field, this.#goal, cell)}))
			.filter((entry): entry is {cell: number; figure: number} => entry.figure !== undefined)
			.toSorted((one, other) => other.figure - one.figure);
		const leader = ranked[0]?.cell;
		if (leader === undefined) {
			return {leader, left: candidates, out: this.#all, leads: new Map(), isEqual: false};
		}
		const leads = leadsOf(
			field,
			this.#goal,
			leader,
			candidates.filter((cell) => cell !== leader),
		);
		for (const [rival, lead] of leads) {
			const low = lead === undefined ? this.#lowOverUseless(field, leader, rival) : lead.low;
			const isBeaten =
				lead === undefined ? low !== undefined && low > 0 : lead.isClear && !isNegligible(lead);
			if (isBeaten) {
				this.#out.set(rival, {reason: 'beaten', by: leader, low: low ?? 0});
			}
		}
		const left = [leader, ...ranked.slice(1).map(({cell}) => cell), ...candidates]
			.filter((cell, place, all) => all.indexOf(cell) === place)
			.filter((cell) => !this.#out.has(cell));
		const stillIn = new Map([...leads].filter(([rival]) => !this.#out.has(rival)));
		return {
			leader,
			left,
			out: this.#all,
			leads: stillIn,
			isEqual: [...stillIn.values()].every((lead) => lead !== undefined && isPracticallyEqual(lead)),
		};
	}

	/** The cells that are out, and why. */
	get #all(): ReadonlyMap<number, Out> {
		const givenUp = [...this.#givenUp].map((cell) => [cell, {reason: 'given-up'}] as const);
		return new Map<number, Out>([...givenUp, ...this.#out]);
	}

	/**
	 * Cells that failed the gate or were given up go out, and those that they had eliminated come back. When the last ones are
	 * given up, all stays: nothing more can be sent, but the measurement holds.
	 */
	#leave({gateOf, isAlive}: Field): void {
		for (const cell of this.#cells) {
			if (gateOf(cell) === 'failed' && this.#out.get(cell)?.reason !== 'gate') {
				this.#out.set(cell, {reason: 'gate'});
				this.#comeBack(cell);
			}
		}
		const left = this.#cells.filter((cell) => !this.#out.has(cell));
		if (left.some(isAlive)) {
			for (const cell of left.filter((each) => !isAlive(each) && !this.#givenUp.has(each))) {
				this.#givenUp.add(cell);
				this.#comeBack(cell);
			}
		} else {
			this.#givenUp.clear();
		}
	}

	#comeBack(by: number): void {
		this.#out = new Map([...this.#out].filter(([, out]) => out.reason !== 'beaten' || out.by !== by));
	}

	#lowOverUseless(field: Field, leader: number, rival: number): number | undefined {
		return figureOf(field, this.#goal, rival) === undefined
			? leadOverUseless(field, this.#goal, leader, rival)
			: undefined;
	}
}

/**
 * Lower bound, as a logarithm, of a cell's lead over one that is out: the test's bound on the blocks that both were in,
 * or the sum of the bounds over the cells that put it out. Undefined where neither is above 0.
 */
export function lowOver(
	field: Field,
	goal: Goal,
	cell: number,
	rival: number,
	out: ReadonlyMap<number, Out>,
): number | undefined {
	const direct = leadOf(field, goal, cell, rival)?.low ?? Number.NEGATIVE_INFINITY;
	const how = out.get(rival);
	const chained =
		how?.reason !== 'beaten'
			? Number.NEGATIVE_INFINITY
			: how.low +
				(how.by === cell ? 0 : (lowOver(field, goal, cell, how.by, out) ?? Number.NEGATIVE_INFINITY));
	const low = Math.max(direct, chained);
	return low > 0 ? low : undefined;
}

/** More blocks than this are not suggested to decide between two variants. */
const maxWorthWhile = 1000;

/** What would decide between the variants left, if differences and spreads stay the same. */
export type Wants =
	/** Fewer whole rounds than any difference needs to reach the level. */
	| {readonly what: 'rounds'; readonly least: number}
	/** More blocks: requests of each variant. */
	| {readonly what: 'blocks'; readonly more: number}
	/** More items; undefined where no sensible number would decide. */
	| {readonly what: 'items'; readonly more: number | undefined}
	/** The rest of a pass over the items. */
	| {readonly what: 'pass'; readonly left: number}
	/** Fewer items than any difference needs to reach the level. */
	| {readonly what: 'least-items'; readonly least: number}
	/** A sensible number of requests would not decide. */
	| {readonly what: 'nothing'};

/** Minimum of independent blocks with which any difference can reach the level. */
export function fewestBlocks(rivals: number): number {
	let count = 2;
	while (!Number.isFinite(evidentT(count, levelOf(rivals)))) {
		count++;
	}
	return count;
}

/**
 * How many more blocks would decide between a leader and a rival, if difference and spread stay the same.
 * @param rivals Variants that were configured, less one.
 * @returns Undefined where more than a thousand would be needed.
 */
function moreBlocks({difference, error, count}: Lead, rivals: number): number | undefined {
	const level = levelOf(rivals);
	const decides = (blocks: number): boolean => {
		const half = evidentT(blocks, level) * error * Math.sqrt(count / blocks);
		return difference > half || Math.abs(difference) + half <= Math.log1p(practicallyEqual);
	};
	for (let more = 1; more <= maxWorthWhile; more = Math.ceil(more * 1.1)) {
		if (decides(count + more)) {
			return more;
		}
	}
	return undefined;
}

/**
 * What would decide between those that are left.
 * @param items Of the task; an item that is asked again adds no evidence, so their number bounds what requests can do.
 */
export function wantsOf({leads}: Standings, {blocks, rivals}: Field, items: number): Wants {
	const least = fewestBlocks(rivals);
	const {blocksOfPass, wholePasses} = blocks;
	if (blocksOfPass !== undefined && blocksOfPass < least) {
		return {what: 'least-items', least: Math.ceil((least * items) / blocksOfPass)};
	}
	if (blocks.count < least) {
		return {what: 'rounds', least};
	}
	const each = [...leads.values()].map((lead) => lead && moreBlocks(lead, rivals));
	const more = each.includes(undefined) ? undefined : Math.max(...each.map((count = 0) => count));
	const asked = Math.max(0, ...[...leads.values()].map((lead) => lead?.count ?? 0));
	if (blocksOfPass !== undefined && wholePasses === 0 && asked + (more ?? maxWorthWhile) > blocksOfPass) {
		return {what: 'pass', left: blocksOfPass - asked};
	}
	if (more === undefined) {
		return wholePasses > 0 ? {what: 'items', more} : {what: 'nothing'};
	}
	return blocksOfPass === undefined || asked + more <= blocksOfPass
		? {what: 'blocks', more}
		: {what: 'items', more: Math.ceil(((asked + more - blocksOfPass) * items) / blocksOfPass)};
}

/** The quality gate (`minQuality`), by anytime-valid evidence. */

/** Evidence at which a variant fails: 2.5% of variants exactly at the gate do. */
const failsAt = Math.log(40);
/** Evidence at which it passes: 5%. */
const passesAt = Math.log(20);
/** More items than this are not suggested to prove a quality. */
const maxItemsForProof = 5000;

/** Items that were checked, and how many of them passed; an item that was asked several times counts as its mean. */
export type Checked = {readonly count: number; readonly passed: number};

/** Whether the quality is proven to be above or below the gate. */
export function gateState({count, passed}: Checked, gate: number | null): GateState {
	if (gate === null || gate <= 0) {
		return 'none';
	}
	if (count === 0) {
		return 'unproven';
	}
	const share = passed / count;
	const evidence = logShareEvidence(count, passed, gate);
	if (share < gate && evidence >= failsAt) {
		return 'failed';
	}
	// No number of items proves that all pass: this many must.
	const above =
		gate >= 1 ? passed === count && count >= maxItemsForProof : share > gate && evidence >= passesAt;
	return above ? 'passed' : 'unproven';
}

/** How many more items would prove the quality, one way or the other, if the share stays as it is; undefined where too many. */
export function itemsToProve({count, passed}: Checked, gate: number): number | undefined {
	if (count === 0) {
		return undefined;
	}
	const isProven = (items: number): boolean =>
		gateState({count: items, passed: (passed / count) * items}, gate) !== 'unproven';
	let high = count;
	while (!isProven(high)) {
		high *= 2;
		if (high > 2 * maxItemsForProof) {
			return undefined;
		}
	}
	let low = Math.floor(high / 2);
	while (high - low > 1) {
		const middle = Math.floor((low + high) / 2);
		if (isProven(middle)) {
			high = middle;
		} else {
			low = middle;
		}
	}
	return Math.max(1, high - count);
}
