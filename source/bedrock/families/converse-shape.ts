import {at, isObject, joined, listOf, stringOf, wordOf} from '../json.ts';
import {isRefusal, isTruncation} from '../methods/answer.ts';
import {countsIn} from '../usage.ts';
import type {Family, Reading} from './family.ts';

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

/**
 * The message format of gpt-oss. Bedrock parses it itself; a server of imported weights may leave it in the text:
 * `<|channel|>analysis<|message|>...<|end|><|start|>assistant<|channel|>final<|message|>...<|return|>`.
 */

const harmonyBeginning = /^\s*(?:<\|start\|>assistant)?<\|channel\|>/;
const harmonyMessage = /<\|channel\|>(\w+)[^<]*<\|message\|>([\s\S]*?)(?=<\|(?:end|return|call|start)\|>|$)/g;

/** Answer and reasoning of a text in this format; undefined for any other text. */
export function takeHarmonyApart(
	text: string,
): {readonly text: string; readonly reasoning: string} | undefined {
	if (!harmonyBeginning.test(text)) {
		return undefined;
	}
	const parts = [...text.matchAll(harmonyMessage)].map(([, channel = '', content = '']) => ({
		channel,
		content,
	}));
	const joinedIn = (isFinal: boolean): string =>
		parts
			.filter(({channel}) => (channel === 'final') === isFinal)
			.map(({content}) => content)
			.join('');
	return {text: joinedIn(true), reasoning: joinedIn(false)};
}

/** An answer's text with its tagged reasoning taken out. */
type Separated = {readonly text: string; readonly reasoning: string | undefined};

/** Tags in which models were seen to write their reasoning before the answer; one model may use several. */
const tags = [
	{opening: '<think>', closing: '</think>'},
	{opening: '<reasoning>', closing: '</reasoning>'},
	{opening: '[THINK]', closing: '[/THINK]'},
	{opening: '◁think▷', closing: '◁/think▷'},
];

/**
 * Separates reasoning that a model writes in a tag before its answer. A stream may tag every piece of it again. Text
 * without such a tag, or with one that is never closed, stays as it is.
 * @param isCut The answer was cut off: an open tag is then reasoning to its end.
 * @param isOpened The prompt may have ended with the opening tag, so that only the closing one comes.
 */
export function separateReasoning(
	text: string,
	{isCut, isOpened}: {readonly isCut: boolean; readonly isOpened: boolean},
): Separated {
	const thoughts: string[] = [];
	let rest = text;
	for (let start = rest.trimStart(); ; start = rest.trimStart()) {
		const tag = tags.find(({opening}) => start.startsWith(opening));
		const end = tag === undefined ? -1 : start.indexOf(tag.closing);
		if (tag === undefined || (end === -1 && !isCut)) {
			break;
		}
		thoughts.push(start.slice(tag.opening.length, end === -1 ? undefined : end));
		rest = end === -1 ? '' : start.slice(end + tag.closing.length);
	}
	if (thoughts.length > 0) {
		return {text: rest, reasoning: thoughts.join('')};
	}
	const ending = isOpened ? tags.find(({closing}) => rest.includes(closing)) : undefined;
	if (ending === undefined) {
		return {text, reasoning: undefined};
	}
	const end = rest.indexOf(ending.closing);
	return {reasoning: rest.slice(0, end), text: rest.slice(end + ending.closing.length)};
}

/**
 * The reading with the reasoning of its tags added to what was separate already.
 * @param isOpened as for `separateReasoning`.
 */
export function withoutTags<Kind extends Reading>(family: Family, reading: Kind, isOpened: boolean): Kind {
	if (family.tagsReasoning === undefined || !reading.text) {
		return reading;
	}
	const isCut = isTruncation(reading.stopReason ?? '');
	const {text, reasoning} =
		takeHarmonyApart(reading.text) ?? separateReasoning(reading.text, {isCut, isOpened});
	return {...reading, text, reasoning: [reading.reasoning, reasoning].filter(Boolean).join('')};
}
