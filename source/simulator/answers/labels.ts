import {pick, type Random} from './random.ts';

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
