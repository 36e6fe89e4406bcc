import type {Clock} from '../domain/clock.ts';
import type {TappedCall} from './traffic.ts';

/** Where calls wait while the user holds them, before they look for room. */
export class PauseGate {
	readonly #clock: Clock;
	/** Resolves when they may go on; undefined while they may. */
	#shut: PromiseWithResolvers<void> | undefined;
	readonly #waiting = new Set<TappedCall>();

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	get isShut(): boolean {
		return this.#shut !== undefined;
	}

	/** How long each that waits has waited, in milliseconds. */
	get agesMs(): readonly number[] {
		const now = this.#clock.now();
		return [...this.#waiting].map(({arrivedAt}) => now - arrivedAt);
	}

	shut(): void {
		this.#shut ??= Promise.withResolvers<void>();
	}

	open(): void {
		this.#shut?.resolve();
		this.#shut = undefined;
	}

	/**
	 * Waits until calls may go on, at most `holdMs`.
	 * @param signal The client left.
	 */
	async pass(call: TappedCall, holdMs: number, signal: AbortSignal): Promise<'open' | 'late' | 'gone'> {
		if (this.#shut === undefined) {
			return 'open';
		}
		const {promise: ended, resolve} = Promise.withResolvers<'late' | 'gone'>();
		const cancel = this.#clock.after(holdMs, () => resolve('late'));
		const leave = (): void => resolve('gone');
		signal.addEventListener('abort', leave, {once: true});
		this.#waiting.add(call);
		call.hold();
		const end = await Promise.race([this.#shut.promise.then(() => 'open' as const), ended]);
		this.#waiting.delete(call);
		call.release(this.#clock.now() - call.arrivedAt);
		signal.removeEventListener('abort', leave);
		cancel();
		return end;
	}
}
