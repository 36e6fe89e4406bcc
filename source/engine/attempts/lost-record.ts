import type {Failure, FailureClass} from '../../domain/failure.ts';
import type {RunEvent} from '../../domain/run-event.ts';
import type {CellState} from '../cells/cell-state.ts';
import type {LogicalRequest} from './logical-request.ts';

/** One request that got no answer. */
export type LostRecord = {
	/** ISO 8601 UTC. */
	readonly at: string;
	readonly variant: string;
	/** Index of the target. */
	readonly target: number;
	readonly model: string;
	/** Indexes of the items; empty for a task without items. */
	readonly items: readonly number[];
	/** HTTP exchanges; 0 where it could never be sent. */
	readonly attempts: number;
	/** Class of its last failure; `stopped` where the run ended before its attempts were spent. */
	readonly reason: FailureClass | 'stopped';
};

/** Makes the record of a lost request. @param failure Undefined where the run ended first. */
export const toLostRecord = (
	request: LogicalRequest,
	{variant, cell, target}: CellState,
	failure: Failure | undefined,
	at: string,
): LostRecord => ({
	at,
	variant: variant.name,
	target: cell.target,
	model: target.model,
	items: request.items.map(({index}) => index),
	attempts: request.attempts,
	reason: failure?.class ?? 'stopped',
});

/** The event of a request that is given up. @param at Milliseconds since the start. */
export const lostEvent = (request: LogicalRequest, failure: Failure, at: number): RunEvent => ({
	type: 'lost',
	at,
	cell: request.cell,
	isCounted: !request.isWarmUp,
	block: request.block && {...request.block, isUnitOver: true},
	broken: request.broken,
	carried: Math.max(1, request.items.length),
	failure,
	wasSent: request.attempts > 0,
});

/** Most requests whose items are named in the log. */
const mostNamed = 20;

/** How many requests were lost, for what, and the items of the first ones. */
export class LostCount {
	readonly #byReason = new Map<LostRecord['reason'], number>();

	readonly #named: LostRecord[] = [];

	add(record: LostRecord): void {
		const {reason} = record;
		if (this.#named.length < mostNamed && record.items.length > 0) {
			this.#named.push(record);
		}
		this.#byReason.set(reason, (this.#byReason.get(reason) ?? 0) + 1);
	}

	/** A sentence; undefined where nothing was lost. */
	toText(): string | undefined {
		const reasons = [...this.#byReason].sort((first, second) => second[1] - first[1]);
		const total = reasons.reduce((sum, [, count]) => sum + count, 0);
		const list = reasons.map(([reason, count]) => `${reason} ${count}`).join(', ');
		return total === 0
			? undefined
			: `${total} ${total === 1 ? 'request' : 'requests'} got no answer: ${list}. ${this.#items()}With --csv each is a line of requests.csv.`;
	}

	/** Items that were lost, by variant, numbered as in answers.jsonl. */
	#items(): string {
		const byVariant = Map.groupBy(this.#named, ({variant}) => variant);
		const lists = [...byVariant].map(
			([variant, records]) =>
				`${variant} ${records
					.flatMap(({items}) => items)
					.slice(0, mostNamed)
					.join(', ')}`,
		);
		return lists.length === 0 ? '' : `First items without one: ${lists.join('; ')}. `;
	}
}
