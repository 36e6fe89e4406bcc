import {mkdtempSync, rmSync} from 'node:fs';
import {createServer, type IncomingMessage, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {PassThrough} from 'node:stream';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {createLedgerStore} from '../../source/admission/member-store.ts';
import {accountIdentity} from '../../source/bedrock/quotas/account-lists.ts';
import {printModels} from '../../source/commands/models.ts';
import {printQuotas} from '../../source/commands/quotas.ts';
import {UserError} from '../../source/domain/user-error.ts';
import {startSimulator} from '../../source/simulator/server.ts';
import {plainOptions} from '../bedrock/quotas/quotas-source.ts';

/**
 * Tests source/commands/quotas.ts, models.ts and account-lists.ts with the real AWS clients below them, against sockets
 * on this machine.
 */

const capture = () => {
	const stdout = new PassThrough();
	const stderr = new PassThrough();
	const text = (stream: PassThrough) => (stream.read() as Buffer | null)?.toString('utf8') ?? '';
	return {
		io: {stdout, stderr, columns: 160},
		stdout: () => text(stdout),
		stderr: () => text(stderr),
	};
};

const requestTo = (simulatorUrl: string) => ({
	connection: {region: 'us-east-1', profile: undefined, simulatorUrl},
	override: plainOptions.override,
	isRefreshing: false,
	tier: undefined,
	isJson: false,
});

describe('against the simulator', () => {
	let simulator: Awaited<ReturnType<typeof startSimulator>>;
	beforeEach(async () => {
		simulator = await startSimulator({
			port: 0,
			seed: 1,
			requestsPerMinute: undefined,
			tokensPerMinute: undefined,
			enforcement: 'sliding',
			windowMs: 60_000,
			latencyMs: 0,
			faults: undefined,
		});
	});
	afterEach(async () => {
		await simulator.stop();
	});

	it('quotas --json gives a target for each model, in the order asked for', async () => {
		const output = capture();
		const asked = [
			'us.anthropic.claude-sonnet-4-6',
			'amazon.nova-lite-v1:0',
			'us.anthropic.claude-sonnet-4-7',
		];
		const code = await printQuotas({...requestTo(simulator.url), models: asked, isJson: true}, output.io);
		const targets = JSON.parse(output.stdout()) as ReadonlyArray<Record<string, unknown>>;
		expect(code).toBe(0);
		expect(targets.map((target) => target.model)).toEqual(asked);
		expect(Object.keys(targets[0] ?? {})).toEqual([
			'model',
			'baseModel',
			'scope',
			'region',
			'endpoint',
			'tier',
			'burndown',
			'quota',
		]);
		expect(targets[0]).toMatchObject({
			baseModel: 'anthropic.claude-sonnet-4-6',
			scope: 'cross-region',
			region: 'us-east-1',
			endpoint: simulator.url,
			tier: null,
			quota: {tokensPerMinute: {state: 'known', source: 'applied', code: 'L-15B8E632', adjustable: true}},
		});
		expect(targets[2]?.near).toContain(
			'Cross-region model inference tokens per minute for Anthropic Claude Sonnet 4.6',
		);
		expect(output.stderr()).toContain('no quota name is exactly about anthropic.claude-sonnet-4-7');
	});

	it('says how a limit is enforced, as programs on this host last saw it', async () => {
		const folder = mkdtempSync(path.join(tmpdir(), 'quotas-'));
		for (const [name, value] of Object.entries({
			XDG_CACHE_HOME: folder,
			AWS_ENDPOINT_URL: simulator.url,
			AWS_ACCESS_KEY_ID: 'simulated',
			AWS_SECRET_ACCESS_KEY: 'simulated',
		})) {
			vi.stubEnv(name, value);
		}
		try {
			const model = 'us.amazon.nova-lite-v1:0';
			const request = {
				...requestTo(simulator.url),
				connection: {region: 'us-east-1', profile: undefined, simulatorUrl: undefined},
				models: [model],
			};
			const before = capture();
			await printQuotas({...request, isJson: true}, before.io);
			const [target] = JSON.parse(before.stdout());
			expect(target).not.toHaveProperty('enforcement');
			const at = Date.UTC(2026, 10, 20, 12);
			await createLedgerStore()
				.open({...request.connection, identity: accountIdentity(process.env)}, target)
				.writeLearnt({
					...{countsFrom: 'unknown', at, accepted: 0, refused: 0, marks: '0'.repeat(600)},
					enforcement: {
						...{since: at - 60_000, at, limit: 4_000_000, accepted: 340, refused: 12},
						windows: ['fixed'],
						setAside: ['input-and-max-tokens', 'uncached-input-and-max-tokens'],
						countsFrom: ['end'],
					},
				});
			const output = capture();
			await printQuotas(request, output.io);
			expect(output.stdout().replaceAll('\n', ' ')).toContain(
				`${model}: How the service counts, if it enforces 4M quota tokens per minute: over fixed minutes; it sets aside input and max tokens, or input that is not read from a cache, and max tokens; an answer counts from its end (12 throttled and 340 accepted requests until 2026-11-20 12:00 UTC).`,
			);
			const json = capture();
			await printQuotas({...request, isJson: true}, json.io);
			expect(JSON.parse(json.stdout())[0].enforcement).toEqual({
				from: '2026-11-20T11:59:00.000Z',
				to: '2026-11-20T12:00:00.000Z',
				quotaTokensPerMinute: 4_000_000,
				accepted: 340,
				refused: 12,
				windows: ['fixed'],
				setAside: ['input-and-max-tokens', 'uncached-input-and-max-tokens'],
				countsFrom: ['end'],
			});
		} finally {
			vi.unstubAllEnvs();
			rmSync(folder, {recursive: true, force: true});
		}
	});

	it('measures the limit of a bucket that throttles, beside what is applied', async () => {
		const model = 'us.amazon.nova-lite-v1:0';
		const busy = await startSimulator({
			port: 0,
			seed: 1,
			requestsPerMinute: undefined,
			tokensPerMinute: undefined,
			enforcement: 'sliding',
			windowMs: 60_000,
			latencyMs: 0,
			faults: undefined,
			scenario: {
				background: [
					{modelId: model, requestsPerMinute: 60, inputTokens: 500, outputTokens: 100, throttledShare: 0.2},
				],
			},
		});
		try {
			const output = capture();
			await printQuotas({...requestTo(busy.url), models: [model]}, output.io);
			const text = output.stdout();
			expect(text).toMatch(/RPM +200 +applied +200 +4,000 +5\d to 6\d +on request/);
			expect(text).toMatch(/Throttled at 5\d to 6\d requests per minute in 1\d\d minutes .*; applied 200\./);
			const json = capture();
			await printQuotas({...requestTo(busy.url), models: [model], isJson: true}, json.io);
			const [target] = JSON.parse(json.stdout()) as ReadonlyArray<{measured: unknown}>;
			expect(target?.measured).toMatchObject({limitedBy: 'requests', quotaTokensPerMinute: null});
		} finally {
			await busy.stop();
		}
	});

	it('a model that nothing comes near has an empty list of near names', async () => {
		const output = capture();
		await printQuotas({...requestTo(simulator.url), models: ['acme.tiger-1'], isJson: true}, output.io);
		const [target] = JSON.parse(output.stdout()) as ReadonlyArray<{near?: readonly string[]; quota: object}>;
		expect(target?.near).toEqual([]);
		expect(target?.quota).toMatchObject({
			requestsPerMinute: {value: 100, state: 'unknown', source: 'assumed'},
			tokensPerMinute: {value: 10_000, state: 'unknown', source: 'assumed'},
		});
	});

	it('the table says that it is simulated, and fits', async () => {
		const output = capture();
		const models = ['us.anthropic.claude-sonnet-4-6'];
		await printQuotas({...requestTo(simulator.url), models}, {...output.io, columns: 80});
		const [place, header, ...rows] = output.stdout().trimEnd().split('\n');
		expect(place).toContain('SIMULATED');
		expect(header).toMatch(/^Model .*Limit .*Quota +Source .*Code$/);
		expect(rows.join('\n')).toMatch(/TPM +300,000 +applied .*L-15B8E632/);
		expect(Math.max(...[header ?? '', ...rows].map((line) => line.length))).toBeLessThanOrEqual(80);
	});

	it('quotas of all that can be run, when no model is named', async () => {
		const output = capture();
		await printQuotas({...requestTo(simulator.url), models: [], isJson: true}, output.io);
		const targets = JSON.parse(output.stdout()) as ReadonlyArray<{model: string}>;
		expect(targets.length).toBeGreaterThan(10);
		expect(targets.map(({model}) => model)).toContain('us.anthropic.claude-sonnet-4-6');
	});

	it('models lists every one with scope, quota and streaming support', async () => {
		const output = capture();
		await printModels({...requestTo(simulator.url), isJson: true}, output.io);
		const entries = JSON.parse(output.stdout()) as ReadonlyArray<Record<string, unknown>>;
		expect(entries.find(({model}) => model === 'us.anthropic.claude-sonnet-4-6')).toMatchObject({
			scope: 'cross-region',
			provider: 'Anthropic',
			isStreaming: true,
			quota: {tokensPerMinute: {state: 'known'}},
		});
		const table = capture();
		await printModels(requestTo(simulator.url), table.io);
		expect(table.stdout()).toMatch(/us\.anthropic\.claude-sonnet-4-6 +cross-region +200 +300k/);
	});
});

describe('against other answers', () => {
	let server: Server;
	let seen: Array<{readonly operation: string; readonly body: Record<string, unknown>}>;
	let answer: (operation: string, body: Record<string, unknown>) => {status?: number; body: object};
	const operationOf = ({headers, url = ''}: IncomingMessage) =>
		String(headers['x-amz-target'] ?? url.split('?')[0]).replace(/^.*\./, '');

	beforeEach(async () => {
		seen = [];
		server = createServer((request, response) => {
			const chunks: Buffer[] = [];
			request.on('data', (chunk: Buffer) => chunks.push(chunk));
			request.on('end', () => {
				const operation = operationOf(request);
				const text = Buffer.concat(chunks).toString('utf8');
				const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
				seen.push({operation, body});
				const {status = 200, body: content} = answer(operation, body);
				response.writeHead(status, {'content-type': 'application/x-amz-json-1.1'});
				response.end(JSON.stringify(content));
			});
		});
		await new Promise<void>((resolve) => {
			server.listen(0, '127.0.0.1', resolve);
		});
	});
	afterEach(async () => {
		server.closeAllConnections();
		await new Promise((resolve) => {
			server.close(resolve);
		});
	});
	const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	const ask = async (model: string) => {
		const output = capture();
		const code = await printQuotas({...requestTo(url()), models: [model], isJson: true}, output.io);
		const [target] = JSON.parse(output.stdout()) as [
			{quota: {tokensPerMinute: {value: number; state: string; source: string}}},
		];
		return {code, limit: target.quota.tokensPerMinute, stderr: output.stderr()};
	};

	const name = 'Cross-region model inference tokens per minute for Amazon Nova Lite';
	const quota = (value: number) => ({QuotaCode: 'L-1', QuotaName: name, Value: value, Adjustable: true});

	it('every page is followed, a hundred rows at a time', async () => {
		answer = (operation, {NextToken}) => {
			const page = Number(NextToken ?? 0);
			return operation.endsWith('Quotas')
				? {body: page < 3 ? {Quotas: [], NextToken: String(page + 1)} : {Quotas: [quota(page)]}}
				: {body: {}};
		};
		expect((await ask('us.amazon.nova-lite-v1:0')).limit).toMatchObject({value: 3, source: 'applied'});
		const pages = seen.filter(({operation}) => operation === 'ListServiceQuotas');
		expect(pages.map(({body}) => body)).toEqual([
			{ServiceCode: 'bedrock', MaxResults: 100},
			...['1', '2', '3'].map((NextToken) => ({ServiceCode: 'bedrock', MaxResults: 100, NextToken})),
		]);
		// What is in use (application profiles, CloudWatch's metrics of both endpoints), and the requests to raise quotas.
		expect(seen).toHaveLength(4 + 4 + 2 + 4);
	});

	it('a service that repeats its token is not asked for ever', async () => {
		answer = () => ({body: {Quotas: [quota(7)], NextToken: 'again', nextToken: 'again'}});
		expect((await ask('us.amazon.nova-lite-v1:0')).limit.value).toBe(7);
	});

	it('missing permissions leave assumed limits and name what is needed', async () => {
		answer = (operation) =>
			operation.endsWith('Quotas')
				? {status: 400, body: {__type: 'AccessDeniedException', Message: 'User is not authorized'}}
				: {body: {}};
		const {code, limit, stderr} = await ask('us.amazon.nova-lite-v1:0');
		expect(code).toBe(0);
		expect(limit).toMatchObject({value: 10_000, state: 'unknown', source: 'assumed'});
		expect(stderr).toContain('servicequotas:ListServiceQuotas');
	});

	it('rows that are no quotas are left out', async () => {
		answer = (operation) =>
			operation.endsWith('Quotas')
				? {body: {Quotas: [{}, {QuotaName: name, Value: 'NaN'}, quota(9)]}}
				: {body: {modelSummaries: [{}], inferenceProfileSummaries: [{}]}};
		expect((await ask('us.amazon.nova-lite-v1:0')).limit.value).toBe(9);
	});

	it('credentials that nobody accepts end the command', async () => {
		answer = () => ({
			status: 403,
			body: {__type: 'UnrecognizedClientException', message: 'token is invalid'},
		});
		await expect(ask('us.amazon.nova-lite-v1:0')).rejects.toMatchObject({exitCode: 1, name: 'UserError'});
	});

	it.each([
		['ThrottlingException', 400],
		['InternalServerException', 500],
		['AccessDeniedException', 403],
	])('lists that could not be read are no empty lists: %s', async (type, status) => {
		answer = () => ({status, body: {__type: type, message: 'Rate exceeded'}});
		for (const command of [printModels, printQuotas]) {
			for (const isJson of [false, true]) {
				const output = capture();
				await expect(command({...requestTo(url()), models: [], isJson}, output.io)).rejects.toMatchObject({
					exitCode: 1,
					message: expect.stringMatching(/^No model could be listed: .*Rate exceeded/),
				});
				expect(output.stdout()).toBe('');
			}
		}
	});

	it('an endpoint where nobody listens ends the command', async () => {
		const address = 'http://127.0.0.1:9';
		const output = capture();
		const asking = printQuotas({...requestTo(address), models: ['us.amazon.nova-lite-v1:0']}, output.io);
		await expect(asking).rejects.toThrow(UserError);
		await expect(asking).rejects.toThrow(/not reachable: nothing listens there/);
		expect(output.stdout()).toBe('');
	});
});
