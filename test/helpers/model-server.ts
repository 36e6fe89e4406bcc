import type {Answer, Backend, Failure, InferenceRequest, Outcome} from '../../source/domain/backend.ts';
import type {Clock} from '../../source/domain/clock.ts';

/** How a service may count: AWS does not say which. */
export const enforcements = ['sliding', 'fixed', 'refill'] as const;
export type Enforcement = (typeof enforcements)[number];

export type ModelServerOptions = {
	readonly clock: Clock;
	readonly enforcement: Enforcement;
	readonly requestsPerWindow: number;
	readonly tokensPerWindow: number;
	readonly windowMs: number;
	readonly burndown: number;
	/** Settled tokens count from the end of a request instead of from its beginning. */
	readonly countsAtEnd: boolean;
	/** Where fixed windows begin, in milliseconds of the clock. */
	readonly phaseMs: number;
	/** One way, asked for every message. */
	readonly delayMs: () => number;
	readonly inputTokens: (request: InferenceRequest) => number;
	readonly outputTokens: (request: InferenceRequest) => number;
	readonly serviceMs: (request: InferenceRequest) => number;
	/** From its arrival to the first byte of an answer; undefined: no stream, it comes with the end. */
	readonly firstByteMs: number | undefined;
	/** Faults beside the quota; undefined: none. */
	readonly fault: (request: InferenceRequest) => Failure | undefined;
	readonly text: string;
};

const defaults: Omit<ModelServerOptions, 'clock'> = {
	enforcement: 'sliding',
	requestsPerWindow: 100,
	tokensPerWindow: 100_000,
	windowMs: 60_000,
	burndown: 1,
	countsAtEnd: false,
	phaseMs: 0,
	delayMs: () => 0,
	inputTokens: () => 20,
	outputTokens: () => 16,
	serviceMs: () => 300,
	firstByteMs: undefined,
	fault: () => undefined,
	text: 'fine',
};

/** What the server holds of one request. */
type Entry = {at: number; requests: number; tokens: number; isOpen: boolean};

export const throttle = (kind: 'requests' | 'tokens' | 'day'): Failure => ({
	class: `throttled-${kind}`,
	message: `Too many ${kind === 'day' ? 'tokens per day' : kind}, please wait before trying again.`,
	advice: 'Wait.',
	isRetryable: kind !== 'day',
	charge: 'none',
});

/** A service in the same process: it reserves, settles and throttles as Bedrock does, behind a network with delay. */
export class ModelServer implements Backend {
	readonly throttles: Array<{readonly at: number; readonly kind: 'requests' | 'tokens'}> = [];
	/** Settled quota tokens and when they were counted. */
	readonly settled: Array<{readonly at: number; readonly tokens: number}> = [];
	/** Instants at which requests were let in. */
	readonly admitted: number[] = [];
	/** Sent to first byte of the answer, as the server knows it: arrival and end of each request. */
	readonly log: Array<{readonly arrivedAt: number; readonly endedAt: number}> = [];
	readonly #options: ModelServerOptions;
	#entries: Entry[] = [];
	#level = {requests: 0, tokens: 0, at: 0};
	#stalledUntil = 0;
	#maxInFlight = 0;
	#inFlight = 0;
	/** Tokens in flight that a refilling bucket holds beside its level, where they count from the end. */
	#held = 0;

