import {charactersPerToken} from '../domain/accounting.ts';
import type {PromptMessage} from '../domain/backend.ts';
import type {Lane} from '../domain/bucket-usage.ts';
import type {AppliedRule, Chat, Compression, Item, Prompt, Recorded, Task, Variant} from '../domain/task.ts';
import {membersOf, textOfSource} from '../text/as-written.ts';

/** Placeholders such as {{task}} or {{item.text}} in the templates of a preset. */

const placeholderPattern = /{{\s*([^{}]*?)\s*}}/g;

/** Names of all placeholders of a template, in order, with repeats. */
export function placeholdersOf(template: string): readonly string[] {
	return [...template.matchAll(placeholderPattern)].map((match) => match[1] ?? '');
}

/** Parsed templates: the same few are filled for every record of a batch. */
const known = new Map<string, readonly string[]>();
const maxKnown = 64;

/** Texts and names in turn, beginning with a text. */
const partsOf = (template: string): readonly string[] => {
	const before = known.get(template);
	if (before !== undefined) {
		return before;
	}
	if (known.size === maxKnown) {
		known.clear();
	}
	const parts = template.split(placeholderPattern);
	known.set(template, parts);
	return parts;
};

/**
 * Puts values into a template, in one pass: text that was filled in is never expanded again.
 * @param lookup Value of a placeholder. Presets are checked when they are read, so each one has a value.
 */
export function fillTemplate(template: string, lookup: (placeholder: string) => string): string {
	return partsOf(template).reduce((text, part, index) => text + (index % 2 === 0 ? part : lookup(part)), '');
}

/** Merges blank lines in a row into one, and drops those at the ends. */
const tidy = (template: string): string =>
	(template.includes('\n\n\n') ? template.replace(/\n{3,}/g, '\n\n') : template).trim();

/**
 * Puts values into a template and joins its parts that are not empty with blank lines. Only the template is tidied: a
 * value stays as written.
 */
function fillTidily(template: string, lookup: (placeholder: string) => string): string {
	const values = new Map(
		partsOf(template).flatMap((name, index) => (index % 2 === 0 ? [] : [[name, lookup(name)] as const])),
	);
	const isBlank = (name: string): boolean => (values.get(name) ?? '').trim() === '';
	const shown = [...values.keys()].some(isBlank)
		? template.replace(placeholderPattern, (whole, name: string) => (isBlank(name) ? '' : whole))
		: template;
	return fillTemplate(tidy(shown), (name) => values.get(name) ?? '');
}

/** Makes prompts from variant, task and items. */

/** The conversation of a lane; undefined where it has items, or the task is asked once. */
export function chatInLane({chat}: Pick<Task, 'chat'>, lane: Lane): Chat | undefined {
	return chat?.lane === undefined || chat.lane === lane ? chat : undefined;
}

/** The messages of a prompt, oldest first. */
export function messagesOf({user, history}: Prompt): readonly PromptMessage[] {
	return [...(history?.messages ?? []), {role: 'user', text: user}];
}

/** Value of an item placeholder: the whole item for `item`, a field for `item.field`. */
export function itemValue(item: Item | undefined, placeholder: string): string {
	if (item === undefined) {
		return '';
	}
	return placeholder === 'item' ? item.text : (item.fields[placeholder.slice('item.'.length)] ?? '');
}

/** Value of an item placeholder over the items of one request: the value itself, or a numbered list of them. */
const itemsValue = (items: readonly Item[], placeholder: string): string =>
	items.length > 1
		? numberedList(items.map((item) => itemValue(item, placeholder)))
		: itemValue(items[0], placeholder);

const placeholderValue = (placeholder: string, task: Task, items: readonly Item[]): string => {
	switch (placeholder) {
		case 'task':
			return task.task;
		case 'content':
			return task.content ?? '';
		case 'turn':
			// New content is filled in as an item, so that it is not expanded.
			return items.length > 0 ? itemsValue(items, 'item') : turnText(task, 0);
		case 'input':
			return [task.content ?? '', items.length > 0 ? itemsValue(items, 'item') : turnText(task, 0)]
				.filter((text) => text !== '')
				.join('\n\n');
		default:
			return itemsValue(items, placeholder);
	}
};

