import type {Model} from '../catalog/model.ts';
import type {Answer, StopReason, ToolUse} from '../families/family.ts';
import {type Prompt, tokenize} from '../families/prompt.ts';
import {findKeys, jsonAnswer, toolUseOf} from './json-answer.ts';
import {
	capitalised,
	contentWords,
	excerpt,
	paragraph,
	type SentenceLength,
	sentence,
	sentences,
	sourceSentences,
} from './prose.ts';
import {hashText, logNormal, pick, type Random} from './random.ts';
import {
	chooseLabel,
	findPackedItems,
	isStyleInstruction,
	type PackedItems,
	type RequestedFormat,
	readRequestedFormat,
	type Style,
} from './requested-format.ts';
import type {Rewriter} from './rewriter.ts';
import {routingAnswer} from './routing.ts';

/**
 * Composes answers whose form and length follow what the prompt asks for. How often an answer is wrong follows models
 * too: the less a prompt says about how to answer, and the more it asks at once.
 */

const carefulErrorRate = 0.01;
const bareErrorRate = 0.08;
const errorRatePerFurtherItem = 0.012;
const maxErrorRate = 0.4;

/** @param system System prompt; empty for none. @param items Items of the request. @returns 0 to 1. */
function errorRateOf(system: string, {style}: Pick<RequestedFormat, 'style'>, items: number): number {
	const isBare = system.trim() === '' && style === 'plain';
	return Math.min(
		maxErrorRate,
		(isBare ? bareErrorRate : carefulErrorRate) + errorRatePerFurtherItem * (items - 1),
	);
}

const medianTokens: Readonly<Record<Style, number>> = {brief: 45, plain: 150, structured: 300, detailed: 480};

const sentenceLengths: Readonly<Record<Style, SentenceLength>> = {
	brief: 'short',
	plain: 'plain',
	structured: 'plain',
	detailed: 'long',
};

/** How often a model explains a label although only the label was asked for, by style. */
const explainingRates: Readonly<Record<Style, number>> = {
	brief: 0,
	plain: 0.35,
	structured: 0.5,
	detailed: 0.6,
};

const stepList = (random: Random, words: readonly string[]): string =>
	['## Steps', '', ...[1, 2, 3].map((step) => `${step}. ${sentence(random, words, 'short')}`)].join('\n');

const section = (random: Random, words: readonly string[], tokens: number): string =>
	`## ${capitalised(pick(random, words))}\n\n${paragraph(random, words, 'plain', tokens)}`;

const structuredProse = (random: Random, words: readonly string[], tokens: number): string =>
	[stepList(random, words), ...[1, 2, 3].map(() => section(random, words, tokens / 4))].join('\n\n');

const detailedProse = (random: Random, words: readonly string[], tokens: number): string =>
	[1, 2, 3, 4].map(() => paragraph(random, words, 'long', tokens / 4)).join('\n\n');

/** Tokens that a style adds beyond a given number of sentences, as models do. */
const overshootTokens = 120;

/** A given number of sentences, from the text itself for a summary. */
const countedProse = (
	random: Random,
	format: RequestedFormat,
	count: number,
	words: readonly string[],
	question: string,
): string => {
	const source = format.isSummary ? sourceSentences(question) : [];
	const said =
		source.length >= count
			? excerpt(random, source, count, format.style === 'brief').join(' ')
			: sentences(random, words, sentenceLengths[format.style], count);
	switch (format.style) {
		case 'brief':
		case 'plain':
			return said;
		case 'structured':
			return `${stepList(random, words)}\n\n## Summary\n\n${said}`;
		case 'detailed':
			return `${said}\n\n${paragraph(random, words, 'long', logNormal(random, overshootTokens, 0.3))}`;
	}
};

/** Longest answer in sentences. */
const maxSentences = 50;

/** Mean tokens per word, to keep an answer below a number of words. */
const tokensPerWord = 1.3;

/** The text of an answer. */
export function composeAnswer(random: Random, prompt: Prompt): string {
	const {system, question, jsonSchema} = prompt;
	const special =
		judgeAnswer(prompt) ?? (jsonSchema === undefined ? routingAnswer(random, system, question) : undefined);
	if (special !== undefined) {
		return special;
	}
	const packed = jsonSchema === undefined ? findPackedItems(question) : undefined;
	if (packed !== undefined) {
		return packedAnswer(random, system, packed);
	}
	const format = readRequestedFormat(system, question);
	return answerItem(random, format, question, {
		schema: jsonSchema,
		errorRate: errorRateOf(system, format, 1),
	});
}

