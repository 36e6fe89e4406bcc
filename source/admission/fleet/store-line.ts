import type {Clock} from '../../domain/clock.ts';
import type {LossCause} from '../../domain/fleet-view.ts';
import type {FleetState, Step} from './shared-ledger.ts';

/** No step is waited for longer, in milliseconds. */
export const patienceMs = 250;

const forgotten = 'The store has lost its memory, or its clock jumped.';

type StoreLineOptions = {
	readonly clock: Clock;
	/** The store does not answer, or what it says of all can't be trusted. */
	readonly onLost: (cause: LossCause, message: string) => void;
	/** A step says how the ledger stands now. */
	readonly onState: (state: FleetState) => void;
};

/** The line to the ledger of a fleet: steps that fail, take too long, or return what can't be, cut it. */
export class StoreLine {
	readonly #options: StoreLineOptions;
	#isOpen = false;
	/** Steps that were begun before the last cut count no more. */
	#generation = 0;
	#epoch: string | undefined;
	/** Added to the clock it gives the store's time. */
	#toStore: number | undefined;

	constructor(options: StoreLineOptions) {
		this.#options = options;
	}

	get isOpen(): boolean {
		return this.#isOpen;
	}

	/** Added to the clock it gives milliseconds since 1970, by the store where it has answered. */
	get toStore(): number {
		const {clock} = this.#options;
		return this.#toStore ?? clock.epoch() - clock.now();
	}

	/** The store answered to a member that enters: its memory and its clock count from here. */
	open(state: FleetState): void {
		this.#isOpen = true;
		this.#epoch = state.epoch;
		this.#toStore = state.at - this.#options.clock.now();
	}

	/** Nothing is asked any more. */
	cut(): void {
		this.#isOpen = false;
		this.#generation++;
	}

	/** A step of the ledger; undefined when the line was cut, by it or meanwhile. */
	async step<Value>(begin: () => Promise<Step<Value>>): Promise<Value | undefined> {
		const step = await this.#call(begin);
		if (step === undefined) {
			return undefined;
		}
		if (step.kind === 'forgotten') {
			this.#lose('forgotten', forgotten);
			return undefined;
		}
		return this.#trusts(step.state) ? step.value : undefined;
	}

	/** Enters while the line is open. Returns whether it came through. */
	async enter(begin: () => Promise<FleetState>): Promise<boolean> {
		const state = await this.#call(begin);
		return state !== undefined && this.#trusts(state);
	}

	/** A call whatever the line; rejects when it fails or takes too long. */
	async within<Value>(begin: () => Promise<Value>): Promise<Value> {
		const {promise: late, reject} = Promise.withResolvers<never>();
		const cancel = this.#options.clock.after(patienceMs, () =>
			reject(new Error(`The store did not answer within ${patienceMs} ms.`)),
		);
		try {
			return await Promise.race([begin(), late]);
		} finally {
			cancel();
		}
	}

	async #call<Value>(begin: () => Promise<Value>): Promise<Value | undefined> {
		if (!this.#isOpen) {
			return undefined;
		}
		const generation = this.#generation;
		try {
			const value = await this.within(begin);
			return generation === this.#generation ? value : undefined;
		} catch (error) {
			if (generation === this.#generation) {
				this.#lose('silent', error instanceof Error ? error.message : String(error));
			}
			return undefined;
		}
	}

	#trusts(state: FleetState): boolean {
		if (state.epoch !== this.#epoch) {
			this.#lose('forgotten', forgotten);
			return false;
		}
		this.#toStore = state.at - this.#options.clock.now();
		this.#options.onState(state);
		return true;
	}

	#lose(cause: LossCause, message: string): void {
		this.cut();
		this.#options.onLost(cause, message);
	}
}
