import type {LogicalRequest} from '../attempts/logical-request.ts';

type Delayed = {readonly readyAt: number; readonly request: LogicalRequest};

/**
 * Requests that go on with what was sent before: tried again after a delay, asked singly after a packed reply was no
 * good, or the next turn of a conversation after the time to think.
 */
export class RetryQueue {
	#delayed: Delayed[] = [];
	#ready: LogicalRequest[] = [];

	get size(): number {
		return this.#delayed.length + this.#ready.length;
	}

	/** When the next delay is over; undefined when nothing is delayed. */
	nextAt(): number | undefined {
		return this.#delayed[0]?.readyAt;
	}

	/** @param readyAt Milliseconds of the engine's clock. */
	add(request: LogicalRequest, readyAt: number): void {
		let index = this.#delayed.length;
		while (index > 0 && (this.#delayed[index - 1]?.readyAt ?? 0) > readyAt) {
			index--;
		}
		this.#delayed.splice(index, 0, {readyAt, request});
	}

	/** Those whose delay is over, the longest ready first. */
	ready(now: number): readonly LogicalRequest[] {
		while ((this.#delayed[0]?.readyAt ?? Number.POSITIVE_INFINITY) <= now) {
			const next = this.#delayed.shift();
			if (next !== undefined) {
				this.#ready.push(next.request);
			}
		}
		return this.#ready;
	}

	remove(request: LogicalRequest): void {
		this.#ready = this.#ready.filter((each) => each !== request);
	}

	/** What is delayed least. */
	next(): LogicalRequest | undefined {
		return this.#delayed[0]?.request;
	}

	/** Removes what is of a kind, and returns it. */
	removeAll(isOne: (request: LogicalRequest) => boolean): readonly LogicalRequest[] {
		const all = [...this.#ready, ...this.#delayed.map(({request}) => request)].filter(isOne);
		this.#ready = this.#ready.filter((request) => !isOne(request));
		this.#delayed = this.#delayed.filter(({request}) => !isOne(request));
		return all;
	}
}
