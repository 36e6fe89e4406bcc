import {type Family, namedLike} from './family.ts';
import {chatBody, chatReading} from './openai-style.ts';

/** OpenAI gpt-oss and GPT: chat completions; reasoning comes in tags before the answer. */
export const gpt: Family = {
	name: 'gpt',
	serves: namedLike('openai\\.'),
	takesSystem: () => true,
	build: (request, isStreamed) => ({
		...chatBody(request, 'max_completion_tokens'),
		...(isStreamed ? {stream: true} : {}),
	}),
	...chatReading,
	tagsReasoning: true,
};
