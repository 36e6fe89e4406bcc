import {at, stringOf, wordOf} from '../json.ts';
import {chatBody, chatReading} from './chat-completions.ts';
import {type Family, namedLike, type Reading, renamed, stopField, withoutSystem} from './family.ts';

const lengthOf = (value: unknown): number | undefined => (Array.isArray(value) ? value.length : undefined);

const readJurassic = (body: unknown): Reading | undefined => {
	const completion = at(body, 'completions', 0);
	const text = stringOf(at(completion, 'data', 'text'));
	if (text === undefined) {
		return undefined;
	}
	return {
		text,
		stopReason: wordOf(at(completion, 'finishReason', 'reason')),
		// It lists its tokens instead of counting them.
		counts: {
			input: lengthOf(at(body, 'prompt', 'tokens')),
			output: lengthOf(at(completion, 'data', 'tokens')),
		},
	};
};

/** AI21 Jurassic-2 (legacy): one prompt, no system prompt. */
export const jurassic: Family = {
	name: 'jurassic',
	serves: namedLike('ai21\\.j2'),
	takesSystem: () => false,
	holdsConversation: false,
	build: (request) => ({
		prompt: withoutSystem(request)
			.map(({text}) => text)
			.join('\n\n'),
		maxTokens: request.maxTokens,
		...stopField('stopSequences', request.stop),
		...renamed(request.parameters, {topP: 'topP', topK: 'topK'}),
	}),
	readBody: readJurassic,
	readChunk: readJurassic,
};

/** AI21 Jamba: chat completions. */
export const jamba: Family = {
	name: 'jamba',
	serves: namedLike('ai21\\.jamba'),
	takesSystem: () => true,
	build: (request) => chatBody(request),
	...chatReading,
};
