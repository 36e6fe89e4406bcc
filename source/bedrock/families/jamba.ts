import {type Family, namedLike} from './family.ts';
import {chatBody, chatReading} from './openai-style.ts';

/** AI21 Jamba: chat completions. */
export const jamba: Family = {
	name: 'jamba',
	serves: namedLike('ai21\\.jamba'),
	takesSystem: () => true,
	build: (request) => chatBody(request),
	...chatReading,
};
