import type {CostRange} from '../../domain/figures-schema.ts';
import type {AnsweredEvent, BlockPlace, Broken} from '../../domain/run-event.ts';
import {ClusterSums} from '../statistics/streams.ts';

/** The measures of one finished request, in the order of its vector; lost ones cost, with nothing useful. */
export const measures = [
	'useful',
	'quotaTokens',
	/** Token-seconds and request-seconds that it occupies its bucket, in units of one window. */
	'occupiedTokens',
	'occupiedRequests',
	/** Output tokens likewise, where they have a quota of their own; else 0. */
	'occupiedOutput',
	'costUsd',
	'serviceMs',
	'setAside',
	'logTotalMs',
	/** Answers: only they have a latency. */
	'answers',
	'requests',
	/** Items that it carried; 1 where there are none. */
	'items',
] as const;
/** The first measures, which have moments in each cell. */
export const momentCount = measures.indexOf('setAside') + 1;
/** Measures whose products a comparison needs. */
export const compared = [
	'useful',
	'quotaTokens',
	'occupiedTokens',
	'occupiedRequests',
	'occupiedOutput',
	'costUsd',
	'logTotalMs',
	'answers',
] as const satisfies readonly Measure[];
export type Measure = (typeof measures)[number];
export type RequestMeasures = Readonly<Record<Measure, number>>;

/** The measures of an answer; broken attempts before it included. */
export function measuresOf({
	quotaTokens,
	items,
	costUsd,
	times,
	occupied,
	reservedTokens,
	carried,
	broken,
}: AnsweredEvent): RequestMeasures {
	return {
		useful: items.useful,
		quotaTokens: quotaTokens + (broken?.quotaTokens ?? 0),
		occupiedTokens: occupied.tokens + (broken?.quotaTokens ?? 0),
		occupiedRequests: occupied.requests + (broken?.attempts ?? 0),
		occupiedOutput: occupied.output ?? 0,
		setAside: reservedTokens,
		costUsd: (costUsd ?? 0) + (broken?.costUsd ?? 0),
		serviceMs: times.service,
		requests: 1,
		logTotalMs: Math.log(Math.max(1e-3, times.total)),
		answers: 1,
		items: carried ?? 1,
	};
}

/** The measures of a request without an answer: nothing useful, at the quota that its attempts kept. */
export function measuresOfLost(broken: Broken | undefined, carried = 1): RequestMeasures {
	return {
		useful: 0,
		quotaTokens: broken?.quotaTokens ?? 0,
		occupiedTokens: broken?.quotaTokens ?? 0,
		occupiedRequests: broken?.attempts ?? 0,
		occupiedOutput: 0,
		setAside: 0,
		costUsd: broken?.costUsd ?? 0,
		serviceMs: 0,
		requests: 1,
		logTotalMs: 0,
		answers: 0,
		items: carried,
	};
}

/** @returns A vector that the next call overwrites: it is needed for every answer. */
export function toVector(request: RequestMeasures): Float64Array {
	for (let index = 0; index < measures.length; index++) {
		scratch[index] = request[measures[index] ?? 'useful'];
	}
	return scratch;
}

const scratch = new Float64Array(measures.length);

/** Index of a measure of one cell in the vector of a pair. */
export function indexOf(measure: Measure, cellInPair = 0): number {
	return cellInPair * measures.length + measures.indexOf(measure);
}

/** Cost of a run or a cell: a number where every attempt's fate is known, else a range beside it. */
export type Spent = {
	/** Of all answers; undefined while no price is known. */
	answeredUsd: number | undefined;
	/** Attempts of unknown fate: likely cost, and upper bound. */
	brokenUsd: number;
	brokenMaxUsd: number;
	/** Some answer was served by a more expensive tier of unknown price: the cost is a lower bound. */
	isOpen: boolean;
};

/** Before the first event. */
export function nothingSpent(): Spent {
	return {
		answeredUsd: undefined,
		brokenUsd: 0,
		brokenMaxUsd: 0,
		isOpen: false,
	};
}

/** Adds an answer. */
export function spendAnswer(spent: Spent, {costUsd, isDearer}: AnsweredEvent): void {
	if (costUsd !== undefined) {
		spent.answeredUsd = (spent.answeredUsd ?? 0) + costUsd;
		spent.isOpen ||= isDearer ?? false;
	}
}

/** Adds attempts of unknown fate. */
export function spendBroken(spent: Spent, {costUsd, maxUsd}: Broken): void {
	spent.brokenUsd += costUsd;
	spent.brokenMaxUsd += Math.max(costUsd, maxUsd);
}

/** The reported cost: broken attempts at what they likely used, and the range of the true cost. */
export function spentUsd({answeredUsd, brokenUsd, brokenMaxUsd, isOpen}: Spent): {
	costUsd: number | null;
	costUsdWithin?: CostRange;
} {
	const low = answeredUsd ?? 0;
	return {
		costUsd: answeredUsd === undefined && brokenUsd === 0 ? null : low + brokenUsd,
		...(brokenMaxUsd > 0 || isOpen ? {costUsdWithin: {low, high: isOpen ? null : low + brokenMaxUsd}} : {}),
	};
}

/** Blocks that may be open at once; beyond it the oldest is dropped (the answer to one of its requests never came). */
const maxOpenBlocks = 2048;
/** Blocks of a later pass that wait for the one before it to be whole; beyond it they wait no longer. */
const maxHeld = 64;

type OpenBlock = {
	readonly place: BlockPlace;
	readonly cells: Map<number, Float64Array>;
	unitsOver: number;
};

