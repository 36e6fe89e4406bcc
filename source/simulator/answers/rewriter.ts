import type {Prompt} from '../families/prompt.ts';
import {hashText} from './random.ts';

/**
 * The model as a rewriter of prompt templates. What it offers depends on template, kind and seed alone. Among it are
 * savings at equal quality and the traps that a model sets without meaning to: a shorter instruction that lost what the
 * labels mean, an answer cut too short, a lost placeholder, an item of the examples copied into the template; now and
 * then it answers with something else than JSON, or refuses.
 */

const greeting = 'You rewrite prompt templates so that they cost fewer quota tokens.';

/** What a rewriter may do with a request. `script` names them in a script of faults. */
export const rewriterManners = ['good', 'nonsense', 'refuse', 'lose-placeholder', 'leak', 'worse'] as const;
export type RewriterManner = (typeof rewriterManners)[number];

type Rewrite = {
	readonly kind: string;
	readonly template: string;
	readonly system: string | null;
	readonly maxTokens: number | null;
	readonly stopSequences: readonly string[] | null;
	readonly itemsPerRequest: number | null;
	readonly why: string;
};

/** What the request shows of the variant that is to be rewritten. */
type Parent = {
	readonly kind: string;
	readonly template: string;
	readonly system: string | undefined;
	/** Text and label of the first item that went wrong. */
	readonly example: {readonly text: string; readonly label: string} | undefined;
};

const tagged = (text: string, tag: string): string | undefined =>
	new RegExp(`<${tag}>\\n?([\\s\\S]*?)\\n?</${tag}>`).exec(text)?.[1];

const parentOf = (question: string): Parent => {
	const item = tagged(question, 'item') ?? '';
	const text = tagged(item, 'text');
	return {
		kind: tagged(question, 'kind')?.trim() ?? '',
		template: tagged(question, 'template') ?? '',
		system: tagged(question, 'system'),
		example: text === undefined ? undefined : {text, label: tagged(item, 'expected') ?? ''},
	};
};

const placeholder = /{{[^{}]*}}/;
const descriptionLine = /^\s*[-*]\s*([\w .-]+?)\s*[:=–]\s*(.+)$/;
const wishOfReasons = /step[- ]by[- ]step|in detail|thorough|discuss|\breasons?\b|explain|\bwhy\b|last line/i;

/** The parts of a template: paragraphs with a placeholder, lines that describe labels, and the rest. */
const partsOf = (template: string) => {
	const paragraphs = template.trim().split(/\n\s*\n/);
	const inputs = paragraphs.filter((paragraph) => placeholder.test(paragraph));
	const others = paragraphs.filter((paragraph) => !placeholder.test(paragraph));
	const lines = others.flatMap((paragraph) => paragraph.split('\n'));
	const labels = lines.flatMap((line) => {
		const [, name, description] = descriptionLine.exec(line) ?? [];
		return name === undefined || description === undefined ? [] : [{name: name.trim(), description}];
	});
	const said = lines.filter((line) => !descriptionLine.test(line) && line.trim() !== '');
	const examples = paragraphs.filter((paragraph) => /^example\b/i.test(paragraph.trim()));
	return {inputs, labels, said, examples};
};

const maxWords = 12;

/** The beginning of a text, cut at a comma where it is too long. */
const beginningOf = (text: string): string => {
	const words = text.split(/\s+/);
	const beginning = words.slice(0, maxWords).join(' ');
	return words.length <= maxWords ? beginning : beginning.replace(/,[^,]*$/, '');
};

/** A description without what introduces it. */
const shortened = (description: string): string =>
	beginningOf(
		(/such as (.*)$/.exec(description)?.[1] ?? description).replace(/^everything (?:about|that) /, ''),
	);

type Parts = ReturnType<typeof partsOf>;

const labelLines = ({labels}: Parts, isShort: boolean): readonly string[] =>
	labels.map(({name, description}) => `- ${name}: ${isShort ? shortened(description) : description}`);

const joined = (...paragraphs: ReadonlyArray<string | readonly string[]>): string =>
	paragraphs
		.map((paragraph) => (typeof paragraph === 'string' ? paragraph : paragraph.join('\n')))
		.filter((paragraph) => paragraph !== '')
		.join('\n\n');

