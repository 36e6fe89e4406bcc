import type {Clock} from '../domain/clock.ts';
import {limitKinds} from '../domain/target.ts';
import type {ModelName} from './api.ts';
import type {ModelFacts} from './quota.ts';

/** The quota of a bucket in the store of its fleet: one member reads it for all. */

/** A quota as a member wrote it, and how long ago. */
type QuotaNote = {readonly json: string; readonly agoMs: number};

/** What members say to each other about the quota. */
export type QuotaNews = {
	/** Undefined before a member wrote it, and where the store can't say. */
	readonly read: () => Promise<QuotaNote | undefined>;
	/** Whether this member asks the account for all in that time; each does where the store can't say. */
	readonly claim: (forMs: number) => Promise<boolean>;
	readonly write: (json: string) => Promise<void>;
};

/** So long the others wait for the member that asks, in milliseconds. */
const turnMs = 10_000;
const pollMs = 250;

const isNumber = (value: unknown): boolean =>
	typeof value === 'number' && Number.isFinite(value) && value >= 0;

/** What another member read; undefined where it is something else. */
const factsIn = (name: ModelName, {json, agoMs}: QuotaNote): ModelFacts | undefined => {
	try {
		const {quota, burndown} = JSON.parse(json) as Pick<ModelFacts, 'quota' | 'burndown'>;
		const values = [
			...limitKinds.map((kind) => quota[kind].value),
			quota.outputTokensPerMinute?.value ?? null,
		];
		return values.every((value) => value === null || isNumber(value)) && isNumber(burndown.value)
			? {
					name,
					quota,
					burndown,
					isDetected: true,
					readAgoMs: Math.max(0, agoMs),
					isUnknown: false,
					assumed: [],
				}
			: undefined;
	} catch {
		return undefined;
	}
};

/** @param isRefreshing Whatever is cached. */
type Detect = (isRefreshing: boolean) => Promise<ModelFacts>;

/** The quota of a bucket as the members of its store share it. */
export class SharedQuota {
	readonly #news: QuotaNews;
	readonly #clock: Clock;

	constructor(news: QuotaNews, clock: Clock) {
		this.#news = news;
		this.#clock = clock;
	}

	/** Lets the others know what this member has read. */
	async share({quota, burndown, isUnknown}: ModelFacts): Promise<void> {
		if (!isUnknown) {
			await this.#news.write(JSON.stringify({quota, burndown}));
		}
	}

	/**
	 * The limits of a model as one member reads them for all. Where that one can't, the next in turn tries; where nobody can,
	 * an older quota holds, with its age.
	 * @param forMs So long it holds.
	 */
	async read(name: ModelName, detect: Detect, forMs: number): Promise<ModelFacts> {
		const until = this.#clock.now() + turnMs;
		for (;;) {
			const note = await this.#news.read();
			const known = note && factsIn(name, note);
			if (known !== undefined && known.readAgoMs < forMs) {
				return known;
			}
			if ((await this.#news.claim(turnMs)) || this.#clock.now() >= until) {
				return this.#ask(known, detect);
			}
			if (known !== undefined) {
				// Another asks just now.
				return known;
			}
			await new Promise<void>((resolve) => this.#clock.after(pollMs, resolve));
		}
	}

	/** Asks the account for all. */
	async #ask(known: ModelFacts | undefined, detect: Detect): Promise<ModelFacts> {
		try {
			const own = await detect(known !== undefined);
			await this.share(own);
			if (!own.isUnknown) {
				return own;
			}
			await this.#news.claim(1);
			if (known === undefined) {
				return own;
			}
		} catch (error) {
			await this.#news.claim(1);
			if (known === undefined) {
				throw error;
			}
		}
		// Notes are kept for a day, and one of less than an hour is not too old.
		const hours = Math.floor(known.readAgoMs / 3_600_000);
		const text = `The quota of ${known.name.model} can't be read now: it is as a member of the fleet read it ${hours} h ago.`;
		return {...known, assumed: [text]};
	}
}
