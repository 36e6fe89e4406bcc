import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {createClient} from '@redis/client';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import type {UserError} from '../../source/domain/user-error.ts';
import {createLimiter, redisStore} from '../../source/limiter/index.ts';
import {startSimulator} from '../../source/simulator/server.ts';
import {call} from '../account/call.ts';
import {
	isBuilt,
	newFolder,
	plainEnvironment,
	program,
	readResultsIn,
	runProgram,
} from '../helpers/built-program.ts';
import {hasRedis, needsRedis, type RedisServer, startRedisServer} from '../helpers/redis-server.ts';

/** Programs that share one quota by the ledger in a real Redis, against one simulated account that counts what comes. */

const password = 'pl4nted-s3cret';

let simulator: Awaited<ReturnType<typeof startSimulator>>;
let redis: RedisServer;

const environment = (ledger = `redis://:${password}@127.0.0.1:${redis.port}`): Record<string, string> => ({
	...plainEnvironment(),
	AWS_REGION: 'us-east-1',
	AWS_ACCESS_KEY_ID: 'AKIDOFTHEFLEET',
	AWS_SECRET_ACCESS_KEY: 'secret-key-of-the-fleet',
	AWS_ENDPOINT_URL: simulator.url,
	BEDROCK_TOP_LEDGER: ledger,
});

/** For what is called in this process. */
const takeEnvironment = (variables: Readonly<Record<string, string>>): void => {
	for (const [name, value] of Object.entries(variables)) {
		vi.stubEnv(name, value);
	}
};

type Stats = {
	readonly ok: number;
	readonly throttled: {readonly requests: number; readonly tokens: number};
	readonly buckets: ReadonlyArray<{readonly maximumRequests: number}>;
};

const statsOf = async (): Promise<Stats> =>
	(await (await fetch(`${simulator.url}/__stats?log=0`)).json()) as Stats;

/** A run that sends all it may, for some seconds. */
const saturating = (seconds: number): readonly string[] => [
	...['run', 'summarize', '--load', 'saturate', '--duration', `${seconds}s`, '--yes', '--plain'],
	...['--no-reports', '--log-file', 'run.log'],
];

/** All that was written below a folder, by file. */
const textsIn = (folder: string): ReadonlyArray<readonly [file: string, text: string]> =>
	existsSync(folder)
		? readdirSync(folder, {recursive: true, withFileTypes: true})
				.filter((entry) => entry.isFile())
				.map(({parentPath, name}) => path.join(parentPath, name))
				.map((file) => [file, readFileSync(file, 'latin1')] as const)
		: [];

const secretIn = (texts: ReadonlyArray<readonly [string, string]>): readonly string[] =>
	texts.filter(([, text]) => text.includes(password)).map(([file]) => file);

const quota = 60;

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

