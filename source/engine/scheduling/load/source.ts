import type {Lane} from '../../../domain/lane.ts';
import type {Draft} from '../../attempts/logical-request.ts';

/** Where the requests of a lane come from. Times are milliseconds of running time. */
export type Source = {
	readonly lane: Lane;
	/** Cells that its requests may go to. */
	readonly cells: readonly number[];
	/** Requests a minute of an open loop; undefined for a closed one. */
	readonly ratePerMinute: number | undefined;
	/** The request that may be sent now; undefined when there is none. Says the same until `take`. */
	readonly peek: (runningMs: number) => Draft | undefined;
	/** Removes what `peek` gave. */
	readonly take: () => void;
	/** When the next request comes by itself; undefined when that depends on answers, or none will come. */
	readonly nextAt: () => number | undefined;
	/** Requests of an open loop that were due by then and were not taken; 0 for a closed loop. */
	readonly overdue: (runningMs: number) => number;
	readonly isExhausted: () => boolean;
};
