import {connect as connectHttp2} from 'node:http2';
import {createServer} from 'node:net';
import {describe, expect, it, onTestFinished} from 'vitest';
import {simulate, simulatorLines} from '../../source/commands/simulate.ts';
import {UserError} from '../../source/domain/user-error.ts';
import {startSimulator} from '../../source/simulator/server.ts';
import {resetHeader} from '../../source/simulator/wire/caller.ts';
import {startSimulatorThread} from '../../source/threads/simulator-handle.ts';
import {defaultOptions, modelPath, post, readStats, startForTest} from './harness.ts';

/** Tests source/simulator/server.ts: the port, both protocols, the routes of its own. */

const nova = 'us.amazon.nova-lite-v1:0';
const body = {
	messages: [{role: 'user', content: [{text: 'Explain rain in detail.'}]}],
	inferenceConfig: {maxTokens: 50},
};

describe('the port', () => {
	it('serves HTTP/2 whose preface comes in pieces', async () => {
		const {url} = await startForTest();
		const session = connectHttp2(url);
		onTestFinished(() => session.destroy());
		const stream = session.request({':path': '/__stats'});
		const status = await new Promise((resolve, reject) => {
			stream.on('response', (headers) => resolve(headers[':status']));
			stream.on('error', reject);
		});
		expect(status).toBe(200);
	});

	it('in use is a fault of the environment with a way out', async () => {
		const other = createServer();
		await new Promise<void>((resolve) => {
			other.listen(0, '127.0.0.1', resolve);
		});
		onTestFinished(() => void other.close());
		const {port} = other.address() as {port: number};
		const options = {...defaultOptions, port};
		for (const start of [startSimulator, startSimulatorThread]) {
			const error: unknown = await start(options).catch((reason: unknown) => reason);
			expect(error).toBeInstanceOf(UserError);
			expect(error).toMatchObject({
				message: `Port ${port} is already in use.`,
				hint: 'Name another one with --port, or 0 for any that is free.',
				exitCode: 1,
			});
		}
	});

	it('is free again after a stop, open connections or not', async () => {
		const first = await startSimulator(defaultOptions);
		await post(first.url, modelPath(nova, 'converse'), body);
		await first.stop();
		const again = await startSimulator({...defaultOptions, port: Number(new URL(first.url).port)});
		await again.stop();
	});
});

describe('every answer', () => {
	it.each([
		['POST', modelPath(nova, 'converse')],
		['POST', modelPath('nothing', 'converse')],
		['GET', '/foundation-models'],
		['GET', '/__stats'],
		['GET', '/no-such-thing'],
	])('says that it is simulated: %s %s', async (method, path) => {
		const {url} = await startForTest();
		const response = await fetch(url + path, {
			method,
			...(method === 'POST' ? {body: JSON.stringify(body)} : {}),
		});
		expect(response.headers.get('x-bedrock-top-simulated')).toBe('true');
	});

	it('echoes the service tier that was asked for', async () => {
		const {url} = await startForTest();
		const converse = await post(url, modelPath(nova, 'converse'), {...body, serviceTier: {type: 'flex'}});
		expect(JSON.parse(converse.body.toString()).serviceTier).toEqual({type: 'flex'});
		const invoke = await post(
			url,
			modelPath(nova, 'invoke'),
			{messages: body.messages},
			{
				'x-amzn-bedrock-service-tier': 'priority',
			},
		);
		expect(invoke.headers['x-amzn-bedrock-service-tier']).toBe('priority');
	});
});

