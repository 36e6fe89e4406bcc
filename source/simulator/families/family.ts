import type {Random} from '../answers/random.ts';
import type {FamilyName, Model} from '../catalog/model.ts';
import type {Json, Prompt} from './prompt.ts';

/** Why an answer ended. */
export type StopReason = 'end' | 'length' | 'stop-sequence';

/** What the simulated model says. */
export type Answer = {
	/** Tokens of what it thought, in order; none for most models. */
	readonly reasoning: readonly string[];
	/** Tokens of the answer, in order. */
	readonly tokens: readonly string[];
	readonly stopReason: StopReason;
	/** The stop sequence that ended it. */
	readonly stopSequence: string | undefined;
};

/** Token counts, cached ones apart. */
export type Usage = {
	readonly inputTokens: number;
	readonly outputTokens: number;
	readonly cacheReadTokens: number;
	readonly cacheWriteTokens: number;
};

/** All that an answer is made from. */
export type Facts = {
	readonly requestId: string;
	readonly model: Model;
	readonly prompt: Prompt;
	readonly answer: Answer;
	readonly usage: Usage;
	/** Whether a cache point was given and honoured. */
	readonly isCaching: boolean;
	/** Seconds since 1970. */
	readonly createdAt: number;
	readonly random: Random;
};

/** A part of a streamed answer. */
export type Delta = {
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
	readonly whole: (facts: Facts, text: string) => Json;
	/** Tokens in one event of a stream. */
	readonly tokensPerEvent: number;
	/** What is put around the model's thoughts, which InvokeModel sends as part of the text. */
	readonly reasoningTags?: readonly [string, string];
	readonly opening: (facts: Facts) => readonly Json[];
	readonly delta: (facts: Facts, delta: Delta) => readonly Json[];
	readonly closing: (facts: Facts) => readonly Json[];
	/** The invocation metrics come in an event of their own instead of in the last one. */
	readonly hasMetricsApart?: boolean;
	/** Cache counts belong to the headers and metrics. */
	readonly reportsCache: (facts: Facts) => boolean;
};

/** Never, for families that know no cache. */
export const withoutCache = (): boolean => false;

/** None, for families that have no such events. */
export const noEvents = (): readonly Json[] => [];

/** How models that complete a text say why they stopped: a stop sequence is an end like any other. */
export const completionStopReason = (reason: StopReason): string => (reason === 'length' ? 'length' : 'stop');
