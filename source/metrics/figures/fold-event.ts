import type {Failure} from '../../domain/backend.ts';
import type {AnsweredEvent, BlockPlace, Broken, RunEvent} from '../../domain/run-event.ts';
import {
	measuresOf,
	measuresOfLost,
	type RequestMeasures,
	spendAnswer,
	spendBroken,
	toVector,
} from './blocks.ts';
import {activeMs, type Figures} from './figures.ts';
import {foldVariant} from './variant-totals.ts';

const maxEvents = 200;
const maxFailures = 100;
const maxPauses = 100;
/** After this many answers that only fill the cache, they count. */
const maxFilling = 16;

/** ISO 8601 UTC of an instant of the run. */
export function isoAt(figures: Figures, at: number): string {
	return new Date((figures.startedEpochMs ?? 0) + at).toISOString();
}

const note = (figures: Figures, at: number, kind: string, text: string): void => {
	figures.events = [...figures.events, {at: isoAt(figures, at), kind, text}].slice(-maxEvents);
};

/** Counts a failure by class and message. The first of its kind is also logged, of a tap the first of each client. */
const countFailure = (figures: Figures, at: number, failure: Failure, sender?: string): void => {
	figures.isSimulated ||= failure.isSimulated ?? false;
	const key = `${failure.class} ${failure.message}`;
	const known = figures.failures.get(key);
	if (known === undefined && figures.failures.size >= maxFailures) {
		return;
	}
	const ofSender = `${key} ${sender ?? ''}`;
	if (!figures.logged.has(ofSender) && figures.logged.size < maxFailures) {
		figures.logged.add(ofSender);
		const {message} = failure;
		note(figures, at, failure.class, sender === undefined ? message : `${sender}: ${message}`);
	}
	figures.failures.set(key, {
		class: failure.class,
		message: failure.message,
		advice: failure.advice,
		count: (known?.count ?? 0) + 1,
		firstAt: known?.firstAt ?? isoAt(figures, at),
	});
};

const finishRequest = (
	figures: Figures,
	cell: number,
	block: BlockPlace | undefined,
	request: RequestMeasures,
	isLeftOut = false,
): void => {
	figures.requests[cell]?.add(toVector(request));
	if (block !== undefined) {
		for (const blocks of figures.blocks) {
			blocks.add(block, cell, isLeftOut ? undefined : request);
		}
	}
};

/**
 * An answer that only filled the cache is in no block: a caching variant is judged with a warm cache. Where it never gets
 * warm, its answers count after a while.
 */
const isFillingCache = (figures: Figures, {cell, tokens}: AnsweredEvent): boolean => {
	const caching = figures.variants[cell]?.caching;
	return (
		tokens.cacheWrite > 0 &&
		tokens.cacheRead === 0 &&
		caching !== undefined &&
		caching.warmRequests.count === 0 &&
		caching.cold.quotaTokens.count <= maxFilling
	);
};

const leave = (figures: Figures, event: {at: number; target: number; reservedTokens: number}): void => {
	const levels = figures.levels[event.target];
	if (levels !== undefined) {
		levels.inFlight = Math.max(0, levels.inFlight - 1);
		levels.reserved = levels.inFlight === 0 ? 0 : Math.max(0, levels.reserved - event.reservedTokens);
		figures.timeline.setLevels(event.at, event.target, levels);
	}
};

const foldHeld = (figures: Figures, {at, target, count}: Extract<RunEvent, {type: 'held'}>): void => {
	const levels = figures.levels[target];
	if (levels !== undefined) {
		levels.held = count;
		figures.timeline.setLevels(at, target, levels);
	}
};

const foldSent = (figures: Figures, event: Extract<RunEvent, {type: 'sent'}>): void => {
	const levels = figures.levels[event.target];
	if (levels !== undefined) {
		levels.inFlight++;
		levels.reserved += event.reservedTokens;
		figures.timeline.setLevels(event.at, event.target, levels);
		figures.timeline.count(event.at, event.target, {requests: 1});
	}
};

