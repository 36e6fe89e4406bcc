import {at, isObject, joined, listOf, stringOf, wordOf} from '../json.ts';
import {isRefusal} from '../stop-reason.ts';
import {countsIn} from '../usage.ts';
import type {Reading} from './family.ts';

/** The message format that Converse and Amazon Nova's own bodies share. */

/**
 * Reads a whole answer: `{output: {message: {content: [...]}}, stopReason, usage}`; without a message where a
 * guardrail stopped it.
 */
export function readMessage(body: unknown): Reading | undefined {
	const content = at(body, 'output', 'message', 'content');
	if (!Array.isArray(content)) {
		const stopReason = wordOf(at(body, 'stopReason'));
		return stopReason !== undefined && isRefusal(stopReason)
			? {text: '', stopReason, counts: countsIn(at(body, 'usage'))}
			: undefined;
	}
	return {
		text: joined(content.map((block) => textOf(block))),
		reasoning: joined(
			content.map((block) => stringOf(at(block, 'reasoningContent', 'reasoningText', 'text'))),
		),
		stopReason: wordOf(at(body, 'stopReason')),
		counts: countsIn(at(body, 'usage')),
	};
}

/** Text with its sources beside it comes in a separate block. */
const textOf = (block: unknown): string | undefined =>
	stringOf(at(block, 'text')) ??
	joined(listOf(at(block, 'citationsContent', 'content')).map((part) => stringOf(at(part, 'text'))));

const eventNames = [
	'messageStart',
	'contentBlockStart',
	'contentBlockDelta',
	'contentBlockStop',
	'messageStop',
	'metadata',
];

/**
 * Reads one event of a stream: `{contentBlockDelta: {delta: {text}}}`, `{messageStop: {stopReason}}`, `{metadata:
 * {usage}}`.
 */
export function readMessageEvent(event: unknown): Reading | undefined {
	const delta = at(event, 'contentBlockDelta', 'delta');
	// Most events of a stream are text.
	const text = stringOf(at(delta, 'text'));
	if (text !== undefined) {
		return {text};
	}
	if (!isObject(event) || !eventNames.some((name) => Object.hasOwn(event, name))) {
		return undefined;
	}
	const usage = at(event, 'metadata', 'usage');
	return {
		reasoning:
			stringOf(at(delta, 'reasoningContent', 'text')) ??
			stringOf(at(delta, 'reasoningContent', 'reasoningText', 'text')),
		stopReason: wordOf(at(event, 'messageStop', 'stopReason')),
		counts: usage === undefined ? undefined : countsIn(usage),
	};
}
