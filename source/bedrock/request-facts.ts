import {createHash} from 'node:crypto';
import {at, countOf, isObject, type JsonObject, parseJson, wordOf} from './json.ts';

/** How large a request is, whatever its model's form. */
type RequestSize = {
	/** Undefined where the request has none: the service then assumes the model's maximum. */
	readonly maxTokens: number | undefined;
	/** Of all texts: prompts, tools, schemas. */
	readonly characters: number;
	readonly images: number;
	/** Bytes of documents, as they are before their encoding. */
	readonly documentBytes: number;
};

/** What the body of a request says about its size and its caching. Nothing of the text itself is kept. */
export type RequestFacts = RequestSize & {
	/** Answers that it asks for at once, each with as many tokens. */
	readonly answers: number;
	/** It asks for a part of the prompt to be cached. */
	readonly hasCachePoint: boolean;
	/** The model that it names; of bedrock-runtime the path does. */
	readonly model: string | undefined;
	/** It asks for a stream by its body, as on bedrock-mantle. */
	readonly isStream: boolean;
	/** The tier that it asks for. */
	readonly tier: string | undefined;
	/** Its tools and system prompt, which come first and which a model can cache; undefined without them. */
	readonly beginning: Beginning | undefined;
};

type Beginning = {
	/** The same for the same text, which cannot be had from it. */
	readonly fingerprint: string;
	readonly characters: number;
};

/** Of a body that never came as a whole: it asks for nothing. */
export const unreadFacts: RequestFacts = {
	maxTokens: 0,
	answers: 1,
	characters: 0,
	images: 0,
	documentBytes: 0,
	hasCachePoint: false,
	model: undefined,
	isStream: false,
	tier: undefined,
	beginning: undefined,
};

/** Where the bodies of Converse and of the models' families have their max tokens. */
const maxTokenPaths: ReadonlyArray<readonly string[]> = [
	['inferenceConfig', 'maxTokens'],
	['inferenceConfig', 'max_new_tokens'],
	['inferenceConfig', 'max_tokens'],
	['max_tokens'],
	['max_completion_tokens'],
	['max_output_tokens'],
	['max_tokens_to_sample'],
	['max_gen_len'],
	['textGenerationConfig', 'maxTokenCount'],
	['maxTokens'],
	['max_new_tokens'],
];

/** Where bodies ask for several answers. */
const answerPaths: ReadonlyArray<readonly string[]> = [['n'], ['num_generations'], ['numResults']];

/** Keys below which a text is an encoded picture, document or other data, and no prompt. */
const dataKeys: ReadonlySet<string> = new Set(['bytes', 'data', 'base64', 'image_url']);

/** Keys of parameters whose texts the model never reads. */
const settings: ReadonlySet<string> = new Set([
	'role',
	'type',
	'media_type',
	'format',
	'anthropic_version',
	'id',
]);

type Sizes = {characters: number; images: number; documentBytes: number; hasCachePoint: boolean};

/** A body is as deep as its author made it. */
const maxDepth = 64;

const addData = (bytes: number, within: readonly string[], sizes: Sizes): void => {
	if (within.some((key) => /document|file/i.test(key))) {
		sizes.documentBytes += bytes;
	} else {
		sizes.images++;
	}
};

/** An object's fields; of an Anthropic source its kind stands beside its data, so that it is known on the way down. */
const measureObject = (value: JsonObject, within: readonly string[], sizes: Sizes): void => {
	const kind = wordOf(value.type);
	const inside = kind === undefined ? within : [...within, kind];
	for (const [name, each] of Object.entries(value)) {
		if (name === 'cachePoint' || name === 'cache_control') {
			sizes.hasCachePoint = true;
		} else {
			measure(each, name, [...inside, name], sizes);
		}
	}
};

const measure = (value: unknown, key: string, within: readonly string[], sizes: Sizes): void => {
	if (typeof value === 'string') {
		if (dataKeys.has(key)) {
			addData(Math.floor((value.length * 3) / 4), within, sizes);
		} else if (!settings.has(key)) {
			sizes.characters += value.length;
		}
		return;
	}
	if (value instanceof Uint8Array) {
		addData(value.length, within, sizes);
		return;
	}
	if (within.length >= maxDepth) {
		return;
	}
	if (Array.isArray(value)) {
		for (const each of value) {
			measure(each, key, within, sizes);
		}
	} else if (isObject(value)) {
		measureObject(value, within, sizes);
	}
};

/** Shorter beginnings are below the minimum of every model: not worth reading them twice. */
const minBeginning = 1000;

const beginningOf = ({tools, toolConfig, system}: JsonObject): Beginning | undefined => {
	const sizes: Sizes = {characters: 0, images: 0, documentBytes: 0, hasCachePoint: false};
	const parts = [tools, toolConfig, system];
	measure(parts, '', [], sizes);
	const {characters} = sizes;
	return characters < minBeginning
		? undefined
		: {characters, fingerprint: createHash('sha256').update(JSON.stringify(parts)).digest('base64')};
};

const maxTokensIn = (value: JsonObject): number | undefined =>
	maxTokenPaths.map((path) => countOf(at(value, ...path))).find((count) => count !== undefined);

/** How large a request is: of a body that is parsed, or of the input of a command, which has bytes as they are. */
export function requestSize(value: JsonObject): RequestSize {
	const sizes: Sizes = {characters: 0, images: 0, documentBytes: 0, hasCachePoint: false};
	measure(value, '', [], sizes);
	const {characters, images, documentBytes} = sizes;
	return {maxTokens: maxTokensIn(value), characters, images, documentBytes};
}

/** Reads a body; one that is not JSON has no facts but its length. */
export function requestFacts(body: Buffer): RequestFacts {
	const value = parseJson(body.toString('utf8'));
	if (!isObject(value)) {
		return {...unreadFacts, maxTokens: undefined, characters: body.length};
	}
	const sizes: Sizes = {characters: 0, images: 0, documentBytes: 0, hasCachePoint: false};
	measure(value, '', [], sizes);
	return {
		...sizes,
		maxTokens: maxTokensIn(value),
		answers: Math.max(1, ...answerPaths.map((path) => countOf(at(value, ...path)) ?? 1)),
		model: wordOf(at(value, 'model')),
		isStream: at(value, 'stream') === true,
		tier: wordOf(at(value, 'serviceTier', 'type')) ?? wordOf(at(value, 'service_tier')),
		beginning: beginningOf(value),
	};
}