const foldAnswered = (figures: Figures, event: AnsweredEvent): void => {
	leave(figures, event);
	figures.timeline.count(event.at, event.target, {quotaTokens: event.quotaTokens});
	figures.isSimulated ||= event.isSimulated;
	spendAnswer(figures.spent, event);
	if (event.isCounted) {
		figures.latencies.add(event.at, event.cell, event.times.total);
		finishRequest(figures, event.cell, event.block, measuresOf(event), isFillingCache(figures, event));
		for (const [item, hasPassed] of event.checks ?? []) {
			figures.quality[event.cell]?.add(item, hasPassed);
		}
		figures.repeats[event.cell]?.add(event.block, event.firstItem, event.text);
	}
};

/** The likely use of a broken attempt counts like that of an answer. */
const foldBroken = (
	figures: Figures,
	{at, target, broken}: {readonly at: number; readonly target: number; readonly broken?: Broken | undefined},
): void => {
	if (broken !== undefined) {
		figures.timeline.count(at, target, {quotaTokens: broken.quotaTokens});
		spendBroken(figures.spent, broken);
	}
};

const foldPause = (figures: Figures, to: number): void => {
	if (figures.pausedAt !== undefined) {
		figures.pauses = [...figures.pauses, [figures.pausedAt, to] as const].slice(-maxPauses);
		figures.pausedAt = undefined;
	}
};

/** Adds one event to the figures. Total: any sequence of events is accepted, in any order. */
export function foldEvent(figures: Figures, event: RunEvent): void {
	if ('cell' in event) {
		const totals = figures.variants[event.cell];
		if (totals !== undefined) {
			if (totals.firstSentAt !== undefined) {
				figures.windows[event.cell]?.pass(activeMs(figures, totals.firstSentAt, event.at), totals);
			}
			foldVariant(totals, event);
		}
	}
	switch (event.type) {
		case 'started':
			figures.startedEpochMs = event.epochMs - event.at;
			note(figures, event.at, 'started', event.text ?? 'The run started.');
			break;
		case 'ended':
			foldPause(figures, event.at);
			figures.endedAt = event.at;
			break;
		case 'paused':
			figures.pausedAt ??= event.at;
			note(figures, event.at, 'paused', 'Paused: nothing is sent.');
			break;
		case 'continued':
			// Nothing was sent since the end.
			figures.pausedAt = figures.endedAt;
			foldPause(figures, event.at);
			figures.endedAt = undefined;
			note(figures, event.at, 'continued', `${event.requests} more requests.`);
			break;
		case 'resumed':
			foldPause(figures, event.at);
			note(figures, event.at, 'resumed', 'Resumed.');
			break;
		case 'sent':
			foldSent(figures, event);
			break;
		case 'answered':
			foldAnswered(figures, event);
			break;
		case 'throttled':
			leave(figures, event);
			foldBroken(figures, event);
			figures.timeline.count(event.at, event.target, {throttled: 1});
			countFailure(figures, event.at, event.failure, event.sender);
			break;
		case 'failed':
			leave(figures, event);
			foldBroken(figures, event);
			countFailure(figures, event.at, event.failure, event.sender);
			break;
		case 'abandoned':
			leave(figures, event);
			foldBroken(figures, event);
			break;
		case 'lost':
			if (event.isCounted) {
				finishRequest(figures, event.cell, event.block, measuresOfLost(event.broken, event.carried));
			}
			if (!event.wasSent) {
				countFailure(figures, event.at, event.failure);
			}
			break;
		case 'held':
			foldHeld(figures, event);
			break;
		case 'noted':
			note(figures, event.at, event.kind, event.text);
			break;
	}
}

/**
 * Events that enter the figures together: one at a time, between requests, each would find the processor's caches cold,
 * which takes several times as long.
 */
const eventsAtOnce = 32;

/** The figures of a run, from its events. */
export class FoldedEvents {
	readonly #figures: Figures;
	/** Events that are not in the figures yet, oldest first. */
	#events: RunEvent[] = [];

	constructor(empty: Figures) {
		this.#figures = empty;
	}

	/** The sum of all events so far. */
	get figures(): Figures {
		const events = this.#events;
		this.#events = [];
		for (const event of events) {
			foldEvent(this.#figures, event);
		}
		return this.#figures;
	}

	add(event: RunEvent): void {
		this.#events.push(event);
		if (this.#events.length >= eventsAtOnce) {
			void this.figures;
		}
	}
}
