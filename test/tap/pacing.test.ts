import {
	Agent,
	createServer,
	type IncomingMessage,
	request,
	type Server,
	type ServerResponse,
} from 'node:http';
import {type AddressInfo, connect} from 'node:net';
import {setImmediate, setTimeout} from 'node:timers/promises';
import {afterEach, describe, expect, it} from 'vitest';
import {noQuota} from '../../source/bedrock/quotas/bucket-quota.ts';
import type {Pace} from '../../source/domain/tap.ts';
import type {Target} from '../../source/domain/target.ts';
import {tapSummary} from '../../source/plain/tap.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {startTapBefore, type TapUnderTest, targetOf} from '../helpers/tapped-simulator.ts';

/** `--pace` over real sockets, with the tap's time in the hands of the test. */

const model = 'us.amazon.nova-lite-v1:0';
const path = `/model/${encodeURIComponent(model)}/converse`;

const answer = JSON.stringify({
	output: {message: {role: 'assistant', content: [{text: 'ok'}]}},
	stopReason: 'end_turn',
	usage: {inputTokens: 5, outputTokens: 2, totalTokens: 7},
});

const pace: Pace = {
	share: 1,
	burst: 'full',
	holdMs: 25_000,
	holdAliveMs: 300_000,
	holdPatientMs: 300_000,
	lanes: [],
};

const limit = (value: number) => ({...noQuota.requestsPerMinute, value, state: 'known'}) as const;

const knownTarget = (requests: number, tokens: number) => ({
	...targetOf(model),
	quota: {...noQuota, requestsPerMinute: limit(requests), tokensPerMinute: limit(tokens)},
});

let closing: Array<() => Promise<void>> = [];
afterEach(async () => {
	const all = closing;
	closing = [];
	await Promise.all(all.map(async (close) => close()));
});

/** A service that answers by `serve`; `seen` counts what reached it. */
const startService = async (
	serve?: (request: IncomingMessage, response: ServerResponse, count: number) => void,
) => {
	let seen = 0;
	const server: Server = createServer((request, response) => {
		request.resume();
		request.on('end', () => {
			seen++;
			if (serve === undefined) {
				response.setHeader('content-type', 'application/json');
				response.end(answer);
			} else {
				serve(request, response, seen);
			}
		});
	});
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	closing.push(
		async () =>
			new Promise((resolve) => {
				server.closeAllConnections();
				server.close(() => resolve());
			}),
	);
	return {url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen: () => seen};
};

const startPaced = async (
	upstream: string,
	{requests = 1, tokens = 1_000_000, ...settings}: Partial<Pace> & {requests?: number; tokens?: number} = {},
	resolve = async () => ({target: knownTarget(requests, tokens), price: null}),
): Promise<TapUnderTest & {clock: FakeClock}> => {
	const clock = new FakeClock();
	const tapped = await startTapBefore(upstream, {pace: {...pace, ...settings}}, {clock, resolve});
	closing.push(tapped.stop);
	return {...tapped, clock};
};

const ask = async (
	tapped: TapUnderTest,
	headers: Record<string, string> = {'user-agent': 'unknown/1'},
	maxTokens = 10,
): Promise<Response> =>
	fetch(tapped.url + path, {
		method: 'POST',
		headers,
		body: JSON.stringify({
			messages: [{role: 'user', content: [{text: 'hi'}]}],
			inferenceConfig: {maxTokens},
		}),
	});

/** Lets sockets deliver what is on its way. */
const settle = async (isDone: () => boolean): Promise<void> => {
	for (let tries = 0; tries < 500 && !isDone(); tries++) {
		await setImmediate();
		await setTimeout(1);
	}
	expect(isDone()).toBe(true);
};

const waiting = ({tap}: TapUnderTest): number =>
	tap.snapshot().tap?.clients.reduce((sum, {held}) => sum + held, 0) ?? 0;

