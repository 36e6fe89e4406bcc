import type {SimulatorOptions} from '../options.ts';
import type {ThrottleKind} from '../wire/service-error.ts';
import {createEndMeter} from './end-meter.ts';
import {createFixedMeter} from './fixed-meter.ts';
import {type Meter, roundingSlack} from './meter.ts';
import {createRefillMeter} from './refill-meter.ts';
import {createSlidingMeter} from './sliding-meter.ts';

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
export const createBucket = (limits: BucketLimits, enforcement: Enforcement): Bucket => {
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
};
