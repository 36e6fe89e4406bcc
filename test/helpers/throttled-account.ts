import {createRandom} from '../../source/domain/clock.ts';
import {type CeilingMinute, measureCeiling} from '../../source/metrics/figures/measured-ceiling.ts';
import {limitFixture} from './snapshot-fixture.ts';

/**
 * Accounts that run into a limit, event by event: what CloudWatch would have of two hours of them. The accounts know nothing of
 * the code that measures.
 */

const enforcements = ['sliding', 'fixed', 'refill'] as const;
/** How the load comes: hours, minutes, bursts of seconds to two minutes, jobs that retry until all is done, just at the limit. */
export const loadStyles = ['long', 'mixed', 'bursts', 'jobs', 'edge'] as const;

export type ThrottledAccount = {
	readonly seed: number;
	readonly enforcement: (typeof enforcements)[number];
	readonly style: (typeof loadStyles)[number];
	readonly limitedBy: 'requests' | 'tokens';
	/** As enforced, per 60 s. */
	readonly limit: number;
	readonly minutes: readonly CeilingMinute[];
};

type Request = {
	readonly size: number;
	/** It was accepted, and its answer ends now. */
	readonly isAnswered?: boolean;
	/** -Infinity: until it is accepted. */
	readonly tries: number;
};

const minuteMs = 60_000;

/** Events by time: a binary heap, so that an hour of thousands stays quick. */
class Agenda {
	readonly #events: Array<readonly [at: number, request: Request]> = [];

	add(at: number, request: Request): void {
		const events = this.#events;
		let index = events.push([at, request]) - 1;
		while (index > 0) {
			const parent = (index - 1) >> 1;
			if ((events[parent]?.[0] ?? 0) <= at) {
				break;
			}
			events[index] = events[parent] as (typeof events)[number];
			index = parent;
		}
		events[index] = [at, request];
	}

	next(): readonly [number, Request] | undefined {
		const events = this.#events;
		const [first] = events;
		const last = events.pop();
		if (last === undefined || events.length === 0) {
			return first;
		}
		let index = 0;
		for (;;) {
			let child = 2 * index + 1;
			if ((events[child + 1]?.[0] ?? Number.POSITIVE_INFINITY) < (events[child]?.[0] ?? 0)) {
				child++;
			}
			if ((events[child]?.[0] ?? Number.POSITIVE_INFINITY) >= last[0]) {
				break;
			}
			events[index] = events[child] as (typeof events)[number];
			index = child;
		}
		events[index] = last;
		return first;
	}
}

/** What a limit has left, by each kind of enforcement. */
const meterOf = (
	enforcement: ThrottledAccount['enforcement'],
	limit: number,
	phaseMs: number,
): {readonly left: (at: number) => number; readonly take: (at: number, amount: number) => void} => {
	let used = 0;
	switch (enforcement) {
		case 'sliding': {
			const taken: Array<readonly [number, number]> = [];
			let oldest = 0;
			return {
				left(at) {
					for (
						let entry = taken[oldest];
						entry !== undefined && entry[0] <= at - minuteMs;
						entry = taken[oldest]
					) {
						used -= entry[1];
						oldest++;
					}
					return limit - used;
				},
				take(at, amount) {
					taken.push([at, amount]);
					used += amount;
				},
			};
		}
		case 'fixed': {
			let minute = -1;
			return {
				left(at) {
					const now = Math.floor((at + phaseMs) / minuteMs);
					used = now === minute ? used : 0;
					minute = now;
					return limit - used;
				},
				take(_at, amount) {
					used += amount;
				},
			};
		}
		case 'refill': {
			let filledAt = 0;
			return {
				left(at) {
					used = Math.max(0, used - ((at - filledAt) * limit) / minuteMs);
					filledAt = at;
					return limit - used;
				},
				take(_at, amount) {
					used += amount;
				},
			};
		}
	}
};

/** Random numbers of one account. */
const diceOf = (seed: number) => {
	const random = createRandom(seed * 7919 + 13);
	return {
		random,
		between: (low: number, high: number): number => low + (high - low) * random(),
		oneOf: <Value>(values: readonly Value[]): Value => values[Math.floor(random() * values.length)] as Value,
		exponential: (mean: number): number => -Math.log(1 - random()) * mean,
		normal: (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()),
	};
};
type Dice = ReturnType<typeof diceOf>;

const spanMinutes = 120;

/** What an account is like. */
const profileOf = ({random, between, oneOf}: Dice) => {
	const limitedBy = oneOf(['requests', 'tokens'] as const);
	const perMinute = 25 * 3 ** random();
	const meanTokens = 300 * 20 ** random();
	return {
		enforcement: oneOf(enforcements),
		style: oneOf(loadStyles),
		limitedBy,
		perMinute,
		meanTokens,
		limit: Math.round(limitedBy === 'requests' ? perMinute : perMinute * meanTokens),
		/** By which sizes vary. */
		spread: oneOf([0, 0.2, 0.5, 0.9]),
		retries: oneOf([0, 2, 4, 8]),
		answerMs: oneOf([1000, 3000, 8000, 20_000]),
		/** Set aside by the service, as a part of what settles. */
		reserved: limitedBy === 'tokens' ? between(1, 1.15) : 1,
	};
};
type Profile = ReturnType<typeof profileOf>;

