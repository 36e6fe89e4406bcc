import type {Reservation} from '../../admission/ledger.ts';
import type {Answer, Backend, Outcome} from '../../domain/backend.ts';
import type {Clock} from '../../domain/clock.ts';
import type {Failure} from '../../domain/failure.ts';
import type {CellState} from '../cells/cell-state.ts';
import type {Judging} from './judging.ts';
import type {LogicalRequest} from './logical-request.ts';

/** One HTTP exchange that is under way. */
export type Attempt = {
	readonly request: LogicalRequest;
	readonly cell: CellState;
	readonly reservation: Reservation;
	/** USD that it costs at most. */
	readonly mostUsd: number;
	readonly maxTokens: number;
	/** Milliseconds of the engine's clock. */
	readonly sentAt: number;
	/** Milliseconds of running time. */
	readonly sentAtRunningMs: number;
	firstTokenAt: number | undefined;
	firstAnswerTokenAt?: number | undefined;
};

export type AttemptHandlers = {
	/** The first byte of an answer is here. */
	readonly onFirstByte: (attempt: Attempt) => void;
	readonly onAnswer: (attempt: Attempt, answer: Answer, endedAt: number) => void;
	readonly onFailure: (attempt: Attempt, failure: Failure) => void;
	/** Cut off by `abortAll`. */
	readonly onAbandoned: (attempt: Attempt) => void;
	/** Answers that wait for their checks. */
	readonly judging: Pick<Judging, 'count' | 'giveUp'>;
};

/** What the engine makes of a backend that rejects although it must not. */
const unexpected = (error: unknown): Outcome => ({
	kind: 'failed',
	failure: {
		class: 'network',
		message: error instanceof Error ? error.message : String(error),
		advice: 'This is a fault in the program; please report it.',
		isRetryable: true,
		charge: 'unknown',
	},
});

/** The attempts in flight. Each ends exactly once: answered, failed or abandoned. */
export class Attempts {
	readonly #backend: Backend;
	readonly #clock: Clock;
	readonly #handlers: AttemptHandlers;
	readonly #open = new Map<Attempt, AbortController>();

	constructor(backend: Backend, clock: Clock, handlers: AttemptHandlers) {
		this.#backend = backend;
		this.#clock = clock;
		this.#handlers = handlers;
	}

	/** Attempts that have not ended, and answers that are not judged. */
	get inFlight(): number {
		return this.#open.size + this.#handlers.judging.count;
	}

	send(attempt: Attempt): void {
		const controller = new AbortController();
		this.#open.set(attempt, controller);
		void this.#exchange(attempt, controller.signal).then((outcome) => {
			const endedAt = this.#clock.now();
			if (!this.#open.delete(attempt)) {
				return;
			}
			if (outcome.kind === 'answered') {
				this.#handlers.onAnswer(attempt, outcome, endedAt);
			} else {
				this.#handlers.onFailure(attempt, outcome.failure);
			}
		});
	}

	/** Ends all attempts at once; whatever their backend still says is not heard. */
	abortAll(): void {
		for (const [attempt, controller] of [...this.#open]) {
			this.#open.delete(attempt);
			this.#handlers.onAbandoned(attempt);
			controller.abort();
		}
		this.#handlers.judging.giveUp();
	}

	async #exchange(attempt: Attempt, signal: AbortSignal): Promise<Outcome> {
		const {cell, request} = attempt;
		const onFirstToken = (): void => {
			if (attempt.firstTokenAt === undefined) {
				attempt.firstTokenAt = this.#clock.now();
				this.#handlers.onFirstByte(attempt);
			}
		};
		try {
			const inference = cell.toInference(request.prompt, attempt.maxTokens);
			const onFirstAnswerToken = (): void => {
				attempt.firstAnswerTokenAt ??= this.#clock.now();
			};
			return await this.#backend.invoke(inference, {signal, onFirstToken, onFirstAnswerToken});
		} catch (error) {
			return unexpected(error);
		}
	}
}
