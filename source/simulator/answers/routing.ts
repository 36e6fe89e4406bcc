import {contentWords, paragraph, sentence} from './prose.ts';
import {hashText, type Random} from './random.ts';
import {findPackedItems} from './requested-format.ts';

/**
 * The routing of support tickets to teams. How good the answers are follows the prompt alone: with every team described
 * about one ticket in twenty goes wrong, with bare names one in four, and each further ticket in a request adds to it.
 * Half of the mistakes are those of hard tickets, which every prompt makes; the other half differs from one wording to
 * the next. The same prompt always routes a ticket in the same way.
 */

type Hints = {readonly label: string; readonly words: RegExp};

/** Words by which a ticket is known to belong to a team. */
const teams: readonly Hints[] = [
	{
		label: 'billing',
		words:
			/invoice|charged|debit|receipt for the payment|\bprice on|late fee|\bpaid\b|purchase order|transaction fees|pay by bank|credit card|statement|currency|accountant|discount of|tax rate|\bamount\b|percent/gi,
	},
	{
		label: 'access',
		words:
			/log ?in\b|logged out|sign(?:ed)?[ -]in|password|second factor|authenticator|recovery codes|locked|single sign|\brights\b|\bpin of\b|unlock|user name|only owner|administrator|let us back in/gi,
	},
	{
		label: 'bug',
		words:
			/closes by itself|shows zero|freezes|error [a-z]\d|goes down by two|takes \d+ seconds|wrong by one cent|crashes|export of|sync has been|cannot be seen|twice since version|jumps back|white screen|wrong rate|since the (?:last )?update|\bthe log\b|a restart|repaired|engineers|did not do this|make it happen/gi,
	},
	{
		label: 'howto',
		words:
			/\bhow do i (?!prove|return)|where can i|how can i|is there a guide|what do i have to do to|where do i enter|can you explain the difference|which button|where is the setting|what is the right way|\bmanual\b|is there a video|description of the steps|show me on|small steps|looked through the settings/gi,
	},
	{
		label: 'feature',
		words:
			/it would be great|we miss|could you add|i wish\b|do you plan|wonderful addition|my suggestion|think about a version|we would love|idea for the next|could a later version|it would help us if|we would like to see|have you ever considered|i propose|on your list|people who plan|vote for|nothing in the settings does|gladly test|would save us/gi,
	},
	{
		label: 'delivery',
		words:
			/parcel|tracking|(?<!hand it to the )courier|\border [a-z]{2}-|be shipped|shipment|customs|\bship\b|depot|where is it now|count on it|missing part|by express/gi,
	},
	{
		label: 'returns',
		words:
			/send back|sent back|crack\b|exchange|warranty|\breturn\b|replacement|defective|burnt|too many|scratched|swap|power supply|replace it|serial number|film on|photos of the damage|way back|money back|do not want to keep|goods are worth/gi,
	},
	{
		label: 'cancel',
		words:
			/end the contract|cancel|step down|contract rest|gave notice|notice period|supplier|my trial|contract [a-z]{2}-\d+ ends|take over the contract|end my subscription|leave the contract|have left you|we give up|pressed cancel|plan renews|last day|the contract began|no use for it|by post|signed the letter/gi,
	},
];

/** Fewest teams that a prompt names where it asks to route. */
const minTeams = 6;

const hardShare = 0.05;
const undescribedShare = 0.2;
const sharePerFurtherTicket = 0.012;

/** Whether the instructions say what a team takes care of, and do not merely name it. */
const isDescribed = (label: string, instructions: string): boolean =>
	new RegExp(`\\b${label}\\b["'\`*]*\\s*(?:[:=(–—]|-\\s)\\s*\\p{L}`, 'iu').test(instructions);

/** A number from 0 up to 1 that is always the same for a text. */
const chanceOf = (text: string): number => hashText(text) / 0x1_0000_0000;

const scoreOf = ({words}: Hints, ticket: string): number => [...ticket.matchAll(words)].length;

