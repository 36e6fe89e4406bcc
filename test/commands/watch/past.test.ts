import {mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {PassThrough} from 'node:stream';
import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {watchPast} from '../../../source/commands/watch/past.ts';
import {parseArguments} from '../../../source/config/parse-arguments.ts';
import type {BackgroundTraffic} from '../../../source/simulator/cloudwatch/background.ts';
import type {SimulatorOptions} from '../../../source/simulator/options.ts';
import {startSimulator} from '../../../source/simulator/server.ts';
import type {Io} from '../../../source/terminal/io.ts';
import {noon, traffic} from '../../account/account-harness.ts';
import {FakeClock} from '../../helpers/fake-clock.ts';
import {defaultOptions} from '../../simulator/harness.ts';

/** The command with the real AWS clients below it, against the simulator. */

const folderOf = (): string => {
	const folder = mkdtempSync(path.join(tmpdir(), 'watch-past-'));
	onTestFinished(() => rmSync(folder, {recursive: true, force: true}));
	return folder;
};

type Scenario = SimulatorOptions['scenario'];

/** A simulated account, and a command line in front of it. */
const start = async (scenario: Scenario) => {
	const clock = new FakeClock(noon);
	const folder = folderOf();
	const time = {now: clock.epoch, sleep: async () => {}};
	const simulator = await startSimulator({...defaultOptions, latencyMs: 0, scenario}, time);
	onTestFinished(simulator.stop);
	for (const [name, value] of Object.entries({
		AWS_ENDPOINT_URL: simulator.url,
		AWS_ACCESS_KEY_ID: 'simulated',
		AWS_SECRET_ACCESS_KEY: 'simulated',
		AWS_REGION: 'us-east-1',
		AWS_CONFIG_FILE: path.join(folder, 'none'),
		AWS_SHARED_CREDENTIALS_FILE: path.join(folder, 'none'),
		XDG_CACHE_HOME: folder,
	})) {
		vi.stubEnv(name, value);
	}
	onTestFinished(() => {
		vi.unstubAllEnvs();
	});
	const run = async (...typed: readonly string[]) => {
		const streams = {stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough()};
		const all = {stdout: '', stderr: ''};
		for (const name of ['stdout', 'stderr'] as const) {
			streams[name].on('data', (chunk: Buffer) => {
				all[name] += chunk.toString('utf8');
			});
		}
		const io = {
			...streams,
			environment: {},
			signal: new AbortController().signal,
			takeSignals() {},
		} as unknown as Io;
		let ended: number | Error | undefined;
		void watchPast(parseArguments(['watch', ...typed]), io, clock).then(
			(code) => {
				ended = code;
			},
			(error: Error) => {
				ended = error;
			},
		);
		while (ended === undefined) {
			await new Promise(setImmediate);
			// Time passes only for the pauses of a throttled call: on a busy machine an answer takes many turns.
			if (clock.timers > 0) await clock.advance(50);
		}
		return {code: ended, ...all};
	};
	return {run, folder, url: simulator.url};
};

const office: BackgroundTraffic = traffic('amazon.nova-lite-v1:0', {
	shape: 'office',
	requestsPerMinute: 90,
	throttledShare: 0.3,
});
const small = traffic('amazon.titan-text-express-v1', {requestsPerMinute: 3});

describe('watch --since', () => {
	it('says what it costs, then peaks, percentiles and throttles by hour and weekday', async () => {
		const {run} = await start({background: [office, small]});
		const {code, stdout, stderr} = await run('--since', '14d');
		expect(code).toBe(0);
		expect(stderr).toBe(
			'CloudWatch of us-east-1: 2 models, 3 calls of GetMetricData for 8 metrics, about $0.000080 at list price (not verified).\n',
		);
		expect(stdout).toMatchSnapshot();
	});

	it('gives the same as JSON, and asks a second time only for the newest', async () => {
		const {run, folder} = await start({background: [office, small]});
		const file = path.join(folder, 'use.json');
		await run('--since', '14d');
		const {code, stderr} = await run('--since', '14d', `--json=${file}`);
		expect(code).toBe(0);
		expect(stderr).toContain('2 calls of GetMetricData for 8 metrics');
		const {sources, since} = JSON.parse(readFileSync(file, 'utf8'));
		expect(since).toBe('14d');
		expect(sources).toHaveLength(1);
		const [{buckets, ...source}] = sources;
		expect(source).toMatchObject({region: 'us-east-1', simulated: true, cost: {calls: 2, metrics: 8}});
		expect(buckets[0]).toMatchObject({
			model: 'amazon.nova-lite-v1:0',
			minutes: 20_160,
			quota: {requestsPerMinute: {value: 100}},
			requestsPerMinute: {limit: 100},
		});
		expect(buckets[0].byHourOfWeek).toHaveLength(168);
		expect(readdirSync(path.join(folder, 'bedrock-top', 'past'))).toHaveLength(1);
	});

	it('names models that were not used for two weeks, which CloudWatch no longer lists', async () => {
		const stopped = traffic('amazon.nova-micro-v1:0', {
			requestsPerMinute: 2,
			stoppedAt: noon - 20 * 86_400_000,
		});
		const {run, folder} = await start({background: [small, stopped]});
		const file = path.join(folder, 'use.json');
		const {code} = await run('--since', '30d', `--json=${file}`);
		expect(code).toBe(0);
		const [{quiet, buckets}] = JSON.parse(readFileSync(file, 'utf8')).sources;
		expect(buckets.map(({model}: {model: string}) => model)).toEqual(['amazon.titan-text-express-v1']);
		expect(quiet).toEqual([
			{
				modelId: stopped.modelId,
				requests: expect.closeTo(2 * 10 * 1440, -3),
				lastHour: new Date(noon - 20 * 86_400_000 - 3_600_000).toISOString(),
			},
		]);
		const {stdout} = await run('--since', '30d');
		const page = await run('--since', '30d', '--markdown');
		expect(page.stdout).toMatch(/^<!-- bedrock-top -->\n### bedrock-top: use since 30d\n/);
		expect(page.stdout).toMatch(/\| MODEL \| SCOPE \|/i);
		expect(page.stdout).not.toMatch(/by weekday and hour/);
		expect(stdout).toContain('Not used for more than 14 days, so CloudWatch no longer lists it');
		expect(stdout).toContain(`${stopped.modelId}, 28,800 requests in this time`);
		expect((await run('--since', '14d')).stdout).not.toContain('Not used for');
	});

	it('writes a heat map', async () => {
		const {run, folder} = await start({background: [office, small]});
		const out = path.join(folder, 'out');
		const {code} = await run('--since', '14d', '--out', out, '--html');
		const page = readFileSync(path.join(out, 'use.html'), 'utf8');
		expect(page).toMatch(
			/<section class="lead"[^>]*>\s*<h2>Nearest to their quotas<\/h2>\s*<p>amazon\.nova-lite-v1:0 \(on-demand\): \d+% of its quota in the greatest minute/,
		);
		expect(page).toContain('<td>amazon.titan-text-express-v1</td>');
		expect(page.match(/<figure><svg /g)).toHaveLength(1);
		expect(page).toContain('SIMULATED: this is the use of a simulator');
		expect(code).toBe(0);
		expect(readdirSync(out).toSorted()).toEqual(['heat-map.svg', 'use.html', 'use.json']);
		const svg = readFileSync(path.join(out, 'heat-map.svg'), 'utf8');
		expect(svg).toContain('Use by hour and weekday (SIMULATED)');
		expect(svg).not.toMatch(/NaN|undefined|null/);
		const again = await run('--since', '14d', '--out', out);
		expect(again.code).toMatchObject({exitCode: 2});
	});

	it('leaves the other Regions where one may not be read, and says why', async () => {
		const {run} = await start({background: [small]});
		const {code, stdout} = await run('--since', '1d', '--region', 'us-east-1,eu-west-1');
		expect(code).toBe(0);
		expect(stdout).toContain('us-east-1 · SIMULATED');
		expect(stdout).toContain('eu-west-1 · SIMULATED');
	});

	it('names the permission that is missing', async () => {
		const {run} = await start({background: [small], denied: ['cloudwatch:GetMetricData']});
		const {code} = await run('--since', '1d');
		expect(code).toMatchObject({
			exitCode: 1,
			message: expect.stringContaining('IAM permission needed: cloudwatch:GetMetricData.'),
		});
	});

	it('reads what the Region offers where models may not be listed', async () => {
		const {run} = await start({background: [small], denied: ['cloudwatch:ListMetrics']});
		const {code, stdout} = await run('--since', '2h');
		expect(code).toBe(0);
		expect(stdout).toContain('Cannot list the models in use (IAM permission needed: cloudwatch:ListMetrics)');
		expect(stdout).toContain('amazon.titan-text-express-v1');
	});

	it('outlasts throttles', async () => {
		const {run} = await start({background: [small], metrics: {throttleFirst: 6}});
		const {code, stdout} = await run('--since', '1d');
		expect(code).toBe(0);
		expect(stdout).toContain('amazon.titan-text-express-v1');
	});

	it('says that an account was idle', async () => {
		const {run} = await start({});
		const {code, stdout} = await run('--since', '14d');
		expect(code).toBe(0);
		expect(stdout).toContain('CloudWatch has no request to Bedrock in this time in us-east-1.');
	});

	it('keeps a typed limit', async () => {
		const {run} = await start({background: [small]});
		const {code} = await run('--since', '14d', '--max-cost', '0.00001', '--yes');
		expect(code).toMatchObject({
			exitCode: 2,
			message: 'It may cost $0.000030, and --max-cost is $0.000010: nothing was read.',
		});
	});

	it.each(['0', '0d', '5y', '14', '456d', '-3d', 'x'])('refuses --since %s', async (since) => {
		const {run} = await start({});
		const {code} = await run(`--since=${since}`);
		expect(code).toMatchObject({
			exitCode: 2,
			message: `--since: "${since}" is not a time from 1h to 455d (CloudWatch keeps no more), such as 12h, 14d or 8w.`,
		});
	});

	it('has nothing to do with what comes', async () => {
		const {run} = await start({});
		const {code} = await run('--since', '1d', '--alert', 'tokens>80');
		expect(code).toMatchObject({exitCode: 2});
	});
});
