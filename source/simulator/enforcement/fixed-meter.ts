import type {Meter} from './meter.ts';

/** Never more than `limit` in a window that begins at a multiple of `windowMs`; a new window begins empty. */
export const createFixedMeter = (limit: number, windowMs: number): Meter => {
	let current = Number.NEGATIVE_INFINITY;
	let used = 0;

	const windowOf = (atMs: number): number => Math.floor(atMs / windowMs);
	const turn = (nowMs: number): void => {
		const window = windowOf(nowMs);
		if (window !== current) {
			current = window;
			used = 0;
		}
	};

	return {
		room(nowMs) {
			turn(nowMs);
			return limit - used;
		},
		charge(nowMs, amount) {
			turn(nowMs);
			used += amount;
			return {atMs: nowMs, amount};
		},
		settle(nowMs, charge, amount) {
			turn(nowMs);
			const difference = amount - charge.amount;
			if (difference > 0 || windowOf(charge.atMs) === current) {
				used += difference;
			}
			charge.amount = amount;
		},
	};
};
