import {execFileSync} from 'node:child_process';
import * as http from 'node:http';
import * as http2 from 'node:http2';
import {describe, expect, it, onTestFinished} from 'vitest';
import {hinderingVariables, simulatorLines, simulatorVariables} from '../../source/commands/simulate.ts';
import {post, readStats, startForTest} from './harness.ts';

/** Tests source/simulator/wire/caller.ts. `fetch` may not set these headers, so the requests are made by hand. */

const statusOf = async (
	url: string,
	headers: Readonly<Record<string, string>>,
	{method = 'GET', path = '/__stats'} = {},
): Promise<number | undefined> =>
	new Promise((resolve, reject) => {
		http
			.request(url + path, {method, headers}, (response) => {
				response.resume();
				resolve(response.statusCode);
			})
			.on('error', reject)
			.end();
	});

const http2StatusOf = async (url: string, authority: string): Promise<number> => {
	const session = http2.connect(url);
	onTestFinished(() => session.close());
	const stream = session.request({':path': '/__stats', ':authority': authority});
	return new Promise((resolve, reject) => {
		stream.on('response', (headers) => resolve(Number(headers[':status']))).on('error', reject);
		stream.resume();
	});
};

const paths = [
	'/__stats',
	'/foundation-models',
	'/bucket/key',
	'/model/amazon.nova-lite-v1%3A0/converse',
	'/none',
];

describe('a simulator', () => {
	it.each(['127.0.0.1', 'localhost', '[::1]', 'LOCALHOST'])('answers to %s', async (name) => {
		const {url} = await startForTest();
		const {port} = new URL(url);
		expect(await statusOf(url, {host: `${name}:${port}`})).toBe(200);
		expect(await http2StatusOf(url, `${name}:${port}`)).toBe(200);
	});

	const strangers = [
		{host: 'evil.example'},
		{host: '127.0.0.1.evil.example'},
		{host: 'localhost.evil.example:80'},
		{host: 'evil.example@127.0.0.1'},
		{host: '[::1].evil.example'},
		{origin: 'http://evil.example'},
		{origin: 'null'},
		{origin: 'http://localhost:1'},
		{'sec-fetch-site': 'cross-site'},
		{'sec-fetch-site': 'same-site'},
	];
	it.each(strangers)('refuses %j wherever it asks, and serves it nothing', async (headers) => {
		const {url} = await startForTest();
		for (const path of paths) {
			for (const method of ['GET', 'POST']) {
				expect(await statusOf(url, headers, {method, path})).toBe(403);
			}
		}
		expect((await readStats(url)).requests.total).toBe(0);
	});

	it('refuses a stranger over HTTP/2 too', async () => {
		const {url} = await startForTest();
		expect(await http2StatusOf(url, 'evil.example')).toBe(403);
	});

	it.each([
		['fake.local', 'fake.local', 200],
		['fake.local', 'localhost', 200],
		['fake.local', 'evil.example', 403],
		['0.0.0.0', 'simulator', 200],
	])('that was started with --host %s answers %s with %i', async (host, name, status) => {
		// A name of nobody can be answered to, but not be listened on.
		const {url} = await startForTest({host: host === '0.0.0.0' ? host : '127.0.0.1'});
		if (host === '0.0.0.0') {
			expect(await statusOf(url, {host: name})).toBe(status);
			return;
		}
		const {assertWelcome} = await import('../../source/simulator/wire/caller.ts');
		const welcome = (): void => assertWelcome({headers: {host: `${name}:80`}}, host);
		if (status === 200) {
			welcome();
		} else {
			expect(welcome).toThrow('evil.example');
		}
	});

	it('resets for nobody who cannot say so in a header of its own', async () => {
		const {url} = await startForTest();
		expect((await post(url, '/__reset', {})).status).toBe(403);
	});
});

describe('the lines that simulate prints', () => {
	it('lead a shell to it whatever was set there before', () => {
		const url = 'http://127.0.0.1:1';
		const before = Object.fromEntries(
			[...hinderingVariables, ...Object.keys(simulatorVariables(url))].map((name) => [name, 'before']),
		);
		const printed = execFileSync('/bin/sh', ['-c', `${simulatorLines(url).join('\n')}\nenv`], {
			env: {PATH: process.env.PATH ?? '', ...before},
			encoding: 'utf8',
		});
		const after = Object.fromEntries(
			printed
				.split('\n')
				.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
		);
		expect(after).toMatchObject({
			...simulatorVariables(url),
			AWS_DEFAULT_REGION: 'us-east-1',
			ANTHROPIC_BEDROCK_BASE_URL: url,
		});
		expect(
			Object.keys(after).filter((name) => (hinderingVariables as readonly string[]).includes(name)),
		).toEqual([]);
	});
});
