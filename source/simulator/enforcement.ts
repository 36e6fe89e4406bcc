import type {SimulatorOptions} from './options.ts';
import type {ThrottleKind} from './wire/exchange.ts';

/**
 * How limits are enforced: meters that count in a sliding window, in fixed minutes, or in a refilling bucket. Times
 * are milliseconds of the simulator's `Time`, amounts may be fractions.
 */

/** A counted amount; kept so that it can be settled. */
type Charge = {
	/** When it was counted. */
	readonly atMs: number;
	amount: number;
};

/** Counts requests or tokens against one limit. */
type Meter = {
	/** What may still be counted now; below 0 after an overrun. */
	readonly room: (nowMs: number) => number;
	readonly charge: (nowMs: number, amount: number) => Charge;
	/**
	 * Corrects a charge to its real amount. Less is given back where it still counts; more is charged now, even
	 * without room.
	 */
	readonly settle: (nowMs: number, charge: Charge, amount: number) => void;
};

/** Tolerance for sums of fractions. */
export const roundingSlack = 1e-6;

/** Exact sum of what was counted in the last `windowMs`. Amortised constant time per charge, memory of one window. */
export type RollingSum = {
	/** Sum of the charges younger than the window. */
	readonly sum: (nowMs: number) => number;
	/** Times must not decrease. */
	readonly add: (nowMs: number, amount: number) => Charge;
	/** Corrects a charge: less in place while it still counts, more as a new charge. */
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

/** At most `limit` in any window of `windowMs`: an exact log. */
function createSlidingMeter(limit: number, windowMs: number): Meter {
	const log = createRollingSum(windowMs);
	return {
		room: (nowMs) => limit - log.sum(nowMs),
		charge: log.add,
		settle: log.settle,
	};
}

/** At most `limit` in each window that begins at a multiple of `windowMs`. */
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

/** A bucket of `limit` that begins full and refills evenly, `limit` per `windowMs`. */
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
 * Counts from the end of a request: in flight its charge is held beside the meter; at settlement the meter counts the
 * real amount. A charge that never settles stays held.
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
			/** Replaces the reserved charge with the real cost. Once only. */
			readonly settle: (nowMs: number, tokens: number) => void;
	  }
	| {readonly isAdmitted: false; readonly throttle: Exclude<ThrottleKind, 'overloaded'>};

export type Bucket = {
	readonly limits: BucketLimits;
	/** Admits a request and reserves its tokens, or names the limit that it met. A refused request is not counted. */
	readonly admit: (nowMs: number, reservedTokens: number) => Admission;
	/** Tokens that may still be counted in this minute; below 0 after an overrun. */
	readonly tokenRoom: (nowMs: number) => number;
	/** Counts traffic of others as far as it fits; `isFirst`: in any case, as if it had come first. */
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

/** A count of tokens per day. When it restarts is not documented; here with the day. */
export function createDayMeter(tokensPerDay: number, {windowMs}: Pick<Enforcement, 'windowMs'>): Meter {
	return createFixedMeter(tokensPerDay, windowMs * minutesPerDay);
}

/** When the count of the current day began. */
export function dayBegin(nowMs: number, {windowMs}: Pick<Enforcement, 'windowMs'>): number {
	const dayMs = windowMs * minutesPerDay;
	return Math.floor(nowMs / dayMs) * dayMs;
}

/** A new bucket. @param accountDay The count of the day that all models of the account share. */
export function createBucket(limits: BucketLimits, enforcement: Enforcement, accountDay?: Meter): Bucket {
	const {requestsPerMinute, tokensPerMinute, tokensPerDay} = limits;
	const requests = requestsPerMinute === undefined ? undefined : createMeter(requestsPerMinute, enforcement);
	const tokens = tokensPerMinute === undefined ? undefined : createTokenMeter(tokensPerMinute, enforcement);
	const day = tokensPerDay === undefined ? undefined : createDayMeter(tokensPerDay, enforcement);

	const refusal = (nowMs: number, reserved: number): Exclude<ThrottleKind, 'overloaded'> | undefined => {
		if (!fits(day, nowMs, reserved) || !fits(accountDay, nowMs, reserved)) {
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
			const charges = [tokens, day, accountDay]
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
