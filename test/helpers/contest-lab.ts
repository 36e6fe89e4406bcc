import {occupiedBy} from '../../source/domain/accounting.ts';
import {createRandom, type Random} from '../../source/domain/clock.ts';
import type {Goal, RunSpec} from '../../source/domain/run-config.ts';
import {Contest} from '../../source/metrics/decisions/variant-contest.ts';
import type {RequestMeasures} from '../../source/metrics/figures/blocks.ts';
import {emptyFigures} from '../../source/metrics/figures/figures.ts';
import {cellOf, itemsOf, quotaOf, specOf, targetOf, variantOf} from './spec-fixture.ts';

/** Runs of the real decision code on drawn answers, looked at after every block: what its error rates are measured with. */

export type Draw = {
	readonly tokens: number;
	readonly isUseful: boolean;
	/** Whether its checks passed; as useful where it is absent. */
	readonly hasPassed?: boolean;
	readonly totalMs?: number;
	/** An answer that is said again; each is another one where it is absent. */
	readonly text?: string;
};

/** One variant: draws the answer to an item, in a pass over all of them. */
export type Source = (random: Random, item: number, pass: number) => Draw;

export type Lab = {
	/** Made for each run, so that an item may have a nature of its own. */
	readonly sources: (random: Random) => readonly Source[];
	/** At most. */
	readonly blocks: number;
	/** 0: each block is one for itself. */
	readonly items?: number;
	readonly minQuality?: number;
	readonly goal?: Goal;
	/** Blocks before which it does not end. */
	readonly least?: number;
	/** Nobody goes out, and it does not end: equal interleaving. */
	readonly keepsAll?: boolean;
};

export type LabEnd = {
	readonly decided: 'winner' | 'tie' | 'none' | 'no';
	/** Indexes of the variants that were left, the leader first. */
	readonly left: readonly number[];
	readonly blocks: number;
	readonly requests: number;
	readonly tokens: number;
	/** Blocks a variant took part in. */
	readonly blocksOf: readonly number[];
	readonly contest: Contest;
	readonly figures: ReturnType<typeof emptyFigures>;
};

const inputTokens = 89;

/** The measures of a drawn answer, as the fold makes them. */
const measuresOf = ({tokens, isUseful, totalMs = 1000}: Draw): RequestMeasures => {
	const settled = inputTokens + tokens;
	const times = {service: totalMs, timeToFirstToken: 300};
	const occupied = occupiedBy(
		{setAside: settled, reserved: settled, settled, countsFrom: 'unknown'},
		times,
		60_000,
	);
	return {
		useful: isUseful ? 1 : 0,
		quotaTokens: settled,
		occupiedTokens: occupied.tokens,
		occupiedRequests: occupied.requests,
		occupiedOutput: 0,
		costUsd: settled * 1e-6,
		serviceMs: totalMs,
		setAside: settled,
		logTotalMs: Math.log(totalMs),
		answers: 1,
		requests: 1,
		items: 1,
	};
};

const decidedAs = ({isDecided, standings}: Contest): LabEnd['decided'] => {
	if (!isDecided) {
		return 'no';
	}
	const left = standings?.left.length ?? 0;
	return left === 0 ? 'none' : left === 1 ? 'winner' : 'tie';
};

const specOfLab = (lab: Lab, variants: number): RunSpec =>
	specOf({
		goal: lab.goal ?? 'throughput',
		minQuality: lab.minQuality ?? null,
		cells: Array.from({length: variants}, (_, variant) => cellOf({variant})),
		variants: Array.from({length: variants}, (_, index) => variantOf(`v${index}`)),
		targets: [targetOf(quotaOf(1e6, 60_000))],
		task: {task: 'x', content: undefined, items: itemsOf(lab.items ?? 0), checks: []},
	});

/** One run, from the first block to the decision or the last block. */
export function runLab(lab: Lab, seed: number): LabEnd {
	const {blocks, items = 0, least = 0} = lab;
	const random = createRandom(seed);
	const sources = lab.sources(random);
	const spec = specOfLab(lab, sources.length);
	const figures = emptyFigures(spec.cells, 1);
	const contest = new Contest(spec, 0, {figures: () => figures, isAlive: () => true, isPaired: () => true});
	const blocksOf = sources.map(() => 0);
	let requests = 0;
	let tokens = 0;
	let block = 0;
	const isOver = (): boolean =>
		!lab.keepsAll &&
		((contest.isDecided && block >= least) || (items > 0 && block >= items && contest.isRepeating));

	const ask = (cell: number, units: number): void => {
		const item =
			items > 0 ? {index: block % items, pass: Math.floor(block / items), ofPass: items} : undefined;
		const draw = sources[cell]?.(random, item?.index ?? block, item?.pass ?? 0);
		if (draw !== undefined) {
			const place = {number: block, units, isUnitOver: true, item};
			const measures = measuresOf(draw);
			figures.blocks[0]?.add(place, cell, measures);
			figures.quality[cell]?.add(item?.index, draw.hasPassed ?? draw.isUseful);
			figures.repeats[cell]?.add(place, item?.index, draw.text ?? `${block} ${cell}`);
			blocksOf[cell] = (blocksOf[cell] ?? 0) + 1;
			requests++;
			tokens += measures.quotaTokens;
		}
	};

	while (block < blocks && !isOver()) {
		const left = [...sources.keys()].filter((cell) => lab.keepsAll || contest.isIn(cell));
		for (const cell of left) {
			ask(cell, left.length);
		}
		block++;
		contest.evaluate();
	}
	const left = contest.standings?.left ?? [...sources.keys()];
	return {decided: decidedAs(contest), left, blocks: block, requests, tokens, blocksOf, contest, figures};
}

/** Standard normal (Box and Muller). */
export const normal = (random: Random): number =>
	Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Output tokens whose logarithm is normal, with this mean; some of them many times longer. */
export const logNormal =
	(mean: number, sigma: number, {longShare = 0, times = 20} = {}) =>
	(random: Random): number => {
		const tokens = mean * Math.exp(sigma * normal(random) - sigma ** 2 / 2);
		return Math.round(random() < longShare ? tokens * times : tokens);
	};

/** A variant whose answers are useful with a probability, and of a length. */
export const variantWith =
	(length: (random: Random) => number, usefulShare: number): Source =>
	(random) => ({tokens: length(random), isUseful: random() < usefulShare});

/** Share of runs for which something holds. */
export const shareOf = (lab: Lab, runs: number, holds: (end: LabEnd) => boolean, firstSeed = 1): number =>
	Array.from({length: runs}, (_, index) => runLab(lab, firstSeed + index)).filter(holds).length / runs;
