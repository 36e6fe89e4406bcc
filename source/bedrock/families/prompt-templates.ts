import type {InferenceRequest, PromptMessage} from '../../domain/backend.ts';
import {withoutSystem} from './family.ts';

type Prompt = Pick<InferenceRequest, 'system' | 'messages'>;

/** Llama 3.x: header and end-of-turn tokens (Bedrock user guide, model-parameters-meta). */
export function llama3Prompt({system, messages}: Prompt): string {
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
export function llama4Prompt({system, messages}: Prompt): string {
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
export function llama2Prompt({system, messages}: Prompt): string {
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
export function mistralPrompt(prompt: Prompt): string {
	return instructed(withoutSystem(prompt), '</s>');
}
