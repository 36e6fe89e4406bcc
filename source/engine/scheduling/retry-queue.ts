import type {Lane} from '../../domain/bucket-usage.ts';
import type {LogicalRequest} from '../attempts/logical-request.ts';

/** The queue of each lane: requests that follow from what was sent before. */
export class RetryQueues {
	readonly #lanes = {high: new RetryQueue(), normal: new RetryQueue(), low: new RetryQueue()};

	get size(): number {
		return this.#lanes.high.size + this.#lanes.normal.size + this.#lanes.low.size;
	}

	of(lane: Lane): RetryQueue {
		return this.#lanes[lane];
	}

	/** Removes the matching requests of all lanes, and returns them. */
	removeAll(isMatch: (request: LogicalRequest) => boolean): readonly LogicalRequest[] {
		return Object.values(this.#lanes).flatMap((queue) => queue.removeAll(isMatch));
	}
}

/**
 * Requests of one lane that follow from what was sent before: tried again after a delay, asked singly after a packed reply
 * could not be read, or the next turn of a conversation after the time to think.
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

	/** The request with the shortest delay. */
	next(): LogicalRequest | undefined {
		return this.#delayed[0]?.request;
	}

	/** Removes the matching requests, and returns them. */
	removeAll(isMatch: (request: LogicalRequest) => boolean): readonly LogicalRequest[] {
		const all = [...this.#ready, ...this.#delayed.map(({request}) => request)].filter(isMatch);
		this.#ready = this.#ready.filter((request) => !isMatch(request));
		this.#delayed = this.#delayed.filter(({request}) => !isMatch(request));
		return all;
	}
}

type Delayed = {readonly readyAt: number; readonly request: LogicalRequest};