describe('a paced tap', () => {
	it('holds a call until there is room, and shows who waits', async () => {
		const service = await startService();
		const tapped = await startPaced(service.url, {holdMs: 120_000});
		expect((await ask(tapped)).status).toBe(200);
		const second = ask(tapped);
		await settle(() => waiting(tapped) === 1);
		await tapped.clock.advance(20_000);
		expect(tapped.tap.snapshot().progress.waitingFor).toMatch(/^held 20 s, 1 waiting, next in (?:40|41) s$/);
		expect(service.seen()).toBe(1);
		await tapped.clock.advance(45_000);
		expect((await second).status).toBe(200);
		expect(service.seen()).toBe(2);
		expect(tapped.tap.snapshot().progress.waitingFor).toBeNull();
		const {points} = tapped.tap.snapshot().timeline;
		expect(points.filter(({held}) => held === 1).length).toBeGreaterThan(50);
		expect(points.at(-1)?.held).toBeUndefined();
	});

	/** Who is let in, one per minute, after a first request that takes the room of the first minute. */
	const orderOf = async (
		callers: ReadonlyArray<readonly [agent: string, program: string | undefined]>,
		settings: Partial<Pace> = {},
	): Promise<readonly string[]> => {
		const order: string[] = [];
		const service = await startService((asked, response) => {
			order.push(String(asked.headers['x-number']));
			response.setHeader('content-type', 'application/json');
			response.end(answer);
		});
		const names = callers.map(([, program]) => program);
		const clock = new FakeClock();
		let found = -1;
		const tapped = await startTapBefore(
			service.url,
			{pace: {...pace, holdMs: 3_600_000, ...settings}},
			{
				clock,
				resolve: async () => ({target: knownTarget(1, 1_000_000), price: null}),
				programs: {
					async find() {
						found++;
						const name = names[found];
						return name === undefined ? undefined : {name, run: name};
					},
				},
			},
		);
		closing.push(tapped.stop);
		for (const [index, [agent]] of callers.entries()) {
			// Each over a connection of its own.
			const headers = {'user-agent': agent, 'x-number': String(index)};
			const sent = request(tapped.url + path, {method: 'POST', headers, agent: new Agent()}, (response) => {
				response.resume();
			});
			sent.on('error', () => undefined);
			sent.end('{"messages":[{"role":"user","content":[{"text":"hi"}]}]}');
			await settle(() => (index === 0 ? order.length === 1 : waiting(tapped) === index));
		}
		for (let count = 1; count < callers.length; count++) {
			await clock.advance(61_000);
			await settle(() => order.length === count + 1);
		}
		return order.slice(1).map((number) => callers[Number(number)]?.[1] ?? '');
	};

	it('lets each program of one SDK have its turn: a burst waits behind itself', async () => {
		const worker = ['Boto3/1.43', 'worker.py'] as const;
		expect(await orderOf([worker, worker, worker, worker, ['Boto3/1.43', 'api.py']])).toEqual([
			'api.py',
			'worker.py',
			'worker.py',
			'worker.py',
		]);
	});

	it.each([
		['its product and program', 'Boto3 api.py', ['api.py', 'other.mjs', 'worker.py']],
		['its product', 'aws-sdk-js', ['other.mjs', 'worker.py', 'api.py']],
	])('lets a client go first by %s', async (_by, client, order) => {
		const callers = [
			['first/1', 'first'],
			['Boto3/1.43', 'worker.py'],
			['aws-sdk-js/3', 'other.mjs'],
			['Boto3/1.43', 'api.py'],
		] as const;
		const sent = await orderOf(callers, {
			lanes: [{lane: 'high', client}],
			holdAliveMs: 3_600_000,
			holdPatientMs: 3_600_000,
		});
		expect(sent[0]).toBe(order[0]);
		expect(sent.toSorted()).toEqual(order.toSorted());
	});

	it("answers with the service's own 429 at the end of the hold, and the time of the call's turn", async () => {
		const service = await startService();
		const tapped = await startPaced(service.url);
		await ask(tapped);
		const second = ask(tapped);
		await settle(() => waiting(tapped) === 1);
		await tapped.clock.advance(25_000);
		const response = await second;
		expect(response.status).toBe(429);
		expect(response.headers.get('x-amzn-errortype')).toBe('ThrottlingException');
		expect(response.headers.get('x-bedrock-top')).toBe('held');
		expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(35);
		expect(Number(response.headers.get('retry-after'))).toBeLessThanOrEqual(37);
		expect(await response.json()).toMatchObject({
			message: 'Too many requests, please wait before trying again.',
		});
		expect(service.seen()).toBe(1);
		const snapshot = tapped.tap.snapshot();
		expect(snapshot.tap?.clients.map(({requests, refused}) => ({requests, refused}))).toEqual([
			{requests: 2, refused: 1},
		]);
		expect(tapSummary(snapshot, {width: 80, ascii: false})).toContain(
			'unknown: 1 request refused by the tap, never sent',
		);
	});

	it("counts the time of a hold against a caller's own deadline", async () => {
		const service = await startService();
		const tapped = await startPaced(service.url);
		await ask(tapped);
		const ttl = new Date(tapped.clock.epoch() + 10_000).toISOString().replaceAll(/[-:]|\.\d+/g, '');
		const second = ask(tapped, {
			'user-agent': 'unknown/1',
			'amz-sdk-request': `attempt=2; max=5; ttl=${ttl}`,
		});
		await settle(() => waiting(tapped) === 1);
		await tapped.clock.advance(9500);
		expect((await second).status).toBe(429);
	});

	it('refuses at once what can never fit, with both numbers, as nothing that clients try again', async () => {
		const service = await startService();
		const tapped = await startPaced(service.url, {requests: 100, tokens: 500});
		const response = await ask(tapped, {}, 600);
		expect(response.status).toBe(400);
		expect(response.headers.get('x-amzn-errortype')).toBe('ValidationException');
		expect(response.headers.get('x-bedrock-top')).toBe('larger-than-quota');
		expect(((await response.json()) as {message: string}).message).toMatch(
			/sets aside 60\d quota tokens.*600 max tokens.*quota is 500 per minute/,
		);
		expect(service.seen()).toBe(0);
	});

	it('lets a throttle of the service wait within the hold, and tries again itself', async () => {
		const service = await startService((_request, response, count) => {
			if (count === 1) {
				response.writeHead(429, {
					'x-amzn-errortype': 'ThrottlingException',
					'content-type': 'application/json',
				});
				response.end('{"message":"Too many requests, please wait before trying again."}');
			} else {
				response.setHeader('content-type', 'application/json');
				response.end(answer);
			}
		});
		const tapped = await startPaced(service.url, {requests: 100, holdMs: 120_000});
		const call = ask(tapped);
		await settle(() => service.seen() === 1);
		await settle(() => waiting(tapped) === 1 || service.seen() === 2);
		await tapped.clock.advance(100_000);
		expect((await call).status).toBe(200);
		expect(service.seen()).toBe(2);
		expect(tapped.tap.snapshot().variants[0]?.requests.throttled.requests).toBe(1);
	});

	it('passes on unpaced, and says so, where the quotas are not read within 2 s', async () => {
		const service = await startService();
		const never = Promise.withResolvers<never>();
		const tapped = await startPaced(service.url, {}, async () => never.promise);
		const call = ask(tapped);
		await settle(() => tapped.tap.snapshot().tap?.clients.length === 1);
		await tapped.clock.advance(1999);
		expect(service.seen()).toBe(0);
		await tapped.clock.advance(1);
		expect((await call).status).toBe(200);
		expect(tapped.tap.snapshot().events.map(({text}) => text)).toContain(
			`${model} passes unpaced: its quotas are not known.`,
		);
	});

	it('counts what passed before the quotas were read as soon as they are', async () => {
		const service = await startService();
		const {promise, resolve} = Promise.withResolvers<{target: Target; price: null}>();
		const tapped = await startTapBefore(
			service.url,
			{},
			{clock: new FakeClock(), resolve: async () => promise},
		);
		closing.push(tapped.stop);
		expect((await ask(tapped)).status).toBe(200);
		expect(tapped.tap.snapshot().buckets[0]?.requests.used ?? 0).toBe(0);
		resolve({target: knownTarget(100, 1000), price: null});
		await settle(() => tapped.tap.snapshot().buckets[0]?.requests.limit === 100);
		expect(tapped.tap.snapshot().buckets[0]).toMatchObject({
			requests: {used: 1, reserved: 0},
			tokens: {used: 7, reserved: 0},
		});
	});

	it('sends nothing for a client that leaves while it waits', async () => {
		const service = await startService();
		const tapped = await startPaced(service.url, {holdMs: 120_000});
		await ask(tapped);
		const leave = new AbortController();
		const second = fetch(tapped.url + path, {
			method: 'POST',
			body: '{}',
			headers: {'user-agent': 'unknown/1'},
			signal: leave.signal,
		}).catch(() => undefined);
		await settle(() => waiting(tapped) === 1);
		leave.abort();
		await second;
		await settle(() => waiting(tapped) === 0);
		await tapped.clock.advance(120_000);
		expect(service.seen()).toBe(1);
		expect(tapped.tap.snapshot().tap?.clients[0]?.aborted).toBe(1);
	});
});

