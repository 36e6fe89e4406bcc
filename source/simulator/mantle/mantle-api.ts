import type {Facts} from '../families/family.ts';
import type {Json, Prompt} from '../families/prompt.ts';
import type {ErrorDialect, MantleError} from './mantle-error.ts';
import type {ApiName, MantleModel} from './mantle-models.ts';

/** What the three APIs of bedrock-mantle have in common, so that one path serves them all. */

/** A request as it was read. */
export type MantleRequest = {
	readonly prompt: Prompt;
	/** Whether the model is to think first. */
	readonly isReasoning: boolean;
};

/** Some tokens of an answer, in the order in which they are made: what was thought, what is said, a tool's input. */
export type Part = {
	readonly kind: 'reasoning' | 'text' | 'tool';
	readonly tokens: readonly string[];
	/** Output tokens made with it. */
	readonly lastToken: number;
};

/** Writes the events of one streamed answer. It remembers what it has opened, so each part must be given once. */
export type AnswerStream = {
	readonly opening: () => string;
	readonly part: (part: Part) => string;
	/** @param facts The answer as far as it got: an output quota may have cut it. */
	readonly closing: (facts: Facts) => string;
	/** The event of an error in the middle; the stream ends with it. */
	readonly failure: (error: MantleError, requestId: string) => string;
};

export type MantleApi = {
	readonly name: ApiName;
	/** Below the surface of the model; refusals name it below `/v1`. */
	readonly path: string;
	readonly errors: ErrorDialect;
	/** Checks a body as the service does and reads it; throws an error of the service. */
	readonly parse: (body: Json, target: MantleModel) => MantleRequest;
	readonly whole: (facts: Facts, body: Json, target: MantleModel) => Json;
	readonly stream: (facts: Facts, body: Json, target: MantleModel) => AnswerStream;
};

/** A server-sent event; without a name, as OpenAI's chat completions are. */
export const sse = (data: unknown, event?: string): string =>
	`${event === undefined ? '' : `event: ${event}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