	constructor(options: Partial<ModelServerOptions> & Pick<ModelServerOptions, 'clock'>) {
		this.#options = {...defaults, ...options};
		this.#level = {
			requests: this.#options.requestsPerWindow,
			tokens: this.#options.tokensPerWindow,
			at: options.clock.now(),
		};
	}

	get inFlight(): number {
		return this.#inFlight;
	}

	get maxInFlight(): number {
		return this.#maxInFlight;
	}

	/** Quota tokens settled in [from, to). */
	settledIn(from: number, to: number): number {
		return this.settled.reduce((sum, {at, tokens}) => sum + (at >= from && at < to ? tokens : 0), 0);
	}

	/** Nothing is answered before this instant. */
	stallUntil(at: number): void {
		this.#stalledUntil = at;
	}

	/**
	 * Another application uses the quota; counted unless there is no room.
	 * @param isForced Counted even then, as if it had asked at the right moment.
	 * @returns Whether it was counted.
	 */
	foreign(requests: number, tokens: number, isForced = false): boolean {
		if (!isForced && this.#refusal(requests, tokens) !== undefined) {
			return false;
		}
		this.#count({at: this.#options.clock.now(), requests, tokens, isOpen: false});
		return true;
	}

	invoke = async (
		request: InferenceRequest,
		{signal, onFirstToken}: {signal: AbortSignal; onFirstToken: () => void},
	): Promise<Outcome> => {
		const {clock, delayMs} = this.#options;
		const wait = (ms: number): Promise<void> =>
			ms <= 0
				? Promise.resolve()
				: new Promise((resolve) => {
						clock.after(ms, resolve);
					});
		const hear = (): void => {
			if (!signal.aborted) {
				onFirstToken();
			}
		};
		await wait(delayMs());
		const fault = this.#options.fault(request);
		const outcome =
			fault === undefined
				? await this.#serve(request, wait, hear)
				: ({kind: 'failed', failure: fault} as const);
		await wait(delayMs());
		if (outcome.kind === 'answered' && this.#options.firstByteMs === undefined) {
			hear();
		}
		return outcome;
	};

	countTokens = async (request: InferenceRequest): Promise<number> => this.#options.inputTokens(request);

	close = (): void => {};

	async #serve(
		request: InferenceRequest,
		wait: (ms: number) => Promise<void>,
		hear: () => void,
	): Promise<Outcome> {
		const {clock, inputTokens, outputTokens, burndown, serviceMs, firstByteMs, delayMs} = this.#options;
		const arrivedAt = clock.now();
		const input = inputTokens(request);
		const reserved = input + request.maxTokens;
		const kind = this.#refusal(1, reserved);
		if (kind !== undefined) {
			this.throttles.push({at: arrivedAt, kind});
			return {kind: 'failed', failure: throttle(kind)};
		}
		const entry: Entry = {at: arrivedAt, requests: 1, tokens: reserved, isOpen: true};
		this.#count(entry);
		this.admitted.push(arrivedAt);
		if (firstByteMs !== undefined) {
			clock.after(firstByteMs + delayMs(), hear);
		}
		this.#inFlight++;
		this.#maxInFlight = Math.max(this.#maxInFlight, this.#inFlight);
		const output = Math.min(request.maxTokens, outputTokens(request));
		await wait(serviceMs(request));
		while (clock.now() < this.#stalledUntil) {
			await wait(this.#stalledUntil - clock.now());
		}
		this.#inFlight--;
		this.#settle(entry, input + output * burndown);
		this.log.push({arrivedAt, endedAt: clock.now()});
		return this.#answer(request, input, output);
	}

	#answer(request: InferenceRequest, inputTokens: number, outputTokens: number): Answer {
		const isTruncated = outputTokens >= request.maxTokens;
		return {
			kind: 'answered',
			text: this.#options.text,
			reasoning: undefined,
			stopReason: isTruncated ? 'max_tokens' : 'end_turn',
			isTruncated,
			isRefused: false,
			usage: {
				inputTokens,
				outputTokens,
				cacheReadTokens: 0,
				cacheWriteTokens: 0,
				reasoningTokens: undefined,
				isEstimated: false,
			},
			serverLatencyMs: undefined,
			tier: undefined,
			requestId: undefined,
			isSimulated: true,
		};
	}

	/** What there is no room for. */
	#refusal(requests: number, tokens: number): 'requests' | 'tokens' | undefined {
		const {requestsPerWindow, tokensPerWindow} = this.#options;
		const used = this.#used();
		if (used.requests + requests > requestsPerWindow) {
			return 'requests';
		}
		return used.tokens + tokens > tokensPerWindow ? 'tokens' : undefined;
	}

	#used(): {requests: number; tokens: number} {
		const {clock, enforcement, windowMs, phaseMs, requestsPerWindow, tokensPerWindow} = this.#options;
		const now = clock.now();
		if (enforcement === 'refill') {
			this.#refill(now);
			return {
				requests: requestsPerWindow - this.#level.requests,
				tokens: tokensPerWindow - this.#level.tokens + this.#held,
			};
		}
		const from =
			enforcement === 'fixed'
				? Math.floor((now - phaseMs) / windowMs) * windowMs + phaseMs
				: now - windowMs + Number.EPSILON;
		const isIn = ({at, isOpen}: Entry): boolean =>
			(enforcement === 'fixed' ? at >= from : at > now - windowMs) || (this.#options.countsAtEnd && isOpen);
		this.#entries = this.#entries.filter((entry) => isIn(entry) || entry.isOpen);
		const counted = this.#entries.filter(isIn);
		return {
			requests: counted.reduce((sum, entry) => sum + entry.requests, 0),
			tokens: counted.reduce((sum, entry) => sum + entry.tokens, 0),
		};
	}

	#refill(now: number): void {
		const {windowMs, requestsPerWindow, tokensPerWindow} = this.#options;
		const part = (now - this.#level.at) / windowMs;
		this.#level = {
			requests: Math.min(requestsPerWindow, this.#level.requests + part * requestsPerWindow),
			tokens: Math.min(tokensPerWindow, this.#level.tokens + part * tokensPerWindow),
			at: now,
		};
	}

	#count(entry: Entry): void {
		this.#entries.push(entry);
		if (this.#options.enforcement === 'refill') {
			this.#refill(entry.at);
			this.#level.requests -= entry.requests;
			if (this.#options.countsAtEnd && entry.isOpen) {
				this.#held += entry.tokens;
			} else {
				this.#level.tokens -= entry.tokens;
			}
		}
	}

	#settle(entry: Entry, tokens: number): void {
		const now = this.#options.clock.now();
		this.settled.push({at: now, tokens});
		if (this.#options.enforcement === 'refill') {
			this.#refill(now);
			const isHeld = this.#options.countsAtEnd;
			this.#held -= isHeld ? entry.tokens : 0;
			this.#level.tokens = Math.min(
				this.#options.tokensPerWindow,
				this.#level.tokens + (isHeld ? 0 : entry.tokens) - tokens,
			);
		}
		entry.tokens = tokens;
		entry.isOpen = false;
		if (this.#options.countsAtEnd) {
			// The request stays where it was counted; its tokens move to the end.
			this.#entries.push({at: now, requests: 0, tokens, isOpen: false});
			entry.tokens = 0;
		}
	}
}