describe('a tap that is paused', () => {
	it.each([true, false])('holds what is not sent yet, and lets it go on (paced: %s)', async (isPaced) => {
		const service = await startService();
		const clock = new FakeClock();
		const tapped = await startTapBefore(service.url, isPaced ? {pace} : {}, {
			clock,
			resolve: async () => ({target: knownTarget(100, 1_000_000), price: null}),
		});
		closing.push(tapped.stop);
		tapped.tap.pause();
		const [first, second] = [ask(tapped), ask(tapped)];
		await settle(() => waiting(tapped) === 2);
		await clock.advance(10_000);
		expect(service.seen()).toBe(0);
		expect(tapped.tap.snapshot().progress.waitingFor).toBe('held 10 s, 2 waiting');
		tapped.tap.resume();
		expect([(await first).status, (await second).status]).toEqual([200, 200]);
	});

	it('gives a time to come back at the end of the hold', async () => {
		const service = await startService();
		const tapped = await startPaced(service.url);
		tapped.tap.pause();
		const call = ask(tapped);
		await settle(() => waiting(tapped) === 1);
		await tapped.clock.advance(25_000);
		const response = await call;
		expect([response.status, response.headers.get('x-bedrock-top')]).toEqual([503, 'paused']);
		expect(response.headers.get('retry-after')).toBe('5');
		expect(service.seen()).toBe(0);
	});
});

