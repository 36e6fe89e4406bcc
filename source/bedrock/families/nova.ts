import type {JsonObject} from '../json.ts';
import {readMessage, readMessageEvent} from './converse-shape.ts';
import {type Family, namedLike} from './family.ts';
import {cachedMessageIndex, renamed, stopField} from './request-parts.ts';

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
