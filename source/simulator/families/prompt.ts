import {countTokens} from '../answers/tokens.ts';
import {validationError} from '../wire/service-error.ts';
import type {ToolWish} from './tool.ts';

/** A parsed JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** A piece of the prompt in the order in which the model reads it. */
export type Segment = {
	readonly text: string;
	readonly tokens: number;
	/** The prefix up to here, this segment included, is to be cached. */
	readonly isCachePoint: boolean;
};

/** What every family's request comes down to. */
export type Prompt = {
	readonly segments: readonly Segment[];
	readonly system: string;
	/** The last message of the user: what is asked. */
	readonly question: string;
	readonly maximumTokens: number;
	readonly stopSequences: readonly string[];
	/** JSON schema that the answer is to follow. */
	readonly jsonSchema: Json | undefined;
	/** Tools that it may or must call. */
	readonly tools?: ToolWish | undefined;
	/** It is to show what it thinks. */
	readonly isThinking?: boolean;
};

/** A segment of text. */
export const textSegment = (text: string): Segment => ({
	text,
	tokens: countTokens(text),
	isCachePoint: false,
});

/** The segments with the last one marked as cache point. */
export const withCachePoint = (segments: readonly Segment[]): readonly Segment[] =>
	segments.map((segment, index) =>
		index === segments.length - 1 ? {...segment, isCachePoint: true} : segment,
	);

/** Tokens that the model reads. At least one, as the service never reports none. */
export const promptTokens = (segments: readonly Segment[]): number =>
	Math.max(
		1,
		segments.reduce((sum, segment) => sum + segment.tokens, 0),
	);

/** The body of a request as JSON object. */
export const parseBody = (body: Buffer): Json => {
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
};

export const isJson = (value: unknown): value is Json =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value where it is a list of strings, else none. */
export const stringsOf = (value: unknown): readonly string[] =>
	Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];

/** The value where it is a number, else the other one. */
export const numberOr = (value: unknown, otherwise: number): number =>
	typeof value === 'number' ? value : otherwise;
