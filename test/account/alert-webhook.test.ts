import {createServer, type IncomingHttpHeaders} from 'node:http';
import type {AddressInfo} from 'node:net';
import {Ajv2020} from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {alertJsonSchema, openWebhook} from '../../source/account/alert-webhook.ts';
import {raisedAlerts} from '../../source/account/alerts.ts';
import {parseArguments} from '../../source/config/parse-arguments.ts';
import {resolveAlerts} from '../../source/config/resolve-account.ts';
import {readAlert} from '../../source/config/values.ts';
import {systemClock} from '../../source/domain/clock.ts';
import {accountRegionFixture} from '../helpers/account-fixture.ts';
import {traffic} from './account-harness.ts';
import {call, useAccount} from './call.ts';

/** Tests source/account/alert-webhook.ts against a real server, and the flag --alert-url. */

type Received = {
	readonly path: string | undefined;
	readonly headers: IncomingHttpHeaders;
	readonly body: Record<string, unknown>;
};
type Answer = {readonly status: number; readonly headers?: Record<string, string>} | 'silence';

/** A webhook that answers in this order, the last for ever. */
const serve = async (...answers: readonly Answer[]) => {
	const received: Received[] = [];
	const server = createServer((request, response) => {
		let text = '';
		request.on('data', (chunk: Buffer) => {
			text += chunk.toString('utf8');
		});
		request.on('end', () => {
			const answer = answers[Math.min(received.length, answers.length - 1)] ?? {status: 200};
			received.push({
				path: request.url,
				headers: request.headers,
				body: JSON.parse(text) as Record<string, unknown>,
			});
			if (answer !== 'silence') {
				response.writeHead(answer.status, answer.headers);
				response.end('x'.repeat(1000));
			}
		});
	});
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	onTestFinished(() => {
		server.closeAllConnections();
		server.close();
	});
	return {received, host: `127.0.0.1:${(server.address() as AddressInfo).port}`};
};

const secretPath = '/services/T012/B034/very-secret-token';

/** Pauses are noted, and over at once. */
const open = (url: string) => {
	const pauses: number[] = [];
	const faults: string[] = [];
	const webhook = openWebhook(url, {
		clock: {
			...systemClock,
			after(delayMs, callback) {
				pauses.push(delayMs);
				return systemClock.after(Math.min(delayMs, 1), callback);
			},
		},
		version: '0.1.0',
		onFault: (text) => faults.push(text),
		random: () => 0.5,
	});
	return {webhook, pauses, faults};
};

const raised = () => {
	const region = {...accountRegionFixture(), account: '123456789012'};
	const all = raisedAlerts([readAlert('tokens>0')], region);
	expect(all.length).toBeGreaterThan(0);
	return all.slice(0, 1);
};

const isMessage = () => {
	const ajv = new Ajv2020();
	(addFormats as unknown as (to: Ajv2020) => void)(ajv);
	return ajv.compile(alertJsonSchema());
};

