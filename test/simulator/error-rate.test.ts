import {describe, expect, it} from 'vitest';
import {composeAnswer} from '../../source/simulator/answers/answer.ts';
import {createRandom} from '../../source/simulator/answers/random.ts';

/** Tests the error rate of source/simulator/answers/answer.ts. */

const task =
	'Answer with the one category that fits the ticket. The categories are one of: billing, technical, account, other.';
const tickets = [
	['I was charged twice for my May invoice.', 'billing'],
	['The app crashes with an error whenever I open the map.', 'technical'],
] as const;

const promptOf = (question: string, system: string) => ({
	system,
	question,
	segments: [],
	maximumTokens: 1000,
	stopSequences: [],
	jsonSchema: undefined,
});

const seeds = Array.from({length: 300}, (_unused, seed) => seed);
const careful = 'You reply with one lower-case word and nothing else.';

const share = (isRight: (seed: number) => number): number =>
	seeds.reduce((sum, seed) => sum + isRight(seed), 0) / seeds.length;

const labelled = (system: string): number =>
	share((seed) => {
		const [text, label] = tickets[seed % 2] ?? tickets[0];
		return composeAnswer(createRandom(seed), promptOf(`${task}\n\n${text}`, system)) === label ? 1 : 0;
	});

const packed = (count: number): number =>
	share((seed) => {
		const items = Array.from({length: count}, (_unused, index) => tickets[index % 2] ?? tickets[0]);
		const list = items.map(([text], index) => `${index + 1}. ${text}`).join('\n');
		const asks = `Answer for each of the ${count} numbered items. Reply with one JSON object only, whose keys are the numbers and whose values are the answers.`;
		const answer = composeAnswer(createRandom(seed), promptOf(`${task}\n\n${list}\n\n${asks}`, careful));
		const labels = Object.values(JSON.parse(answer) as Record<string, string>);
		return items.filter(([, label], index) => labels[index] === label).length / count;
	});

const wholeJson = (system: string): number =>
	share((seed) => {
		const question =
			'Extract the order from the message. Reply with a JSON object with the keys "customer", "product" and "city" and nothing else.\n\nMessage: Marta Kovacs wants a desk in Leipzig.';
		const asked = system === '' ? question.replace(' and nothing else', '') : question;
		const answer = composeAnswer(createRandom(seed), promptOf(asked, system));
		return Object.keys(JSON.parse(answer) as object).length === 3 ? 1 : 0;
	});

describe('the answers of the simulator', () => {
	it('are mostly right, and less so where little is said about how to answer', () => {
		expect(labelled(careful)).toBeGreaterThan(0.95);
		// Whoever is not asked for the label alone explains it now and then, which no check takes for the label.
		expect(labelled('')).toBeGreaterThan(0.5);
		expect(labelled('')).toBeLessThan(labelled(careful) - 0.02);
	});

	it('are worse the more is packed into a request', () => {
		const [two, five, ten] = [2, 5, 10].map(packed);
		expect(two).toBeGreaterThan(0.93);
		expect(five).toBeLessThan((two ?? 0) - 0.01);
		expect(ten).toBeLessThan((five ?? 0) - 0.02);
		expect(ten).toBeGreaterThan(0.8);
	});

	it('forget a key of JSON now and then', () => {
		expect(wholeJson('You turn messages into JSON. Be concise.')).toBeGreaterThan(0.95);
		expect(wholeJson('')).toBeGreaterThan(0.8);
		expect(wholeJson('')).toBeLessThan(0.97);
	});
});
