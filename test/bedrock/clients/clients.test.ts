import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {createBackend} from '../../../source/bedrock/backend.ts';
import {createClients, inTime} from '../../../source/bedrock/clients/clients.ts';
import {foreignEndpoint, proxyRemark} from '../../../source/bedrock/clients/network.ts';
import {assertReachable} from '../../../source/bedrock/clients/reachability.ts';
import {UserError} from '../../../source/domain/user-error.ts';
import {jsonHeaders, plainRequest} from '../../conformance/harness.ts';
import {type ReplayServer, startReplayServer} from '../../conformance/replay-server.ts';

const nowhere = {region: undefined, profile: undefined, simulatorUrl: undefined};
const answer = {
	status: 200,
	headers: jsonHeaders,
	body: Buffer.from(
		JSON.stringify({
			output: {message: {role: 'assistant', content: [{text: 'Hi'}]}},
			stopReason: 'end_turn',
			usage: {inputTokens: 1, outputTokens: 1, totalTokens: 2},
		}),
	),
};

let folder: string;
let server: ReplayServer;

/** An environment without any AWS setting of the machine, and with files that are empty. */
const bare = (settings: Readonly<Record<string, string>> = {}): void => {
	for (const name of Object.keys(process.env)) {
		if (/^AWS_|PROXY$/i.test(name)) {
			vi.stubEnv(name, undefined);
		}
	}

	const defaults = {
		AWS_CONFIG_FILE: join(folder, 'config'),
		AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
		AWS_EC2_METADATA_DISABLED: 'true',
	};
	for (const [name, value] of Object.entries({...defaults, ...settings})) {
		vi.stubEnv(name, value);
	}
};

beforeEach(async () => {
	folder = mkdtempSync(join(tmpdir(), 'clients-'));
	writeFileSync(join(folder, 'config'), '');
	writeFileSync(join(folder, 'credentials'), '');
	server = await startReplayServer();
	server.play(answer);
});

afterEach(async () => {
	vi.unstubAllEnvs();
	rmSync(folder, {recursive: true});
	await server.close();
});

const call = async (clients: ReturnType<typeof createClients>) => {
	const outcome = await createBackend(clients).invoke(plainRequest(), {
		signal: new AbortController().signal,
		onFirstToken() {},
	});
	clients.close();
	return outcome;
};

const rejection = async (promise: Promise<unknown>): Promise<UserError> => {
	const error = await promise.then(
		() => undefined,
		(thrown: unknown) => thrown,
	);
	expect(error).toBeInstanceOf(UserError);
	return error as UserError;
};

describe('Region', () => {
	it.each([
		['typed', {AWS_REGION: 'eu-west-1'}, 'us-west-2', 'us-west-2'],
		[
			'of the environment',
			{AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'eu-west-2'},
			undefined,
			'eu-west-1',
		],
		['of the AWS CLI', {AWS_DEFAULT_REGION: 'eu-west-2'}, undefined, 'eu-west-2'],
		['of the profile', {AWS_PROFILE: 'work'}, undefined, 'ap-south-1'],
	] as const)('%s', async (_from, environment, region, expected) => {
		bare(environment);
		writeFileSync(join(folder, 'config'), '[profile work]\nregion = ap-south-1\n');
		const clients = createClients({...nowhere, region}, {maxSockets: 1});
		expect(await clients.region()).toBe(expected);
		clients.close();
	});

	it('of a profile that was typed', async () => {
		bare();
		writeFileSync(join(folder, 'config'), '[profile other]\nregion = sa-east-1\n');
		const clients = createClients({...nowhere, profile: 'other'}, {maxSockets: 1});
		expect(await clients.region()).toBe('sa-east-1');
		clients.close();
	});

	it('none: one sentence with both ways to set it', async () => {
		bare();
		const error = await rejection(createClients(nowhere, {maxSockets: 1}).region());
		expect(error).toMatchObject({exitCode: 1, message: 'No AWS Region is set.'});
		expect(error.hint).toMatch(/--region.*AWS_REGION/);
	});

	it('no Region at all: quoted, exit 2 when it was typed', async () => {
		bare({AWS_REGION: 'nowhere'});
		const typed = await rejection(createClients({...nowhere, region: 'us east'}, {maxSockets: 1}).region());
		expect(typed).toMatchObject({exitCode: 2, message: expect.stringContaining('"us east"')});
		expect(await rejection(createClients(nowhere, {maxSockets: 1}).region())).toMatchObject({exitCode: 1});
	});

	it('of a simulator', async () => {
		bare();
		const clients = createClients({...nowhere, simulatorUrl: server.url}, {maxSockets: 1});
		expect(await clients.region()).toBe('us-east-1');
		clients.close();
	});
});

