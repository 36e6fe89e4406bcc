import type {Goal} from '../../domain/run-spec.ts';
import type {VariantFigures} from '../../domain/snapshot.ts';
import type {Verdict} from '../../domain/verdict.ts';
import {lowOver} from './elimination.ts';
import {moreBlocks} from './more-blocks.ts';
import {itemsToProve} from './quality-gate.ts';
import {burdenOf, type Case, type Doubt} from './verdict-case.ts';
import {verdictText} from './verdict-words.ts';

/** The order in which a tie is broken, by figures and not by proof. */
const tieBreakers: readonly Goal[] = ['efficiency', 'cost', 'latency'];
/** Figures within this part of the best are as good as it. */
const asGood = 1.1;

const least = (cells: readonly number[], burden: (cell: number) => number | undefined): number | undefined =>
	cells.toSorted((one, other) => (burden(one) ?? Number.MAX_VALUE) - (burden(other) ?? Number.MAX_VALUE))[0];

/** Which of those that are practically equal to use: by the next goals in turn, and in the end the cheapest. */
export function breakTie(
	cells: readonly number[],
	goal: Goal,
	figures: (cell: number) => VariantFigures | undefined,
): {readonly cell: number | undefined; readonly by: Goal | null} {
	let left = cells;
	for (const by of tieBreakers.filter((each) => each !== goal)) {
		const burdens = left.map((cell) => burdenOf(by, figures(cell)));
		if (burdens.every((burden) => burden !== undefined)) {
			const best = Math.min(...burdens);
			left = left.filter((_, index) => (burdens[index] ?? 0) <= best * asGood);
			if (left.length === 1) {
				return {cell: left[0], by};
			}
		}
	}
	const isPriced = left.every((cell) => burdenOf('cost', figures(cell)) !== undefined);
	const by: Goal = isPriced && goal !== 'cost' ? 'cost' : 'efficiency';
	return {cell: least(left, (cell) => burdenOf(by, figures(cell))), by};
}

/** By how much the recommended one beats those that are out, at least. */
const beatenBy = ({field, standings, goal, figures}: Case, cell: number): Verdict['beaten'] =>
	field === undefined || standings === undefined
		? []
		: [...standings.out].flatMap(([rival]) => {
				const low = lowOver(field, goal, cell, rival, standings.out);
				const name = figures(rival)?.name;
				return low === undefined || name === undefined ? [] : [{name, atLeast: Math.exp(low)}];
			});

/** What keeps a verdict from being one; undefined where nothing does. */
const doubtOf = (given: Case): Doubt | undefined => {
	const {field, standings, figures, checkedOf, gateOf, minQuality, hasAskedAll} = given;
	if (field === undefined || standings === undefined) {
		return {kind: 'not-compared'};
	}
	const {leader, left, leads, isEqual} = standings;
	if (field.blocks.count === 0) {
		return {kind: 'close', blocks: undefined, costUsd: null, needsItems: false};
	}
	if (leader === undefined) {
		return {kind: 'no-figure'};
	}
	if (left.length > 1 && !isEqual) {
		const each = [...leads.values()].map((lead) =>
			lead === undefined ? undefined : moreBlocks(lead, field.rivals),
		);
		const blocks = each.includes(undefined) ? undefined : Math.max(...each.map((more) => more ?? 0));
		const costs = left.map((cell) => figures(cell)?.perRequest.costUsd.mean ?? null);
		const costUsd =
			blocks === undefined || costs.includes(null)
				? null
				: blocks * costs.reduce<number>((sum, cost) => sum + (cost ?? 0), 0);
		return {kind: 'close', blocks, costUsd, needsItems: hasAskedAll};
	}
	if (gateOf(leader) === 'unproven') {
		const checked = checkedOf(leader);
		return {kind: 'quality', checked, items: itemsToProve(checked, minQuality ?? 0)};
	}
	return undefined;
};

const isUseful = (figures: VariantFigures | undefined): boolean => (figures?.items.useful ?? 0) > 0;

/** What to use for a goal on a target, and why. */
export function verdictOf(given: Case): Verdict {
	const {target, goal, cells, standings, figures, gateOf} = given;
	const nameOf = (cell: number): string => figures(cell)?.name ?? '';
	const nothing = {target, goal, recommended: null, tieBrokenBy: null, beaten: [], leaders: []};
	const isShutOut = (cell: number): boolean => gateOf(cell) === 'failed';
	const worded = (verdict: Omit<Verdict, 'text'>, doubt?: Doubt): Verdict => ({
		...verdict,
		text: verdictText(verdict, given, doubt),
	});
	const useful = cells.filter((cell) => isUseful(figures(cell)));
	if (useful.length === 0 || useful.every(isShutOut)) {
		return worded({...nothing, basis: 'none'});
	}
	if (cells.length === 1) {
		const [only = 0] = cells;
		return worded({...nothing, basis: 'only', recommended: nameOf(only), leaders: [nameOf(only)]});
	}
	const doubt = doubtOf(given);
	const left = standings?.left ?? cells;
	const ahead = standings?.leader ?? left[0] ?? 0;
	if (doubt !== undefined) {
		const leaders = left.map(nameOf);
		return worded({...nothing, basis: 'undecided', leaders, beaten: beatenBy(given, ahead)}, doubt);
	}
	if (left.length === 1) {
		const recommended = nameOf(ahead);
		const beaten = beatenBy(given, ahead);
		return worded({...nothing, basis: 'winner', recommended, leaders: [recommended], beaten});
	}
	const proven = left.filter((cell) => gateOf(cell) !== 'unproven');
	const {cell = ahead, by} = breakTie(proven, goal, figures);
	return worded({
		...nothing,
		basis: 'tie',
		recommended: nameOf(cell),
		leaders: left.map(nameOf),
		tieBrokenBy: by,
		beaten: beatenBy(given, cell),
	});
}
