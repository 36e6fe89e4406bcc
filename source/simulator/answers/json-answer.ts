import type {ToolUse} from '../families/family.ts';
import {type Json, type RequestedTools, type Tool, tokenize} from '../families/prompt.ts';
import {capitalised, contentWords} from './prose.ts';
import {identifier, pick, type Random} from './random.ts';
import {chooseLabel} from './requested-format.ts';
import {schemaValue} from './schema-value.ts';

/** JSON answers and inputs of tools: the keys that a prompt or a schema names, with values found in the text. */

const keyListPattern =
	/\b(?:keys?|fields?|properties|attributes)\b[^:\n]{0,40}?:?\s+((?:["'`]?\w+["'`]?(?:\s*\([^)]*\))?,\s*)*["'`]?\w+["'`]?(?:\s*\([^)]*\))?,?\s+and\s+["'`]?\w+["'`]?|(?:["'`]?\w+["'`]?(?:\s*\([^)]*\))?,\s*)+["'`]?\w+["'`]?)/i;

/** Keys that a prompt asks for; none where it names none. */
export function findKeys(question: string): readonly string[] {
	const quoted = [...question.matchAll(/["'`](\w+)["'`]\s*:/g)].map((match) => match[1] as string);
	if (quoted.length > 0) {
		return [...new Set(quoted)];
	}
	const list = keyListPattern.exec(question)?.[1] ?? '';
	return list
		.split(/,\s*(?:and\s+)?|\s+and\s+/)
		.map((key) =>
			key
				.replace(/\([^)]*\)/, '')
				.replace(/["'`]/g, '')
				.trim(),
		)
		.filter((key) => /^\w+$/.test(key));
}

type Finder = readonly [key: RegExp, value: RegExp];

const finders: readonly Finder[] = [
	[/mail/i, /[\w.+-]+@[\w-]+\.[\w.]*\w/],
	[
		/date|day|when|due|deadline/i,
		/\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{2,4}|(?:\d{1,2} )?(?:January|February|March|April|May|June|July|August|September|October|November|December)(?: \d{1,2})?(?:,? \d{4})?/,
	],
	[/phone|tel|mobile/i, /\+?\d[\d ()-]{6,}\d/],
	[/number|invoice|\bid\b|_id|reference|code|order/i, /\b(?:[A-Z]{1,6}-?\d[\w-]*|#\d+|\d{4,})\b/],
	[/currency/i, /\b(?:USD|EUR|GBP|JPY|CHF)\b|[$€£]/],
	[
		/name|person|customer|author|company|vendor|city|country|place|who/i,
		/\b\p{Lu}\p{Ll}+(?: \p{Lu}\p{Ll}+)+|(?<=[\p{Ll},] )\p{Lu}\p{Ll}+/u,
	],
];

const numberKey = /amount|total|price|count|quantity|age|year|population|sum|cost|score|percent/i;
const numberPattern = /\d[\d,]*(?:\.\d+)?/;

const numberIn = (text: string): number =>
	Number(
		(/[$€£]\s?(\d[\d,]*(?:\.\d+)?)/.exec(text)?.[1] ?? numberPattern.exec(text)?.[0] ?? '0').replaceAll(
			',',
			'',
		),
	);

/** Words and labels for values that the text does not have. */
type Topic = {readonly words: readonly string[]; readonly labels: readonly string[]};

const labelKey = /categor|label|class|type|topic|sentiment|priority|team|queue/i;

/**
 * The answer as JSON text.
 * @param errorRate How often one of the keys is forgotten, 0 to 1; never where the request itself has a schema.
 */
export function jsonAnswer(
	random: Random,
	question: string,
	schema: Json | undefined,
	topic: Topic,
	errorRate = 0,
): string {
	if (schema !== undefined) {
		return JSON.stringify(valueOfSchema(random, schema, question, topic));
	}
	const keys = findKeys(question);
	const named = keys.length > 0 ? keys : ['answer'];
	const forgotten = named.length > 1 && random() < errorRate ? pick(random, named) : undefined;
	const given = named.filter((key) => key !== forgotten);
	return JSON.stringify(
		Object.fromEntries(given.map((key) => [key, valueFor(random, key, question, topic)])),
	);
}

/** A value that a schema permits, found in the text where possible. */
function valueOfSchema(random: Random, schema: Json, text: string, topic: Topic): unknown {
	return schemaValue(random, schema, {
		textFor: (key) => String(valueFor(random, key, text, topic)),
		number: numberIn(text),
	});
}

const valueFor = (random: Random, key: string, text: string, topic: Topic): unknown => {
	if (topic.labels.length > 0 && labelKey.test(key)) {
		return chooseLabel(random, topic.labels, text);
	}
	if (numberKey.test(key)) {
		return numberIn(text);
	}
	const finder = finders.find(([pattern]) => pattern.test(key));
	return (
		finder?.[1].exec(text)?.[0] ?? `${capitalised(pick(random, topic.words))} ${pick(random, topic.words)}`
	);
};

/** The call of a tool with an input that its schema permits; undefined where the model answers by itself. */
export function toolUseOf(
	random: Random,
	requested: RequestedTools | undefined,
	question: string,
): ToolUse | undefined {
	const tool = requested === undefined ? undefined : chosenTool(requested, question);
	if (tool === undefined) {
		return undefined;
	}
	const value = valueOfSchema(random, {type: 'object', ...tool.schema}, question, {
		words: contentWords(question),
		labels: [],
	});
	return {
		key: identifier(random, 22),
		name: tool.name,
		input: value as ToolUse['input'],
		tokens: tokenize(JSON.stringify(value)),
	};
}

const chosenTool = ({tools, choice, hasResults}: RequestedTools, question: string): Tool | undefined => {
	switch (choice.kind) {
		case 'none':
			return undefined;
		case 'tool':
			return tools.find(({name}) => name === choice.name);
		case 'any':
			return nearest(tools, question);
		case 'auto':
			return hasResults ? undefined : nearest(tools, question);
	}
};

/** The tool that shares most words with the question; the first of them on a tie. */
const nearest = (tools: readonly Tool[], question: string): Tool | undefined => {
	const asked = new Set(contentWords(question));
	const sharedWords = ({name, description}: Tool): number =>
		contentWords(`${name.replaceAll(/[_-]/g, ' ')} ${description}`).filter((word) => asked.has(word)).length;
	return tools.reduce<Tool | undefined>(
		(best, tool) => (best === undefined || sharedWords(tool) > sharedWords(best) ? tool : best),
		undefined,
	);
};
