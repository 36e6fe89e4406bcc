import type {Goal} from '../../domain/run-spec.ts';
import {evidentT} from '../statistics/evidence.ts';
import {
	type Field,
	figureOf,
	type Lead,
	leadOf,
	leadOverUseless,
	levelOf,
	practicallyEqual,
} from './pairwise-comparison.ts';

/** A lead of which less is certain prefers nobody. */
const leastPreferred = 0.01;

/** Why a cell is out. `low`: by how much it is beaten at least, as a logarithm. */
export type Out =
	| {readonly reason: 'beaten'; readonly by: number; readonly low: number}
	| {readonly reason: 'gate'}
	| {readonly reason: 'given-up'};

/** Where a goal stands: who leads, who is out, and how far the leader is ahead of those that are still in. */
export type Standings = {
	/** Undefined while nobody gave a useful answer. */
	readonly leader: number | undefined;
	/** Cells that are in, the leader first. */
	readonly left: readonly number[];
	readonly out: ReadonlyMap<number, Out>;
	/** Of each rival that is in; undefined where nothing is known of it yet. */
	readonly leads: ReadonlyMap<number, Lead | undefined>;
	/** All that are left are as good as the leader. */
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

/** Whether nothing that the test does not refuse is further than 10 % away. */
function isPracticallyEqual({low, high}: Lead): boolean {
	return Math.max(-low, high) <= Math.log1p(practicallyEqual);
}

/** Practically equal, and hardly behind: no reason to prefer the leader, so the next goals break the tie. */
const isNegligible = (lead: Lead): boolean =>
	isPracticallyEqual(lead) && lead.low < Math.log1p(leastPreferred);

/**
 * Puts rivals out when the evidence says so. It remembers who is out: evidence that reached the level once counts, whatever comes later. Those that a variant put out which then fails its gate come back.
 */
export class Elimination {
	readonly #goal: Goal;
	readonly #cells: readonly number[];
	/** Out by evidence. */
	#out = new Map<number, Out>();
	/** Given up while others went on. */
	readonly #givenUp = new Set<number>();

	/** @param cells Every cell that was configured is a rival until it is out. */
	constructor(goal: Goal, cells: readonly number[]) {
		this.#goal = goal;
		this.#cells = cells;
	}

	/** Looks at what was measured until now. */
	look(field: Field): Standings {
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

	/** Who is out, and why. */
	get #all(): ReadonlyMap<number, Out> {
		const givenUp = [...this.#givenUp].map((cell) => [cell, {reason: 'given-up'}] as const);
		return new Map<number, Out>([...givenUp, ...this.#out]);
	}

	/**
	 * Those that failed the gate or were given up go, and those that they had put out come back. When the last ones are given
	 * up, all stays as it stood: nothing can be sent any more, but what was measured holds.
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
 * By how much a cell beats one that is out at least, as a logarithm: the test's own bound on the blocks that both were in,
 * or the sum of the bounds over whoever put it out. Undefined where neither is above 0.
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

/** What would decide between those that are left, if differences and spreads stay as they are. */

/** More blocks than these are asked of nobody to decide between two variants. */
const mostWorthWhile = 1000;

export type Wants =
	/** There are fewer whole rounds than the least with which any difference can reach the level. */
	| {readonly what: 'rounds'; readonly least: number}
	/** So many more blocks: requests of each variant. */
	| {readonly what: 'blocks'; readonly more: number}
	/** Every item is asked before they decide; undefined where no sensible number would. */
	| {readonly what: 'items'; readonly more: number | undefined}
	/** Not all items were asked yet, and more of them will be needed than those that are asked. */
	| {readonly what: 'pass'; readonly left: number}
	/** There are fewer items than the least with which any difference can reach the level. */
	| {readonly what: 'least-items'; readonly least: number}
	/** A sensible number of requests would not decide. */
	| {readonly what: 'nothing'};

/** The least independent blocks with which a difference, however clear, reaches the level. */
export function fewestBlocks(rivals: number): number {
	let count = 2;
	while (!Number.isFinite(evidentT(count, levelOf(rivals)))) {
		count++;
	}
	return count;
}

/**
 * How many more blocks would decide between a leader and a rival, whichever way, if the difference and the spread stay as
 * they are.
 * @param rivals Variants that were configured, less one.
 * @returns Undefined where more than a thousand would be needed.
 */
function moreBlocks({difference, error, count}: Lead, rivals: number): number | undefined {
	const level = levelOf(rivals);
	const decides = (blocks: number): boolean => {
		const half = evidentT(blocks, level) * error * Math.sqrt(count / blocks);
		return difference > half || Math.abs(difference) + half <= Math.log1p(practicallyEqual);
	};
	for (let more = 1; more <= mostWorthWhile; more = Math.ceil(more * 1.1)) {
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
	if (blocksOfPass !== undefined && wholePasses === 0 && asked + (more ?? mostWorthWhile) > blocksOfPass) {
		return {what: 'pass', left: blocksOfPass - asked};
	}
	if (more === undefined) {
		return wholePasses > 0 ? {what: 'items', more} : {what: 'nothing'};
	}
	return blocksOfPass === undefined || asked + more <= blocksOfPass
		? {what: 'blocks', more}
		: {what: 'items', more: Math.ceil(((asked + more - blocksOfPass) * items) / blocksOfPass)};
}
