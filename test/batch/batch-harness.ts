import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {PassThrough} from 'node:stream';
import {onTestFinished, vi} from 'vitest';
import {batch} from '../../source/commands/batch.ts';
import {parseArguments} from '../../source/config/parse-arguments.ts';
import type {Scenario} from '../../source/simulator/options.ts';
import type {Io} from '../../source/terminal/io.ts';
import {startForTest} from '../simulator/harness.ts';

/** The command `batch` against a simulator that it takes for an account, with a home of its own. */

/** What a script says of batch jobs; a test may change it between two jobs. */
export type BatchScript = {
	-readonly [Key in keyof NonNullable<Scenario['batch']>]: NonNullable<Scenario['batch']>[Key];
};

export const batchPlace = [
	'--s3',
	's3://inputs/x',
	'--role-arn',
	'arn:aws:iam::123456789012:role/x',
] as const;
export const batchModel = ['-m', 'amazon.nova-lite-v1:0', '--yes'] as const;

/** Calls the command as a shell would. */
export const callBatch = async (...argv: readonly string[]) => {
	const stdout = new PassThrough();
	const stderr = new PassThrough();
	const io = {
		stdin: new PassThrough(),
		stdout,
		stderr,
		environment: {},
		signal: new AbortController().signal,
	} as unknown as Io;
	const exitCode = await batch(parseArguments(['batch', ...argv]), io);
	return {exitCode, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '')};
};

/** A home and an account for one test. */
export const batchAccount = async (script: BatchScript = {}, more: Omit<Scenario, 'batch'> = {}) => {
	const batchScript: BatchScript = {stepMs: 1, recordsPerSecond: 1e6, ...script};
	const {url} = await startForTest({scenario: {...more, batch: batchScript}});
	const home = mkdtempSync(path.join(os.tmpdir(), 'bedrock-top-test-'));
	onTestFinished(() => rmSync(home, {recursive: true, force: true}));
	const variables = {
		AWS_ENDPOINT_URL: url,
		AWS_ACCESS_KEY_ID: 'simulated',
		AWS_SECRET_ACCESS_KEY: 'simulated',
		AWS_REGION: 'us-east-1',
		HOME: home,
		XDG_DATA_HOME: path.join(home, 'data'),
		XDG_CACHE_HOME: path.join(home, 'cache'),
	};
	for (const [name, value] of Object.entries(variables)) {
		vi.stubEnv(name, value);
	}
	onTestFinished(() => {
		vi.unstubAllEnvs();
	});
	return {
		url,
		home,
		script: batchScript,
		/** Writes a preset of one variant. @returns Its path. */
		preset(items: number, name = 'many.yaml'): string {
			const file = path.join(home, name);
			const texts = Array.from({length: items}, (_unused, index) => `ticket ${index}`);
			writeFileSync(file, `name: many\ntask: Route\nitems: ${JSON.stringify(texts)}\nvariants: [minimal]\n`);
			return file;
		},
		out: (name: string) => ['--no-reports', '--out', path.join(home, name)],
	};
};

export type ListedJob = {
	readonly arn: string;
	readonly name: string;
	readonly status: string;
	readonly submittedAtMs: number;
	readonly endedAtMs: number;
};

/** Jobs of the account, the newest first. */
export const listJobs = async (): Promise<readonly ListedJob[]> =>
	JSON.parse((await callBatch('--list', '--json')).stdout) as readonly ListedJob[];
