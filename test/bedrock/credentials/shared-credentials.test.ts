import {existsSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {afterEach, beforeEach, describe, expect, it, onTestFinished, vi} from 'vitest';
import {createBackend} from '../../../source/bedrock/backend.ts';
import {type Clients, createClients} from '../../../source/bedrock/clients/clients.ts';
import {retryDelayMs} from '../../../source/engine/attempts/retries.ts';
import {plainRequest} from '../../conformance/harness.ts';
import {type ReplayServer, startReplayServer} from '../../conformance/replay-server.ts';
import {awsHome} from './harness.ts';

const home = awsHome();
const nowhere = {region: undefined, profile: undefined, simulatorUrl: undefined};
const keysOf = (id: string): string => `aws_access_key_id = ${id}\naws_secret_access_key = secret\n`;

const clientsFor = (profile?: string): Clients => createClients({...nowhere, profile}, {maxSockets: 1});

const keyOf = async (clients: Clients): Promise<string> =>
	(await (await clients.runtime()).config.credentials()).accessKeyId;

describe('whose keys sign, as with the AWS CLI', () => {
	const variables = {AWS_ACCESS_KEY_ID: 'of-variables', AWS_SECRET_ACCESS_KEY: 'secret'};
	it.each([
		['a typed profile beats keys in the environment', {...variables}, 'work', 'of-work'],
		['a typed profile beats AWS_PROFILE', {AWS_PROFILE: 'other'}, 'work', 'of-work'],
		[
			'keys in the environment beat AWS_PROFILE',
			{...variables, AWS_PROFILE: 'other'},
			undefined,
			'of-variables',
		],
		[
			'so they do where AWS_PROFILE is not there',
			{...variables, AWS_PROFILE: 'other'},
			undefined,
			'of-variables',
		],
		['AWS_PROFILE beats the default profile', {AWS_PROFILE: 'other'}, undefined, 'of-other'],
		['the default profile', {}, undefined, 'of-default'],
		['an empty variable is not set', {AWS_ACCESS_KEY_ID: '', AWS_PROFILE: ''}, undefined, 'of-default'],
	] as const)('%s', async (_name, environment, profile, expected) => {
		home.prepare({
			credentials: `[default]\n${keysOf('of-default')}[work]\n${keysOf('of-work')}[other]\n${keysOf('of-other')}`,
			environment: {AWS_REGION: 'us-east-1', ...environment},
		});
		expect(await keyOf(clientsFor(profile))).toBe(expected);
	});
});

describe('configuration files as the AWS CLI reads them', () => {
	it.each([
		['a quoted name', '[profile "my work"]', '', 'my work'],
		['a quoted name in single quotes', "[profile 'my work']", '', 'my work'],
		['blanks around the name', '[profile   work  ]', '', 'work'],
		['a tab', '[profile\twork]', '', 'work'],
		['a comment behind the header', '[profile work] # mine', '', 'work'],
		['keys in capitals', '[profile work]', 'REGION = eu-west-3', 'work'],
		['a colon', '[profile work]', 'region: eu-west-3', 'work'],
		['no blanks', '[profile work]', 'region=eu-west-3', 'work'],
		['letters of another alphabet', '[profile "работа"]', '', 'работа'],
		['a byte order mark', '\uFEFF[profile work]', '', 'work'],
		['line ends of Windows', '[profile work]\r', 'region = eu-west-3\r', 'work'],
	])('%s', async (_name, header, setting, profile) => {
		home.prepare({
			config: `${header}\n${setting || 'region = eu-west-3'}\n${keysOf('mine')}`,
		});
		const clients = clientsFor(profile);
		expect(await clients.region()).toBe('eu-west-3');
		expect(await keyOf(clients)).toBe('mine');
	});

	it('a name with a blank in the credentials file', async () => {
		home.prepare({
			config: '[profile "my work"]\nregion = eu-west-3',
			credentials: `[my work]\n${keysOf('mine')}`,
		});
		const clients = clientsFor('my work');
		expect(await clients.region()).toBe('eu-west-3');
		expect(await keyOf(clients)).toBe('mine');
	});

	it('what belongs to a nested setting stays there', async () => {
		home.prepare({
			config:
				'[profile work]\ns3 =\n  region = nested\nregion = eu-west-3\nservices = mine\n[services mine]\nbedrock_runtime =\n  endpoint_url = http://mine.test',
		});
		const clients = clientsFor('work');
		expect(await clients.region()).toBe('eu-west-3');
		expect(clients.endpoint).toBe('http://mine.test');
	});
});

describe('one provider for the whole program', () => {
	let server: ReplayServer;
	beforeEach(async () => {
		server = await startReplayServer();
	});
	afterEach(async () => {
		await server.close();
	});

	/** A command that counts its calls, and gives other keys each time. */
	const counting = (expiration: string): string =>
		`[profile p]\ncredential_process = sh -c 'echo x >> ${home.path('calls')}; echo {\\"Version\\":1,\\"AccessKeyId\\":\\"key$(grep -c x ${home.path('calls')})\\",\\"SecretAccessKey\\":\\"s\\"${expiration}}'\n`;

	const calls = (): number =>
		existsSync(home.path('calls')) ? readFileSync(home.path('calls'), 'utf8').trim().split('\n').length : 0;

	it('a renewal before its time that fails leaves the keys that are still valid', async () => {
		const soon = new Date(Date.now() + 120_000).toISOString();
		const first = counting(`,\\"Expiration\\":\\"${soon}\\"`);
		home.prepare({
			config: first.replace("sh -c '", `sh -c 'test -e ${home.path('broken')} && exit 1; `),
			environment: {AWS_REGION: 'us-east-1'},
		});
		const {credentials} = (await clientsFor('p').runtime()).config;
		const now = vi.spyOn(performance, 'now');
		onTestFinished(() => now.mockRestore());
		const from = performance.now();
		expect((await credentials()).accessKeyId).toBe('key1');
		writeFileSync(home.path('broken'), '');
		// Due since they expire soon, and asked for long ago.
		now.mockReturnValue(from + 61_000);
		expect((await credentials()).accessKeyId).toBe('key1');
		rmSync(home.path('broken'));
		// The source is left alone for a while.
		now.mockReturnValue(from + 62_000);
		expect((await credentials()).accessKeyId).toBe('key1');
		now.mockReturnValue(from + 130_000);
		expect((await credentials()).accessKeyId).toBe('key2');
	});

	it('credential_process runs once for all clients, of every connection', async () => {
		home.prepare({config: counting(''), environment: {AWS_REGION: 'us-east-1'}});
		const all = [clientsFor('p'), clientsFor('p')];
		for (const clients of all) {
			await clients.checkCredentials();
			await Promise.all(
				[clients.runtime, clients.control, clients.serviceQuotas, clients.cloudwatch, clients.s3].map(
					async (make) => (await make()).config.credentials(),
				),
			);
		}
		expect(calls()).toBe(1);
	});

	it('keys that were refused are renewed once for all requests that were under way', async () => {
		home.prepare({config: counting(''), environment: {AWS_REGION: 'us-east-1'}});
		const clients = clientsFor('p');
		expect(await keyOf(clients)).toBe('key1');
		const sentAt = performance.now();
		expect(await Promise.all(Array.from({length: 5}, () => clients.renewCredentials(sentAt)))).toEqual(
			Array.from({length: 5}, () => true),
		);
		expect(await keyOf(clients)).toBe('key2');
		expect(calls()).toBe(2);
	});

	describe('keys that expire', () => {
		const expired = {
			status: 403,
			headers: {'x-amzn-errortype': 'ExpiredTokenException'},
			body: Buffer.from('{"message":"The security token included in the request is expired"}'),
		};
		const signers = (): readonly string[] =>
			server.requests.map(({headers}) => /Credential=(\w+)/.exec(headers.authorization ?? '')?.[1] ?? '');

		it('in the middle of a run: the request may be tried again, with the new ones', async () => {
			home.prepare({
				config: counting(''),
				environment: {AWS_REGION: 'us-east-1', AWS_ENDPOINT_URL: server.url},
			});
			server.play(expired);
			const backend = createBackend(clientsFor('p'));
			const ask = async () =>
				backend.invoke(plainRequest(), {signal: new AbortController().signal, onFirstToken() {}});
			const outcome = await ask();
			expect(outcome).toMatchObject({kind: 'failed', failure: {class: 'credentials', isRetryable: true}});
			expect(outcome.kind === 'failed' && retryDelayMs(outcome.failure, 1, () => 0.5)).toBe(0);
			expect(outcome.kind === 'failed' && retryDelayMs(outcome.failure, 2, () => 0.5)).toBeUndefined();
			await ask();
			expect(signers()).toEqual(['key1', 'key2']);
		});

		it('where there are no others, the request is lost', async () => {
			home.prepare({
				credentials: `[p]\n${keysOf('same')}`,
				environment: {AWS_REGION: 'us-east-1', AWS_ENDPOINT_URL: server.url},
			});
			server.play(expired);
			const outcome = await createBackend(clientsFor('p')).invoke(plainRequest(), {
				signal: new AbortController().signal,
				onFirstToken() {},
			});
			expect(outcome).toMatchObject({kind: 'failed', failure: {class: 'credentials', isRetryable: false}});
		});

		it('while lists are read: they are asked for once more', async () => {
			home.prepare({
				config: counting(''),
				environment: {AWS_REGION: 'us-east-1', AWS_ENDPOINT_URL: server.url},
			});
			server.play(expired);
			const {ListFoundationModelsCommand} = await import('@aws-sdk/client-bedrock');
			const control = await clientsFor('p').control();
			await control.send(new ListFoundationModelsCommand({})).catch(() => undefined);
			expect(signers()).toEqual(['key1', 'key2']);
		});
	});

	it('keys of a file that was written since count', async () => {
		home.prepare({credentials: `[p]\n${keysOf('old')}`, environment: {AWS_REGION: 'us-east-1'}});
		const clients = clientsFor('p');
		expect(await keyOf(clients)).toBe('old');
		expect(await clients.renewCredentials(performance.now())).toBe(false);
		writeFileSync(home.path('credentials'), `[p]\n${keysOf('new')}`);
		expect(await clients.renewCredentials(performance.now())).toBe(true);
		expect(await keyOf(clients)).toBe('new');
	});

	it('keys that are about to expire are not asked for with each request', async () => {
		const soon = new Date(Date.now() + 120_000).toISOString();
		home.prepare({
			config: counting(`,\\"Expiration\\":\\"${soon}\\"`),
			environment: {AWS_REGION: 'us-east-1'},
		});
		const clients = clientsFor('p');
		await keyOf(clients);
		await keyOf(clients);
		expect(calls()).toBe(1);
	});

	describe('the account that is called', () => {
		const environment = () => ({
			AWS_REGION: 'eu-central-1',
			AWS_ENDPOINT_URL_STS: server.url,
			AWS_ACCESS_KEY_ID: `of-${server.url}`,
			AWS_SECRET_ACCESS_KEY: 'secret',
		});
		const answered = (status: number, body: string) => ({status, headers: {}, body: Buffer.from(body)});

		it('is asked of STS once, signed', async () => {
			server.play(
				answered(
					200,
					'<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>',
				),
			);
			home.prepare({environment: environment()});
			expect(await Promise.all([clientsFor().account(), clientsFor().account()])).toEqual([
				'111122223333',
				'111122223333',
			]);
			expect(server.requests).toHaveLength(1);
			expect(server.requests[0]?.headers.authorization).toMatch(/\/eu-central-1\/sts\/aws4_request/);
			expect(String(server.requests[0]?.body)).toBe('Action=GetCallerIdentity&Version=2011-06-15');
		});

		it.each([
			['refused', 403, '<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>'],
			['not understood', 404, '{"message":"The simulator does not serve POST /."}'],
			['not an answer', 200, '<html>Sign in</html>'],
		])('is not known where that is %s', async (_name, status, body) => {
			server.play(answered(status, body));
			home.prepare({environment: environment()});
			expect(await clientsFor().account()).toBeNull();
		});

		it('is not asked for where a token calls', async () => {
			home.prepare({environment: {...environment(), AWS_BEARER_TOKEN_BEDROCK: 'ABSKsomething'}});
			expect(await clientsFor().account()).toBeNull();
			expect(server.requests).toHaveLength(0);
		});
	});
});

describe('a token', () => {
	it('that is empty is not set: the keys sign', async () => {
		const server = await startReplayServer();
		server.play({status: 200, headers: {'content-type': 'application/json'}, body: Buffer.from('{}')});
		home.prepare({
			environment: {
				AWS_REGION: 'us-east-1',
				AWS_ENDPOINT_URL: server.url,
				AWS_BEARER_TOKEN_BEDROCK: '',
				AWS_ACCESS_KEY_ID: 'a-key',
				AWS_SECRET_ACCESS_KEY: 'secret',
			},
		});
		const clients = clientsFor();
		expect(clients.remarks).toEqual([]);
		const {ConverseCommand} = await import('@aws-sdk/client-bedrock-runtime');
		await (await clients.runtime()).send(new ConverseCommand({modelId: 'a', messages: []}));
		expect(server.requests[0]?.headers.authorization).toContain('Credential=a-key/');
		await server.close();
	});
});
