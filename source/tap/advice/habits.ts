import {MinuteRing, minuteMs} from '../../account/usage-history.ts';
import type {RequestFacts} from '../../bedrock/request-facts.ts';
import type {Usage} from '../../domain/backend.ts';
import {Quantiles} from '../../metrics/statistics/streams.ts';

/** What the requests of one client on one model have in common beside their figures, in bounded memory: advice is made of it. */

/** Values of max tokens that are kept apart; requests with others are one more group. */
const maxGroups = 8;
/** The newest requests that their client gave up. */
const keptAborts = 128;
/** Beginnings that are kept apart. */
const maxBeginnings = 32;
/** Whole minutes that are kept of what was used: an hour, and the one that goes on. */
const keptMinutes = 61;
/** How long a model keeps what it has cached, after its last use. */
const cachedMs = 300_000;

/** Answers to requests with the same max tokens. */
export type AnswersAt = {
	/** The same but in the group of those that are not kept apart. */
	readonly least: number;
	/** False: the requests have none, and the service sets aside what is assumed to be the model's maximum. */
	readonly isSet: boolean;
	/** Output tokens. */
	readonly outputs: Quantiles;
	readonly truncated: number;
	/** Over all of these answers. */
	readonly sums: {
		readonly maxTokens: number;
		readonly quotaTokens: number;
		/** Set aside by the service: input and max tokens. */
		readonly reserved: number;
		readonly serviceMs: number;
	};
	readonly firstTokens: {readonly count: number; readonly sumMs: number};
};

/** What is counted by the minute: requests, what they settled at, and what they took of their bucket with what they set aside. */
type MinuteUse = 'requests' | 'quotaTokens' | 'occupied';

type Mutable<Of> = {
	-readonly [Key in keyof Of]: Of[Key] extends number | boolean ? Of[Key] : Mutable<Of[Key]>;
};
type Group = Mutable<Omit<AnswersAt, 'outputs'>> & {readonly outputs: Quantiles};

/** What a request asked for: its own max tokens, and what the service took for them. */
type Asked = {
	readonly facts: Pick<RequestFacts, 'maxTokens'>;
	readonly expected: {readonly maxTokens: number};
};

type Answer = {
	readonly usage: Pick<Usage, 'outputTokens' | 'isEstimated'>;
	readonly isTruncated: boolean;
	readonly quotaTokens: number;
	readonly reserved: number;
	/** In milliseconds, as is the time to its first token. */
	readonly service: number;
	readonly timeToFirstToken: number | undefined;
	/** From its arrival, as its client knows it. */
	readonly total: number;
};

/** The part of requests that came first, was there before, and that none of them asked to be cached. */
type Repeated = {
	readonly requests: number;
	/** Of the part, over all of these requests. */
	readonly characters: number;
	/** Of these requests as a whole. */
	readonly ofCharacters: number;
};