describe('a seed', () => {
	const ask = async (seed: number, times = 1): Promise<readonly string[]> => {
		const {url} = await startForTest({seed});
		const answers: string[] = [];
		for (let time = 0; time < times; time++) {
			answers.push((await post(url, modelPath(nova, 'invoke'), {messages: body.messages})).body.toString());
		}
		return answers;
	};

	it('gives the same answers to the same requests, in whatever order they come', async () => {
		expect(await ask(1, 2)).toEqual(await ask(1, 2));
		const {url} = await startForTest({seed: 1});
		await post(url, modelPath(nova, 'invoke'), {messages: [{role: 'user', content: [{text: 'Other'}]}]});
		const later = await post(url, modelPath(nova, 'invoke'), {messages: body.messages});
		expect([later.body.toString()]).toEqual(await ask(1));
	});

	it('gives others than another seed, and others to a repeated request', async () => {
		expect(await ask(1)).not.toEqual(await ask(2));
		const [first, second] = await ask(1, 2);
		expect(first).not.toBe(second);
	});
});

describe('statistics', () => {
	it('count by operation, status, model and program, and keep a log', async () => {
		const {url} = await startForTest();
		const agent = {'user-agent': 'aws-sdk-js/3.1164.0 ua/2.1 os/linux'};
		await post(url, modelPath(nova, 'converse'), body, agent);
		await post(url, modelPath(nova, 'converse-stream'), body, agent);
		await post(url, modelPath('nothing', 'invoke'), body);
		await expect.poll(async () => (await readStats(url)).requests.total).toBe(3);
		const stats = await readStats(url);
		expect(stats.simulated).toBe(true);
		expect(stats.requests.byOperation).toEqual({Converse: 1, ConverseStream: 1, InvokeModel: 1});
		expect(stats.requests.byStatus).toEqual({200: 2, 400: 1});
		expect(stats.requests.byModel).toEqual({[nova]: 2, nothing: 1});
		expect(stats.requests.byUserAgent).toMatchObject({'aws-sdk-js/3.1164.0': 2});
		expect(stats.tokens.output).toBe(100);
		expect(stats.log.map(({status, outputTokens}) => [status, outputTokens])).toEqual([
			[200, 50],
			[200, 50],
			[400, 0],
		]);
		for (const {receivedAt, startedAt, endedAt} of stats.log) {
			expect(receivedAt).toBeLessThanOrEqual(startedAt);
			expect(startedAt).toBeLessThanOrEqual(endedAt);
			expect(Math.abs(endedAt - Date.now())).toBeLessThan(60_000);
		}
	});

	it('begin again after a reset, and so do the buckets', async () => {
		const {url} = await startForTest({requestsPerMinute: 1});
		const send = async () => (await post(url, modelPath(nova, 'converse'), body)).status;
		expect([await send(), await send()]).toEqual([200, 429]);
		expect((await post(url, '/__reset', {}, {[resetHeader]: '1'})).status).toBe(200);
		expect((await readStats(url)).requests.total).toBe(0);
		expect(await send()).toBe(200);
	});
});

describe('a simulator in a thread of its own', () => {
	it('serves until it is stopped', async () => {
		const simulator = await startSimulatorThread(defaultOptions);
		expect((await post(simulator.url, modelPath(nova, 'converse'), body)).status).toBe(200);
		await simulator.stop();
		await expect(fetch(simulator.url)).rejects.toThrow();
	});

	it('passes on what is wrong with a script of faults', async () => {
		await expect(
			startSimulatorThread({...defaultOptions, faults: [{kind: 'explode'}]}),
		).rejects.toMatchObject({exitCode: 2, message: expect.stringContaining('"explode"')});
	});
});

describe('the command simulate', () => {
	it('prints variables that a shell can read, and serves until the signal', async () => {
		const controller = new AbortController();
		let printed = '';
		const io = {
			stdout: {
				write(text: string) {
					printed += text;
					return true;
				},
			},
			signal: controller.signal,
		};
		const code = simulate(defaultOptions, io);
		await expect.poll(() => printed).toContain('until Ctrl+C');
		const url = /AWS_ENDPOINT_URL=(\S+)/.exec(printed)?.[1] ?? '';
		expect(printed.split('\n')).toEqual([...simulatorLines(url), expect.stringMatching(/^# /), '']);
		expect((await post(url, modelPath(nova, 'converse'), body)).status).toBe(200);
		controller.abort();
		expect(await code).toBe(0);
		await expect(fetch(url)).rejects.toThrow();
	});
});
