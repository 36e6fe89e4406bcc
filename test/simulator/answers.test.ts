import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {answerPrompt, composeAnswer} from '../../source/simulator/answers/answer.ts';
import {createRandom, createRequestRandom, uuid} from '../../source/simulator/answers/random.ts';
import {findLabels} from '../../source/simulator/answers/requested-format.ts';
import type {Model} from '../../source/simulator/catalog/model.ts';
import {findModel} from '../../source/simulator/catalog/models.ts';
import {countTokens, type Prompt, textSegment, tokenize} from '../../source/simulator/families/prompt.ts';

/** Tests source/simulator/answers/: answer.ts, requested-format.ts, prose.ts and json-answer.ts. */

const promptOf = (question: string, more: Partial<Prompt> = {}): Prompt => ({
	segments: [textSegment(question)],
	system: '',
	question,
	maximumTokens: 4000,
	stopSequences: [],
	jsonSchema: undefined,
	...more,
});

const answerTo = (question: string, more: Partial<Prompt> = {}, seed = 1): string =>
	composeAnswer(createRandom(seed), promptOf(question, more));

const meanTokens = (question: string, system = ''): number => {
	const seeds = Array.from({length: 40}, (_unused, seed) => seed);
	return seeds.reduce((sum, seed) => sum + countTokens(answerTo(question, {system}, seed)), 0) / seeds.length;
};

const model = (id: string): Model => findModel(id) as Model;

describe('the tokenizer', () => {
	it('loses nothing', () => {
		fc.assert(
			fc.property(fc.string({unit: 'binary'}), (text) => {
				expect(tokenize(text).join('')).toBe(text);
			}),
		);
	});

	it('comes to about four characters a token in prose', () => {
		const prose =
			'The city council met on Tuesday to discuss the proposed changes to the public transportation system. ' +
			'Several residents expressed concerns about the increased fares.';
		expect(prose.length / countTokens(prose)).toBeGreaterThan(3.5);
		expect(prose.length / countTokens(prose)).toBeLessThan(4.5);
	});
});

