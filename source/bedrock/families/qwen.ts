import {type Family, namedLike} from './family.ts';
import {chatBody, chatReading} from './openai-style.ts';

/** Qwen: chat completions; reasoning in a field of its own or in tags before the answer. */
export const qwen: Family = {
	name: 'qwen',
	serves: namedLike('qwen\\.'),
	takesSystem: () => true,
	build: (request) => chatBody(request),
	...chatReading,
	tagsReasoning: true,
};
