import {asksForSummary} from './prose.ts';
import {pick, type Random} from './random.ts';

/** What the wording of a prompt asks for: style, length, labels, and the items of a packed prompt. */

export type PackedItems = {
	/** The prompt without the items. */
	readonly instructions: string;
	readonly items: readonly string[];
	/** How to combine the answers. */
	readonly form: 'object' | 'array';
};

/** The first item may follow a word such as "Ticket:" on its line. */
const itemStart = /^[ \t]*(?:(?:\p{L}+:[ \t]*)(?=1[.):]))?(\d{1,3})[.):][ \t]+/gmu;

/** Whether the wording asks for an answer to every item. */
const askedForEach =
	/\b(?:each|every|all)\b[^.\n]{0,40}\b(?:items?|texts?|tickets?|numbered|entries|questions?|of the \d+)\b/i;

/** The items of a packed prompt; undefined where it is not one. */
export function findPackedItems(question: string): PackedItems | undefined {
	if (!askedForEach.test(question) || !/\bJSON\b/i.test(question)) {
		return undefined;
	}
	const inOrder: RegExpExecArray[] = [];
	for (const start of question.matchAll(itemStart)) {
		// Lists inside an item have their own numbers, which are out of order.
		if (Number(start[1]) === inOrder.length + 1) {
			inOrder.push(start);
		}
	}
	if (inOrder.length < 2) {
		return undefined;
	}
	const first = inOrder[0]?.index ?? 0;
	const parts = inOrder.map((start, index) =>
		question.slice(start.index + start[0].length, inOrder[index + 1]?.index ?? question.length),
	);
	// An instruction may follow the last item after an empty line.
	const [lastItem = '', ...after] = (parts.at(-1) ?? '').split(/\n\s*\n/);
	return {
		instructions: `${question.slice(0, first)}\n${after.join('\n\n')}`,
		items: [...parts.slice(0, -1), lastItem].map((item) => item.trim()),
		form: /\bJSON array\b/i.test(question) ? 'array' : 'object',
	};
}

/** Length and manner of an answer. */
export type Style = 'brief' | 'plain' | 'detailed' | 'structured';

/** The format that a prompt asks for. */
export type RequestedFormat = {
	readonly style: Style;
	/** Number of sentences asked for. */
	readonly sentences: number | undefined;
	/** Maximum number of words asked for. */
	readonly words: number | undefined;
	/** Labels to choose from; fewer than two: none. */
	readonly labels: readonly string[];
	readonly isOneWord: boolean;
	readonly isJson: boolean;
	/** A summary of the text in the prompt is asked for. */
	readonly isSummary: boolean;
};

const stylePatterns: ReadonlyArray<readonly [Style, RegExp]> = [
	[
		'detailed',
		/\b(thorough\w*|detailed|in detail|comprehensive\w*|in[- ]depth|exhaustive\w*|covers? (every\w*|all))\b/i,
	],
	[
		'structured',
		/\b(headings?|step[- ]by[- ]step|in steps|well[- ]structured|structured|clear structure)\b/i,
	],
	[
		'brief',
		/\b(brief\w*|concise\w*|short\w*|succinct\w*|terse\w*|to[- ]the[- ]point|directly|only the answer|nothing else|no explanation)\b/i,
	],
];

const numberWords: Readonly<Record<string, number>> = {
	a: 1,
	one: 1,
	single: 1,
	two: 2,
	three: 3,
	four: 4,
	five: 5,
	six: 6,
	seven: 7,
	eight: 8,
	nine: 9,
	ten: 10,
};

const countPattern = (unit: string): RegExp =>
	new RegExp(`\\b(\\d{1,4}|${Object.keys(numberWords).join('|')})[ -]${unit}`, 'i');

const sentencePattern = countPattern('(?:\\w+ )?sentences?\\b');
const wordCountPattern = countPattern('words\\b');

/** Whether a paragraph asks for a style. */
export function isStyleInstruction(paragraph: string): boolean {
	return stylePatterns.some(([, pattern]) => pattern.test(paragraph));
}

/** Reads the requested format. */
export function readRequestedFormat(system: string, question: string): RequestedFormat {
	const instructions = instructionsOf(system, question);
	return {
		style: styleOf(system, instructions),
		sentences: readCount(instructions, sentencePattern),
		words: readCount(instructions, wordCountPattern),
		labels: findLabels(instructions),
		isOneWord: /\b(one|single) word\b/i.test(instructions),
		isJson: /\bJSON\b/i.test(instructions),
		isSummary: asksForSummary(instructions),
	};
}

/** Only the ends of a long message are instructions; the middle is the text they are about. */
const instructionsOf = (system: string, question: string): string =>
	question.length <= 1200
		? `${system}\n${question}`
		: `${system}\n${question.slice(0, 900)}\n${question.slice(-300)}`;

const styleOf = (system: string, instructions: string): Style =>
	stylePatterns.find(([, pattern]) => pattern.test(system))?.[0] ??
	stylePatterns.find(([, pattern]) => pattern.test(instructions))?.[0] ??
	'plain';

const readCount = (text: string, pattern: RegExp): number | undefined => {
	const said = pattern.exec(text)?.[1]?.toLowerCase();
	return said === undefined ? undefined : (numberWords[said] ?? Number(said));
};

