import type {Charge} from './meter.ts';

/** Exact sum of what was counted in the last `windowMs`. Amortised constant time a charge, memory of one window. */
export type RollingSum = {
	/** Sum of the charges younger than the window. */
	readonly sum: (nowMs: number) => number;
	/** Times must not go back. */
	readonly add: (nowMs: number, amount: number) => Charge;
	/** Corrects a charge: less in place while it still counts, more as a charge of now. */
	readonly settle: (nowMs: number, charge: Charge, amount: number) => void;
};

export const createRollingSum = (windowMs: number): RollingSum => {
	let charges: Charge[] = [];
	let first = 0;
	let total = 0;

	const isCounted = (charge: Charge, nowMs: number): boolean => nowMs - charge.atMs < windowMs;

	const expire = (nowMs: number): void => {
		let oldest = charges[first];
		while (oldest !== undefined && !isCounted(oldest, nowMs)) {
			total -= oldest.amount;
			first++;
			oldest = charges[first];
		}
		if (first === charges.length) {
			charges = [];
			first = 0;
			total = 0; // rounding errors end with the last charge
		} else if (first > 1024 && first * 2 > charges.length) {
			charges = charges.slice(first);
			first = 0;
		}
	};

	const add = (nowMs: number, amount: number): Charge => {
		expire(nowMs);
		const charge = {atMs: nowMs, amount};
		charges.push(charge);
		total += amount;
		return charge;
	};

	return {
		sum(nowMs) {
			expire(nowMs);
			return total;
		},
		add,
		settle(nowMs, charge, amount) {
			expire(nowMs);
			const difference = amount - charge.amount;
			if (difference > 0) {
				add(nowMs, difference);
				return;
			}
			if (isCounted(charge, nowMs)) {
				total += difference;
				charge.amount = amount;
			}
		},
	};
};
