import {attachmentSegment} from './attachment.ts';
import {isJson, type Prompt, type Segment, textSegment} from './prompt.ts';
import {anything, type Shape, text} from './shape.ts';

/**
 * How text, system and question are read from a prompt: from the chat templates that callers write into one text, or
 * from chat messages.
 */

/** What the model reads, and what it is asked. */
type PromptText = Pick<Prompt, 'segments' | 'system' | 'question'>;

/** A prompt that is one plain text. */
export function plainPrompt(question: string): PromptText {
	return {segments: [textSegment(question)], system: '', question};
}

/** A prompt that is one text, perhaps in the chat template of its model. */
export function templatePrompt(text: string): PromptText {
	return {segments: [textSegment(text)], ...templateParts(text)};
}

/** System and last user text of a templated prompt; without a known template the whole prompt is the question. */
function templateParts(prompt: string): Pick<Prompt, 'system' | 'question'> {
	const headers = [
		...prompt.matchAll(
			/<\|(?:start_header_id|header_start)\|>(\w+)<\|(?:end_header_id|header_end)\|>\s*([\s\S]*?)(?=<\|(?:eot_id|eot|start_header_id|header_start)\|>|$)/g,
		),
	];
	if (headers.length > 0) {
		const said = (role: string) => headers.findLast((header) => header[1] === role)?.[2]?.trim() ?? '';
		return {system: said('system'), question: said('user')};
	}
	const instruction = [...prompt.matchAll(/\[INST\]([\s\S]*?)(?:\[\/INST\]|$)/g)].at(-1)?.[1];
	if (instruction !== undefined) {
		const system = /<<SYS>>([\s\S]*?)<<\/SYS>>/.exec(instruction);
		return {
			system: system?.[1]?.trim() ?? '',
			question: instruction.slice((system?.index ?? 0) + (system?.[0].length ?? 0)).trim(),
		};
	}
	const deepSeek = /<｜begin▁of▁sentence｜>([\s\S]*?)<｜User｜>([\s\S]*?)(?:<｜Assistant｜>|$)/.exec(prompt);
	return deepSeek === null
		? {system: '', question: prompt}
		: {system: deepSeek[1]?.trim() ?? '', question: deepSeek[2]?.trim() ?? ''};
}

/** Segments, system text and last question of a list of messages. */
export function chatParts(messages: unknown): PromptText {
	const list: readonly unknown[] = Array.isArray(messages) ? messages : [];
	return {
		segments: list.flatMap(messageSegments),
		system: list
			.filter((message) => isFrom(message, ['system', 'developer']))
			.map(messageText)
			.join('\n'),
		question: messageText(list.findLast((message) => isFrom(message, ['user']))),
	};
}

const messageSegments = (message: unknown): readonly Segment[] => {
	const parts = isJson(message) && Array.isArray(message.content) ? message.content : [];
	const attachments = parts.filter(isJson).filter(({type}) => type !== 'text');
	return [textSegment(messageText(message)), ...attachments.map(attachmentSegment)];
};

const messageText = (message: unknown): string => {
	if (!isJson(message)) {
		return '';
	}
	const {content} = message;
	return typeof content === 'string'
		? content
		: Array.isArray(content)
			? content
					.map(partText)
					.filter((part) => part !== '')
					.join('\n')
			: '';
};

const partText = (part: unknown): string => (isJson(part) && typeof part.text === 'string' ? part.text : '');

const isFrom = (message: unknown, roles: readonly string[]): boolean =>
	isJson(message) && roles.includes(String(message.role));

/** Shape of a list of messages with these roles. */
export function chatMessages(roles: readonly string[]): Shape {
	return {
		type: 'array',
		items: {
			type: 'object',
			required: ['role'],
			keys: {
				role: {type: 'string', values: roles},
				content: anything,
				name: text,
				tool_calls: anything,
				tool_call_id: anything,
			},
		},
	};
}