describe('the length of an answer follows the wording', () => {
	const task = 'Explain what a heat pump does.';

	it('brief, plain, structured, detailed, each longer than the one before', () => {
		const brief = meanTokens(`${task} Be brief: only what was asked for.`);
		const plain = meanTokens(task);
		const structured = meanTokens(`${task} Work in steps, then answer under clear headings.`);
		const detailed = meanTokens(`${task} Be thorough: cover every point of relevance.`);
		expect(brief).toBeLessThan(80);
		expect(plain).toBeGreaterThan(brief * 1.5);
		expect(structured).toBeGreaterThan(plain * 1.3);
		expect(detailed).toBeGreaterThan(structured * 1.3);
	});

	it('a style in the system prompt counts like one in the question', () => {
		expect(meanTokens(task, 'You answer briefly and directly.')).toBeLessThan(80);
		expect(meanTokens(task, 'Give a thorough answer that covers everything.')).toBeGreaterThan(400);
	});

	it('headings where headings are asked for', () => {
		expect(answerTo(`${task} Present it under clear headings.`)).toMatch(/^## .+$/m);
	});

	it.each([
		['one sentence', 1],
		['three sentences', 3],
		['exactly 5 short sentences', 5],
	])('in %s', (asked, count) => {
		expect(answerTo(`Describe rain in ${asked}.`).match(/[.!?](?=\s|$)/g)?.length).toBe(count);
	});

	it('one word', () => {
		expect(answerTo('Answer in one word: what falls from clouds?')).toMatch(/^\w+$/);
	});

	it('a summary is made of sentences of the text', () => {
		const report =
			'The pump failed on Monday at dawn because of a worn seal. Two fitters changed it within three hours of work. ' +
			'The pressure fell for twenty minutes but nobody was without water. A spare gasket is kept in store from now on.';
		const summary = answerTo(`Summarize the following report in two sentences.\n\n${report}`);
		for (const sentence of summary.match(/[^.]+\./g) ?? []) {
			expect(report).toContain(sentence.trim());
		}
		expect(summary.match(/\./g)?.length).toBe(2);
	});
});

describe('classification', () => {
	it.each([
		['Answer with the one category that fits: billing, technical, other.', ['billing', 'technical', 'other']],
		[
			'The categories are one of: billing, technical, account, other.',
			['billing', 'technical', 'account', 'other'],
		],
		[
			'Is the review positive, negative or neutral? Reply with one of positive, negative or neutral.',
			['positive', 'negative', 'neutral'],
		],
		['Classify the mail (spam|ham).', ['spam', 'ham']],
		['Label the text as either "urgent" or "normal".', ['urgent', 'normal']],
		['Tell me about rain.', []],
	])('finds the labels of %j', (question, labels) => {
		expect(findLabels(question)).toEqual(labels);
	});

	const tickets: ReadonlyArray<readonly [ticket: string, label: string]> = [
		['I was charged twice for my May invoice and want a refund.', 'billing'],
		['The app crashes with an error whenever I upload a file.', 'technical'],
		['I forgot my password and cannot log in to my account.', 'account'],
		['Are you hiring students for the summer?', 'other'],
	];

	const classify = (ticket: string, seed: number, wish = ''): string =>
		answerTo(
			`Answer with the one category that fits the ticket: billing, technical, account, other.\n\n${wish}\n\n${ticket}`,
			{},
			seed,
		);

	it.each(tickets)('%j is mostly %s', (ticket, label) => {
		const answers = Array.from({length: 200}, (_unused, seed) => classify(ticket, seed, 'Be brief.'));
		const right = answers.filter((answer) => answer === label).length;
		expect(right).toBeGreaterThan(180);
		expect(right).toBeLessThan(200);
		expect(answers.every((answer) => ['billing', 'technical', 'account', 'other'].includes(answer))).toBe(
			true,
		);
	});

	it('the words of the instructions do not speak for a label', () => {
		const wish = 'Be thorough: explain your reasons, and name details and exceptions.';
		const answers = Array.from({length: 50}, (_unused, seed) =>
			classify('Are you hiring students for the summer?', seed, wish),
		);
		expect(answers.filter((answer) => answer === 'technical').length).toBeLessThan(5);
	});

	it('a thorough style explains itself now and then', () => {
		const answers = Array.from({length: 200}, (_unused, seed) =>
			classify('I was charged twice.', seed, 'Be thorough.'),
		);
		const bare = answers.filter((answer) => /^\w+$/.test(answer)).length;
		expect(bare).toBeGreaterThan(50);
		expect(bare).toBeLessThan(130);
	});
});

describe('JSON', () => {
	const invoice =
		'Invoice INV-2041 from Acme Tools of 2026-03-14, due in 30 days: $1,250.50. Contact: pay@acme.example';

	it('has the keys that the prompt names, with values of the text', () => {
		const answer = answerTo(
			`Extract the fields invoice_number, date, total and email as JSON.\n\n${invoice}`,
		);
		expect(JSON.parse(answer)).toEqual({
			invoice_number: 'INV-2041',
			date: '2026-03-14',
			total: 1250.5,
			email: 'pay@acme.example',
		});
	});

	it('has the keys of a template', () => {
		const answer = answerTo(`Reply with JSON like {"total": 0, "currency": "USD"}.\n\n${invoice}`);
		expect(Object.keys(JSON.parse(answer))).toEqual(['total', 'currency']);
	});

	it('follows a schema', () => {
		const jsonSchema = {
			type: 'object',
			properties: {
				total: {type: 'integer'},
				paid: {type: 'boolean'},
				lines: {type: 'array', items: {type: 'object', properties: {name: {type: 'string'}}}},
				state: {enum: ['open', 'closed']},
			},
		};
		expect(JSON.parse(answerTo(invoice, {jsonSchema}))).toEqual({
			total: expect.any(Number),
			paid: expect.any(Boolean),
			lines: [{name: expect.any(String)}],
			state: expect.stringMatching(/^(open|closed)$/),
		});
	});
});

describe('several items in one prompt', () => {
	const items = [
		'1. I was charged twice for my invoice.',
		'2. The app crashes with an error:\n1. open it\n2. press save',
		'3. I forgot my password and cannot log in.',
	].join('\n');
	const task = 'Answer with the one category that fits the ticket: billing, technical, account, other.';

	it('are answered in a JSON object by number', () => {
		const question = `${task}\n\n${items}\n\nDo this for each of the 3 numbered items. Reply with one JSON object whose keys are the item numbers.`;
		expect(JSON.parse(answerTo(question, {}, 3))).toEqual({'1': 'billing', '2': 'technical', '3': 'account'});
	});

	it('are answered in a JSON array where one is asked for', () => {
		const question = `${task} Answer each item. Reply with a JSON array of the answers.\n\n${items}`;
		expect(JSON.parse(answerTo(question, {}, 3))).toEqual([
			{item: 1, answer: 'billing'},
			{item: 2, answer: 'technical'},
			{item: 3, answer: 'account'},
		]);
	});
});

describe('an answer', () => {
	it('never has more tokens than it may', () => {
		fc.assert(
			fc.property(
				fc.string(),
				fc.integer({min: 1, max: 300}),
				fc.constantFrom('deepseek.r1-v1:0', 'amazon.nova-lite-v1:0'),
				(question, maximumTokens, modelId) => {
					const prompt = promptOf(question, {maximumTokens});
					const answer = answerPrompt(createRandom(1), prompt, model(modelId));
					expect(answer.reasoning.length + answer.tokens.length).toBeLessThanOrEqual(maximumTokens);
				},
			),
		);
	});

	it('says why it ended', () => {
		const nova = model('amazon.nova-lite-v1:0');
		const ask = (more: Partial<Prompt>) =>
			answerPrompt(createRandom(1), promptOf('Describe rain in detail.', more), nova);
		expect(ask({}).stopReason).toBe('end');
		expect(ask({maximumTokens: 3})).toMatchObject({stopReason: 'length', stopSequence: undefined});
		const stopped = ask({stopSequences: [',', 'zebra']});
		expect(stopped).toMatchObject({stopReason: 'stop-sequence', stopSequence: ','});
		expect(stopped.tokens.join('')).not.toContain(',');
	});

	it('thinks first where the model reasons', () => {
		const answer = answerPrompt(createRandom(1), promptOf('Describe rain.'), model('openai.gpt-oss-20b-1:0'));
		expect(answer.reasoning.length).toBeGreaterThan(20);
		expect(answer.tokens.length).toBeGreaterThan(20);
	});

	it('exists for whatever is asked', () => {
		fc.assert(
			fc.property(fc.string({unit: 'grapheme'}), fc.string(), fc.nat(), (question, system, seed) => {
				expect(composeAnswer(createRandom(seed), promptOf(question, {system})).length).toBeGreaterThan(0);
			}),
		);
	});
});

describe('random numbers', () => {
	it('lie between 0 and 1 and repeat with the seed', () => {
		fc.assert(
			fc.property(fc.integer(), (seed) => {
				const [one, other] = [createRandom(seed), createRandom(seed)];
				for (let draw = 0; draw < 20; draw++) {
					const value = one();
					expect(value).toBe(other());
					expect(value).toBeGreaterThanOrEqual(0);
					expect(value).toBeLessThan(1);
				}
			}),
		);
	});

	it('make valid UUIDs', () => {
		fc.assert(
			fc.property(fc.integer(), (seed) => {
				expect(uuid(createRandom(seed))).toMatch(
					/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/,
				);
			}),
		);
	});

	it('differ from request to request, and with each repetition', () => {
		const randomOf = createRequestRandom(1);
		const values = ['a', 'b', 'a', 'a', 'b'].map((body) => randomOf('/x', Buffer.from(body))());
		expect(new Set(values).size).toBe(5);
	});
});

it('packed items that are to become JSON have the keys that were asked for', () => {
	const question =
		'Extract the order. Reply with a JSON object with the keys "customer" and "city".\n\n' +
		'1. Marta Kovacs wants a desk in Leipzig.\n2. Rui Almeida moves to Porto.\n3. Clara Weiss lives in Graz.\n\n' +
		'Do this for each of the 3 numbered items on its own. Reply with one JSON object and nothing else: ' +
		'its keys are the item numbers as strings ("1" is the first), its values the answers as strings.';
	const answers = Object.entries(JSON.parse(answerTo(question)) as Record<string, string>);
	expect(answers.map(([number]) => number)).toEqual(['1', '2', '3']);
	// Now and then one misses a key: that is an error as models make it.
	const keys = answers.map(([, answer]) => Object.keys(JSON.parse(answer)).join());
	expect(keys.filter((each) => each === 'customer,city').length).toBeGreaterThanOrEqual(2);
	expect(keys.every((each) => ['customer,city', 'customer', 'city'].includes(each))).toBe(true);
});