describe('credentials', () => {
	const settings = {AWS_REGION: 'us-east-1'};

	it('none: both ways out', async () => {
		bare(settings);
		const error = await rejection(createClients(nowhere, {maxSockets: 1}).checkCredentials());
		expect(error).toMatchObject({exitCode: 1, message: 'No AWS credentials were found.'});
		expect(error.hint).toMatch(/aws sso login.*--demo/);
	});

	it('a profile that does not exist is named', async () => {
		bare(settings);
		const error = await rejection(
			createClients({...nowhere, profile: 'absent'}, {maxSockets: 1}).checkCredentials(),
		);
		expect(error.message).toContain('absent');
	});

	it('of the environment, of a profile, of a bearer token, of a simulator', async () => {
		// The SDK reads a file once.
		writeFileSync(
			join(folder, 'credentials'),
			'[work]\naws_access_key_id = AKIAYYYYYYYYYYYYYYYY\naws_secret_access_key = secret\n',
		);
		bare({...settings, AWS_ACCESS_KEY_ID: 'AKIAXXXXXXXXXXXXXXXX', AWS_SECRET_ACCESS_KEY: 'x'.repeat(40)});
		await createClients(nowhere, {maxSockets: 1}).checkCredentials();

		bare(settings);
		await createClients({...nowhere, profile: 'work'}, {maxSockets: 1}).checkCredentials();

		bare({...settings, AWS_BEARER_TOKEN_BEDROCK: 'ABSKsomething'});
		await createClients(nowhere, {maxSockets: 1}).checkCredentials();

		bare();
		await createClients({...nowhere, simulatorUrl: server.url}, {maxSockets: 1}).checkCredentials();
	});

	it('that a helper never gives are waited for no longer than is allowed', async () => {
		const never = new Promise<never>(() => {});
		await expect(inTime(never, 20)).rejects.toMatchObject({
			message: 'The AWS credentials did not come within 20 ms.',
			hint: expect.stringContaining('--timeout T'),
		});
		await expect(inTime(Promise.resolve('AKIA'), 20)).resolves.toBe('AKIA');
	});

	it('a bearer token is sent', async () => {
		bare({...settings, AWS_ENDPOINT_URL: server.url, AWS_BEARER_TOKEN_BEDROCK: 'ABSKsomething'});
		const clients = createClients(nowhere, {maxSockets: 1});
		expect(await call(clients)).toMatchObject({kind: 'answered'});
		expect(server.requests[0]?.headers.authorization).toBe('Bearer ABSKsomething');
	});

	it('nothing of them reaches a simulator', async () => {
		bare({
			AWS_ACCESS_KEY_ID: 'AKIAXXXXXXXXXXXXXXXX',
			AWS_SECRET_ACCESS_KEY: 'x'.repeat(40),
			AWS_SESSION_TOKEN: 'a-session-token',
			AWS_BEARER_TOKEN_BEDROCK: 'ABSKsomething',
			AWS_PROFILE: 'absent',
			AWS_USE_FIPS_ENDPOINT: 'true',
		});
		const clients = createClients({...nowhere, simulatorUrl: server.url}, {maxSockets: 1});
		expect(await call(clients)).toMatchObject({kind: 'answered'});
		const sent = JSON.stringify(server.requests[0]?.headers);
		expect(sent).toContain('Credential=simulated/');
		expect(sent).not.toMatch(/AKIAX|session-token|ABSK/);
	});

	it.each([
		['an access key', {AWS_ACCESS_KEY_ID: 'plain-access-key', AWS_SECRET_ACCESS_KEY: 'plain-secret-key'}],
		[
			'a session token',
			{AWS_ACCESS_KEY_ID: 'plain-access-key', AWS_SECRET_ACCESS_KEY: 's', AWS_SESSION_TOKEN: 'plain-token'},
		],
		['a bearer token', {AWS_BEARER_TOKEN_BEDROCK: 'plain-bearer-token'}],
	])('an endpoint that repeats %s in its message', async (_name, secrets) => {
		bare({...settings, ...secrets, AWS_ENDPOINT_URL: server.url});
		const echo = `You sent ${Object.values(secrets).join(' and ')}.`;
		server.play({
			status: 403,
			headers: {'x-amzn-errortype': 'AccessDeniedException'},
			body: Buffer.from(JSON.stringify({message: echo})),
		});
		const outcome = await call(createClients(nowhere, {maxSockets: 1}));
		const said = JSON.stringify(outcome);
		expect(said).toContain('You sent [hidden]');
		for (const secret of Object.values(secrets).filter(({length}) => length > 1)) {
			expect(said).not.toContain(secret);
		}
	});

	it('a secret of a profile, which no variable holds', async () => {
		bare({...settings, AWS_ENDPOINT_URL: server.url});
		writeFileSync(
			join(folder, 'credentials'),
			'[work]\naws_access_key_id = odd-access-key\naws_secret_access_key = secret\naws_session_token = odd-session-token\n',
		);
		server.play({
			status: 400,
			headers: {},
			body: Buffer.from('{"message":"Bad odd-access-key and odd-session-token"}'),
		});
		const said = JSON.stringify(await call(createClients({...nowhere, profile: 'work'}, {maxSockets: 1})));
		expect(said).toContain('Bad [hidden] and [hidden]');
	});
});

