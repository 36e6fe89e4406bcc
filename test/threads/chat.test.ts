import {createServer, request as send} from 'node:http';
import type {AddressInfo} from 'node:net';
import {describe, expect, it, onTestFinished} from 'vitest';
import {resolveRun} from '../../source/config/resolve-run.ts';
import {type Method, runtimeMethods} from '../../source/domain/backend.ts';
import {systemClock} from '../../source/domain/clock.ts';
import type {AnswerRecord} from '../../source/engine/attempts/request-records.ts';
import {createRun} from '../../source/engine/run.ts';
import {prepare} from '../../source/threads/prepare.ts';
import {isSoak} from '../helpers/random-cases.ts';
import {startForTest} from '../simulator/harness.ts';

/** Tests source/threads/prepare.ts: a chat over the SDK and HTTP. */

/** Conversations over the real client of the SDK and over HTTP: what is on the wire, model by model, method by method. */

const noFlags = {
	isSet: () => undefined,
	text: () => undefined,
	texts: () => [],
	afterPreset: () => [],
	typed: () => [],
};

/** A server that hands everything on to the simulator and keeps what was sent to its models. */
const startRecorder = async (target: string): Promise<{url: string; bodies: string[]}> => {
	const bodies: string[] = [];
	const server = createServer((incoming, outgoing) => {
		const received: Buffer[] = [];
		incoming.on('data', (piece: Buffer) => received.push(piece));
		incoming.on('end', () => {
			const body = Buffer.concat(received);
			if (/\/(?:converse|invoke)/.test(incoming.url ?? '')) {
				bodies.push(body.toString('utf8'));
			}
			const {method, url = '', headers} = incoming;
			send(new URL(url, target), {method, headers}, (answer) => {
				outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
				answer.pipe(outgoing);
			}).end(body);
		});
	});
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	onTestFinished(() => {
		server.closeAllConnections();
		server.close();
	});
	return {url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies};
};

/** Every text in a body, in the order in which it stands there. */
const textsIn = (value: unknown): readonly string[] => {
	if (typeof value === 'string') {
		return [value];
	}
	return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
};

const talk = async (model: string, method: Method) => {
	const simulator = await startForTest();
	const {url, bodies} = await startRecorder(simulator.url);
	const preset = await resolveRun('chat', noFlags, async () => '');
	const config = {
		...preset,
		models: [model],
		method,
		variants: preset.variants.slice(0, 1),
		connection: {region: 'us-east-1', profile: undefined, simulatorUrl: url},
		override: {requestsPerMinute: 100_000, tokensPerMinute: 100_000_000, burndown: undefined},
		task: {...preset.task, chat: {turns: preset.task.chat?.turns ?? [], thinkMs: 1}},
		load: {...preset.load, shape: 'serial' as const, requests: 4, durationMs: null},
	};
	const prepared = await prepare(config, () => {}, new AbortController().signal);
	const answers: AnswerRecord[] = [];
	const run = createRun(prepared.spec, {
		backend: prepared.backend,
		clock: systemClock,
		onAnswer: (record) => answers.push(record),
	});
	await run.start();
	prepared.backend.close();
	prepared.clients.close();
	return {snapshot: run.snapshot(), answers, bodies, turns: config.task.chat.turns, plan: prepared.plan};
};

const models = [
	'us.anthropic.claude-haiku-4-5-20251001-v1:0',
	'us.amazon.nova-lite-v1:0',
	'us.meta.llama3-3-70b-instruct-v1:0',
	'us.meta.llama4-scout-17b-instruct-v1:0',
	'mistral.mistral-7b-instruct-v0:2',
	'mistral.mistral-large-2407-v1:0',
	'amazon.titan-text-express-v1',
	'cohere.command-r-v1:0',
	'ai21.jamba-1-5-mini-v1:0',
	'us.deepseek.r1-v1:0',
	'openai.gpt-oss-120b-1:0',
];

describe('a chat over the SDK and HTTP', () => {
	// Half of the pairs, each model and each method among them; a soak tries all.
	const cases = models.flatMap((model, index) =>
		runtimeMethods
			.filter((_method, place) => isSoak || (index + place) % 2 === 0)
			.map((method) => [model, method] as const),
	);
	it.each(cases)('%s, %s: each turn carries the real answers before it', async (model, method) => {
		const {snapshot, answers, bodies, turns} = await talk(model, method);
		expect(snapshot.failures).toEqual([]);
		expect(snapshot.variants[0]?.requests).toMatchObject({sent: 4, succeeded: 4, attempts: 4});
		expect(answers.map(({turn}) => turn)).toEqual([1, 2, 3, 4]);
		expect(bodies).toHaveLength(4);
		for (const [index, body] of bodies.entries()) {
			const said = textsIn(JSON.parse(body)).join('\n');
			const expected = turns
				.slice(0, index + 1)
				.flatMap((turn, place) => (place === index ? [turn] : [turn, answers[place]?.answer ?? '']));
			const places = expected.map((text) => said.indexOf(text));
			expect(places, body).not.toContain(-1);
			// Command R carries its history beside the question instead of before it.
			if (!model.startsWith('cohere')) {
				expect(places).toEqual(places.toSorted((first, second) => first - second));
			}
			for (const later of turns.slice(index + 1)) {
				expect(said).not.toContain(later);
			}
		}
		const inputs = snapshot.variants[0]?.turns?.map(({inputTokens}) => inputTokens.mean ?? 0) ?? [];
		expect(inputs).toHaveLength(4);
		expect(inputs).toEqual(inputs.toSorted((first, second) => first - second));
		expect(new Set(inputs).size).toBe(4);
		const firstTokens = snapshot.variants[0]?.turns?.map(({timeToFirstToken}) => timeToFirstToken.count);
		expect(firstTokens).toEqual(method.endsWith('stream') ? [1, 1, 1, 1] : [0, 0, 0, 0]);
	});

	it('says in the plan what a request of a chat is', async () => {
		const {plan} = await talk('us.amazon.nova-lite-v1:0', 'converse');
		expect(plan.remarks.join(' ')).toMatch(/Each conversation has 4 turns.*estimated/);
	});

	it.each(['cohere.command-text-v14', 'ai21.j2-mid-v1'])('%s: says that it cannot', async (model) => {
		await expect(talk(model, 'invoke')).rejects.toMatchObject({
			message: `${model} cannot hold a conversation: it takes one user message and no history.`,
			exitCode: 2,
		});
	});
});
