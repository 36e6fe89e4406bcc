import {execFile} from 'node:child_process';
import {X509Certificate} from 'node:crypto';
import {existsSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import * as http2 from 'node:http2';
import * as https from 'node:https';
import {tmpdir} from 'node:os';
import path from 'node:path';
import * as tls from 'node:tls';
import {promisify} from 'node:util';
import {afterAll, beforeAll, describe, expect, it, onTestFinished, vi} from 'vitest';
import {simulate} from '../../source/commands/simulate.ts';
import type {SimulatorOptions} from '../../source/simulator/options.ts';
import {certify} from '../../source/simulator/wire/certificate.ts';
import {defaultOptions} from './harness.ts';

/** Tests source/simulator/wire/certificate.ts: HTTPS, for real clients. */

/** HTTPS with certificates made at start: clients that trust them are served, others go away. */

const newFolder = (): string => mkdtempSync(path.join(tmpdir(), 'bedrock-top-trust-'));

type Served = {
	readonly url: string;
	/** What the printed lines say. */
	readonly variables: Readonly<Record<string, string>>;
	/** Content of the file to trust. */
	readonly authority: string;
	readonly stop: () => Promise<number>;
};

const open = async (options: Partial<SimulatorOptions> = {}, file = ''): Promise<Served> => {
	const controller = new AbortController();
	let printed = '';
	const stdout = {
		write(text: string) {
			printed += text;
			return true;
		},
	};
	const code = simulate({...defaultOptions, ...options}, {stdout, signal: controller.signal}, file);
	const stop = (): Promise<number> => {
		controller.abort();
		return code;
	};
	await Promise.race([code, vi.waitFor(() => expect(printed).toContain('until Ctrl+C'), 30_000)]);
	const variables = Object.fromEntries(
		[...printed.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [
			name,
			(value ?? '').replace(/^'(.*)'$/, '$1'),
		]),
	);
	const authority = readFileSync(variables.NODE_EXTRA_CA_CERTS ?? '', 'utf8');
	return {url: variables.AWS_ENDPOINT_URL ?? '', variables, authority, stop};
};

/** One for the test alone. */
const serve = async (options: Partial<SimulatorOptions> = {}, file = ''): Promise<Served> => {
	const served = await open(options, file);
	onTestFinished(async () => {
		await served.stop();
	});
	return served;
};

/** One for all that only ask it: making keys is what takes the time here. */
let shared: Served;
beforeAll(async () => {
	shared = await open();
});
afterAll(async () => {
	await shared.stop();
});

const runClients = async (environment: Readonly<Record<string, string>>): Promise<object> => {
	const script = path.resolve(import.meta.dirname, 'tls-clients.ts');
	const {stdout} = await promisify(execFile)(process.execPath, ['--no-warnings', script], {
		env: {
			PATH: process.env.PATH ?? '',
			HOME: '/nonexistent',
			NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
			...environment,
		},
	});
	return JSON.parse(stdout) as object;
};

const statusOf = (url: string, options: https.RequestOptions): Promise<number | undefined> =>
	new Promise((resolve, reject) => {
		https
			.get(url, {agent: false, ...options}, (response) => {
				response.resume();
				resolve(response.statusCode);
			})
			.on('error', reject);
	});

describe('clients over HTTPS', () => {
	it('are served, all of them, when they trust what was printed, and go away when they do not', async () => {
		const {variables} = shared;
		const trusting = await runClients(variables);
		// Behind the first, which has compiled what they share.
		const others = await runClients({...variables, NODE_EXTRA_CA_CERTS: ''});
		expect(trusting).toEqual({
			'converse over HTTP/2': ['h2', 'end_turn'],
			'a stream over HTTP/2': 'metadata',
			'converse over HTTP/1.1': 'end_turn',
			'invoke over HTTP/1.1': 'end_turn',
			'the control plane': true,
			'Service Quotas': true,
			CloudWatch: true,
			STS: 12,
			S3: 'kept',
			'Chat Completions': 'stop',
			"OpenAI's provider for Bedrock": 'completed',
			'Claude of Anthropic': 'end_turn',
			fetch: 200,
		});
		expect(others).toEqual(
			Object.fromEntries(Object.keys(trusting).map((name) => [name, {refused: 'SELF_SIGNED_CERT_IN_CHAIN'}])),
		);
	});

	it.each([
		['h2', ['h2', 'http/1.1']],
		['http/1.1', ['http/1.1']],
		[false, undefined],
	])('agree on %s when they offer %j', async (expected, ALPNProtocols) => {
		const {url, authority} = shared;
		const socket = tls.connect({
			port: Number(new URL(url).port),
			host: '127.0.0.1',
			ca: authority,
			...(ALPNProtocols === undefined ? {} : {ALPNProtocols}),
		});
		onTestFinished(() => void socket.destroy());
		await new Promise((resolve, reject) => {
			socket.on('secureConnect', resolve).on('error', reject);
		});
		expect(socket.alpnProtocol).toBe(expected);
		expect(socket.getProtocol()).toBe('TLSv1.3');
	});

	it('reach it over HTTP/2 by each of its names, and by no other', async () => {
		const {url, authority} = shared;
		const session = http2.connect(url, {ca: authority});
		onTestFinished(() => session.close());
		const stream = session.request({':path': '/__stats'});
		const status = await new Promise((resolve, reject) => {
			stream.on('response', (headers) => resolve(headers[':status'])).on('error', reject);
			stream.resume();
		});
		expect(status).toBe(200);
		const {port} = new URL(url);
		for (const servername of ['localhost', '127.0.0.1', '::1']) {
			const checkServerIdentity = (_: string, certificate: tls.PeerCertificate) =>
				tls.checkServerIdentity(servername, certificate);
			expect(await statusOf(`https://127.0.0.1:${port}/__stats`, {ca: authority, checkServerIdentity})).toBe(
				200,
			);
		}
		await expect(
			statusOf(`https://127.0.0.1:${port}/__stats`, {
				ca: authority,
				checkServerIdentity: (_, certificate) => tls.checkServerIdentity('evil.example', certificate),
			}),
		).rejects.toMatchObject({code: 'ERR_TLS_CERT_ALTNAME_INVALID'});
	});

	it('are not disturbed by those that speak HTTP to the port, who get no answer', async () => {
		const {url, authority} = shared;
		await expect(fetch(url.replace('https', 'http'))).rejects.toThrow();
		expect(await statusOf(`${url}/__stats`, {ca: authority})).toBe(200);
	});

	it('may be pages of it, and of nothing else', async () => {
		const {url, authority} = shared;
		const ask = (origin: string) => statusOf(`${url}/__stats`, {ca: authority, headers: {origin}});
		expect(await ask(url)).toBe(200);
		expect(await ask('https://evil.example')).toBe(403);
	});
});

describe('the certificate', () => {
	it('names the host that was typed', async () => {
		const {authority, url} = await serve({host: '127.0.0.2'});
		expect(await statusOf(`${url}/__stats`, {ca: authority})).toBe(200);
		const {credentials} = await certify(['fake.local', 'fd00::1'], new Date('2026-11-30'));
		const certificate = new X509Certificate(credentials.certificates);
		expect(certificate.checkHost('fake.local')).toBe('fake.local');
		expect(certificate.checkIP('fd00::1')).toBe('fd00::1');
		expect(certificate.checkHost('localhost')).toBeUndefined();
		expect(certificate.validTo).toBe('Nov 30 00:00:00 2027 GMT');
		expect(certificate.ca).toBe(false);
	});

	it('has serial numbers that every reader takes: positive, and without zeros in front', async () => {
		const {credentials, authority} = await certify(['localhost'], new Date('2026-11-30'));
		for (const text of [credentials.certificates, authority]) {
			expect(new X509Certificate(text).serialNumber).toMatch(/^4[\dA-F]{31}$/);
		}
	});

	it('is another one at each start', async () => {
		const [first, second] = [shared, await serve()];
		expect(first.authority).not.toBe(second.authority);
		await expect(statusOf(`${first.url}/__stats`, {ca: second.authority})).rejects.toThrow();
	});
});

describe('the file to trust', () => {
	it('is its owner’s alone, in a folder of its own, and gone at the end', async () => {
		const {variables, authority, stop} = await serve();
		const file = variables.NODE_EXTRA_CA_CERTS ?? '';
		expect(variables.AWS_CA_BUNDLE).toBe(file);
		expect(statSync(file).mode & 0o777).toBe(0o600);
		expect(statSync(path.dirname(file)).mode & 0o777).toBe(0o700);
		expect(authority).toMatch(/^-----BEGIN CERTIFICATE-----\n/);
		expect(authority).not.toContain('PRIVATE');
		expect(await stop()).toBe(0);
		expect(existsSync(path.dirname(file))).toBe(false);
	});

	it('is gone also where the port was taken', async () => {
		const {url} = shared;
		const TMPDIR = newFolder();
		vi.stubEnv('TMPDIR', TMPDIR);
		onTestFinished(() => void vi.unstubAllEnvs());
		await expect(serve({port: Number(new URL(url).port)})).rejects.toThrow('already in use');
		expect(readdirSync(TMPDIR)).toEqual([]);
	});

	it('stays where it was named, and gives way to that of the next start', async () => {
		const file = path.join(newFolder(), 'trust me.pem');
		const first = await serve({}, file);
		expect(first.variables.NODE_EXTRA_CA_CERTS).toBe(file);
		await first.stop();
		expect(readFileSync(file, 'utf8')).toBe(first.authority);
		expect(statSync(file).mode & 0o777).toBe(0o600);
		const second = await serve({}, file);
		expect(second.authority).not.toBe(first.authority);
		expect(await statusOf(`${second.url}/__stats`, {ca: second.authority})).toBe(200);
	});

	it('takes the place of nothing else', async () => {
		const folder = newFolder();
		const file = path.join(folder, 'bundle.pem');
		writeFileSync(file, tls.rootCertificates[0] ?? '');
		await expect(serve({}, file)).rejects.toMatchObject({
			exitCode: 1,
			message: expect.stringContaining('it exists'),
		});
		expect(readFileSync(file, 'utf8')).toBe(tls.rootCertificates[0]);
		await expect(serve({}, path.join(folder, 'none', 'bundle.pem'))).rejects.toMatchObject({
			exitCode: 1,
			message: expect.stringContaining('bundle.pem'),
		});
	});
});
