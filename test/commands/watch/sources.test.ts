import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {PassThrough} from 'node:stream';
import {expect, it, onTestFinished, vi} from 'vitest';
import {watch} from '../../../source/commands/watch.ts';
import {parseArguments} from '../../../source/config/parse-arguments.ts';
import {resolveConnection} from '../../../source/config/resolve-account.ts';
import type {SimulatorOptions} from '../../../source/simulator/options.ts';
import {startSimulator} from '../../../source/simulator/server.ts';
import type {Io} from '../../../source/terminal/io.ts';
import {traffic} from '../../account/account-harness.ts';
import {startEngineHere} from '../../helpers/engine-in-thread.ts';
import {defaultOptions} from '../../simulator/harness.ts';

/** Tests source/commands/watch.ts and source/commands/watch/past.ts: several profiles and Regions, one of which fails. */

const lite = 'amazon.nova-lite-v1:0';
const micro = 'amazon.nova-micro-v1:0';

const simulated = async (scenario: SimulatorOptions['scenario']): Promise<string> => {
	const {url, stop} = await startSimulator({...defaultOptions, latencyMs: 0, scenario});
	onTestFinished(stop);
	return url;
};

/** Two accounts that answer, one that denies CloudWatch, and a profile without keys; each behind a profile. */
const start = async () => {
	const folder = mkdtempSync(path.join(tmpdir(), 'watch-sources-'));
	onTestFinished(() => rmSync(folder, {recursive: true, force: true}));
	const urls = {
		team: await simulated({background: [traffic(lite)]}),
		prod: await simulated({background: [traffic(micro)]}),
		denied: await simulated({
			background: [traffic(lite)],
			denied: ['cloudwatch:GetMetricData', 'cloudwatch:ListMetrics'],
		}),
	};
	const config = path.join(folder, 'config');
	const profiles = Object.entries(urls).map(
		([name, url]) =>
			`[profile ${name}]\nregion = us-east-1\naws_access_key_id = simulated\naws_secret_access_key = simulated\nendpoint_url = ${url}\n`,
	);
	writeFileSync(config, `${profiles.join('\n')}\n[profile empty]\nregion = us-east-1\n`);
	for (const [name, value] of Object.entries({
		AWS_CONFIG_FILE: config,
		AWS_SHARED_CREDENTIALS_FILE: path.join(folder, 'none'),
		AWS_EC2_METADATA_DISABLED: 'true',
		XDG_CACHE_HOME: folder,
	})) {
		vi.stubEnv(name, value);
	}
	for (const name of [
		'AWS_ENDPOINT_URL',
		'AWS_ACCESS_KEY_ID',
		'AWS_SECRET_ACCESS_KEY',
		'AWS_REGION',
		'AWS_PROFILE',
	]) {
		vi.stubEnv(name, undefined);
	}
	onTestFinished(() => {
		vi.unstubAllEnvs();
	});
};

/** Runs the command until it ends, or what it printed is enough. */
const run = async (
	typed: readonly string[],
	isEnough: (all: {stdout: string; stderr: string}) => boolean,
) => {
	const streams = {stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough()};
	const all = {stdout: '', stderr: ''};
	const abort = new AbortController();
	for (const name of ['stdout', 'stderr'] as const) {
		streams[name].on('data', (chunk: Buffer) => {
			all[name] += chunk.toString('utf8');
			if (isEnough(all)) {
				abort.abort(130);
			}
		});
	}
	const io = {...streams, environment: {}, signal: abort.signal, takeSignals() {}} as unknown as Io;
	const code = await watch(parseArguments(['watch', ...typed]), io, startEngineHere).catch(
		(error: Error) => error,
	);
	return {code, ...all};
};

it('watches the accounts of several profiles, each row with its own', async () => {
	await start();
	const {stdout} = await run(
		['--profile', 'team,prod', '--json'],
		(all) => all.stdout.split('\n').length > 2,
	);
	const lines = stdout
		.split('\n')
		.filter((line) => line !== '')
		.map((line) => JSON.parse(line));
	const active = Object.fromEntries(
		lines.map(({profile, buckets}) => [profile, buckets.map(({model}: {model: string}) => model)]),
	);
	expect(active).toEqual({team: [lite], prod: [micro]});
});

it('leaves the others where one cannot be watched, and says which and why', async () => {
	await start();
	const {stdout, stderr} = await run(
		['--profile', 'team,empty,gone', '--region', 'us-east-1'],
		(all) => all.stdout.includes('nova-lite') && all.stderr.includes('gone') && all.stderr.includes('empty'),
	);
	expect(stdout).toContain('profile team · us-east-1');
	expect(stdout).toContain('CloudWatch: about');
	expect(stderr).toMatch(/^profile empty · us-east-1 cannot be watched: .*credentials/m);
	expect(stderr).toMatch(/^profile gone · us-east-1 cannot be watched: .*gone/m);
});

it('ends where none can be watched', async () => {
	await start();
	const {code} = await run(['--profile', 'empty,gone', '--region', 'us-east-1'], () => false);
	expect(code).toMatchObject({exitCode: 1});
	expect(String(code)).toContain('profile empty · us-east-1');
	expect(String(code)).toContain('profile gone · us-east-1');
});

it('reads the past of several profiles, and says which could not be read', async () => {
	await start();
	const {code, stdout, stderr} = await run(
		['--since', '1d', '--profile', 'team,prod,denied,gone'],
		() => false,
	);
	expect(code).toBe(0);
	expect(stdout).toContain('profile team · us-east-1');
	expect(stdout).toContain('profile prod · us-east-1');
	expect(stderr).toContain(
		'profile denied · us-east-1 could not be read: IAM permission needed: cloudwatch:GetMetricData.',
	);
	expect(stderr).toMatch(/^profile gone .*could not be read: .*gone/m);
	expect(stderr).toContain('In all about $');
});

it('is refused where one profile is meant', () => {
	const {flags} = parseArguments(['run', '--profile', 'a,b', '--demo']);
	expect(() => resolveConnection(flags)).toThrow('only watch and the account view take several');
});
