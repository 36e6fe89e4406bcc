import type {IncomingHttpHeaders} from 'node:http';
import type {Model} from '../catalog/model.ts';
import type {Facts} from '../families/family.ts';
import type {Json, Prompt} from '../families/prompt.ts';

/** Server-side times of an answer, in milliseconds. */
export type Timing = {readonly latencyMs: number; readonly firstByteMs: number};

/** One event of a streamed answer that carries tokens. */
export type StreamDelta = {
	/** Output tokens sent before this one and with it. */
	readonly firstToken: number;
	readonly lastToken: number;
	/** The times are known when it is sent; only the last event tells them. */
	readonly encode: (timing: Timing) => Uint8Array;
};

export type StreamedAnswer = {
	readonly opening: () => Uint8Array;
	readonly deltas: readonly StreamDelta[];
	readonly closing: (timing: Timing) => Uint8Array;
	/** Events come when their last token is there, not their first. */
	readonly isInBursts: boolean;
};

export type WholeAnswer = {readonly body: Json; readonly headers: Readonly<Record<string, string>>};

/** What a request asks for besides an answer, echoed where it was granted. */
export type Wishes = {readonly headers: IncomingHttpHeaders; readonly body: Json};

/** How one pair of operations (whole and streamed) reads requests and writes answers. */
export type Dialect = {
	readonly parse: (body: Json, model: Model) => Prompt;
	readonly whole: (facts: Facts, timing: Timing, wishes: Wishes) => WholeAnswer;
	readonly streamHeaders: (wishes: Wishes) => Readonly<Record<string, string>>;
	readonly stream: (facts: Facts, wishes: Wishes) => StreamedAnswer;
};