const packedAnswer = (random: Random, system: string, packed: PackedItems): string => {
	const asked = readRequestedFormat(system, packed.instructions);
	const keys = asked.labels.length > 0 ? [] : keysOfEach(packed);
	// That the whole is JSON says nothing about one answer; a label in it is not explained.
	const style = asked.labels.length > 0 ? ('brief' as const) : asked.style;
	const format = {...asked, isJson: keys.length > 0, style};
	const how = {schema: undefined, errorRate: errorRateOf(system, asked, packed.items.length)};
	const wanted = keys.length === 0 ? '' : `The keys: ${keys.join(', ')}.\n\n`;
	const answers = packed.items.map((item) => answerItem(random, format, `${wanted}${item}`, how));
	return packed.form === 'array'
		? JSON.stringify(answers.map((answer, index) => ({item: index + 1, answer})))
		: JSON.stringify(Object.fromEntries(answers.map((answer, index) => [String(index + 1), answer])));
};

/** Keys required in each item's answer, without the item numbers. */
const keysOfEach = ({instructions}: PackedItems): readonly string[] =>
	findKeys(instructions.replace(/[^.\n]*\bkeys are the (?:item )?numbers\b[^\n]*/gi, '')).filter(
		(key) => !/^\d+$/.test(key),
	);

const answerItem = (
	random: Random,
	format: RequestedFormat,
	question: string,
	{schema, errorRate}: {readonly schema: Prompt['jsonSchema']; readonly errorRate: number},
): string => {
	const wantsJson = schema !== undefined || (format.isJson && findKeys(question).length > 0);
	if (!wantsJson && format.labels.length > 0) {
		return labelAnswer(random, format, subjectOf(question, format.labels), errorRate);
	}
	const words = contentWords(question);
	if (wantsJson || format.isJson) {
		return jsonAnswer(random, question, schema, {words, labels: format.labels}, errorRate);
	}
	return format.isOneWord ? pick(random, words.slice(0, 5)) : proseAnswer(random, format, words, question);
};

const labelAnswer = (random: Random, format: RequestedFormat, text: string, errorRate: number): string => {
	const label = chooseLabel(random, format.labels, text, errorRate);
	if (random() >= explainingRates[format.style]) {
		return label;
	}
	const reason = sentences(random, contentWords(text), sentenceLengths[format.style], 2);
	return format.style === 'structured'
		? `## ${capitalised(label)}\n\n${reason}`
		: `The category is ${label}. ${reason}`;
};

/** The text to classify, without the paragraphs of instructions and without the labels. */
const subjectOf = (question: string, labels: readonly string[]): string => {
	const paragraphs = question.split(/\n\s*\n/).filter((paragraph) => !isStyleInstruction(paragraph));
	const isInstruction = (paragraph: string): boolean =>
		labels.filter((label) => paragraph.includes(label)).length > 1;
	const subject = paragraphs.filter((paragraph) => !isInstruction(paragraph)).join('\n\n');
	return subject === '' ? withoutLabels(question, labels) : subject;
};

/** The text without its list of labels, so that naming them does not favor one. */
const withoutLabels = (text: string, labels: readonly string[]): string => {
	const [first = '', last = ''] = [labels[0], labels.at(-1)];
	const start = text.indexOf(first);
	const end = text.indexOf(last, start);
	return start < 0 || end < 0 ? text : text.slice(0, start) + text.slice(end + last.length);
};

const proseAnswer = (
	random: Random,
	format: RequestedFormat,
	words: readonly string[],
	question: string,
): string => {
	if (format.sentences !== undefined) {
		return countedProse(random, format, Math.min(format.sentences, maxSentences), words, question);
	}
	const median = format.words === undefined ? medianTokens[format.style] : format.words * tokensPerWord * 0.8;
	const tokens = logNormal(random, median, 0.2);
	if (format.style === 'structured' && format.words === undefined) {
		return structuredProse(random, words, tokens);
	}
	return format.style === 'detailed' && format.words === undefined
		? detailedProse(random, words, tokens)
		: paragraph(random, words, sentenceLengths[format.style], tokens);
};