/** The user's message of a turn, counted from 0; empty beyond the last turn. */
const turnText = (task: Task, turn: number): string =>
	fillTemplate(task.chat?.turns[turn] ?? '', (placeholder) => placeholderValue(placeholder, task, []));

/** Fills a template and tidies it. */
const fullText = (template: string, task: Task, items: readonly Item[]): string =>
	fillTidily(template, (placeholder) => placeholderValue(placeholder, task, items));

/**
 * The prompt of one request; of a conversation, its first turn.
 * @param items The items that the request carries: none for a task without items, several when it is packed.
 */
export function composePrompt(variant: Variant, task: Task, items: readonly Item[]): Prompt {
	const packing = items.length > 1 ? `\n\n${packingInstruction(items.length)}` : '';
	const system = variant.system === undefined ? undefined : fullText(variant.system, task, items);
	const user = fullText(variant.instruction, task, items);
	if (variant.compress.length === 0) {
		return {system, user: user + packing};
	}
	const shortSystem = system === undefined ? undefined : compressByRule(system, variant.compress);
	const shortUser = compressByRule(user, variant.compress);
	return {
		system: shortSystem?.text,
		user: shortUser.text + packing,
		compression: {
			rules: addedRules([shortUser.rules, shortSystem?.rules ?? []]),
			original: {system: system ?? null, user: user + packing},
		},
	};
}

/** Words of three letters: with the blank after it each is a token for nearly every model, and four characters. */
const shortWords =
	'the old man saw how his dog ran out and hid our red hat but one day she got her new cat too ';
const longAnswer = 'Continue this text for as long as you can: ';

/** A text of about so many tokens that nobody wrote, which asks for a long answer where it has room for that. */
function textOfTokens(tokens: number): string {
	const characters = Math.max(1, Math.round(tokens * charactersPerToken));
	const head = characters > 2 * longAnswer.length ? longAnswer : '';
	const times = Math.ceil(characters / shortWords.length);
	return (head + shortWords.repeat(times)).slice(0, characters - 1).padEnd(characters, '.');
}

/** The prompt of a replayed request: of the recorded size, what the variant adds aside. */
export function composeRecorded(
	variant: Variant,
	task: Task,
	{inputTokens}: Pick<Recorded, 'inputTokens'>,
): Prompt {
	return composePrompt(variant, {...task, content: textOfTokens(inputTokens)}, []);
}

/** The turn before. */
type Exchange = {
	readonly prompt: Prompt;
	readonly answer: string;
	/** Tokens of prompt and answer, as the service counted them; undefined where it did not. */
	readonly tokens: number | undefined;
};

/**
 * The prompt of a later turn of a conversation: the whole conversation so far with the real answers, and the turn of the
 * preset, without the variant's instruction.
 * @param turn Counted from 0, the first one being that of `composePrompt`.
 */
export function composeTurn(
	variant: Variant,
	task: Task,
	turn: number,
	{prompt, answer, tokens}: Exchange,
): Prompt {
	return {
		system: prompt.system,
		user: compressText(fullText(task.chat?.turns[turn] ?? '', task, []), variant.compress),
		history: {messages: [...messagesOf(prompt), {role: 'assistant', text: answer}], tokens},
	};
}

/*
 * Compression: rules that make a prompt shorter without changing what it asks for. Each is listed here and tested by itself.
 */

/** Phrases that cost tokens and carry no instruction. */
const boilerplatePhrases: readonly RegExp[] = [
	/\bplease\s+/gi,
	/\b(?:could|would|can) you (?:kindly )?(?=\w)/gi,
	/\bkindly\s+/gi,
	/\bi would like you to\s+/gi,
	/\bit is (?:very )?important (?:to note )?that (?:you )?/gi,
	/\bmake sure (?:that you|to)\s+/gi,
	/\bin order to\b/gi,
	/\bthank you(?: very much)?(?: in advance)?[.!]?/gi,
];

/** Shorter replacements where a phrase cannot simply be dropped. */
const replacementOf = (phrase: string): string => (/^in order to$/i.test(phrase) ? 'to' : '');

