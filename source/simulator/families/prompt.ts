import {validationError} from '../wire/exchange.ts';

/**
 * The simulator's own tokenizer: a token is up to five letters, up to three digits or up to two other signs, with one
 * space before it, a template's mark such as <|eot_id|>, or a run of white space. English prose comes to about four
 * characters per token. The simulator is the service here, so what it counts is exact by definition.
 */
const tokenPattern = /<\|[a-z_]+\|>|\s?[\p{L}\p{M}]{1,5}|\s?\p{N}{1,3}|\s?[^\s\p{L}\p{M}\p{N}]{1,2}|\s+/gu;

/** The tokens of a text; joined they are the text. */
export function tokenize(text: string): readonly string[] {
	return text.match(tokenPattern) ?? [];
}

/** Number of tokens of a text. */
export function countTokens(text: string): number {
	return tokenize(text).length;
}

/** A tool that a request offers; its input follows a JSON schema. */
export type Tool = {
	readonly name: string;
	readonly description: string;
	readonly schema: Readonly<Record<string, unknown>>;
};

/** Whether to call a tool: as the model likes, any, a certain one, or none. */
export type ToolChoice =
	| {readonly kind: 'auto' | 'any' | 'none'}
	| {readonly kind: 'tool'; readonly name: string};

/** The tools of a request. */
export type RequestedTools = {
	readonly tools: readonly Tool[];
	readonly choice: ToolChoice;
	/** The last message brings the results of tools: a model that may choose then answers. */
	readonly hasResults: boolean;
};

/** A parsed JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** A piece of the prompt, in the order in which the model reads it. */
export type Segment = {
	readonly text: string;
	readonly tokens: number;
	/** The prefix up to and including this segment is to be cached. */
	readonly isCachePoint: boolean;
};

/** The common form of every family's request. */
export type Prompt = {
	readonly segments: readonly Segment[];
	readonly system: string;
	/** The last message of the user: the question. */
	readonly question: string;
	readonly maximumTokens: number;
	readonly stopSequences: readonly string[];
	/** JSON schema that the answer has to follow. */
	readonly jsonSchema?: Json | undefined;
	/** Tools that it may or must call. */
	readonly tools?: RequestedTools | undefined;
	/** The answer should show the reasoning. */
	readonly isThinking?: boolean;
};

/** A segment of text. */
export function textSegment(text: string): Segment {
	return {
		text,
		tokens: countTokens(text),
		isCachePoint: false,
	};
}

/** The segments with the last one marked as cache point. */
export function withCachePoint(segments: readonly Segment[]): readonly Segment[] {
	return segments.map((segment, index) =>
		index === segments.length - 1 ? {...segment, isCachePoint: true} : segment,
	);
}

/** Tokens that the model reads. At least one, as the service never reports zero. */
export function promptTokens(segments: readonly Segment[]): number {
	return Math.max(
		1,
		segments.reduce((sum, segment) => sum + segment.tokens, 0),
	);
}

/** The body of a request as JSON object. */
export function parseBody(body: Buffer): Json {
	let value: unknown;
	try {
		value = JSON.parse(body.toString('utf8'));
	} catch {
		throw validationError('Malformed input request, please reformat your input and try again.');
	}
	if (typeof value !== 'object' || value === null || Array.isArray(value)) {
		throw validationError(
			`Malformed input request: #: expected type: JSONObject, found: ${Array.isArray(value) ? 'JSONArray' : 'String'}, please reformat your input and try again.`,
		);
	}
	return value as Json;
}

export function isJson(value: unknown): value is Json {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value where it is a list of strings, else none. */
export function stringsOf(value: unknown): readonly string[] {
	return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}

/** The value where it is a number, else the fallback. */
export function numberOr(value: unknown, otherwise: number): number {
	return typeof value === 'number' ? value : otherwise;
}