/** Median length of what a reasoning model thinks, in tokens. */
const reasoningTokens = 60;

const reasoningOf = (random: Random, prompt: Prompt): readonly string[] =>
	tokenize(
		paragraph(random, contentWords(prompt.question), 'short', logNormal(random, reasoningTokens, 0.3)),
	);

type Stopped = {readonly text: string; readonly stopSequence: string | undefined};

/**
 * The model's answer to a prompt, cut at the stop sequences and at the max tokens.
 * @param rewriter Answers where a rewrite is asked for.
 */
export function answerPrompt(random: Random, prompt: Prompt, model: Model, rewriter?: Rewriter): Answer {
	const limit = prompt.maximumTokens;
	const thought = thoughtOf(random, prompt, model);
	const reasoning = thought.slice(0, limit);
	const left = limit - reasoning.length;
	const called = toolUseOf(random, prompt.tools, prompt.question);
	if (called !== undefined) {
		const isCut = called.tokens.length > left;
		return {
			reasoning,
			tokens: [],
			toolUse: left === 0 ? undefined : cutToolUse(called, left),
			stopReason: isCut ? 'length' : 'tool-use',
			stopSequence: undefined,
		};
	}
	const {text, stopSequence} = stopAt(
		rewriter?.answer(prompt) ?? composeAnswer(random, prompt),
		prompt.stopSequences,
	);
	const said = tokenize(text);
	const tokens = said.slice(0, left);
	const isCut = reasoning.length < thought.length || tokens.length < said.length;
	const stopReason: StopReason = isCut ? 'length' : stopSequence === undefined ? 'end' : 'stop-sequence';
	return {reasoning, tokens, stopReason, stopSequence: isCut ? undefined : stopSequence};
}

const thoughtOf = (random: Random, prompt: Prompt, model: Model): readonly string[] =>
	model.traits.has('reasons') || prompt.isThinking ? reasoningOf(random, prompt) : [];

/** The call with at most `left` tokens; one that is cut has no complete input. */
const cutToolUse = (toolUse: ToolUse, left: number): ToolUse =>
	toolUse.tokens.length <= left ? toolUse : {...toolUse, input: {}, tokens: toolUse.tokens.slice(0, left)};

const stopAt = (text: string, stopSequences: readonly string[]): Stopped => {
	const hits = stopSequences
		.map((sequence) => ({sequence, at: sequence === '' ? -1 : text.indexOf(sequence)}))
		.filter((hit) => hit.at >= 0)
		.sort((a, b) => a.at - b.at);
	const first = hits[0];
	return first === undefined
		? {text, stopSequence: undefined}
		: {text: text.slice(0, first.at), stopSequence: first.sequence};
};

/**
 * The model as a judge of answers. Beside the right answer it says whether they are the same; alone it accepts most. It
 * errs now and then, and sometimes it prefers the text that stands first, as judges do. The same question gets the same
 * verdict each time.
 */

const greeting = 'You grade answers.';

/** Parts of a hundred: errors of a judge that compares, those that follow the place of the answer, and answers it rejects alone. */
const errors = 3;
const swayed = 3;
const rejected = 15;

const tagged = (text: string, tag: string): string | undefined =>
	new RegExp(`<${tag}>\\n?([\\s\\S]*?)\\n?</${tag}>`).exec(text)?.[1]?.trim();

const lastLine = (text: string): string => text.split('\n').at(-1)?.trim().toLowerCase() ?? '';

const accepts = (question: string): boolean => {
	const answer = tagged(question, 'answer') ?? '';
	const reference = tagged(question, 'reference');
	const drawn = hashText(`${answer}\n${reference}\n${tagged(question, 'input')}`) % 100;
	if (reference === undefined) {
		return answer !== '' && drawn >= rejected;
	}
	if (drawn < swayed) {
		return question.indexOf('<answer>') < question.indexOf('<reference>');
	}
	const isSame = lastLine(answer) === lastLine(reference);
	return drawn < swayed + errors ? !isSame : isSame;
};

/** The one word of a judge; undefined where the prompt asks for none. */
function judgeAnswer({system, question}: Pick<Prompt, 'system' | 'question'>): string | undefined {
	const words = /\bone word, (\w+) or (\w+)/.exec(system);
	if (!system.trimStart().startsWith(greeting) || words === null) {
		return undefined;
	}
	return accepts(question) ? words[1] : words[2];
}