/**
 * What the cells of a group got from the requests of each block. A block holds the same work for each cell that is still
 * in, sent at about the same time, so that cells can be compared in pairs: the hour, the neighbours and the item fall out.
 * Only complete blocks count.
 */
export class Blocks {
	readonly cells: readonly number[];
	readonly #ofCells = new Map<number, ClusterSums>();
	/** By the indexes of the two cells, the smaller first. */
	readonly #ofPairs = new Map<string, ClusterSums>();
	readonly #work = new Map<number, {requests: number; blocks: number}>();
	readonly #open = new Map<number, OpenBlock>();
	#held: OpenBlock[] = [];
	/** Pass under way, from 0, and its complete blocks. */
	#pass = 0;
	#inPass = 0;
	#blocksOfPass: number | undefined;
	#count = 0;

	/** @param cells Indexes of the cells of the group. */
	constructor(cells: readonly number[]) {
		this.cells = cells;
	}

	/** Complete blocks. */
	get count(): number {
		return this.#count;
	}

	/** Whole passes over the items; 0 where there are none to go over. */
	get wholePasses(): number {
		return this.#pass;
	}

	/** Blocks that go once over all items; undefined before the first, and where there are none. */
	get blocksOfPass(): number | undefined {
		return this.#blocksOfPass;
	}

	/** Sums of a cell over its complete blocks, as vectors of measures; undefined before the first. */
	sumsOf(cell: number): ClusterSums | undefined {
		return this.#ofCells.get(cell);
	}

	/**
	 * Sums of two cells over the blocks that both were in; undefined before the first.
	 * @returns Vectors with the measures of the cell of the smaller index first.
	 */
	sumsOfPair(one: number, other: number): ClusterSums | undefined {
		return this.#ofPairs.get(keyOf(one, other));
	}

	/** Requests of a cell in a block, on average; 0 before the first. */
	requestsPerBlock(cell: number): number {
		const {requests = 0, blocks = 0} = this.#work.get(cell) ?? {};
		return blocks === 0 ? 0 : requests / blocks;
	}

	/**
	 * Adds the request of one cell; when the block is complete, it counts.
	 * @param request Undefined for one that leaves its cell out of the block.
	 */
	add(place: BlockPlace, cell: number, request: RequestMeasures | undefined): void {
		if (!this.cells.includes(cell)) {
			return;
		}
		const open = this.#open.get(place.number) ?? {place, cells: new Map(), unitsOver: 0};
		this.#open.set(place.number, open);
		if (request !== undefined) {
			const sums = open.cells.get(cell) ?? new Float64Array(measures.length);
			open.cells.set(cell, sums);
			for (let index = 0; index < measures.length; index++) {
				sums[index] = (sums[index] ?? 0) + request[measures[index] ?? 'useful'];
			}
		}
		open.unitsOver += place.isUnitOver ? 1 : 0;
		if (open.unitsOver === place.units) {
			this.#open.delete(place.number);
			this.#complete(open);
		} else if (this.#open.size > maxOpenBlocks) {
			this.#open.delete(this.#open.keys().next().value ?? place.number);
		}
	}

	#complete(block: OpenBlock): void {
		const {item} = block.place;
		this.#blocksOfPass = item?.ofPass;
		if (item === undefined || item.pass <= this.#pass) {
			this.#enter(block);
			return;
		}
		this.#held.push(block);
		if (this.#held.length > Math.min(maxHeld, item.ofPass)) {
			this.#nextPass();
		}
	}

	#enter({cells, place: {item}}: OpenBlock): void {
		this.#count++;
		for (const [cell, values] of cells) {
			const sums =
				this.#ofCells.get(cell) ?? new ClusterSums(measures.length, comparedIn(1), this.cells.length);
			this.#ofCells.set(cell, sums);
			sums.add(values, item?.index);
			const work = this.#work.get(cell) ?? {requests: 0, blocks: 0};
			work.requests += values[indexOf('requests')] ?? 0;
			work.blocks++;
			this.#work.set(cell, work);
			for (const [other, otherValues] of cells) {
				if (cell < other) {
					const both = new Float64Array(2 * measures.length);
					both.set(values);
					both.set(otherValues, measures.length);
					this.#pairOf(cell, other).add(both, item?.index);
				}
			}
		}
		if (item !== undefined && item.pass === this.#pass) {
			this.#inPass++;
			if (this.#inPass === item.ofPass) {
				this.#nextPass();
			}
		}
	}

	/** The sums change when a pass is whole; within the first pass after every block. */
	#nextPass(): void {
		this.#pass++;
		this.#inPass = 0;
		for (const sums of [...this.#ofCells.values(), ...this.#ofPairs.values()]) {
			sums.thaw();
			sums.freeze();
		}
		const held = this.#held;
		this.#held = [];
		for (const block of held) {
			this.#complete(block);
		}
	}

	#pairOf(one: number, other: number): ClusterSums {
		const key = keyOf(one, other);
		const pairs = (this.cells.length * (this.cells.length - 1)) / 2;
		const known = this.#ofPairs.get(key) ?? new ClusterSums(2 * measures.length, comparedIn(2), pairs);
		this.#ofPairs.set(key, known);
		return known;
	}
}

/** Indexes of the compared measures in the vector of one or two cells. */
const comparedIn = (cells: number): readonly number[] =>
	Array.from({length: cells}, (_, cell) => compared.map((measure) => indexOf(measure, cell))).flat();

const keyOf = (one: number, other: number): string => `${Math.min(one, other)} ${Math.max(one, other)}`;
