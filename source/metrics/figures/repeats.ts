import type {BlockPlace} from '../../domain/run-event.ts';

/** Hash of a text (FNV-1a, 32 bit): two answers with the same one are taken for the same. */
const hashOf = (text: string): number => {
	let hash = 0x811c9dc5;
	for (let index = 0; index < text.length; index++) {
		hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
	}
	return hash >>> 0;
};

/** Whether a cell gives the same answer when it is asked for the same item again. */
export class Repeats {
	/** By the first item of the request. */
	readonly #answers = new Map<number, number>();
	#asked = 0;
	#same = 0;

	/** Answers to what had been answered before. */
	get asked(): number {
		return this.#asked;
	}

	/** Those of them that said the same as before. */
	get same(): number {
		return this.#same;
	}

	/** @param first Index of the first item of the request. */
	add(block: BlockPlace | undefined, first: number | undefined, text: string): void {
		const item = block?.item;
		if (item === undefined || first === undefined) {
			return;
		}
		const hash = hashOf(text);
		const before = this.#answers.get(first);
		if (item.pass > 0 && before !== undefined) {
			this.#asked++;
			this.#same += before === hash ? 1 : 0;
		}
		this.#answers.set(first, hash);
	}
}