const fittingTeam = (offered: readonly Hints[], ticket: string): string | undefined =>
	offered
		.map((team) => ({label: team.label, score: scoreOf(team, ticket)}))
		.reduce((best, each) => (each.score > best.score ? each : best), {
			label: offered[0]?.label,
			score: 0,
		}).label;

/** The team that the model names for a ticket. */
function teamFor(instructions: string, offered: readonly Hints[], ticket: string, tickets: number): string {
	const described = offered.filter(({label}) => isDescribed(label, instructions)).length;
	const wrongShare =
		hardShare + undescribedShare * (1 - described / offered.length) + sharePerFurtherTicket * (tickets - 1);
	// Both halves together are wrong in that share of the tickets.
	const half = 1 - Math.sqrt(1 - wrongShare);
	const isWrong = chanceOf(ticket) < half || chanceOf(`${instructions}\n${ticket}`) < half;
	const fitting = fittingTeam(offered, ticket) ?? '';
	const others = offered.map(({label}) => label).filter((label) => label !== fitting);
	return isWrong ? (others[hashText(`${ticket}?`) % others.length] ?? fitting) : fitting;
}

const markedTicket =
	/<ticket>\s*([\s\S]*?)\s*<\/ticket>|^[ \t]*(?:the )?(?:ticket|text|message|email)[ \t]*:[ \t]*\n?[ \t]*(\S[^\n]*)/im;

/** The ticket of a prompt, and the prompt without it. */
const splitPrompt = (question: string): {readonly ticket: string; readonly instructions: string} => {
	const marked = markedTicket.exec(question);
	const lastLine = question.trim().split('\n').at(-1) ?? '';
	const ticket = (marked?.[1] ?? marked?.[2] ?? lastLine).trim();
	const at = question.lastIndexOf(ticket);
	return {ticket, instructions: question.slice(0, at) + question.slice(at + ticket.length)};
};

/** The description of a team may hold words that elsewhere ask for a kind of answer. */
const withoutDescriptions = (instructions: string): string => instructions.replace(/^\s*[-*]\s.*$/gm, '');

const negated =
	/\b(?:without|no|not|never|nor)\b[^.\n]{0,30}\b(?:reasons?|reasoning|explain\w*|explanations?|why)\b/gi;

const wantedReasons = (instructions: string): 'long' | 'short' | 'none' => {
	const wishes = withoutDescriptions(instructions).replace(negated, '');
	if (/step[- ]by[- ]step|in detail|thorough|discuss/i.test(wishes)) {
		return 'long';
	}
	return /\breasons?\b|\bexplain|\bwhy\b|\bbecause\b/i.test(wishes) ? 'short' : 'none';
};

/** Tokens of a reasoning that goes through the teams. */
const longReasonTokens = 125;

const answerFor = (random: Random, instructions: string, ticket: string, team: string): string => {
	const words = contentWords(ticket);
	switch (wantedReasons(instructions)) {
		case 'long':
			return `${paragraph(random, words, 'plain', longReasonTokens)}\n\n${team}`;
		case 'short':
			return `${sentence(random, words, 'long')}\n${team}`;
		case 'none':
			return team;
	}
};

const teamsIn = (instructions: string): readonly Hints[] =>
	teams.filter(({label}) => new RegExp(`\\b${label}\\b`, 'i').test(instructions));

/** The answer to a prompt that routes tickets; undefined where it does not ask for that. */
export function routingAnswer(random: Random, system: string, question: string): string | undefined {
	const packed = findPackedItems(question);
	if (packed !== undefined) {
		const instructions = `${system}\n${packed.instructions}`;
		const offered = teamsIn(instructions);
		const answers = packed.items.map((ticket, index) => [
			String(index + 1),
			teamFor(instructions, offered, ticket, packed.items.length),
		]);
		return offered.length < minTeams ? undefined : JSON.stringify(Object.fromEntries(answers));
	}
	const {ticket, instructions: asked} = splitPrompt(question);
	const instructions = `${system}\n${asked}`;
	const offered = teamsIn(instructions);
	return offered.length < minTeams
		? undefined
		: answerFor(random, instructions, ticket, teamFor(instructions, offered, ticket, 1));
}
