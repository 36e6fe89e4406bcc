import {type Dimension, dimensions, type Limits, type Use} from '../domain/use.ts';
import type {MemberRecord} from './member-store.ts';

/** What of a record decides its part. */
export type Sharer = Pick<MemberRecord, 'id' | 'use' | 'most' | 'isWaiting' | 'needs' | 'lastSentAt'>;

/** A member in one dimension. */
type Bidder = {
	readonly use: number;
	/** What it may use at most, or would use if it does not wait. */
	readonly cap: number;
	readonly need: number;
	readonly isWaiting: boolean;
	readonly lastSentAt: number;
};

const steps = 50;
/** Slack of the search for a level: a limit of whole requests must be whole. */
const rounding = 1e-6;

/**
 * The greatest level up to which everybody may go so that the whole does not exceed the room; infinite when all caps fit.
 * Where more is used than there is room it is the fair one: who is above it waits.
 */
const levelOf = (bidders: readonly Bidder[], room: number): number => {
	if (bidders.some(({use}) => use > 0) && bidders.reduce((sum, {use}) => sum + use, 0) > room) {
		return levelOf(
			bidders.map((bidder) => ({...bidder, use: 0})),
			room,
		);
	}
	const taken = (level: number): number =>
		bidders.reduce((sum, {use, cap}) => sum + Math.max(use, Math.min(level, cap)), 0);
	if (taken(Number.POSITIVE_INFINITY) <= room) {
		return Number.POSITIVE_INFINITY;
	}
	let [low, high] = [Math.min(...bidders.map(({use}) => use)), Math.max(0, room)];
	for (let step = 0; step < steps && low < high; step++) {
		const middle = (low + high) / 2;
		[low, high] = taken(middle) <= room ? [middle, high] : [low, middle];
	}
	const whole = Math.round(low);
	return Math.abs(whole - low) < rounding ? whole : low;
};

/** Limits of all bidders, in their order. */
const divide = (bidders: readonly Bidder[], quota: number): readonly number[] => {
	const level = levelOf(bidders, quota);
	if (level === Number.POSITIVE_INFINITY) {
		const rest = bidders.reduce((left, {use, cap}) => left - Math.max(use, cap), quota) / bidders.length;
		return bidders.map(({use, cap}) => Math.max(use, cap) + rest);
	}
	return bidders.map(({cap}) => Math.min(level, cap));
};

/** The one that waits and used least; of equals the one that sent longest ago. */
const firstInTurn = (bidders: readonly Bidder[]): Bidder | undefined =>
	bidders
		.filter(({isWaiting}) => isWaiting)
		.toSorted((first, second) => first.use - second.use || first.lastSentAt - second.lastSentAt)[0];

/**
 * The part of one dimension that each may use. A request that is larger than the fair part of its member is not starved: when
 * it is its turn, the others share what it leaves.
 */
const partsIn = (sharers: readonly Sharer[], dimension: Dimension, quota: number): readonly number[] => {
	const bidders = sharers.map(({use, most, isWaiting, needs, lastSentAt}): Bidder => {
		const need = dimension === 'requests' ? 1 : needs;
		const own = Math.min(quota, most[dimension] ?? quota);
		const cap = isWaiting ? own : Math.min(own, use[dimension] + need);
		return {use: use[dimension], cap, need, isWaiting, lastSentAt};
	});
	const first = firstInTurn(bidders);
	// What each would get if nobody had used anything: what is larger never fits by waiting.
	const fair = divide(
		bidders.map((bidder) => ({...bidder, use: 0})),
		quota,
	);
	if (first === undefined || first.need <= (fair[bidders.indexOf(first)] ?? 0) || first.need > first.cap) {
		return divide(bidders, quota);
	}
	const kept = first.use + first.need;
	const others = divide(
		bidders.filter((bidder) => bidder !== first),
		Math.max(0, quota - kept),
	);
	return others.toSpliced(bidders.indexOf(first), 0, kept);
};

/**
 * The part of a quota that a member may use, by the one rule that all members apply to the same records: all up to the same
 * level, so that room goes first to who used least in the window; what somebody does not ask for goes to the others. A
 * member above the level sends nothing until what it used has left the window.
 * @returns For each dimension; null where the quota has no limit.
 */
export const partOf = (id: string, sharers: readonly Sharer[], quota: Limits): Limits => {
	const sorted = sharers.toSorted((first, second) => (first.id < second.id ? -1 : 1));
	const index = sorted.findIndex((sharer) => sharer.id === id);
	const [requests = null, tokens = null] = dimensions.map((dimension) => {
		const limit = quota[dimension];
		return limit === null ? null : (partsIn(sorted, dimension, limit)[index] ?? 0);
	});
	return {requests, tokens};
};

/** Adds up what some claim. */
export const sumOf = (uses: readonly Use[]): Use =>
	uses.reduce((sum, use) => ({requests: sum.requests + use.requests, tokens: sum.tokens + use.tokens}), {
		requests: 0,
		tokens: 0,
	});
