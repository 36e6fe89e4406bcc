import type {Clock} from '../domain/clock.ts';
import type {DayLimit} from './day-limit.ts';

/** How programs that share a day say what they used of it. @returns What the others used of the same day. */
export type DayExchange = (own: {readonly day: number; readonly tokens: number}) => Promise<number>;

const dayMs = 86_400_000;
const exchangeMs = 1000;

/** A program among those that share the day of an account and Region over all models, whichever of them each calls. */
export class DayMember {
	readonly #day: DayLimit;
	readonly #clock: Clock;
	readonly #exchange: DayExchange;
	#running: Promise<void> | undefined;
	#cancel = (): void => {};
	#isEnded = false;

	constructor(day: DayLimit, exchange: DayExchange, clock: Clock) {
		this.#day = day;
		this.#exchange = exchange;
		this.#clock = clock;
	}

	/** Hears of the others for the first time, and once per second from then on; after `stop` again. Never rejects. */
	async start(): Promise<void> {
		this.#isEnded = false;
		this.#running ??= this.#once().finally(() => {
			this.#running = undefined;
			if (!this.#isEnded) {
				this.#cancel = this.#clock.after(exchangeMs, () => void this.start());
			}
		});
		return this.#running;
	}

	/** The others know what was used. Never rejects. */
	async stop(): Promise<void> {
		if (!this.#isEnded) {
			this.#isEnded = true;
			this.#cancel();
			await this.#running;
			await this.#once();
		}
	}

	/** While the store can't be reached, what the others had used holds until the day is over. */
	async #once(): Promise<void> {
		const day = Math.floor(this.#clock.epoch() / dayMs);
		const {own, held} = this.#day;
		try {
			this.#day.hear(await this.#exchange({day, tokens: own + held}), day);
		} catch {
			// Said by the members of its buckets, which use the same store.
		}
	}
}
