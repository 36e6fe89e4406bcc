/**
 * How many of the items that had something to check passed. An item that is asked again adds no evidence: it stays one,
 * and counts as the mean of its checks. A check without an item stands for itself.
 */
export class ItemShares {
	readonly #items = new Map<number, {passed: number; checked: number}>();
	#alone = 0;
	#passed = 0;

	/** Items that were checked. */
	get count(): number {
		return this.#alone + this.#items.size;
	}

	/** Items that passed, an item with several checks as the mean of them. */
	get passed(): number {
		return this.#passed;
	}

	add(item: number | undefined, hasPassed: boolean): void {
		if (item === undefined) {
			this.#alone++;
			this.#passed += hasPassed ? 1 : 0;
			return;
		}
		const known = this.#items.get(item) ?? {passed: 0, checked: 0};
		this.#items.set(item, known);
		const before = known.checked === 0 ? 0 : known.passed / known.checked;
		known.checked++;
		known.passed += hasPassed ? 1 : 0;
		this.#passed += known.passed / known.checked - before;
	}
}
