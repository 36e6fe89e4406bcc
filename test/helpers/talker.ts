import type {Answer, Backend, Failure, InferenceRequest, Outcome} from '../../source/domain/backend.ts';
import type {Clock} from '../../source/domain/clock.ts';

/** One attempt as the service saw it. */
export type Call = {
	readonly request: InferenceRequest;
	readonly startedAt: number;
	/** Infinite while it is open, or when it never ends. */
	endedAt: number;
	/** What it was answered; undefined where it was not. */
	answer: string | undefined;
};

export type TalkerOptions = {
	readonly clock: Clock;
	readonly serviceMs?: (call: number) => number;
	/** Asked for each call, counted from 0; undefined: it is answered. `hang`: it never ends. */
	readonly fault?: (call: number, request: InferenceRequest) => Failure | 'hang' | undefined;
	/** Parts of an answer that are not as usual. */
	readonly answer?: (call: number, request: InferenceRequest) => Partial<Answer>;
};

/** A service each of whose answers is another text, so that a conversation can be followed through what is sent. */
export class Talker implements Backend {
	readonly calls: Call[] = [];
	readonly #options: TalkerOptions;

	constructor(options: TalkerOptions) {
		this.#options = options;
	}

	/** Characters of everything that was said, four to a token. */
	countTokens = async (request: InferenceRequest): Promise<number> => this.#inputTokens(request);

	close = (): void => {};

	invoke = async (request: InferenceRequest): Promise<Outcome> => {
		const {clock, serviceMs = () => 300, fault, answer} = this.#options;
		const number = this.calls.length;
		const call: Call = {
			request,
			startedAt: clock.now(),
			endedAt: Number.POSITIVE_INFINITY,
			answer: undefined,
		};
		this.calls.push(call);
		const failure = fault?.(number, request);
		if (failure === 'hang') {
			return new Promise<Outcome>(() => {});
		}
		await new Promise<void>((resolve) => {
			clock.after(serviceMs(number), resolve);
		});
		call.endedAt = clock.now();
		if (failure !== undefined) {
			return {kind: 'failed', failure};
		}
		const text = `answer ${number}`;
		const given: Answer = {
			kind: 'answered',
			text,
			reasoning: undefined,
			stopReason: 'end_turn',
			isTruncated: false,
			isRefused: false,
			usage: {
				inputTokens: this.#inputTokens(request),
				outputTokens: Math.ceil(text.length / 4),
				cacheReadTokens: 0,
				cacheWriteTokens: 0,
				reasoningTokens: undefined,
				isEstimated: false,
			},
			serverLatencyMs: undefined,
			tier: undefined,
			requestId: undefined,
			isSimulated: true,
			...answer?.(number, request),
		};
		call.answer = given.text;
		return given;
	};

	#inputTokens({system, messages}: InferenceRequest): number {
		const characters = messages.reduce((sum, {text}) => sum + text.length, system?.length ?? 0);
		return Math.ceil(characters / 4);
	}
}

/** The attempts of each conversation, in the order in which they were made: a turn is known by the answer before it. */
export const conversationsOf = (calls: readonly Call[]): ReadonlyArray<readonly Call[]> => {
	const byAnswer = new Map<string, Call[]>();
	const conversations: Call[][] = [];
	for (const call of calls) {
		const last = call.request.messages.at(-2)?.text;
		const known = last === undefined ? undefined : byAnswer.get(last);
		const conversation = known ?? [];
		if (known === undefined) {
			conversations.push(conversation);
		}
		conversation.push(call);
		if (call.answer !== undefined) {
			byAnswer.set(call.answer, conversation);
		}
	}
	return conversations;
};