const squeezeWhitespace = (text: string): string =>
	text
		.split('\n')
		.map((line) => line.replace(/[ \t]+/g, ' ').trim())
		.join('\n')
		.replace(/\n{2,}/g, '\n')
		.trim();

const dropBoilerplate = (text: string): string =>
	boilerplatePhrases
		.reduce((shorter, phrase) => shorter.replace(phrase, replacementOf), text)
		.replace(
			/(^|[.!?]\s+)([a-z])/g,
			(_match, before: string, letter: string) => before + letter.toUpperCase(),
		);

/** Keeps the first of several paragraphs that begin with "Example". */
const trimExamples = (text: string): string => {
	const paragraphs = text.split(/\n{2,}/);
	const isExample = (paragraph: string): boolean => /^example\b/i.test(paragraph.trim());
	const first = paragraphs.findIndex((paragraph) => isExample(paragraph));
	return paragraphs.filter((paragraph, index) => index === first || !isExample(paragraph)).join('\n\n');
};

const apply = (text: string, compression: Compression): string => {
	switch (compression) {
		case 'whitespace':
			return squeezeWhitespace(text);
		case 'boilerplate':
			return dropBoilerplate(text);
		case 'examples':
			return trimExamples(text);
	}
};

/** Order in which the rules are applied: paragraphs are needed until the end. */
const order: readonly Compression[] = ['examples', 'boilerplate', 'whitespace'];

/** A text made shorter by the rules that a variant names, in their fixed order. The variant keeps the original. */
function compressByRule(
	text: string,
	compressions: readonly Compression[],
): {readonly text: string; readonly rules: readonly AppliedRule[]} {
	const rules: AppliedRule[] = [];
	let shorter = text;
	for (const rule of order.filter((compression) => compressions.includes(compression))) {
		const before = shorter.length;
		shorter = apply(shorter, rule);
		rules.push({rule, savedCharacters: before - shorter.length});
	}
	return {text: shorter, rules};
}

/** The shortened text alone. */
export function compressText(text: string, compressions: readonly Compression[]): string {
	return compressByRule(text, compressions).text;
}

/** Total effect of the rules on the texts of a prompt. */
function addedRules(parts: ReadonlyArray<readonly AppliedRule[]>): readonly AppliedRule[] {
	return (parts[0] ?? []).map(({rule}, index) => ({
		rule,
		savedCharacters: parts.reduce((sum, rules) => sum + (rules[index]?.savedCharacters ?? 0), 0),
	}));
}

/** Several items in one request: numbered in the prompt, and separated by number in the reply. */

/** The values as a numbered list, one paragraph per entry. */
function numberedList(values: readonly string[]): string {
	return values.map((value, index) => `${index + 1}. ${value}`).join('\n');
}

/** Instruction of a packed request, after the prompt. */
function packingInstruction(count: number): string {
	return (
		`Do this for each of the ${count} numbered items on its own. Reply with one JSON object and nothing else: ` +
		'its keys are the item numbers as strings ("1" is the first), its values the answers as strings.'
	);
}

/** The outermost {...} of a reply, past code fences and introductions; undefined without one. */
const jsonPart = (text: string): string | undefined => {
	const start = text.indexOf('{');
	const end = text.lastIndexOf('}');
	return start === -1 || end < start ? undefined : text.slice(start, end + 1);
};

/**
 * Separates a packed reply.
 * @returns One entry per item, in order; undefined where the reply has no answer for it.
 */
export function unpackAnswers(text: string, count: number): ReadonlyArray<string | undefined> {
	const part = jsonPart(text);
	const answers = part === undefined ? undefined : parseObject(part);
	return Array.from({length: count}, (_unused, index) => {
		const source = answers?.get(String(index + 1));
		return source === undefined || source === 'null' ? undefined : textOfSource(source);
	});
}

/** The members of a JSON object in a text, each as written; undefined for anything else. */
export function parseObject(text: string): ReadonlyMap<string, string> | undefined {
	try {
		JSON.parse(text);
	} catch {
		return undefined;
	}
	return text.trimStart().startsWith('{') ? new Map(membersOf(text)) : undefined;
}