/** Classification: finds the labels that a prompt allows and picks the one that fits its text. */

const listPatterns = [
	// "the one category that fits: billing, technical, other."
	/\b(?:one of|categor(?:y|ies)|labels?|class(?:es)?|classify|options?|choose|topics?|sentiment|queues?|teams?|priorit(?:y|ies)|route)\b[^:\n]{0,90}:\s*([^\n.;:]+)/i,
	// "either positive, negative or neutral", "as spam or ham"
	/\b(?:one of|either|as)\s+((?:["'`]?[\w-]+["'`]?,\s*)*["'`]?[\w-]+["'`]?,?\s+or\s+["'`]?[\w-]+["'`]?)/i,
	// "(positive|negative|neutral)", "[spam, ham]"
	/[[(]\s*((?:["'`]?[\w-]+["'`]?\s*[|/,]\s*)+["'`]?[\w-]+["'`]?)\s*[\])]/,
];

const maxLabelLength = 30;
const maxLabels = 30;

/** The labels that the prompt offers; none where it does not ask to classify. */
export function findLabels(instructions: string): readonly string[] {
	for (const pattern of listPatterns) {
		const labels = splitLabels(pattern.exec(instructions)?.[1] ?? '');
		if (labels.length > 0) {
			return labels;
		}
	}
	return [];
}

const splitLabels = (list: string): readonly string[] => {
	const labels = list
		.split(/\s*[,|/]\s*|\s+or\s+|\s+and\s+/i)
		.map((label) =>
			label
				.replace(/^(?:or|and)\s+/i, '')
				.replace(/^["'`*]+|["'`*]+$/g, '')
				.trim(),
		)
		.filter((label) => label !== '');
	const areLabels = labels.every((label) => label.length <= maxLabelLength && label.split(/\s+/).length <= 3);
	return areLabels && labels.length >= 2 && labels.length <= maxLabels ? labels : [];
};

/** Words that suggest common labels. */
const hints: ReadonlyArray<readonly [label: RegExp, words: RegExp]> = [
	[
		/bill|pay|invoice|financ/i,
		/invoice|charge|refund|payment|\bpaid\b|\bpay\b|\bcard\b|\bbank\b|declin|\bprice|subscription|receipt|\bbill|\btax\b|debit|money/gi,
	],
	[
		/tech|bug|fault|software|support/i,
		/error|crash|\bbug\b|fail|install|update|slow|freez|broken|not work|doesn't work|screen|server|\bapp\b|timeout|exception|connect/gi,
	],
	[
		/account|login|access|security/i,
		/password|log ?in|sign ?in|account|locked|two-factor|username|profile|hacked/gi,
	],
	[/ship|deliver|order|logistic/i, /deliver|shipping|shipped|package|parcel|courier|tracking|order|arriv/gi],
	[/return|exchange/i, /return|exchange|wrong size|send back/gi],
	[/feature|suggest|idea/i, /feature|would be nice|suggest|wish|could you add|dark mode/gi],
	[
		/positive|good|happy|praise/i,
		/great|excellent|love|perfect|wonderful|happy|fantastic|best|recommend|amazing/gi,
	],
	[
		/negative|bad|complaint|unhappy/i,
		/bad|terrible|awful|worst|hate|disappoint|broke|refund|poor|never again|horrible/gi,
	],
	[/spam|junk/i, /winner|prize|free|click here|lottery|offer/gi],
	[/urgent|high|critical/i, /urgent|immediately|asap|outage|down\b|production|emergency/gi],
	[/cancel|churn/i, /cancel|unsubscribe|terminate|close my/gi],
];

/** Labels for texts that fit no other. */
const restLabel = /^(other|others|misc\w*|general|neutral|none|unknown|mixed|normal|ham|low)$/i;

/**
 * The label that fits the text best; sometimes another one, as with models.
 * @param errorRate How often it is another one, 0 to 1.
 */
export function chooseLabel(random: Random, labels: readonly string[], text: string, errorRate = 0): string {
	const isWrong = random() < errorRate;
	const fitting = fittingLabel(random, labels, text);
	const others = labels.filter((label) => label !== fitting);
	return isWrong && others.length > 0 ? pick(random, others) : fitting;
}

const fittingLabel = (random: Random, labels: readonly string[], text: string): string => {
	const scored = labels.map((label) => ({label, score: scoreOf(label, text)}));
	const best = scored.reduce((winner, entry) => (entry.score > winner.score ? entry : winner));
	if (best.score > 0) {
		return best.label;
	}
	return labels.find((label) => restLabel.test(label)) ?? pick(random, labels);
};

const scoreOf = (label: string, text: string): number => {
	const named = countMatches(text, new RegExp(`\\b${escapePattern(label.slice(0, 6))}`, 'gi'));
	const hinted = hints
		.filter(([pattern]) => pattern.test(label))
		.reduce((sum, [, words]) => sum + countMatches(text, words), 0);
	return named * 2 + hinted;
};

const countMatches = (text: string, pattern: RegExp): number => [...text.matchAll(pattern)].length;

const escapePattern = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
