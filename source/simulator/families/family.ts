import type {Random} from '../answers/random.ts';
import type {FamilyName, Model} from '../catalog/model.ts';
import type {Json, Prompt} from './prompt.ts';

/** Why an answer ended. */
export type StopReason = 'end' | 'length' | 'stop-sequence' | 'tool-use' | 'guardrail';

/** The call of a tool. */
export type ToolUse = {
	/** Separates it from other calls; each family adds its own prefix. */
	readonly key: string;
	readonly name: string;
	readonly input: Json;
	/** Tokens of the input as JSON text, as far as the max tokens allow. */
	readonly tokens: readonly string[];
};

/** The answer of the simulated model. */
export type Answer = {
	/** Tokens of its reasoning, in order; none for most models. */
	readonly reasoning: readonly string[];
	/** Tokens of the text, in order. */
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

/** What a guardrail decided about the prompt. */
export type GuardrailVerdict = {
	readonly isBlocked: boolean;
	/** The answer shows the guardrail's trace. */
	readonly hasTrace: boolean;
};

/** Everything that an answer is written from. */
export type ResponseContext = {
	readonly requestId: string;
	readonly model: Model;
	readonly prompt: Prompt;
	readonly answer: Answer;
	readonly usage: Usage;
	/** Whether the request has a cache point that was honored. */
	readonly isCaching: boolean;
	/** Undefined where the request names no guardrail. */
	readonly guardrail?: GuardrailVerdict | undefined;
	/** Seconds since 1970. */
	readonly createdAt: number;
	readonly random: Random;
};

/** The content of a block of an answer. */
export type PartKind = 'reasoning' | 'text' | 'tool';

/** A part of a streamed answer. */
export type Delta = {
	readonly kind: PartKind;
	/** Number of its block. */
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
	/** Tags around the model's thoughts, which InvokeModel sends as part of the text. */
	readonly reasoningTags?: readonly [string, string];
	/** Thoughts come in a separate block instead of the text. */
	readonly hasThoughtBlocks?: boolean;
	readonly opening?: (facts: ResponseContext) => readonly Json[];
	readonly delta: (facts: ResponseContext, delta: Delta) => readonly Json[];
	readonly closing?: (facts: ResponseContext) => readonly Json[];
	/** The invocation metrics come in a separate event instead of in the last one. */
	readonly hasMetricsApart?: boolean;
	/** Whether headers and metrics carry cache counts. */
	readonly reportsCache?: (facts: ResponseContext) => boolean;
};

/** Stop reasons of models that complete a text: a stop sequence is an end like any other. */
export function completionStopReason(reason: StopReason): string {
	return reason === 'length' ? 'length' : 'stop';
}
