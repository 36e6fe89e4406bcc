import {evidentT} from '../statistics/evidence.ts';
import {type Field, type Lead, levelOf, practicallyEqual} from './contest.ts';
import type {Standings} from './elimination.ts';

/** What would decide between those that are left, if differences and spreads stay as they are. */

/** More blocks than these are asked of nobody to decide between two variants. */
export const mostWorthWhile = 1000;

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
export function moreBlocks({difference, error, count}: Lead, rivals: number): number | undefined {
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