describe.skipIf(!isBuilt || !hasRedis)(`a fleet${needsRedis} (skipped where dist/ is not built)`, () => {
	beforeEach(async () => {
		redis = await startRedisServer(['--requirepass', password]);
		simulator = await startSimulator({
			port: 0,
			seed: 1,
			requestsPerMinute: quota,
			tokensPerMinute: 60_000,
			enforcement: 'sliding',
			windowMs: 60_000,
			latencyMs: 400,
			faults: undefined,
		});
	});
	afterEach(async () => {
		await simulator.stop();
		await redis.stop();
	});

	it('of two runs uses the whole quota and no more', async () => {
		const runs = await Promise.all(
			[1, 2].map(async () => {
				const cwd = newFolder();
				const argv = saturating(12).filter((word) => word !== '--no-reports');
				const {code, stderr} = await runProgram(argv, {cwd, environment: environment()});
				return {code, stderr, results: readResultsIn(cwd), texts: textsIn(cwd)};
			}),
		);
		const {ok, throttled, buckets} = await statsOf();
		expect(runs.map(({code, stderr}) => [code, stderr])).toEqual([
			[0, expect.any(String)],
			[0, expect.any(String)],
		]);
		expect(throttled).toMatchObject({requests: 0, tokens: 0});
		expect(buckets[0]?.maximumRequests).toBe(quota);
		expect(ok).toBe(quota);
		const sent = runs.map(({results}) =>
			results.variants.reduce((sum, {requests}) => sum + requests.sent, 0),
		);
		expect(Math.min(...sent)).toBeGreaterThan(0.35 * quota);
		for (const {results} of runs) {
			// The last to end is alone by then.
			expect([1, 2]).toContain(results.targets[0]?.fleet?.members);
		}
		for (const {stderr, texts} of runs) {
			expect(texts.length).toBeGreaterThan(3);
			expect(secretIn([...texts, ['stderr', stderr]])).toEqual([]);
		}
	}, 60_000);

	it('of a limiter and a run shares one quota, by whatever endpoint each comes', async () => {
		vi.stubEnv('AWS_ENDPOINT_URL_STS', simulator.url);
		const client = createClient({url: `redis://:${password}@127.0.0.1:${redis.port}`});
		await client.connect();
		const limiter = createLimiter({
			region: 'us-east-1',
			credentials: {accessKeyId: 'AKIDOFTHEFLEET', secretAccessKey: 'secret-key-of-the-fleet'},
			quota: {requestsPerMinute: quota, tokensPerMinute: 60_000},
			store: redisStore(client),
		});
		try {
			for (let call = 0; call < quota / 3; call++) {
				const lease = await limiter.acquire({
					model: 'us.amazon.nova-lite-v1:0',
					inputTokens: 10,
					maxTokens: 10,
				});
				lease.settle({inputTokens: 10, outputTokens: 10});
			}
			const argv = [...saturating(6), '-m', 'us.amazon.nova-lite-v1:0'];
			const {code} = await runProgram(argv, {cwd: newFolder(), environment: environment()});
			expect(code).toBe(0);
			const {ok, throttled} = await statsOf();
			expect([ok, throttled.requests]).toEqual([quota - quota / 3, 0]);
		} finally {
			await limiter.close();
			client.destroy();
			vi.unstubAllEnvs();
		}
	}, 60_000);

	it('of a tap and a run shares one quota too, and shows its members; no page, file and title has the secret', async () => {
		const [tapFolder, runFolder] = [newFolder(), newFolder()];
		const tap = spawn(
			process.execPath,
			[
				program,
				'tap',
				'--pace',
				'--hold-alive',
				'5s',
				'--plain',
				'--log-file',
				'tap.log',
				'--record',
				'calls.jsonl',
				'--out',
				'out',
			],
			{cwd: tapFolder, env: environment()},
		);
		let output = '';
		for (const stream of [tap.stdout, tap.stderr]) {
			stream.on('data', (chunk) => {
				output += chunk;
			});
		}
		const exported = /AWS_ENDPOINT_URL_BEDROCK_RUNTIME=(http:\/\/127\.0\.0\.1:\d+\/[\w-]{22})\s/;
		await expect.poll(() => output, {timeout: 15_000}).toMatch(exported);
		const [, url = ''] = exported.exec(output) ?? [];
		const ask = async (): Promise<number> =>
			(
				await fetch(`${url}/model/us.amazon.nova-lite-v1%3A0/converse`, {
					method: 'POST',
					headers: {'content-type': 'application/json'},
					body: JSON.stringify({
						messages: [{role: 'user', content: [{text: 'Name three rivers.'}]}],
						inferenceConfig: {maxTokens: 40},
					}),
				})
			).status;
		expect(await ask()).toBe(200);
		const running = runProgram(saturating(10), {cwd: runFolder, environment: environment()});
		const statuses: number[] = [];
		const asking = (async () => {
			for (let count = 0; count < 6; count++) {
				statuses.push(await ask());
			}
		})();
		await expect
			.poll(async () => (await fetch(`${url}/metrics`)).text(), {timeout: 15_000})
			.toMatch(/bedrock_top_bucket_requests_per_minute\{[^}]*by="fleet"\} [1-9]/);
		const metrics = await (await fetch(`${url}/metrics`)).text();
		const titles = [`/proc/${tap.pid}/cmdline`]
			.filter(existsSync)
			.map((file) => readFileSync(file, 'latin1'));
		const run = await running;
		await asking;
		const exited = once(tap, 'exit');
		tap.kill('SIGINT');
		await exited;
		const {throttled, buckets} = await statsOf();
		expect(run.code).toBe(0);
		expect(throttled).toMatchObject({requests: 0, tokens: 0});
		expect(buckets[0]?.maximumRequests).toBeLessThanOrEqual(quota);
		expect(statuses.every((status) => status === 200 || status === 429)).toBe(true);
		expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(1);
		const texts = [...textsIn(tapFolder), ...textsIn(runFolder)];
		expect(texts.map(([file]) => path.basename(file))).toEqual(
			expect.arrayContaining(['tap.log', 'calls.jsonl', 'results.json', 'run.log']),
		);
		expect(
			secretIn([
				...texts,
				['output of the tap', output],
				['output of the run', run.stdout + run.stderr],
				['metrics', metrics],
				...titles.map((title) => ['title', title] as const),
			]),
		).toEqual([]);
	}, 60_000);

	it('goes on by its parts when the store is killed under load, and says so', async () => {
		const folders = [newFolder(), newFolder()];
		const running = folders.map(async (cwd) => runProgram(saturating(14), {cwd, environment: environment()}));
		await expect.poll(async () => (await statsOf()).ok, {timeout: 20_000}).toBeGreaterThan(10);
		// One may be late: each must have given a sign of life, as it does each second, since both have joined.
		const hasStarted = (folder: string): boolean =>
			textsIn(folder).some(([file, text]) => file.endsWith('run.log') && text.includes('The run started.'));
		await expect.poll(() => folders.every(hasStarted), {timeout: 20_000}).toBe(true);
		await delay(2000);
		const before = (await statsOf()).ok;
		await redis.stop();
		const runs = await Promise.all(running);
		const {ok, throttled, buckets} = await statsOf();
		expect(runs.map(({code}) => code)).toEqual([0, 0]);
		expect(throttled).toMatchObject({requests: 0, tokens: 0});
		expect(buckets[0]?.maximumRequests).toBeLessThanOrEqual(quota);
		expect(ok).toBeGreaterThanOrEqual(before);
		for (const folder of folders) {
			expect(readFileSync(path.join(folder, 'run.log'), 'utf8')).toMatch(
				/ ledger The ledger does not answer: goes by 1\/2 of the quota\./,
			);
		}
	}, 60_000);

	it('says what is wrong with its ledger, with the way out', async () => {
		const secretUrl = `redis://:wrong-${password}@127.0.0.1:${redis.port}`;
		const said: string[] = [];
		/** Called here: a ledger that cannot be used is the same to a program. */
		const start = async (ledger: string, ...more: readonly string[]) => {
			takeEnvironment(environment(ledger));
			const called = call('run', ...saturating(1).slice(1, -2), ...more);
			const outcome = await called.ended.then(
				(code) => ({code, text: ''}),
				(fault: UserError) => ({code: fault.exitCode, text: `${fault.message} ${fault.hint ?? ''}`}),
			);
			said.push(called.stdout(), called.stderr(), outcome.text);
			return {code: outcome.code, text: outcome.text + called.stderr()};
		};
		try {
			const refused = await start(secretUrl);
			expect(refused.code).toBe(1);
			expect(refused.text).toMatch(
				/The ledger redis:\/\/127\.0\.0\.1:\d+ can't be used: it refuses the user or the password\./,
			);
			const typed = await start('', '--ledger', secretUrl, '--members', '4');
			expect(typed.text).toContain('it refuses the user or the password');
			expect(typed.code).toBe(0);
			const unknown = await start('', '--ledger', `http://:${password}@store`);
			expect(unknown.code).toBe(2);
			expect(unknown.text).toContain('--ledger: "http://[hidden]@store" has the scheme "http".');
			await redis.stop();
			const gone = await start(`redis://:${password}@127.0.0.1:${redis.port}`, '--ledger-down', 'stop');
			expect(gone.code).toBe(1);
			expect(gone.text).toContain('nothing listens there');
			expect(said.filter((text) => text.includes(password))).toEqual([]);
		} finally {
			vi.unstubAllEnvs();
		}
	}, 60_000);

	it.skipIf(!hasOpenssl)(
		`is reached by TLS${hasOpenssl ? '' : ' (skipped: there is no openssl here)'}`,
		async () => {
			const folder = newFolder();
			const [key, certificate] = [path.join(folder, 'key.pem'), path.join(folder, 'certificate.pem')];
			spawnSync('openssl', [
				...[
					'req',
					'-x509',
					'-newkey',
					'ec',
					'-pkeyopt',
					'ec_paramgen_curve:prime256v1',
					'-nodes',
					'-days',
					'2',
				],
				...[
					'-subj',
					'/CN=ledger',
					'-addext',
					'subjectAltName=IP:127.0.0.1',
					'-keyout',
					key,
					'-out',
					certificate,
				],
			]);
			const port = redis.port === 65_535 ? 1024 : redis.port + 1;
			const files = [
				'--tls-cert-file',
				certificate,
				'--tls-key-file',
				key,
				'--tls-ca-cert-file',
				certificate,
			];
			const encrypted = await startRedisServer([
				...['--tls-port', String(port), '--tls-auth-clients', 'no', '--requirepass', password],
				...files,
			]);
			const ledger = `rediss://default:${password}@127.0.0.1:${port}`;
			const start = async (more: Readonly<Record<string, string>>) =>
				runProgram([...saturating(1), '--members', '1'], {environment: {...environment(ledger), ...more}});
			const [strange, trusted] = [await start({}), await start({NODE_EXTRA_CA_CERTS: certificate})];
			await encrypted.stop();
			expect(strange.stderr).toContain('its certificate is not trusted. Name the file of its authority');
			expect(trusted.stderr).not.toContain('ledger');
			expect(trusted.code).toBe(0);
		},
		60_000,
	);

	it('is read by the plan of a batch and by watch, which do not join it', async () => {
		const cwd = newFolder();
		const running = spawn(process.execPath, [program, ...saturating(60)], {
			cwd,
			env: environment(),
			stdio: 'ignore',
		});
		const ended = once(running, 'exit');
		await expect.poll(async () => (await statsOf()).ok, {timeout: 20_000}).toBeGreaterThan(5);
		const {BEDROCK_TOP_LEDGER: ledger = '', ...variables} = environment();
		takeEnvironment(variables);
		const planned = async (...more: readonly string[]): Promise<string> => {
			const plan = call('batch', 'summarize', '--plan', '--ledger', ledger, ...more);
			expect(await plan.ended).toBe(0);
			return plan.stdout();
		};
		expect(JSON.parse(await planned('--json'))).toMatchObject({
			fleet: {members: 1, requestsPerMinute: expect.any(Number)},
		});
		expect(await planned()).toMatch(/fleet: 1 member uses \d+ RPM and [\d.]+k? TPM now/);
		const watched = call('watch', '--json', '--ledger', ledger);
		await expect.poll(() => watched.stdout(), {timeout: 15_000}).toContain('\n');
		watched.abort(143);
		await watched.ended;
		vi.unstubAllEnvs();
		const line = watched.stdout();
		const {buckets} = JSON.parse(line.split('\n', 1)[0] ?? '') as {
			buckets: ReadonlyArray<{model: string; fleet?: ReadonlyArray<{name: string; state: string}>}>;
		};
		expect(buckets.flatMap(({fleet = []}) => fleet)).toMatchObject([
			{name: expect.stringMatching(/^run on .+, process \d+$/), state: 'live'},
		]);
		running.kill('SIGTERM');
		expect(await ended).toEqual([143, null]);
	}, 60_000);
});
