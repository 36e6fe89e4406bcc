import {execFile, spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import path from 'node:path';
import {promisify} from 'node:util';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {parse} from 'yaml';
import {parseArguments} from '../../source/config/parse-arguments.ts';
import {resolveLedger} from '../../source/config/resolve-ledger.ts';
import {startSimulator} from '../../source/simulator/server.ts';
import {isBuilt, plainEnvironment, runProgram} from '../helpers/built-program.ts';
import {hasRedis, needsRedis, type RedisServer, startRedisServer} from '../helpers/redis-server.ts';

/** The examples of test/examples, as people start them. */

const folder = path.resolve(import.meta.dirname, '../examples');

const environmentOf = (url: string): Record<string, string> => ({
	...plainEnvironment(),
	AWS_REGION: 'us-east-1',
	AWS_ACCESS_KEY_ID: 'AKIDOFANEXAMPLE',
	AWS_SECRET_ACCESS_KEY: 'secret-key-of-an-example',
	AWS_ENDPOINT_URL: url,
});

describe.skipIf(!isBuilt || !hasRedis)(`examples${needsRedis} (skipped where dist/ is not built)`, () => {
	let simulator: Awaited<ReturnType<typeof startSimulator>>;
	let redis: RedisServer;
	beforeAll(async () => {
		redis = await startRedisServer();
		simulator = await startSimulator({
			port: 0,
			seed: 1,
			requestsPerMinute: 60,
			tokensPerMinute: 60_000,
			enforcement: 'sliding',
			windowMs: 60_000,
			latencyMs: 300,
			faults: undefined,
		});
	});
	afterAll(async () => {
		await simulator.stop();
		await redis.stop();
	});

	it('two programs, each through a tap, share one quota by one Redis', async () => {
		const environment = {...environmentOf(simulator.url), BEDROCK_TOP_LEDGER: redis.url};
		const file = path.join(folder, 'through-the-tap.mjs');
		const argv = ['tap', '--pace', '--no-reports', '--', process.execPath, file, '12'];
		const runs = await Promise.all([1, 2].map(async () => runProgram(argv, {environment})));
		expect(runs.map(({code, stdout}) => [code, stdout.trim()])).toEqual([
			[0, '12 answered, 0 refused'],
			[0, '12 answered, 0 refused'],
		]);
		const stats = (await (await fetch(`${simulator.url}/__stats?log=0`)).json()) as {
			ok: number;
			throttled: {requests: number; tokens: number};
		};
		expect(stats).toMatchObject({ok: 24, throttled: {requests: 0, tokens: 0}});
	}, 60_000);

	it('two services with the plugin share one quota by one Redis, and one without a Redis has it to itself', async () => {
		const services = [{REDIS_URL: redis.url}, {REDIS_URL: redis.url}, {}];
		const runs = await Promise.all(
			services.map(async (own) =>
				promisify(execFile)(process.execPath, [path.join(folder, 'service.mjs'), '5'], {
					env: {...environmentOf(simulator.url), ...own},
				}),
			),
		);
		for (const {stdout, stderr} of runs) {
			expect(stderr).toBe('');
			expect(stdout.trim()).toBe('5 answered, 0 refused, 0 retries');
		}
	}, 60_000);

	it('a web service answers people and bulk work, and says what is used', async () => {
		const child = spawn(process.execPath, [path.join(folder, 'http-handler.mjs')], {
			env: environmentOf(simulator.url),
			stdio: ['ignore', 'pipe', 'inherit'],
		});
		const ended = once(child, 'exit');
		try {
			const [line] = (await once(child.stdout, 'data')) as [Buffer];
			const url = line.toString('utf8').trim();
			const asks = ['/ask', '/bulk', '/ask'].map(async (place) =>
				(await fetch(`${url}${place}`, {method: 'POST', body: 'Name three rivers.'})).text(),
			);
			for (const answer of await Promise.all(asks)) {
				expect(answer.length).toBeGreaterThan(0);
			}
			const usage = await (await fetch(`${url}/usage`)).json();
			expect(usage).toMatchObject({buckets: [{requests: {used: 3, reserved: 0, limit: 60}, inFlight: 0}]});
			expect((await fetch(`${url}/nowhere`)).status).toBe(404);
		} finally {
			child.kill('SIGTERM');
		}
		expect(await ended).toEqual([0, null]);
	}, 60_000);
});

it('the compose file has a ledger that its workers name, and a command that is one', () => {
	const {services} = parse(readFileSync(path.join(folder, 'compose.yaml'), 'utf8')) as {
		services: Readonly<
			Record<string, {command: string; depends_on?: string[]; environment?: Record<string, string | null>}>
		>;
	};
	const {command = '', environment = {}} = services.worker ?? {};
	const words = command.replace(/^npx --yes bedrock-top /, '').split(' ');
	const {flags, program} = parseArguments(words);
	expect(program[0]).toBe('node');
	expect(readFileSync(path.join(folder, program[1] ?? ''), 'utf8')).toContain('BedrockRuntimeClient');
	const ledger = resolveLedger(flags, {BEDROCK_TOP_LEDGER: environment.BEDROCK_TOP_LEDGER ?? undefined});
	const {place} = ledger?.address ?? {};
	expect(Object.keys(services)).toContain(place !== undefined && 'host' in place ? place.host : undefined);
	expect(services.worker?.depends_on).toEqual(['ledger']);
	expect(services.ledger?.command.split(' ')[0]).toBe('redis-server');
});
