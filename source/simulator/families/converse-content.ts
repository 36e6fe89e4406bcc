import {attachmentSegment} from './attachment.ts';
import {isJson, type Json, type Segment, textSegment, withCachePoint} from './prompt.ts';

/** Content blocks as Converse and Nova write them. */

const blockText = (block: unknown): string => {
	if (!isJson(block)) {
		return '';
	}
	if (typeof block.text === 'string') {
		return block.text;
	}
	if (isJson(block.guardContent)) {
		return blockText(block.guardContent.text);
	}
	if (isJson(block.toolResult)) {
		return contentText(block.toolResult.content);
	}
	return '';
};

/** The text of a list of content blocks, or of plain text. */
export const contentText = (content: unknown): string => {
	if (typeof content === 'string') {
		return content;
	}
	return Array.isArray(content)
		? content
				.map(blockText)
				.filter((part) => part !== '')
				.join('\n')
		: '';
};

const isAttachment = (block: Json): boolean =>
	block.image !== undefined || block.document !== undefined || block.video !== undefined;

const blockSegment = (block: Json): Segment => {
	if (isAttachment(block)) {
		return attachmentSegment(block);
	}
	return textSegment(typeof block.text === 'string' ? block.text : JSON.stringify(block));
};

/** The results of a tool may hold images and documents of their own. */
const blockSegments = (block: Json): readonly Segment[] => {
	const {toolResult} = block;
	if (!isJson(toolResult) || !Array.isArray(toolResult.content)) {
		return [blockSegment(block)];
	}
	const attached = toolResult.content.filter(isJson).filter(isAttachment);
	const content = toolResult.content.filter((part) => !isJson(part) || !isAttachment(part));
	return [blockSegment({toolResult: {...toolResult, content}}), ...attached.map(attachmentSegment)];
};

/** Segments of a list of content blocks; a cache point marks the one before it. */
export const contentSegments = (content: unknown, before: readonly Segment[] = []): readonly Segment[] => {
	let segments = before;
	for (const block of Array.isArray(content) ? content : []) {
		if (isJson(block) && block.cachePoint !== undefined) {
			segments = withCachePoint(segments);
		} else if (isJson(block)) {
			segments = [...segments, ...blockSegments(block)];
		}
	}
	return segments;
};

const toolSegments = (toolConfig: unknown): readonly Segment[] =>
	isJson(toolConfig) ? contentSegments(toolConfig.tools) : [];

/** The whole prompt in the order of caching: tools, system, messages. */
export const converseSegments = (body: Json): readonly Segment[] => {
	const messages: readonly unknown[] = Array.isArray(body.messages) ? body.messages : [];
	return messages.reduce<readonly Segment[]>(
		(segments, message) => contentSegments(isJson(message) ? message.content : [], segments),
		contentSegments(body.system, toolSegments(body.toolConfig)),
	);
};

/** Text of the last message whose role is the user's. */
export const lastQuestion = (messages: unknown): string => {
	const last = (Array.isArray(messages) ? messages : []).findLast(
		(message) => isJson(message) && String(message.role).toLowerCase() === 'user',
	);
	return isJson(last) ? contentText(last.content) : '';
};
