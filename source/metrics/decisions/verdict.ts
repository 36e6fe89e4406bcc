import type {VariantFigures, Verdict} from '../../domain/figures-schema.ts';
import type {Goal, LoadShape, RunSpec} from '../../domain/run-config.ts';
import type {Gain, MoreRequests, StoppedBy} from '../../domain/snapshot.ts';
import {fewestBlocks, itemsToProve, lowOver, type Standings, type Wants, wantsOf} from './elimination.ts';
import {burdenOf, type Case, type Doubt, verdictText} from './verdict-words.ts';

/** What to use and why, and how many requests more would decide it. */

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

/** Added where nothing says how many would decide. */
const usual = 20;
/** Added at once at most: then the figures are looked at again. */
const maxAdded = 200;

type Ended = {
	readonly spec: Pick<RunSpec, 'load' | 'cells' | 'isBalanced'>;
	readonly stoppedBy: StoppedBy | undefined;
	/** Of each cell. */
	readonly variants: readonly VariantFigures[];
	/** Whether a cell would be sent: it is in, and not given up. */
	readonly isSent: (cell: number) => boolean;
	/** What would decide the contest of each target; undefined where nothing is compared, or it is decided. */
	readonly wants: ReadonlyArray<Wants | undefined>;
	/** Requests of one block of a variant, at most: 1 where variants pack alike. */
	readonly requestsPerBlock: number;
	/** Requests that are over, and the time that they took, without pauses. */
	readonly done: number;
	readonly runningMs: number;
};

const endedBy: Readonly<Record<StoppedBy, string | undefined>> = {
	key: undefined,
	signal: 'the run was ended by a signal',
	requests: 'the run has reached --max-requests',
	cost: 'the run has reached --max-cost',
	day: 'the daily token quota is used up',
	fault: 'the run failed',
};

/** Why an ended run can't go on; undefined where it can. */
const refusalOf = ({spec: {load, cells}, stoppedBy, variants, isSent}: Ended): string | undefined => {
	const ending = stoppedBy === undefined ? undefined : endedBy[stoppedBy];
	if (ending !== undefined) {
		return ending;
	}
	if (load.shape === 'replay') {
		return 'a replay ends with its recording';
	}
	if (load.shape === 'rate' || cells.some(({ratePerMinute}) => ratePerMinute !== null)) {
		return 'a load with a rate goes by its schedule';
	}
	if (load.requests === null) {
		return 'this load ends by time';
	}
	if (cells.some(({onlyItems}) => onlyItems !== undefined)) {
		return 'a resumed run asks for what is missing, and no more';
	}
	return variants.some((_, cell) => isSent(cell)) ? undefined : 'no variant is left';
};

/** Blocks that would decide, as far as that is known. */
const blocksOf = (wants: Wants): number | undefined => {
	switch (wants.what) {
		case 'blocks':
			return wants.more;
		case 'pass':
			return wants.left;
		case 'rounds':
			return usual;
		case 'items':
		case 'least-items':
		case 'nothing':
			return undefined;
	}
};

const sumOrUndefined = (values: ReadonlyArray<number | null>): number | null =>
	values.reduce<number | null>((sum, value) => (sum === null || value === null ? null : sum + value), 0);

/**
 * What can be added to a run that has ended: requests for each variant that is still in, as many as will likely decide
 * between them. Cost and time are those of its requests so far.
 */
export function moreRequestsOf(ended: Ended): MoreRequests {
	const reason = refusalOf(ended);
	if (reason !== undefined) {
		return {kind: 'refused', reason: `${reason}: r runs again`};
	}
	const {spec, variants, isSent, wants, requestsPerBlock, done, runningMs} = ended;
	const blocks = wants.flatMap((each) => (each === undefined ? [] : (blocksOf(each) ?? [])));
	const perVariant = Math.min(
		maxAdded,
		Math.max(...blocks, blocks.length === 0 ? usual : 1) * requestsPerBlock,
	);
	const sent = variants.filter((_, cell) => isSent(cell));
	const entries = spec.isBalanced ? new Set(sent.map(({name}) => name)).size : sent.length;
	const requests = perVariant * entries;
	const perRequest = sumOrUndefined(sent.map((figures) => figures.perRequest.costUsd.mean));
	return {
		kind: 'offered',
		perVariant,
		requests,
		variants: [...new Set(sent.map(({name}) => name))],
		isDeciding: blocks.length > 0,
		costUsd: perRequest === null ? null : (perRequest / sent.length) * requests,
		durationMs: done === 0 ? null : (runningMs / done) * requests,
	};
}