describe('interim responses', () => {
	/** What comes over the wire while a call of this client is held for 3 s. */
	const wireOf = async (userAgent: string): Promise<string> => {
		const service = await startService();
		const tapped = await startPaced(service.url, {holdMs: 120_000});
		await ask(tapped);
		const socket = connect(tapped.port, '127.0.0.1');
		let text = '';
		socket.on('data', (chunk) => {
			text += chunk.toString('latin1');
		});
		const target = new URL(tapped.url).pathname + path;
		const body = '{"messages":[]}';
		socket.write(
			`POST ${target} HTTP/1.1\r\nHost: 127.0.0.1:${tapped.port}\r\nUser-Agent: ${userAgent}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
		);
		await settle(() => waiting(tapped) === 1);
		await tapped.clock.advance(3000);
		await tapped.clock.advance(60_000);
		await settle(() => text.includes('HTTP/1.1 200'));
		socket.destroy();
		return text;
	};

	it.each([
		['Boto3/1.43.0 md/Botocore#1.43.0', 'HTTP/1.1 100 Continue'],
		['node', 'HTTP/1.1 102 Processing'],
	])('keep %s waiting', async (userAgent, line) => {
		const text = await wireOf(userAgent);
		expect(text.split(line).length - 1).toBeGreaterThanOrEqual(3);
		expect(text.split('HTTP/1.1 200').length).toBe(2);
	});

	it('never reach a client that was not measured', async () => {
		const text = await wireOf('aws-sdk-java/2.30');
		expect(text.startsWith('HTTP/1.1 200')).toBe(true);
	});
});
