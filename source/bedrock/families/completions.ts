import type {InferenceRequest, PromptMessage} from '../../domain/backend.ts';
import {at, isObject, stringOf, wordOf} from '../json.ts';
import {countsIn} from '../usage.ts';
import {chatBody, chatReading} from './chat-completions.ts';
import {type Family, namedLike, type Reading, renamed, stopField, withoutSystem} from './family.ts';

/** Models that continue one text: Llama and the first models of Mistral AI, in their family's template, and Jurassic. */

const templateOf = (baseModel: string): typeof llama3Prompt => {
	if (/llama-?2/.test(baseModel)) {
		return llama2Prompt;
	}
	return /llama-?3/.test(baseModel) ? llama3Prompt : llama4Prompt;
};

const read = (value: unknown): Reading | undefined =>
	isObject(value) && Object.hasOwn(value, 'generation')
		? {
				text: stringOf(at(value, 'generation')),
				stopReason: wordOf(at(value, 'stop_reason')),
				counts: countsIn(value),
			}
		: undefined;

/** Meta Llama: one prompt string in the template of its generation. It has no field for stop sequences. */
export const llama: Family = {
	name: 'llama',
	serves: namedLike('meta\\.llama'),
	takesSystem: () => true,
	build: (request) => ({
		prompt: templateOf(request.baseModel)(request),
		max_gen_len: request.maxTokens,
		...renamed(request.parameters, {topP: 'top_p', topK: 'top_k'}),
	}),
	readBody: read,
	readChunk: read,
};

/** The models of the text completion page; every later one takes chat completions. */
const isPrompted = (baseModel: string): boolean =>
	/mistral-7b|mixtral-8x7b|mistral-(?:small|large)-2402/.test(baseModel);

/** 7B and Mixtral have no system prompt, in Converse neither. */
const takesSystem = (baseModel: string): boolean => !/mistral-7b|mixtral-8x7b/.test(baseModel);

const readOutputs = (value: unknown): Reading | undefined => {
	const outputs = at(value, 'outputs');
	return Array.isArray(outputs)
		? {
				text: stringOf(at(outputs, 0, 'text')),
				stopReason: wordOf(at(outputs, 0, 'stop_reason')),
			}
		: undefined;
};

/** Mistral AI: text completion for the first models, chat completion since. */
export const mistral: Family = {
	name: 'mistral',
	serves: namedLike('mistral\\.'),
	takesSystem,
	build: (request) =>
		isPrompted(request.baseModel)
			? {
					prompt: mistralPrompt(request),
					max_tokens: request.maxTokens,
					...stopField('stop', request.stop),
					...renamed(request.parameters, {topP: 'top_p', topK: 'top_k'}),
				}
			: chatBody(request),
	readBody: (body) => readOutputs(body) ?? chatReading.readBody(body),
	readChunk: (chunk) => readOutputs(chunk) ?? chatReading.readChunk(chunk),
	tagsReasoning: true,
};

type Prompt = Pick<InferenceRequest, 'system' | 'messages'>;

/** Llama 3.x: header and end-of-turn tokens (Bedrock user guide, model-parameters-meta). */
function llama3Prompt({system, messages}: Prompt): string {
	const turn = (role: string, text: string): string =>
		`<|start_header_id|>${role}<|end_header_id|>\n\n${text}<|eot_id|>`;
	return [
		'<|begin_of_text|>',
		...(system ? [turn('system', system)] : []),
		...messages.map(({role, text}) => turn(role, text)),
		'<|start_header_id|>assistant<|end_header_id|>\n\n',
	].join('');
}

/** Llama 4: the same form with shorter token names (Meta's model card). */
function llama4Prompt({system, messages}: Prompt): string {
	const turn = (role: string, text: string): string =>
		`<|header_start|>${role}<|header_end|>\n\n${text}<|eot|>`;
	return [
		'<|begin_of_text|>',
		...(system ? [turn('system', system)] : []),
		...messages.map(({role, text}) => turn(role, text)),
		'<|header_start|>assistant<|header_end|>\n\n',
	].join('');
}

/** Llama 2 chat (legacy): instruction brackets, the system prompt inside the first of them. */
function llama2Prompt({system, messages}: Prompt): string {
	return instructed(
		withoutSystem({system: system ? `<<SYS>>\n${system}\n<</SYS>>` : undefined, messages}),
		' </s><s>',
	);
}

const instructed = (messages: readonly PromptMessage[], endOfTurn: string): string =>
	`<s>${messages
		.map(({role, text}) => (role === 'user' ? `[INST] ${text} [/INST]` : ` ${text}${endOfTurn}`))
		.join('')}`;

/** Mistral's text completion models: the same brackets without a system prompt. */
function mistralPrompt(prompt: Prompt): string {
	return instructed(withoutSystem(prompt), '</s>');
}

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
