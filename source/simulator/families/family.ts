import type {Random} from '../answers/random.ts';
import type {FamilyName, Model} from '../catalog/model.ts';
import type {Json, Prompt} from './prompt.ts';

/** Why an answer ended. */
export type StopReason = 'end' | 'length' | 'stop-sequence' | 'tool-use' | 'guardrail';

/** The call of a tool. */
export type ToolUse = {
	/** What tells it from other calls; each family puts its own beginning before it. */
	readonly key: string;
	readonly name: string;
	readonly input: Json;
	/** Tokens of the input as JSON text, as far as the limit lets them come. */
	readonly tokens: readonly string[];
};

/** What the simulated model says. */
export type Answer = {
	/** Tokens of what it thought, in order; none for most models. */
	readonly reasoning: readonly string[];
	/** Tokens of the answer, in order. */
	readonly tokens: readonly string[];
	/** The call of a tool, after the text. */
	readonly toolUse?: ToolUse | undefined;
	readonly stopReason: StopReason;
	/** The stop sequence that ended it. */
	readonly stopSequence: string | undefined;
};

/** Number of tokens of an answer. */
export function answerTokens({reasoning, tokens, toolUse}: Answer): number {
	return reasoning.length + tokens.length + (toolUse?.tokens.length ?? 0);
}

/** Token counts, cached ones apart. */
export type Usage = {
	readonly inputTokens: number;
	readonly outputTokens: number;
	readonly cacheReadTokens: number;
	readonly cacheWriteTokens: number;
};

export const noUsage: Usage = {inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0};

/** What a guardrail made of the prompt. */
export type GuardrailVerdict = {
	readonly isBlocked: boolean;
	/** The answer is to tell how it came to that. */
	readonly hasTrace: boolean;
};

/** All that an answer is made from. */
export type ResponseContext = {
	readonly requestId: string;
	readonly model: Model;
	readonly prompt: Prompt;
	readonly answer: Answer;
	readonly usage: Usage;
	/** Whether a cache point was given and honoured. */
	readonly isCaching: boolean;
	/** Undefined where the request names no guardrail. */
	readonly guardrail?: GuardrailVerdict | undefined;
	/** Seconds since 1970. */
	readonly createdAt: number;
	readonly random: Random;
};

/** What a block of an answer holds. */
export type PartKind = 'reasoning' | 'text' | 'tool';

/** A part of a streamed answer. */
export type Delta = {
	readonly kind: PartKind;
	/** Number of the block that it belongs to. */
	readonly block: number;
	readonly opensBlock: boolean;
	readonly closesBlock: boolean;
	readonly text: string;
	readonly index: number;
	readonly isFirst: boolean;
	readonly isLast: boolean;
	/** Output tokens sent so far, these included. */
	readonly outputTokens: number;
};

/** The bodies of InvokeModel and InvokeModelWithResponseStream of one family. */
export type Family = {
	readonly name: FamilyName;
	/** Checks a body as the service does and reads it; throws a ServiceError. */
	readonly parse: (body: Json, model: Model) => Prompt;
	/** The body of a whole answer. */
	readonly whole: (facts: ResponseContext, text: string) => Json;
	/** Tokens in one event of a stream. */
	readonly tokensPerEvent: number;
	/** What is put around the model's thoughts, which InvokeModel sends as part of the text. */
	readonly reasoningTags?: readonly [string, string];
	/** Thoughts are a block of their own instead of a part of the text. */
	readonly hasThoughtBlocks?: boolean;
	readonly opening: (facts: ResponseContext) => readonly Json[];
	readonly delta: (facts: ResponseContext, delta: Delta) => readonly Json[];
	readonly closing: (facts: ResponseContext) => readonly Json[];
	/** The invocation metrics come in an event of their own instead of in the last one. */
	readonly hasMetricsApart?: boolean;
	/** Cache counts belong to the headers and metrics. */
	readonly reportsCache: (facts: ResponseContext) => boolean;
};

/** Never, for families that know no cache. */
export function withoutCache(): boolean {
	return false;
}

/** None, for families that have no such events. */
export function noEvents(): readonly Json[] {
	return [];
}

/** How models that complete a text say why they stopped: a stop sequence is an end like any other. */
export function completionStopReason(reason: StopReason): string {
	return reason === 'length' ? 'length' : 'stop';
}
