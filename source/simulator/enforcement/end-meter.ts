import type {Meter} from './meter.ts';

/**
 * Counts from the end of a request: while it is under way its charge is held beside the meter, and when it settles the
 * meter counts what it came to, now. What never settles stays held.
 */
export const createEndMeter = (meter: Meter): Meter => {
	let held = 0;
	return {
		room: (nowMs) => meter.room(nowMs) - held,
		charge(nowMs, amount) {
			held += amount;
			return {atMs: nowMs, amount};
		},
		settle(nowMs, charge, amount) {
			held -= charge.amount;
			charge.amount = amount;
			meter.charge(nowMs, amount);
		},
	};
};