/** What is asked for, in as few words as it takes. */
const briefTask = ({labels, said}: Parts): string =>
	labels.length > 0
		? 'Choose the label that fits.'
		: (said[0] ?? '').replace(
				/\b(?:please|kindly|I would like you to|it is very important that you)\s+/gi,
				'',
			);

const onlyTheAnswer = ({labels}: Parts): string =>
	labels.length > 0 ? 'Answer with the label alone.' : 'Answer with the result alone, nothing else.';

/** The system prompt of a rewrite: without the wish for long answers. */
const systemOf = ({system}: Parent): string | null =>
	system === undefined ? null : wishOfReasons.test(system) ? (system.split(/(?<=[.!?])\s/)[0] ?? '') : system;

const rewriteOf = (parent: Parent, template: string, why: string, more: Partial<Rewrite> = {}): Rewrite => ({
	kind: parent.kind,
	template,
	system: systemOf(parent),
	maxTokens: null,
	stopSequences: null,
	itemsPerRequest: null,
	why,
	...more,
});

/** Tokens of a label with room to spare, and of one that has none. */
const roomForLabel = 16;
const tooFewTokens = 1;

/** Characters of a template that the rewriter does not write out again as it is. */
const longTemplate = 1000;

const withoutPlaceholder = (parent: Parent, parts: Parts): Rewrite =>
	rewriteOf(
		parent,
		joined(briefTask(parts), labelLines(parts, true), onlyTheAnswer(parts)),
		'The input need not be named twice.',
		{maxTokens: roomForLabel},
	);

const withoutMeaning = (parent: Parent, parts: Parts): Rewrite =>
	rewriteOf(
		parent,
		joined(
			parts.labels.length > 0
				? `Which one fits: ${parts.labels.map(({name}) => name).join(', ')}? ${onlyTheAnswer(parts)}`
				: 'Answer in one word.',
			parts.inputs,
		),
		'The names of the labels say enough.',
		{maxTokens: roomForLabel},
	);

const copyingAnItem = (parent: Parent, parts: Parts): Rewrite =>
	rewriteOf(
		parent,
		joined(
			briefTask(parts),
			labelLines(parts, true),
			`Example: ${parent.example?.text ?? ''} -> ${parent.example?.label ?? ''}`,
			onlyTheAnswer(parts),
			parts.inputs,
		),
		'One example shows the form of the answer.',
		{maxTokens: roomForLabel},
	);

