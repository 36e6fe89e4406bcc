import {spawnSync} from 'node:child_process';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import path from 'node:path';
import {afterAll, describe, expect, it} from 'vitest';
import {createClients} from '../../source/bedrock/clients/clients.ts';
import type {Headers} from '../../source/tap/listener.ts';
import {type Outgoing, Signer} from '../../source/tap/signing.ts';
import {awsHome} from '../bedrock/credentials/harness.ts';
import vectors from './signed-paths.json' with {type: 'json'};
import {signedPaths} from './signed-paths.ts';

const at = new Date('2026-11-30T08:09:10Z');
const region = 'us-east-1';
const url = new URL('https://bedrock-runtime.us-east-1.amazonaws.com');
const body = '{"messages":[{"role":"user","content":[{"text":"Grüße 日本 😀"}]}]}';

type Keys = {accessKeyId: string; secretAccessKey: string; sessionToken?: string};

const own: Keys = {accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'};

const signerOf = (
	keys: Keys | (() => Promise<Keys>) = own,
	changes: {isResigning?: boolean; now?: () => Date; token?: string} = {},
) =>
	new Signer({
		credentials: typeof keys === 'function' ? keys : async () => keys,
		region,
		isResigning: false,
		now: () => at,
		token: undefined,
		...changes,
	});

const outgoing = (changes: Partial<Outgoing> = {}): Outgoing => ({
	method: 'POST',
	url,
	target: '/model/amazon.nova-lite-v1%3A0/converse',
	headers: [['content-type', 'application/json']],
	body: Buffer.from(body),
	service: 'bedrock',
	...changes,
});

const signed = async (
	signer: Signer,
	changes: Partial<Outgoing> = {},
): Promise<ReadonlyMap<string, string>> => {
	const result = await signer.headersFor(outgoing(changes));
	expect(result).not.toHaveProperty('refusal');
	const {headers} = result as {readonly headers: Headers};
	const names = headers.map(([name]) => name.toLowerCase());
	expect(names).toEqual([...new Set(names)]);
	return new Map(headers.map(([name, value]) => [name.toLowerCase(), value]));
};

const requestOf = (method: 'POST' | 'GET', target: string): Partial<Outgoing> => ({
	method,
	target,
	...(method === 'GET' ? {headers: [], body: Buffer.alloc(0)} : {}),
});

type Case = {
	method: string;
	url: string;
	headers: Record<string, string>;
	body: string;
	keys: Keys;
	service: string;
	region: string;
	at: string;
};

const caseOf = (method: 'POST' | 'GET', target: string, keys: Keys = own): Case => ({
	method,
	url: `${url.origin}${target}`,
	headers: method === 'GET' ? {} : {'content-type': 'application/json'},
	body: method === 'GET' ? '' : body,
	keys,
	service: 'bedrock',
	region,
	at: '20261130T080910Z',
});

/** What botocore signs with; undefined where it is not installed. */
const byBotocore = (cases: readonly Case[]): readonly string[] | undefined => {
	const script = path.join(import.meta.dirname, 'botocore-signatures.py');
	const {status, stdout} = spawnSync('python3', [script], {input: JSON.stringify(cases), encoding: 'utf8'});
	return status === 0 ? (JSON.parse(stdout) as readonly string[]) : undefined;
};

const hasBotocore = byBotocore([]) !== undefined;

describe('the signature', () => {
	it('is the one that botocore once made, for 50 paths', async () => {
		expect(signedPaths).toHaveLength(50);
		const signer = signerOf();
		for (const [index, [method, target]] of signedPaths.entries()) {
			const headers = await signed(signer, requestOf(method, target));
			expect([target, headers.get('authorization')]).toEqual([target, vectors[index]]);
		}
	});

	it.skipIf(!hasBotocore)(
		'is the one that the installed botocore makes, for 50 paths (skipped: no python3-botocore)',
		async () => {
			const session: Keys = {...own, sessionToken: 'FwoGZXIvYXdzE//token+with/signs=='};
			for (const keys of [own, session]) {
				const expected = byBotocore(signedPaths.map(([method, target]) => caseOf(method, target, keys)));
				const signer = signerOf(keys);
				for (const [index, [method, target]] of signedPaths.entries()) {
					const headers = await signed(signer, requestOf(method, target));
					expect([target, headers.get('authorization')]).toEqual([target, expected?.[index]]);
					expect(headers.get('x-amz-security-token')).toBe(keys.sessionToken);
				}
			}
		},
	);

	it('covers the whole query, a second question mark too', async () => {
		const signer = signerOf();
		const [first, second] = [
			await signed(signer, requestOf('GET', '/inference-profiles?a=b?c')),
			await signed(signer, requestOf('GET', '/inference-profiles?a=b')),
		];
		expect(first.get('authorization')).not.toBe(second.get('authorization'));
	});

	it("replaces the client's, whatever it was made with", async () => {
		const headers = await signed(signerOf({...own, sessionToken: 'fresh'}), {
			headers: [
				[
					'Authorization',
					`AWS4-HMAC-SHA256 Credential=${own.accessKeyId}/20200101/eu-west-1/bedrock/aws4_request, SignedHeaders=host, Signature=00`,
				],
				['X-Amz-Date', '20200101T000000Z'],
				['X-Amz-Security-Token', 'stale'],
				['x-amz-content-sha256', 'UNSIGNED-PAYLOAD'],
				['Content-Type', 'application/json'],
				['X-Amzn-Bedrock-Trace', 'ENABLED'],
				['amz-sdk-invocation-id', 'abc'],
				['x-bedrock-top-token', 'of the tap'],
				['Expect', '100-continue'],
			],
		});
		expect(Object.fromEntries(headers)).toEqual({
			host: url.host,
			'content-length': String(Buffer.byteLength(body)),
			'content-type': 'application/json',
			'x-amzn-bedrock-trace': 'ENABLED',
			'amz-sdk-invocation-id': 'abc',
			'x-amz-date': '20261130T080910Z',
			'x-amz-security-token': 'fresh',
			authorization: expect.stringMatching(
				/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/20261130\/us-east-1\/bedrock\//,
			),
		});
	});

	it('names the service of the host', async () => {
		const headers = await signed(signerOf(), {service: 'bedrock-mantle'});
		expect(headers.get('authorization')).toContain('/us-east-1/bedrock-mantle/aws4_request');
	});

	it("goes by the service's clock where this one is far off, and by this one where it is not", async () => {
		const signer = signerOf();
		const date = async () => (await signed(signer)).get('x-amz-date');
		signer.heard('Mon, 30 Nov 2026 08:19:10 GMT');
		expect(await date()).toBe('20261130T081910Z');
		signer.heard('Mon, 30 Nov 2026 08:09:40 GMT');
		expect(await date()).toBe('20261130T080910Z');
		signer.heard('not a date');
		signer.heard(undefined);
		expect(await date()).toBe('20261130T080910Z');
	});
});

describe('who calls', () => {
	const of = (value: string): Headers => [['authorization', value]];
	const sigV4 = (id: string, algorithm = 'AWS4-HMAC-SHA256') =>
		of(
			`${algorithm} Credential=${id}/20261130/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=00`,
		);

	it.each([
		['a bearer token', of('Bearer bedrock-api-key-abc'), 'authorization', 'Bearer bedrock-api-key-abc'],
		['an API key', [['x-api-key', 'sk-abc']] as Headers, 'x-api-key', 'sk-abc'],
	])('%s passes as it came, and no keys are asked for', async (_what, headers, name, value) => {
		const signer = signerOf(async () => {
			throw new Error('not asked for');
		});
		const result = await signed(signer, {headers});
		expect(result.get(name)).toBe(value);
		expect(result.has('x-amz-date')).toBe(false);
		expect(result.has('x-amz-security-token')).toBe(false);
	});

	it.each(['AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256'])(
		'another access key is refused, and taken with --resign: %s',
		async (algorithm) => {
			const headers = sigV4('AKIDOFSOMEONE', algorithm);
			expect(await signerOf().headersFor(outgoing({headers}))).toMatchObject({
				refusal: {status: 403, reason: 'other-access-key'},
			});
			const resigned = await signed(signerOf(own, {isResigning: true}), {headers});
			expect(resigned.get('authorization')).toContain('Credential=AKIDEXAMPLE/');
		},
	);

	it('the own key is taken, the one before a renewal too', async () => {
		let id = 'ASIAOLD';
		const signer = signerOf(async () => ({...own, accessKeyId: id}));
		await signed(signer, {headers: sigV4('ASIAOLD')});
		id = 'ASIANEW';
		expect((await signed(signer, {headers: sigV4('ASIAOLD')})).get('authorization')).toContain('ASIANEW');
		await signed(signer, {headers: sigV4('ASIANEW')});
	});

	it('a query that is signed counts as signed by its key, and is signed again without that', async () => {
		const path = '/model/us.amazon.nova-lite-v1%3A0/converse';
		const signature = (id: string) =>
			`X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${id}%2F20261130%2Fus-east-1%2Fbedrock%2Faws4_request&X-Amz-Date=20261130T080910Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00`;
		const signer = signerOf();
		expect(
			await signer.headersFor(outgoing({target: `${path}?${signature('AKIDOFSOMEONE')}`})),
		).toMatchObject({refusal: {status: 403, reason: 'other-access-key'}});
		for (const query of [signature(own.accessKeyId), `a=%3A&${signature(own.accessKeyId)}&b`]) {
			const result = await signer.headersFor(outgoing({target: `${path}?${query}`}));
			const target = query.startsWith('a') ? `${path}?a=%3A&b` : path;
			expect(result).toEqual(await signer.headersFor(outgoing({target})));
		}
	});

	it.each([
		'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
		'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
		'STREAMING-AWS4-HMAC-SHA256-EVENTS',
	])('a body in pieces cannot be signed again: %s', async (hash) => {
		const headers: Headers = [...sigV4(own.accessKeyId), ['x-amz-content-sha256', hash]];
		expect(await signerOf(own, {isResigning: true}).headersFor(outgoing({headers}))).toMatchObject({
			refusal: {status: 501, reason: 'streaming-signature'},
		});
	});

	it('who sends nothing is signed by the keys, or by the token where the tap has one', async () => {
		expect((await signed(signerOf())).get('authorization')).toContain('Credential=AKIDEXAMPLE/');
		const result = await signed(signerOf(own, {token: 'bedrock-api-key-own'}));
		expect(result.get('authorization')).toBe('Bearer bedrock-api-key-own');
		expect(result.has('x-amz-date')).toBe(false);
	});
});

describe('the keys of a tap', () => {
	const home = awsHome();
	const servers: Array<ReturnType<typeof createServer>> = [];
	afterAll(() => {
		for (const server of servers) {
			server.close();
		}
	});

	const chain = async () => {
		const clients = createClients({region, profile: undefined, simulatorUrl: undefined}, {maxSockets: 1});
		const runtime = await clients.runtime();
		return async () => (await runtime.config.credentials()) as Keys;
	};

	const answering = async (keys: () => object): Promise<string> => {
		const server = createServer((_request, response) => response.end(JSON.stringify(keys())));
		servers.push(server);
		await new Promise<void>((resolve) => {
			server.listen(0, '127.0.0.1', resolve);
		});
		return `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
	};

	const token = 'FwoGZXIvYXdzEXAMPLE+token/==';
	const later = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString();
	const profile = `aws_access_key_id = ${own.accessKeyId}\naws_secret_access_key = ${own.secretAccessKey}\n`;

	it.each([
		[
			'variables',
			async () =>
				home.prepare({
					environment: {AWS_ACCESS_KEY_ID: own.accessKeyId, AWS_SECRET_ACCESS_KEY: own.secretAccessKey},
				}),
			undefined,
		],
		[
			'variables with a session token',
			async () =>
				home.prepare({
					environment: {
						AWS_ACCESS_KEY_ID: own.accessKeyId,
						AWS_SECRET_ACCESS_KEY: own.secretAccessKey,
						AWS_SESSION_TOKEN: token,
					},
				}),
			token,
		],
		['a profile', async () => home.prepare({credentials: `[default]\n${profile}`}), undefined],
		[
			'a program',
			async () => {
				const keys = {
					Version: 1,
					AccessKeyId: own.accessKeyId,
					SecretAccessKey: own.secretAccessKey,
					SessionToken: token,
					Expiration: later(60),
				};
				home.prepare({config: `[default]\ncredential_process = printf '%s' '${JSON.stringify(keys)}'\n`});
			},
			token,
		],
		[
			'a container',
			async () => {
				const address = await answering(() => ({
					AccessKeyId: own.accessKeyId,
					SecretAccessKey: own.secretAccessKey,
					Token: token,
					Expiration: later(60),
				}));
				home.prepare({environment: {AWS_CONTAINER_CREDENTIALS_FULL_URI: address}});
			},
			token,
		],
	])('come from %s, and sign as botocore does', async (_source, prepare, sessionToken) => {
		await prepare();
		const headers = await signed(signerOf(await chain()));
		expect(headers.get('x-amz-security-token')).toBe(sessionToken);
		const keys = sessionToken === undefined ? own : {...own, sessionToken};
		const known = await signed(signerOf(keys));
		expect(headers.get('authorization')).toBe(known.get('authorization'));
		if (hasBotocore) {
			const [expected] = byBotocore([caseOf('POST', outgoing().target, keys)]) ?? [];
			expect(headers.get('authorization')).toBe(expected);
		}
	});

	it('are renewed before they expire, once for all requests', async () => {
		let asked = 0;
		const address = await answering(() => {
			asked++;
			// The first ones have expired by the time that they are used again.
			const minutes = asked === 1 ? -1 : 60;
			return {
				AccessKeyId: `ASIA${asked}`,
				SecretAccessKey: 'secret',
				Token: token,
				Expiration: later(minutes),
			};
		});
		home.prepare({environment: {AWS_CONTAINER_CREDENTIALS_FULL_URI: address}});
		const signer = signerOf(await chain());
		await signed(signer);
		const all = await Promise.all(Array.from({length: 20}, async () => signed(signer)));
		expect(asked).toBe(2);
		expect(
			new Set(all.map((headers) => /Credential=(\w+)/.exec(headers.get('authorization') ?? '')?.[1])),
		).toEqual(new Set(['ASIA2']));
	});
});