describe('endpoints', () => {
	it.each([
		[{AWS_ENDPOINT_URL: 'http://127.0.0.1:8080/'}, 'http://127.0.0.1:8080'],
		[
			{AWS_ENDPOINT_URL_BEDROCK_RUNTIME: 'http://a.test/x', AWS_ENDPOINT_URL: 'http://b.test'},
			'http://a.test/x',
		],
		[{AWS_ENDPOINT_URL: 'https://user:pass@c.test'}, 'https://c.test'],
		[{AWS_ENDPOINT_URL: 'https://vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com'}, null],
		[{AWS_ENDPOINT_URL: 'https://bedrock-runtime.us-east-1.api.aws'}, null],
		[{AWS_ENDPOINT_URL: 'http://d.test', AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true'}, null],
		[{}, null],
	])('%j', (environment, expected) => {
		bare(environment as Record<string, string>);
		expect(createClients(nowhere, {maxSockets: 1}).endpoint).toBe(expected);
	});

	it('a name that only looks like one of AWS', () => {
		expect(foreignEndpoint('https://amazonaws.com.example.org')).toBe('https://amazonaws.com.example.org');
	});

	it('no URL is a fault of the environment', () => {
		bare({AWS_ENDPOINT_URL: 'localhost:8080'});
		expect(() => createClients(nowhere, {maxSockets: 1})).toThrow(/AWS_ENDPOINT_URL is "localhost:8080"/);
	});

	describe('in the configuration file', () => {
		const file = [
			'[default]',
			'endpoint_url = http://default.test',
			'[profile work]',
			'services = mine',
			'endpoint_url = http://work.test',
			'[services mine]',
			'bedrock_runtime =',
			'  endpoint_url = http://runtime.test/x',
			'[profile none]',
			'[profile deaf]',
			'endpoint_url = http://deaf.test',
			'ignore_configured_endpoint_urls = true',
			'[profile broken]',
			'endpoint_url = nowhere',
		].join('\n');

		it.each([
			['the default profile', {}, undefined, 'http://default.test'],
			['the profile of the environment', {AWS_PROFILE: 'work'}, undefined, 'http://runtime.test/x'],
			['the profile that was typed', {}, 'work', 'http://runtime.test/x'],
			['a typed profile without one', {}, 'none', null],
			['a profile that is told to ignore it', {AWS_ENDPOINT_URL: 'http://env.test'}, 'deaf', null],
			['a variable before the file', {AWS_ENDPOINT_URL: 'http://env.test'}, 'work', 'http://env.test'],
			['everything ignored', {AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true'}, 'work', null],
		] as const)('%s', async (_title, environment, profile, expected) => {
			writeFileSync(join(folder, 'config'), file);
			bare({...environment, AWS_REGION: 'us-east-1'});
			const clients = createClients({...nowhere, profile}, {maxSockets: 1});
			await clients.region();
			expect(clients.endpoint).toBe(expected);
			clients.close();
		});

		it('every service is called there, each at its own', async () => {
			writeFileSync(join(folder, 'config'), file.replaceAll(/http:\/\/(?:work|runtime)\.test/g, server.url));
			bare({AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b'});
			writeFileSync(
				join(folder, 'credentials'),
				'[work]\naws_access_key_id = a\naws_secret_access_key = b\n',
			);
			const clients = createClients({...nowhere, profile: 'work'}, {maxSockets: 1});
			const {ListFoundationModelsCommand} = await import('@aws-sdk/client-bedrock');
			await (await clients.control()).send(new ListFoundationModelsCommand({}));
			expect(server.requests[0]?.path).toBe('/foundation-models');
			expect(await call(clients)).toMatchObject({kind: 'answered'});
			expect(server.requests.at(-1)?.path).toBe('/x/model/amazon.nova-lite-v1:0/converse');
		});

		it('what is no URL is said before anything is sent', async () => {
			writeFileSync(join(folder, 'config'), file);
			bare({AWS_REGION: 'us-east-1'});
			const clients = createClients({...nowhere, profile: 'broken'}, {maxSockets: 1});
			const error = await rejection(clients.runtime());
			expect(error).toMatchObject({exitCode: 1, message: expect.stringContaining('"nowhere"')});
		});
	});

	it.each(['AWS_USE_FIPS_ENDPOINT', 'AWS_USE_DUALSTACK_ENDPOINT'])(
		"%s and an endpoint of one's own",
		async (variable) => {
			bare({[variable]: 'true', AWS_ENDPOINT_URL: server.url, AWS_REGION: 'us-east-1'});
			const error = await rejection(createClients(nowhere, {maxSockets: 1}).region());
			expect(error).toMatchObject({
				exitCode: 1,
				message: `${variable} does not go with the endpoint ${server.url}.`,
			});
			bare({[variable]: 'true', AWS_REGION: 'us-east-1'});
			expect(await createClients(nowhere, {maxSockets: 1}).region()).toBe('us-east-1');
		},
	);

	it('every service is reached through the override', async () => {
		bare({
			AWS_ENDPOINT_URL: server.url,
			AWS_REGION: 'us-east-1',
			AWS_ACCESS_KEY_ID: 'a',
			AWS_SECRET_ACCESS_KEY: 'b',
		});
		server.play({status: 200, headers: jsonHeaders, body: Buffer.from('{"Quotas":[],"modelSummaries":[]}')});
		const clients = createClients(nowhere, {maxSockets: 1});
		const {ListServiceQuotasCommand} = await import('@aws-sdk/client-service-quotas');
		const {ListFoundationModelsCommand} = await import('@aws-sdk/client-bedrock');
		await (await clients.serviceQuotas()).send(new ListServiceQuotasCommand({ServiceCode: 'bedrock'}));
		await (await clients.control()).send(new ListFoundationModelsCommand({}));
		expect(server.requests.map(({path}) => path)).toEqual(['/', '/foundation-models']);
		clients.close();
	});
});

describe('the network', () => {
	it('connections are kept and no more of them than asked for', async () => {
		let connections = 0;
		const counting = createServer((_request, response) => {
			response.writeHead(200, jsonHeaders).end(answer.body);
		});
		counting.on('connection', () => connections++);
		await new Promise<void>((resolve) => {
			counting.listen(0, '127.0.0.1', resolve);
		});
		const {port} = counting.address() as AddressInfo;
		bare();
		const clients = createClients({...nowhere, simulatorUrl: `http://127.0.0.1:${port}`}, {maxSockets: 3});
		const backend = createBackend(clients);
		const outcomes = await Promise.all(
			Array.from({length: 12}, () =>
				backend.invoke(plainRequest(), {signal: new AbortController().signal, onFirstToken() {}}),
			),
		);
		expect(outcomes.every(({kind}) => kind === 'answered')).toBe(true);
		expect(connections).toBe(3);
		clients.close();
		counting.closeAllConnections();
		counting.close();
	});

	it('nobody listens', async () => {
		bare();
		const outcome = await call(
			createClients({...nowhere, simulatorUrl: 'http://127.0.0.1:9'}, {maxSockets: 1}),
		);
		expect(outcome).toMatchObject({kind: 'failed', failure: {class: 'network', charge: 'none'}});
	});

	it('whether an endpoint takes connections is not asked past a proxy', async () => {
		bare();
		const closed = 'http://127.0.0.1:9';
		await expect(assertReachable({endpoint: closed, region: 'us-east-1'}, new Map())).rejects.toThrow(
			/not reachable/,
		);
		bare({HTTPS_PROXY: 'http://proxy.test:1'});
		await expect(assertReachable({endpoint: closed, region: 'us-east-1'}, new Map())).rejects.toThrow(
			/not reachable/,
		);
		await assertReachable({endpoint: 'http://gateway.invalid', region: 'us-east-1'}, new Map());
	});

	it('a certificate file that is not there', async () => {
		bare({AWS_CA_BUNDLE: join(folder, 'absent.pem'), AWS_REGION: 'us-east-1'});
		const error = await rejection(createClients(nowhere, {maxSockets: 1}).runtime());
		expect(error).toMatchObject({exitCode: 1, message: expect.stringContaining('absent.pem')});
	});

	it('a certificate file that only the profile names', async () => {
		writeFileSync(join(folder, 'config'), `[profile work]\nca_bundle = ${join(folder, 'mine.pem')}\n`);
		bare({AWS_REGION: 'us-east-1'});
		const error = await rejection(createClients({...nowhere, profile: 'work'}, {maxSockets: 1}).runtime());
		expect(error).toMatchObject({exitCode: 1, message: expect.stringContaining('mine.pem')});
		await createClients(nowhere, {maxSockets: 1}).runtime();
	});

	it('through a proxy, but never to the loopback', async () => {
		const asked: string[] = [];
		const proxy = createServer((request, response) => {
			asked.push(request.url ?? '');
			response.writeHead(200, jsonHeaders).end(answer.body);
		});
		await new Promise<void>((resolve) => {
			proxy.listen(0, '127.0.0.1', resolve);
		});
		const {port} = proxy.address() as AddressInfo;
		const settings = {
			HTTP_PROXY: `http://127.0.0.1:${port}`,
			AWS_REGION: 'us-east-1',
			AWS_ACCESS_KEY_ID: 'a',
			AWS_SECRET_ACCESS_KEY: 'b',
		};
		bare({...settings, AWS_ENDPOINT_URL: 'http://bedrock.test'});
		expect(await call(createClients(nowhere, {maxSockets: 1}))).toMatchObject({kind: 'answered'});
		expect(asked).toEqual(['http://bedrock.test/model/amazon.nova-lite-v1%3A0/converse']);

		bare({...settings, AWS_ENDPOINT_URL: server.url});
		expect(await call(createClients(nowhere, {maxSockets: 1}))).toMatchObject({kind: 'answered'});
		expect(asked).toHaveLength(1);
		proxy.closeAllConnections();
		proxy.close();
	});

	it('proxies that Node does not take', () => {
		expect(proxyRemark({HTTPS_PROXY: 'socks5://me:word@proxy:1'}, '24.21.0')).toBe(
			'HTTPS_PROXY is ignored: only proxies that begin with http:// or https:// can be used.',
		);
		expect(proxyRemark({all_proxy: 'socks5h://proxy:1'}, '24.21.0')).toMatch(/^all_proxy is ignored/);
		expect(proxyRemark({http_proxy: 'proxy:1'}, '24.21.0')).toBeUndefined();
	});

	it.each([
		['24.21.0', undefined],
		['22.21.0', undefined],
		['22.20.1', /Node 22\.20\.1/],
		['23.9.0', /Node 23\.9\.0/],
	])('Node %s and proxies', (version, remark) => {
		expect(proxyRemark({}, version)).toBeUndefined();
		const said = proxyRemark({https_proxy: 'http://proxy:1'}, version);
		expect(remark === undefined ? said === undefined : remark.test(said ?? '')).toBe(true);
	});
});

describe('silence', () => {
	it('nothing that the SDK has to say reaches the screen', async () => {
		const spies = (['log', 'warn', 'error', 'info', 'debug'] as const).map((name) =>
			vi.spyOn(console, name).mockImplementation(() => {}),
		);
		const warnings: unknown[] = [];
		const note = (warning: unknown): void => {
			warnings.push(warning);
		};
		process.on('warning', note);
		bare({
			AWS_REGION: 'us-east-1',
			AWS_ENDPOINT_URL: server.url,
			AWS_PROFILE: 'work',
			AWS_ACCESS_KEY_ID: 'a',
			AWS_SECRET_ACCESS_KEY: 'b',
		});
		writeFileSync(join(folder, 'credentials'), '[work]\naws_access_key_id = a\naws_secret_access_key = b\n');
		const clients = createClients(nowhere, {maxSockets: 1});
		const backend = createBackend(clients);
		const {signal} = new AbortController();
		// Two sources of credentials, and far more requests at a time than sockets and listeners.
		await Promise.all(
			Array.from({length: 30}, () => backend.invoke(plainRequest(), {signal, onFirstToken() {}})),
		);
		await new Promise((resolve) => {
			setImmediate(resolve);
		});
		clients.close();
		process.off('warning', note);
		expect(spies.flatMap((spy) => spy.mock.calls)).toEqual([]);
		expect(warnings).toEqual([]);
		vi.restoreAllMocks();
	});
});
