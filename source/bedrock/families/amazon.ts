import type {PromptMessage} from '../../domain/backend.ts';
import {at, isObject, type JsonObject, stringOf, wordOf} from '../json.ts';
import {countsIn} from '../usage.ts';
import {readMessage, readMessageEvent} from './converse-shape.ts';
import {cachedMessageIndex, type Family, namedLike, renamed, stopField, withoutSystem} from './family.ts';

/** A conversation in Titan's own words; a single question is sent as it is. */
const inputText = (messages: readonly PromptMessage[]): string => {
	const [first] = messages;
	if (messages.length === 1 && first?.role === 'user') {
		return first.text;
	}
	const turns = messages.map(({role, text}) => `${role === 'user' ? 'User' : 'Bot'}: ${text}`);
	return [...turns, 'Bot:'].join('\n');
};

/** Amazon Titan Text (Lite, Express, Premier and the older `titan-tg1`). */
export const titan: Family = {
	name: 'titan',
	serves: namedLike('amazon\\.titan-t(?:ext|g)'),
	takesSystem: () => false,
	build: (request) => ({
		inputText: inputText(withoutSystem(request)),
		textGenerationConfig: {
			maxTokenCount: request.maxTokens,
			...stopField('stopSequences', request.stop),
			...renamed(request.parameters, {topP: 'topP', topK: 'topK'}),
		},
	}),
	readBody(body) {
		const result = at(body, 'results', 0);
		const text = stringOf(at(result, 'outputText'));
		if (text === undefined) {
			return undefined;
		}
		const {input} = countsIn(body);
		const {output} = countsIn({outputTokens: at(result, 'tokenCount')});
		return {text, stopReason: wordOf(at(result, 'completionReason')), counts: {input, output}};
	},
	readChunk(chunk) {
		if (!isObject(chunk) || !Object.hasOwn(chunk, 'outputText')) {
			return undefined;
		}
		return {
			text: stringOf(at(chunk, 'outputText')),
			stopReason: wordOf(at(chunk, 'completionReason')),
			counts: countsIn(chunk),
		};
	},
};

const cachePoint = {cachePoint: {type: 'default'}};

/** Sampling parameters that sit in `inferenceConfig`; others are fields of the body. */
const sampling = new Set(['temperature', 'topP', 'topK']);

/** Amazon Nova: `messages-v1`, answers in the shape of Converse. */
export const nova: Family = {
	name: 'nova',
	serves: namedLike('amazon\\.nova'),
	takesSystem: () => true,
	knowsCachePoints: true,
	build(request) {
		const parameters = Object.entries(renamed(request.parameters, {topP: 'topP', topK: 'topK'}));
		const pick = (isSampling: boolean): JsonObject =>
			Object.fromEntries(parameters.filter(([key]) => sampling.has(key) === isSampling));
		const cached = cachedMessageIndex(request);
		return {
			schemaVersion: 'messages-v1',
			...(request.system
				? {system: request.cache ? [{text: request.system}, cachePoint] : [{text: request.system}]}
				: {}),
			messages: request.messages.map((message, index) => ({
				role: message.role,
				content: index === cached ? [{text: message.text}, cachePoint] : [{text: message.text}],
			})),
			inferenceConfig: {
				maxTokens: request.maxTokens,
				...stopField('stopSequences', request.stop),
				...pick(true),
			},
			...pick(false),
		};
	},
	readBody: readMessage,
	readChunk: readMessageEvent,
};