/** What a client does on a model, over all of its sessions. */
export class Habits {
	readonly #groups = new Map<number | undefined | 'others', Group>();
	readonly #aborts: number[] = [];
	readonly #beginnings = new Map<string, number>();
	readonly #minutes: Readonly<Record<MinuteUse, MinuteRing>> = {
		requests: new MinuteRing(keptMinutes),
		quotaTokens: new MinuteRing(keptMinutes),
		occupied: new MinuteRing(keptMinutes),
	};
	readonly #repeated = {requests: 0, characters: 0, ofCharacters: 0};
	#longestMs = 0;

	/** By their max tokens, in the order in which they came first. */
	get answersAt(): readonly AnswersAt[] {
		return [...this.#groups.values()];
	}

	/** How old the newest requests were when their client gave them up, in milliseconds since they came. */
	get aborts(): readonly number[] {
		return this.#aborts;
	}

	/** Longest time from the arrival of a request to the end of its answer. */
	get longestMs(): number {
		return this.#longestMs;
	}

	get repeated(): Repeated {
		return this.#repeated;
	}

	/** What it used in each of the last whole minutes since the start, an hour at most, the oldest first. */
	minutes(of: MinuteUse, elapsedMs: number): readonly number[] {
		const whole = Math.floor(elapsedMs / minuteMs);
		const first = Math.max(0, whole - keptMinutes + 1);
		return Array.from({length: whole - first}, (_unused, index) =>
			this.#minutes[of].get((first + index) * minuteMs),
		);
	}

	/** A request that the service took is over. @param at In milliseconds since the start. */
	used({quotaTokens, occupied}: {readonly quotaTokens: number; readonly occupied: number}, at: number): void {
		for (const [of, amount] of Object.entries({requests: 1, quotaTokens, occupied})) {
			const ring = this.#minutes[of as MinuteUse];
			ring.set(at, ring.get(at) + amount);
		}
	}

	/** A request came. @param at In milliseconds since the start. */
	arrived({beginning, characters, hasCachePoint}: RequestFacts, at: number): void {
		if (beginning === undefined) {
			return;
		}
		const {fingerprint} = beginning;
		const last = this.#beginnings.get(fingerprint);
		if (last !== undefined && at - last <= cachedMs && !hasCachePoint) {
			this.#repeated.requests++;
			this.#repeated.characters += beginning.characters;
			this.#repeated.ofCharacters += characters;
		}
		// The newest are last.
		this.#beginnings.delete(fingerprint);
		this.#beginnings.set(fingerprint, at);
		for (const oldest of [...this.#beginnings.keys()].slice(0, -maxBeginnings)) {
			this.#beginnings.delete(oldest);
		}
	}

	/** It was answered. */
	answered({facts, expected: {maxTokens}}: Asked, answer: Answer): void {
		const {timeToFirstToken, usage} = answer;
		this.#longestMs = Math.max(this.#longestMs, answer.total);
		if (usage.isEstimated) {
			return;
		}
		const group = this.#groupOf(facts.maxTokens, maxTokens);
		group.least = Math.min(group.least, maxTokens);
		group.outputs.add(usage.outputTokens);
		group.truncated += answer.isTruncated ? 1 : 0;
		group.sums.maxTokens += maxTokens;
		group.sums.quotaTokens += answer.quotaTokens;
		group.sums.reserved += answer.reserved;
		group.sums.serviceMs += answer.service;
		if (timeToFirstToken !== undefined) {
			group.firstTokens.count++;
			group.firstTokens.sumMs += timeToFirstToken;
		}
	}

	/** Its client gave it up. */
	gaveUp(afterMs: number): void {
		this.#aborts.push(afterMs);
		this.#aborts.splice(0, this.#aborts.length - keptAborts);
	}

	#groupOf(asked: number | undefined, maxTokens: number): Group {
		const key = this.#groups.has(asked) || this.#groups.size < maxGroups ? asked : 'others';
		const known = this.#groups.get(key);
		if (known !== undefined) {
			return known;
		}
		const group: Group = {
			least: maxTokens,
			isSet: key !== undefined,
			outputs: new Quantiles(),
			truncated: 0,
			sums: {maxTokens: 0, quotaTokens: 0, reserved: 0, serviceMs: 0},
			firstTokens: {count: 0, sumMs: 0},
		};
		this.#groups.set(key, group);
		return group;
	}
}

/** Aborts at the same age that show a timeout. */
const minCut = 8;
/** How far apart they may be: a part of their age, and at most this. */
const maxSpreadMs = 2000;
const spreadPart = 0.1;
/** What is given up earlier is given up by people and editors that no longer need the answer. */
const minCutMs = 5000;

/** Requests that a timeout of their client has cut off. */
type CutByTimeout = {
	readonly afterMs: number;
	readonly count: number;
};

/**
 * A timeout of the client: nothing of it ever takes longer, and the requests that it gave up are as old as that to a second,
 * at least half of those that were not given up soon. People give up at any time.
 * @param aborts How old requests were when their client gave them up, in milliseconds.
 * @param longestMs Its longest answer.
 */
export function cutByTimeout(aborts: readonly number[], longestMs: number): CutByTimeout | undefined {
	const late = aborts.filter((age) => age >= minCutMs).toSorted((one, other) => one - other);
	const oldest = late.at(-1);
	if (oldest === undefined || longestMs > oldest) {
		return undefined;
	}
	const from = oldest - Math.min(maxSpreadMs, oldest * spreadPart);
	const cut = late.filter((age) => age >= from);
	const middle = cut[Math.floor(cut.length / 2)];
	return middle === undefined || cut.length < minCut || cut.length * 2 < late.length
		? undefined
		: {afterMs: middle, count: cut.length};
}
