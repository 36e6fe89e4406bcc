import type {Lane} from '../../../domain/lane.ts';
import {exponential, type Random} from '../../../domain/random.ts';
import type {Slots} from '../slots.ts';
import type {Interleaving} from './interleaving.ts';
import {rampedMs} from './ramp.ts';
import type {Source} from './source.ts';

/** Rate and rhythm of an open loop. */
export type Arrivals = {
	/** Arrivals a minute: of requests, or of conversations. */
	readonly ratePerMinute: number;
	/** 1, or the turns of a conversation. */
	readonly requestsPerArrival: number;
	readonly arrival: 'constant' | 'poisson';
	/** Running time of the first arrival in a constant rhythm, in milliseconds. */
	readonly firstAtMs: number;
	/** Time in which the rate grows evenly from nothing; 0: it is full at once. */
	readonly rampUpMs: number;
};

/**
 * An open loop: requests come at their own times, whatever the service does. Those that cannot be sent yet wait in their
 * order; nothing is stored for them, because the next arrival follows from the last one, so a stall costs no memory.
 */
export const openLoop = (
	lane: Lane,
	interleaving: Interleaving,
	slots: Slots,
	{ratePerMinute, requestsPerArrival, arrival, firstAtMs, rampUpMs}: Arrivals,
	random: Random,
): Source => {
	const meanGapMs = 60_000 / ratePerMinute;
	const gapMs = (): number => (arrival === 'constant' ? meanGapMs : exponential(meanGapMs, random));
	let arrivals = 0;
	/** Of the next arrival, at the full rate from the start: the ramp delays it. */
	let unrampedAt = arrival === 'constant' ? firstAtMs : gapMs();
	const dueAt = (unrampedMs: number): number => rampedMs(unrampedMs, rampUpMs);
	const isExhausted = (): boolean => interleaving.next() === undefined;
	return {
		lane,
		cells: interleaving.cells,
		ratePerMinute: ratePerMinute * requestsPerArrival,
		peek(runningMs) {
			const intendedAt = dueAt(unrampedAt);
			const drawn = intendedAt <= runningMs ? interleaving.next() : undefined;
			return drawn === undefined ? undefined : {...drawn, intendedAt, slots};
		},
		take() {
			interleaving.advance();
			arrivals++;
			// Counted from the first arrival, so that a constant rhythm gathers no rounding errors.
			unrampedAt = arrival === 'constant' ? firstAtMs + arrivals * meanGapMs : unrampedAt + gapMs();
		},
		overdue(runningMs) {
			let count = 0;
			for (let at = unrampedAt; dueAt(at) < runningMs && !isExhausted(); at += gapMs()) {
				count++;
			}
			return count * requestsPerArrival;
		},
		nextAt: () => (isExhausted() ? undefined : dueAt(unrampedAt)),
		isExhausted,
	};
};
