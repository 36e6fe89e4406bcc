import {VectorMoments} from '../statistics/vector-moments.ts';
import {measures, type RequestMeasures, toVector} from './request-measures.ts';

/** Blocks that may be open at once; beyond it the oldest is dropped (the answer to one of its requests never came). */
const maxOpenBlocks = 2048;

type OpenBlock = {readonly values: Float64Array; readonly seen: Set<number>};

/**
 * What the cells of a group got from the requests of each block. A block holds one request of each cell, sent at about
 * the same time, so differences between cells can be tested in pairs: the hour and the neighbours fall out. Only
 * complete blocks count.
 */
export class Blocks {
	readonly moments: VectorMoments;
	readonly #cells: readonly number[];
	readonly #open = new Map<number, OpenBlock>();

	/** @param cells Indexes of the cells of the group. */
	constructor(cells: readonly number[]) {
		this.#cells = cells;
		this.moments = new VectorMoments(cells.length * measures.length);
	}

	/** Place of a cell in the group; -1 when it is not in it. */
	placeOf(cell: number): number {
		return this.#cells.indexOf(cell);
	}

	/** Enters the request of one cell; when the block is complete, it counts. */
	add(block: number, cell: number, request: RequestMeasures): void {
		const place = this.placeOf(cell);
		if (place === -1) {
			return;
		}
		const open = this.#open.get(block) ?? {
			values: new Float64Array(this.#cells.length * measures.length),
			seen: new Set<number>(),
		};
		this.#open.set(block, open);
		open.seen.add(place);
		open.values.set(toVector(request), place * measures.length);
		if (open.seen.size === this.#cells.length) {
			this.#open.delete(block);
			this.moments.add(open.values);
		} else if (this.#open.size > maxOpenBlocks) {
			this.#open.delete(this.#open.keys().next().value ?? block);
		}
	}
}