/** Base load, and the episodes that go over the limit. */
const loadOf = ({style, perMinute, meanTokens, spread}: Profile, dice: Dice): Agenda => {
	const {random, between, exponential, normal} = dice;
	const agenda = new Agenda();
	const ask = (at: number, tries = 0): void =>
		agenda.add(at, {size: meanTokens * Math.exp(spread * normal() - spread ** 2 / 2), tries});
	const arrive = (fromMs: number, toMs: number, rate: number): void => {
		const gap = minuteMs / rate;
		for (let at = fromMs + exponential(gap); at < toMs; at += exponential(gap)) {
			ask(at);
		}
	};
	arrive(0, spanMinutes * minuteMs, perMinute * between(0.1, 0.6));
	if (style === 'edge') {
		arrive(20 * minuteMs, 100 * minuteMs, perMinute * between(0.45, 0.85));
	}
	const episodes = {long: 1, mixed: 3, bursts: 6, jobs: 3, edge: 3}[style] + Math.floor(random() * 4);
	for (let episode = 0; episode < episodes; episode++) {
		const fromMs = between(0, spanMinutes - 30) * minuteMs;
		const forMinutes = {
			long: between(10, 40),
			mixed: 0.5 + 12 * random() ** 2,
			bursts: between(0.5, 2.5),
			jobs: between(2, 10),
			edge: 0.5 + 12 * random() ** 2,
		}[style];
		const factor = 1.1 + 3 * random() ** 2;
		if (style !== 'jobs') {
			arrive(fromMs, fromMs + forMinutes * minuteMs, perMinute * factor);
			continue;
		}
		for (let index = 0; index < perMinute * factor * Math.min(5, forMinutes); index++) {
			ask(fromMs + 2000 * random(), Number.NEGATIVE_INFINITY);
		}
	}
	return agenda;
};

/** One account by its seed. Windows are not aligned to the minutes of CloudWatch, and answers count in the minute they end in. */
export function throttledAccount(seed: number): ThrottledAccount {
	const dice = diceOf(seed);
	const {random, between, exponential} = dice;
	const profile = profileOf(dice);
	const {enforcement, style, limitedBy, limit, reserved, retries, answerMs} = profile;
	const meter = meterOf(enforcement, limit, random() * minuteMs);
	const agenda = loadOf(profile, dice);
	const failing = new Map(
		Array.from({length: 6}, () => [Math.floor(random() * spanMinutes), between(0.3, 0.9)] as const),
	);
	const isFailureAccepted = random() < 0.5;
	const minutes = Array.from({length: spanMinutes}, (_unused, index) => ({
		at: index * minuteMs,
		requests: 0,
		throttles: 0,
		serverErrors: 0,
		quotaTokens: 0,
	}));
	const again = (at: number, request: Request): void => {
		if (request.tries < retries) {
			agenda.add(at, {...request, tries: request.tries + 1});
		}
	};
	const ask = (at: number, request: Request, minute: (typeof minutes)[number]): void => {
		if (random() < (failing.get(Math.floor(at / minuteMs)) ?? 0)) {
			minute.serverErrors++;
			minute.requests += isFailureAccepted ? 1 : 0;
			again(at + exponential(2000), request);
		} else if (meter.left(at) < (limitedBy === 'requests' ? 1 : request.size * reserved)) {
			minute.throttles++;
			const pauseMs = Number.isFinite(request.tries) ? 2000 * 2 ** request.tries : 20_000;
			again(at + random() * Math.min(20_000, pauseMs), request);
		} else {
			meter.take(at, limitedBy === 'requests' ? 1 : request.size);
			agenda.add(at + exponential(answerMs), {...request, isAnswered: true});
		}
	};
	for (let event = agenda.next(); event !== undefined; event = agenda.next()) {
		const [at, request] = event;
		const minute = minutes[Math.floor(at / minuteMs)];
		if (minute !== undefined && request.isAnswered) {
			minute.requests++;
			minute.quotaTokens += request.size;
		} else if (minute !== undefined) {
			ask(at, request, minute);
		}
	}
	return {seed, enforcement, style, limitedBy, limit, minutes};
}

const quota = {requestsPerMinute: limitFixture(50), tokensPerMinute: limitFixture(100_000)};

/**
 * How near the measured limit is to what is enforced, over accounts of which it is stated: parts of them. `stated`: of those
 * with throttled minutes enough.
 */
export const ceilingAccuracy = (
	firstSeed: number,
	count: number,
): Readonly<Record<'near' | 'covered' | 'wrong' | 'known' | 'stated', number>> => {
	const measured: Array<Readonly<Record<'near' | 'covered' | 'wrong' | 'known', boolean>>> = [];
	let seed = firstSeed;
	for (; measured.length < count; seed++) {
		const account = throttledAccount(seed);
		const found = measureCeiling(account.minutes, quota);
		if (found !== undefined) {
			const limit = account.limitedBy === 'requests' ? found.requests : found.quotaTokens;
			measured.push({
				near: limit !== null && Math.abs(limit.value / account.limit - 1) <= 0.1,
				covered: limit !== null && limit.low <= account.limit && account.limit <= limit.high,
				wrong: found.limitedBy !== 'unknown' && found.limitedBy !== account.limitedBy,
				known: found.limitedBy === account.limitedBy,
			});
		}
	}
	const share = (name: 'near' | 'covered' | 'wrong' | 'known'): number =>
		measured.filter((each) => each[name]).length / count;
	return {
		near: share('near'),
		covered: share('covered'),
		wrong: share('wrong'),
		known: share('known'),
		stated: count / (seed - firstSeed),
	};
};
