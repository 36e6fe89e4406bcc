import type {Clock} from '../domain/clock.ts';

/** Milliseconds between two questions whether the thread is there. */
const beatMs = 1000;
/** Beats without an answer after which it is not. */
const mostMissed = 10;
/** Milliseconds that a stop may take longer than its deadline: by then the last answers are on disk. */
const stopGraceMs = 3000;
/** The same where nothing was heard since the stop was asked for. */
const silentGraceMs = 250;

/** Watches over a thread that must not be waited for without a bound. */
export type EngineWatch = {
	/** The thread said something. */
	readonly heard: () => void;
	/** The thread was asked to end its run within `deadlineMs`. */
	readonly stopping: (deadlineMs: number) => void;
	/** Its run is over. */
	readonly stopped: () => void;
	readonly close: () => void;
};

/**
 * Beats are counted, not seconds: a program that was suspended finds its timers due before the messages that wait, and
 * one beat missed is none.
 * @param beat Asks the thread for a sign of life.
 * @param onDead Called once, with the reason.
 */
export const watchEngine = (
	clock: Clock,
	beat: () => void,
	onDead: (reason: string) => void,
): EngineWatch => {
	let hasSpoken = false;
	let missed = 0;
	/** Since it was asked to stop. */
	let isSilent = false;
	let isOver = false;
	let cancelBeat = (): void => {};
	let cancelStop: ReadonlyArray<() => void> = [];

	const stopped = (): void => {
		for (const cancel of cancelStop) {
			cancel();
		}
		cancelStop = [];
	};

	const close = (): void => {
		isOver = true;
		cancelBeat();
		stopped();
	};

	const die = (reason: string): void => {
		if (!isOver) {
			close();
			onDead(reason);
		}
	};

	const next = (): void => {
		cancelBeat = clock.after(beatMs, () => {
			// A thread that is still being loaded has not spoken yet.
			missed += hasSpoken ? 1 : 0;
			if (missed > mostMissed) {
				die(`it did not answer for ${(mostMissed * beatMs) / 1000} s`);
				return;
			}
			beat();
			next();
		});
	};
	next();

	return {
		heard() {
			hasSpoken = true;
			isSilent = false;
			missed = 0;
		},
		stopping(deadlineMs) {
			stopped();
			isSilent = true;
			beat();
			cancelStop = [
				clock.after(deadlineMs + silentGraceMs, () => {
					if (isSilent) {
						die('it did not answer when it was asked to stop');
					}
				}),
				clock.after(deadlineMs + stopGraceMs, () => die('it did not stop when it was asked to')),
			];
		},
		stopped,
		close,
	};
};