/** Each item on a line of its own. */
const asList = (paragraph: string): string => paragraph.replace(/^([^\n{]*?)s?:[ \t]*({{)/m, '$1s:\n$2');

const packed = (parent: Parent, parts: Parts, items: number): Rewrite =>
	rewriteOf(
		parent,
		joined(briefTask(parts), labelLines(parts, false), parts.inputs.map(asList)),
		`The instruction is paid for once for ${items} items.`,
		{itemsPerRequest: items, maxTokens: roomForLabel * items},
	);

/** What the rewriter offers for a kind, the best first. */
const offersFor = (parent: Parent): readonly Rewrite[] => {
	const parts = partsOf(parent.template);
	const {inputs, labels, said, examples} = parts;
	switch (parent.kind) {
		case 'shorter-instruction':
			return [
				rewriteOf(
					parent,
					joined(briefTask(parts), labelLines(parts, true), onlyTheAnswer(parts), inputs),
					'The descriptions keep what tells the labels apart, and nothing asks for reasons any more.',
					{maxTokens: roomForLabel},
				),
				withoutMeaning(parent, parts),
				withoutPlaceholder(parent, parts),
			];
		case 'stricter-output':
			return [
				rewriteOf(
					parent,
					joined(
						said.filter((line) => !wishOfReasons.test(line)),
						labelLines(parts, false),
						inputs,
						onlyTheAnswer(parts),
					),
					'The reasons were never used; the label alone is.',
					{maxTokens: roomForLabel},
				),
				rewriteOf(
					parent,
					joined(briefTask(parts), labelLines(parts, false), inputs, onlyTheAnswer(parts)),
					'A label is a single token.',
					{maxTokens: tooFewTokens},
				),
				...(parent.template.length > longTemplate
					? []
					: [
							rewriteOf(parent, parent.template, 'The answer stops at the end of its first line.', {
								system: parent.system ?? null,
								stopSequences: ['\n'],
							}),
						]),
			];
		case 'fewer-examples':
			return examples.length > 1
				? [
						rewriteOf(
							parent,
							examples
								.slice(1)
								.reduce((text, example) => text.replace(`\n\n${example}`, ''), parent.template),
							'One example is enough.',
						),
						copyingAnItem(parent, parts),
					]
				: [
						copyingAnItem(parent, parts),
						rewriteOf(
							parent,
							joined(said, labelLines(parts, true), inputs),
							'Without examples to drop, the descriptions became shorter.',
							{system: parent.system ?? null},
						),
					];
		case 'static-first':
			return [
				rewriteOf(
					parent,
					joined(said, labelLines(parts, labels.length > 0), inputs),
					'What is the same for every item stands first and can be cached.',
					{system: parent.system ?? null},
				),
				withoutPlaceholder(parent, parts),
			];
		case 'packed-items':
			return [packed(parent, parts, 4), packed(parent, parts, 20)];
		default:
			return [];
	}
};

const nonsense =
	'Shorter prompts are a matter of taste. One might begin with a {"rewrites": of the whole idea, and leave the rest to the reader.';
const refusal = 'I am sorry, but I cannot help with rewriting this prompt.';

/** One request in so many is answered with nonsense, and as many are refused. */
const oddOneIn = 14;

/** With it, what a demonstration of `route` gets of these are kinds that would have saved nothing. */
const oddSalt = 249;

/** How the rewriter behaves where no script says it. */
const usualManner = (request: number): RewriterManner => {
	const drawn = request % oddOneIn;
	return drawn === 0 ? 'nonsense' : drawn === 1 ? 'refuse' : 'good';
};

const chosen = (parent: Parent, manner: RewriterManner): readonly Rewrite[] => {
	const parts = partsOf(parent.template);
	switch (manner) {
		case 'lose-placeholder':
			return [withoutPlaceholder(parent, parts)];
		case 'leak':
			return [copyingAnItem(parent, parts)];
		case 'worse':
			return [withoutMeaning(parent, parts)];
		case 'good':
		case 'nonsense':
		case 'refuse':
			return offersFor(parent);
	}
};

/** A template made shorter, as OptimizePrompt does: it tries nothing, and knows no settings. */
export function shorterTemplate(template: string): string {
	const parent = {kind: 'shorter-instruction', template, system: undefined, example: undefined};
	return offersFor(parent)[0]?.template ?? template;
}

/** The rewriter of a simulator. */
export type Rewriter = {
	/** Its answer; undefined where the prompt does not ask for a rewrite. */
	readonly answer: (prompt: Pick<Prompt, 'system' | 'question'>) => string | undefined;
	/** Begins the script again. */
	readonly reset: () => void;
};

/** @param script How it answers, one request after the other, then from the first again; empty: as usual. */
export function createRewriter(seed: number, script: readonly RewriterManner[]): Rewriter {
	let asked = 0;
	return {
		answer({system, question}) {
			if (!system.trimStart().startsWith(greeting)) {
				return undefined;
			}
			return rewriterAnswer(question, seed, script[asked++ % script.length]);
		},
		reset() {
			asked = 0;
		},
	};
}

const rewriterAnswer = (question: string, seed: number, manner: RewriterManner | undefined): string => {
	const parent = parentOf(question);
	const behaviour =
		manner ?? usualManner(hashText(`${oddSalt} ${seed} ${parent.kind} ${parent.template.trim()}`));
	switch (behaviour) {
		case 'nonsense':
			return nonsense;
		case 'refuse':
			return refusal;
		default: {
			const count = Number(tagged(question, 'count') ?? 4);
			return JSON.stringify({rewrites: chosen(parent, behaviour).slice(0, count)});
		}
	}
};
