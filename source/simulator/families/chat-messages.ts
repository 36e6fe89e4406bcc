import {attachmentSegment} from './attachment.ts';
import {isJson, type Segment, textSegment} from './prompt.ts';
import {anything, type Shape, text} from './shape.ts';

/** Messages as OpenAI writes them, and those who copied it. */

const partText = (part: unknown): string => (isJson(part) && typeof part.text === 'string' ? part.text : '');

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

const messageSegments = (message: unknown): readonly Segment[] => {
	const parts = isJson(message) && Array.isArray(message.content) ? message.content : [];
	const attachments = parts.filter(isJson).filter(({type}) => type !== 'text');
	return [textSegment(messageText(message)), ...attachments.map(attachmentSegment)];
};

const isFrom = (message: unknown, roles: readonly string[]): boolean =>
	isJson(message) && roles.includes(String(message.role));

/** Segments, system text and last question of a list of messages. */
export const chatParts = (
	messages: unknown,
): {readonly segments: readonly Segment[]; readonly system: string; readonly question: string} => {
	const list: readonly unknown[] = Array.isArray(messages) ? messages : [];
	return {
		segments: list.flatMap(messageSegments),
		system: list
			.filter((message) => isFrom(message, ['system', 'developer']))
			.map(messageText)
			.join('\n'),
		question: messageText(list.findLast((message) => isFrom(message, ['user']))),
	};
};

/** Shape of a list of messages with these roles. */
export const chatMessages = (roles: readonly string[]): Shape => ({
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
});