describe('a webhook', () => {
	it('gets the alert as JSON of the published schema', async () => {
		const {received, host} = await serve({status: 204});
		const {webhook, faults} = open(`http://me:pass%40word@${host}${secretPath}`);
		webhook.post(raised());
		await vi.waitFor(() => expect(received).toHaveLength(1));
		await webhook.close(60_000);
		const [{path, headers, body}] = received as [Received];
		expect(path).toBe(secretPath);
		expect(headers['content-type']).toBe('application/json');
		expect(headers.authorization).toBe(`Basic ${Buffer.from('me:pass@word').toString('base64')}`);
		const validate = isMessage();
		expect(validate(body), JSON.stringify(validate.errors)).toBe(true);
		expect(body).toMatchObject({
			schema: 1,
			alert: 'tokens>0',
			figure: 'tokens',
			operator: '>',
			bound: 0,
			account: '123456789012',
			region: 'us-east-1',
			percent: expect.any(Number),
			used: expect.any(Number),
			limit: expect.any(Number),
		});
		expect(JSON.stringify(body)).not.toMatch(/secret|pass/);
		expect(faults).toEqual([]);
	});

	it('is tried again, ever later, with the same message', async () => {
		const busy = {status: 429, headers: {'retry-after': '7'}};
		const {received, host} = await serve({status: 503}, {status: 500}, busy, {status: 200});
		const {webhook, pauses, faults} = open(`http://${host}${secretPath}`);
		webhook.post(raised());
		await vi.waitFor(() => expect(received).toHaveLength(4), {timeout: 10_000});
		expect(pauses).toEqual([1000, 2000, 7000]);
		expect(new Set(received.map(({body}) => body.id)).size).toBe(1);
		expect(faults).toEqual([]);
	});

	it.each([
		['refuses', {status: 404}, 1, /: it answered 404\./],
		['leads elsewhere', {status: 302, headers: {location: 'http://127.0.0.1:9/x'}}, 1, /: it answered 302\./],
		['fails for ever', {status: 500}, 8, /: it answered 500\./],
	] as const)(
		'that %s is given up, in a sentence without its secret',
		async (_words, answer, tries, reason) => {
			const {received, host} = await serve(answer);
			const {webhook, faults} = open(`http://${host}${secretPath}?key=hush`);
			webhook.post(raised());
			await vi.waitFor(() => expect(faults).toHaveLength(1), {timeout: 10_000});
			expect(received).toHaveLength(tries);
			expect(faults[0]).toMatch(reason);
			expect(faults[0]).toContain(`the webhook at ${host}`);
			expect(faults[0]).not.toMatch(/very-secret|hush|T012/);
		},
	);

	it('where nobody listens is named without its secret', async () => {
		const {webhook, faults} = open(`http://127.0.0.1:9${secretPath}`);
		webhook.post(raised());
		await vi.waitFor(() => expect(faults).toHaveLength(1), {timeout: 10_000});
		expect(faults[0]).toContain('127.0.0.1:9');
		expect(faults[0]).not.toMatch(/very-secret|T012/);
	});

	it('that is silent holds up nothing, and the end only as long as it may', async () => {
		const {received, host} = await serve('silence');
		const {webhook, faults} = open(`http://${host}/`);
		webhook.post(raised());
		webhook.post(raised());
		await vi.waitFor(() => expect(received).toHaveLength(1));
		await webhook.close(0);
		expect(faults).toHaveLength(2);
	});

	it('that is away keeps the newest hundred', async () => {
		const {host} = await serve('silence');
		const {webhook, faults} = open(`http://${host}/`);
		for (let count = 0; count < 120; count++) {
			webhook.post(raised());
		}
		expect(faults.every((text) => text.includes('too many were waiting'))).toBe(true);
		expect(faults).toHaveLength(19);
		await webhook.close(0);
	});
});

describe('--alert-url', () => {
	const resolve = (words: readonly string[], environment = {}) =>
		resolveAlerts(parseArguments(['watch', ...words]).flags, environment);
	const url = `https://hooks.example.test${secretPath}`;

	it('goes with --alert, typed or in the environment', () => {
		const alert = ['--alert', 'tokens>80'];
		expect(resolve([...alert, '--alert-url', url]).alertUrl).toBe(url);
		expect(resolve(alert, {BEDROCK_TOP_ALERT_URL: url}).alertUrl).toBe(url);
		expect(resolve([], {BEDROCK_TOP_ALERT_URL: url}).alertUrl).toBeUndefined();
		expect(() => resolve(['--alert-url', url])).toThrow('--alert-url needs --alert');
	});

	it.each([
		'hooks.example.test/very-secret-token',
		'ftp://h/very-secret-token',
		'https://',
		'https://a b/very-secret-token',
	])('%s is refused, and not repeated', (typed) => {
		const read = () => resolve(['--alert', 'day>1', '--alert-url', typed]);
		expect(read).toThrow('--alert-url: this is not the URL of a webhook.');
		expect(read).not.toThrow(/very-secret-token/);
	});

	it('given twice is not repeated either', () => {
		const twice = () => resolve(['--alert-url', url, '--alert-url', url]);
		expect(twice).toThrow('--alert-url is given 2 times');
		expect(twice).not.toThrow(/very-secret/);
	});

	it('of watch has the alert before the command ends', async () => {
		await useAccount({background: [traffic('us.amazon.nova-lite-v1:0', {requestsPerMinute: 100})]});
		const {received, host} = await serve({status: 200});
		const called = call('watch', '--alert', 'requests>20', '--alert-url', `http://${host}${secretPath}`);
		expect(await called.ended).toBe(3);
		expect(received).toHaveLength(1);
		expect(received[0]?.body).toMatchObject({
			figure: 'requests',
			model: 'amazon.nova-lite-v1:0',
			simulated: true,
		});
		expect(`${called.stdout()}${called.stderr()}`).not.toMatch(/very-secret/);
	});
});
