import type {Meter} from './meter.ts';

/** A bucket that holds `limit`, begins full and refills evenly, `limit` in `windowMs`. */
export const createRefillMeter = (limit: number, windowMs: number): Meter => {
	let level = limit;
	let filledAtMs: number | undefined;

	const refill = (nowMs: number): void => {
		if (filledAtMs !== undefined) {
			level = Math.min(limit, level + ((nowMs - filledAtMs) / windowMs) * limit);
		}
		filledAtMs = nowMs;
	};

	return {
		room(nowMs) {
			refill(nowMs);
			return level;
		},
		charge(nowMs, amount) {
			refill(nowMs);
			level -= amount;
			return {atMs: nowMs, amount};
		},
		settle(nowMs, charge, amount) {
			refill(nowMs);
			level = Math.min(limit, level + charge.amount - amount);
			charge.amount = amount;
		},
	};
};
