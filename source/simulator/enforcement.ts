import type {SimulatorOptions} from './options.ts';
import type {ThrottleKind} from './wire/service-error.ts';

/** What every way of counting has in common. Times are milliseconds of the simulator's `Time`, amounts may be fractions. */

/** An amount that was counted; kept so that it can be settled. */
type Charge = {
	/** When it was counted. */
	readonly atMs: number;
	amount: number;
};

/** Counts requests or tokens against one limit. */
type Meter = {
	/** How much may still be counted now; below 0 after an overrun. */
	readonly room: (nowMs: number) => number;
	readonly charge: (nowMs: number, amount: number) => Charge;
	/**
	 * Corrects a charge to what it really was. Less is given back where it still counts; more is charged now, whether
	 * there is room or not.
	 */
	readonly settle: (nowMs: number, charge: Charge, amount: number) => void;
};

/** Slack for sums of fractions. */
export const roundingSlack = 1e-6;

/** Exact sum of what was counted in the last `windowMs`. Amortised constant time a charge, memory of one window. */
export type RollingSum = {
	/** Sum of the charges younger than the window. */
	readonly sum: (nowMs: number) => number;
	/** Times must not go back. */
	readonly add: (nowMs: number, amount: number) => Charge;
	/** Corrects a charge: less in place while it still counts, more as a charge of now. */
	readonly settle: (nowMs: number, charge: Charge, amount: number) => void;
};

export function createRollingSum(windowMs: number): RollingSum {
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
}

/** Never more than `limit` in any window of `windowMs`, wherever it begins: an exact log. */
function createSlidingMeter(limit: number, windowMs: number): Meter {
	const log = createRollingSum(windowMs);
	return {
		room: (nowMs) => limit - log.sum(nowMs),
		charge: log.add,
		settle: log.settle,
	};
}

/** Never more than `limit` in a window that begins at a multiple of `windowMs`; a new window begins empty. */
function createFixedMeter(limit: number, windowMs: number): Meter {
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
}

/** A bucket that holds `limit`, begins full and refills evenly, `limit` in `windowMs`. */
function createRefillMeter(limit: number, windowMs: number): Meter {
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
}

/**
 * Counts from the end of a request: while it is under way its charge is held beside the meter, and when it settles the
 * meter counts what it came to, now. What never settles stays held.
 */
function createEndMeter(meter: Meter): Meter {
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
}

/** Limits of a bucket; undefined: the service sets none. */
export type BucketLimits = {
	readonly requestsPerMinute: number | undefined;
	readonly tokensPerMinute: number | undefined;
	readonly tokensPerDay: number | undefined;
};

/** How limits are counted; a "minute" lasts `windowMs`, a day 1,440 of them. */
export type Enforcement = Pick<SimulatorOptions, 'enforcement' | 'windowMs' | 'countFrom'>;

export type Admission =
	| {
			readonly isAdmitted: true;
			/** Charges what the request really cost instead of what was reserved. Once only. */
			readonly settle: (nowMs: number, tokens: number) => void;
	  }
	| {readonly isAdmitted: false; readonly throttle: Exclude<ThrottleKind, 'overloaded'>};

export type Bucket = {
	readonly limits: BucketLimits;
	/** Admits a request and reserves its tokens, or names the limit that it met. A refused request is not counted. */
	readonly admit: (nowMs: number, reservedTokens: number) => Admission;
	/** Tokens that may still be counted in this minute; below 0 after an overrun. */
	readonly tokenRoom: (nowMs: number) => number;
	/** Counts traffic of others as far as there is room for it; `isFirst`: in any case, as if it had come before all else. */
	readonly occupy: (nowMs: number, requests: number, tokens: number, isFirst?: boolean) => void;
};

const minutesPerDay = 1440;

const createMeter = (limit: number, {enforcement, windowMs}: Enforcement): Meter => {
	switch (enforcement) {
		case 'sliding':
			return createSlidingMeter(limit, windowMs);
		case 'fixed':
			return createFixedMeter(limit, windowMs);
		case 'refill':
			return createRefillMeter(limit, windowMs);
	}
};

/** A meter of tokens, which may count from the end of a request; the request itself counts when it comes. */
const createTokenMeter = (limit: number, enforcement: Enforcement): Meter => {
	const meter = createMeter(limit, enforcement);
	return enforcement.countFrom === 'end' ? createEndMeter(meter) : meter;
};

const fits = (meter: Meter | undefined, nowMs: number, amount: number): boolean =>
	meter === undefined || meter.room(nowMs) + roundingSlack >= amount;

/** A bucket that has seen nothing yet. */
export function createBucket(limits: BucketLimits, enforcement: Enforcement): Bucket {
	const {requestsPerMinute, tokensPerMinute, tokensPerDay} = limits;
	const requests = requestsPerMinute === undefined ? undefined : createMeter(requestsPerMinute, enforcement);
	const tokens = tokensPerMinute === undefined ? undefined : createTokenMeter(tokensPerMinute, enforcement);
	// When the daily count begins anew is not documented; here with the day.
	const day =
		tokensPerDay === undefined
			? undefined
			: createFixedMeter(tokensPerDay, enforcement.windowMs * minutesPerDay);

	const refusal = (nowMs: number, reserved: number): Exclude<ThrottleKind, 'overloaded'> | undefined => {
		if (!fits(day, nowMs, reserved)) {
			return 'day';
		}
		if (!fits(requests, nowMs, 1)) {
			return 'requests';
		}
		return fits(tokens, nowMs, reserved) ? undefined : 'tokens';
	};

	return {
		limits,
		admit(nowMs, reserved) {
			const throttle = refusal(nowMs, reserved);
			if (throttle !== undefined) {
				return {isAdmitted: false, throttle};
			}
			requests?.charge(nowMs, 1);
			const charges = [tokens, day]
				.filter((meter) => meter !== undefined)
				.map((meter) => ({meter, charge: meter.charge(nowMs, reserved)}));
			return {
				isAdmitted: true,
				settle(settledAtMs, amount) {
					for (const {meter, charge} of charges.splice(0)) {
						meter.settle(settledAtMs, charge, amount);
					}
				},
			};
		},
		tokenRoom: (nowMs) => tokens?.room(nowMs) ?? Number.POSITIVE_INFINITY,
		occupy(nowMs, requestCount, tokenCount, isFirst = false) {
			if (isFirst || (fits(requests, nowMs, requestCount) && fits(tokens, nowMs, tokenCount))) {
				requests?.charge(nowMs, requestCount);
				const charge = tokens?.charge(nowMs, tokenCount);
				if (charge !== undefined) {
					tokens?.settle(nowMs, charge, tokenCount);
				}
			}
		},
	};
}
