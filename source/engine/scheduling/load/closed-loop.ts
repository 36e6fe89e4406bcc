import type {Lane} from '../../../domain/lane.ts';
import type {Slots} from '../slots.ts';
import type {Interleaving} from './interleaving.ts';
import type {Source} from './source.ts';

/** A closed loop: the next request may be sent as soon as a slot is free (measure, saturate, concurrency, serial). */
export const closedLoop = (lane: Lane, interleaving: Interleaving, slots: Slots): Source => ({
	lane,
	cells: interleaving.cells,
	ratePerMinute: undefined,
	peek() {
		const drawn = slots.isFree ? interleaving.next() : undefined;
		return drawn === undefined ? undefined : {...drawn, intendedAt: undefined, slots};
	},
	take: interleaving.advance,
	nextAt: () => undefined,
	overdue: () => 0,
	isExhausted: () => interleaving.next() === undefined,
});
