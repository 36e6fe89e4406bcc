import type {VariantFigures, Verdict} from '../../domain/figures-schema.ts';
import type {Goal, LoadShape} from '../../domain/run-spec.ts';
import type {Gain} from '../../domain/snapshot.ts';
import {fewestBlocks, itemsToProve, lowOver, type Standings, wantsOf} from './elimination.ts';
import {burdenOf, type Case, type Doubt, verdictText} from './verdict-words.ts';

/** The order in which a tie is broken, by figures and not by proof. */
const tieBreakers: readonly Goal[] = ['efficiency', 'cost', 'latency'];
/** Figures within this factor of the best are as good as it. */
const asGood = 1.1;

const least = (cells: readonly number[], burden: (cell: number) => number | undefined): number | undefined =>
	cells.toSorted((one, other) => (burden(one) ?? Number.MAX_VALUE) - (burden(other) ?? Number.MAX_VALUE))[0];

/** Which of those that are practically equal to use: by the next goals in turn, and in the end the cheapest. */
function breakTie(
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
	const last: Goal = goal === 'efficiency' ? 'latency' : 'efficiency';
	const by: Goal = isPriced && goal !== 'cost' ? 'cost' : last;
	return {cell: least(left, (cell) => burdenOf(by, figures(cell))), by};
}

/** Lower bounds of the recommended one's lead over those that are out. */
const beatenBy = ({field, standings, goal, figures}: Case, cell: number): Verdict['beaten'] =>
	field === undefined || standings === undefined
		? []
		: [...standings.out].flatMap(([rival]) => {
				const low = lowOver(field, goal, cell, rival, standings.out);
				const name = figures(rival)?.name;
				return low === undefined || name === undefined ? [] : [{name, atLeast: Math.exp(low)}];
			});

/** Why a verdict is not possible; undefined where it is. */
const doubtOf = (given: Case): Doubt | undefined => {
	const {field, standings, figures, checkedOf, gateOf, minQuality, items} = given;
	if (field === undefined || standings === undefined) {
		return {kind: 'not-compared'};
	}
	const {leader, left, out, isEqual} = standings;
	if (field.blocks.count === 0) {
		return {kind: 'close', wants: {what: 'rounds', least: fewestBlocks(field.rivals)}, costUsd: null};
	}
	if (leader === undefined) {
		return {kind: 'no-figure'};
	}
	if (left.length > 1 && !isEqual) {
		const wants = wantsOf(standings, field, items);
		const costs = left.map((cell) => figures(cell)?.perRequest.costUsd.mean ?? null);
		const costUsd =
			wants.what !== 'blocks' || costs.includes(null)
				? null
				: wants.more * costs.reduce<number>((sum, cost) => sum + (cost ?? 0), 0);
		return {kind: 'close', wants, costUsd};
	}
	if ([...out.values()].some(({reason}) => reason === 'given-up')) {
		return {kind: 'given-up'};
	}
	if (gateOf(leader) === 'unproven') {
		const checked = checkedOf(leader);
		return {kind: 'quality', checked, items: itemsToProve(checked, minQuality ?? 0)};
	}
	return undefined;
};

/** Those that are in by the goal's figure, the best first, where no comparison ranks them. */
const byFigure = ({cells, standings, goal, figures, gateOf}: Case): readonly number[] =>
	(standings?.left ?? cells)
		.filter((cell) => gateOf(cell) !== 'failed')
		.toSorted(
			(one, other) =>
				(burdenOf(goal, figures(one)) ?? Number.MAX_VALUE) -
				(burdenOf(goal, figures(other)) ?? Number.MAX_VALUE),
		);

const areAllGivenUp = ({out}: Standings): boolean =>
	[...out.values()].every(({reason}) => reason === 'given-up');

const isUseful = (figures: VariantFigures | undefined): boolean => (figures?.items.useful ?? 0) > 0;

/** What to use for a goal on a target, and why. */
export function verdictOf(given: Case): Verdict {
	const {target, goal, cells, field, standings, figures, gateOf} = given;
	const nameOf = (cell: number): string => figures(cell)?.name ?? '';
	const nothing = {target, goal, recommended: null, tieBrokenBy: null, beaten: [], leaders: []};
	const isShutOut = (cell: number): boolean => gateOf(cell) === 'failed';
	const worded = (verdict: Omit<Verdict, 'text'>, doubt?: Doubt): Verdict => ({
		...verdict,
		text: verdictText(verdict, given, doubt),
	});
	const isHopeless = (cell: number): boolean =>
		isShutOut(cell) || (!isUseful(figures(cell)) && field?.isAlive(cell) === false);
	if (!cells.some((cell) => isUseful(figures(cell))) || cells.every(isHopeless)) {
		return worded({...nothing, basis: 'none'});
	}
	const left = standings?.leader === undefined ? byFigure(given) : standings.left;
	const [ahead = 0] = left;
	const isAlone = left.length === 1 && (standings === undefined || areAllGivenUp(standings));
	if (cells.length === 1 || isAlone) {
		return worded({...nothing, basis: 'only', recommended: nameOf(ahead), leaders: [nameOf(ahead)]});
	}
	const doubt = doubtOf(given);
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

const rateOf = (variant: VariantFigures): number => variant.sustainable.usefulPerMinute ?? 0;

/** Useful items per minute of one request at a time: the times of its requests add up to that of the run. */
const serialRate = (variants: readonly VariantFigures[]): number => {
	const useful = variants.reduce((sum, {items}) => sum + items.useful, 0);
	const minutes = variants.reduce(
		(sum, {requests, latencyMs}) => sum + (requests.succeeded * (latencyMs.total.mean ?? 0)) / 60_000,
		0,
	);
	return minutes > 0 ? useful / minutes : 0;
};

/**
 * Gain of the best choice. After a `serial` run: the best sustainable rate over the rate that one request at a time
 * reached; otherwise the rate of the variant that is recommended for throughput over that of the worst of the same target,
 * with the bound that the test gives.
 * @param variants Figures of the run.
 * @param verdicts Without a recommendation a gain over the worst may be noise: none is shown.
 * @returns The greatest gain of all targets; null when no rate is known, or nothing is recommended.
 */
export function gainOf(
	shape: LoadShape,
	variants: readonly VariantFigures[],
	verdicts: readonly Verdict[],
): Gain | null {
	const gains = [...new Set(variants.map(({target}) => target))].flatMap((target): readonly Gain[] => {
		const rivals = variants.filter((variant) => variant.target === target && rateOf(variant) > 0);
		if (shape === 'serial') {
			const base = serialRate(rivals);
			return base > 0
				? [{over: 'serial', ratio: Math.max(0, ...rivals.map(rateOf)) / base, atLeast: null}]
				: [];
		}
		const verdict = verdicts.find((each) => each.target === target && each.goal === 'throughput');
		const own = rivals.find(({name}) => name === verdict?.recommended);
		const worst = rivals.toSorted((one, other) => rateOf(one) - rateOf(other))[0];
		return own === undefined || worst === undefined || rivals.length < 2
			? []
			: [
					{
						over: 'worst',
						ratio: rateOf(own) / rateOf(worst),
						atLeast: verdict?.beaten.find(({name}) => name === worst.name)?.atLeast ?? null,
					},
				];
	});
	return gains.toSorted((one, other) => (other.ratio ?? 0) - (one.ratio ?? 0))[0] ?? null;
}
