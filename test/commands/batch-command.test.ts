import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {PassThrough} from 'node:stream';
import {describe, expect, it, onTestFinished} from 'vitest';
import {batch} from '../../source/commands/batch.ts';
import type {Io} from '../../source/commands/io.ts';
import {parseArguments} from '../../source/config/parse-arguments.ts';
import {readResults} from '../../source/reports/read-results.ts';

const call = async (...argv: readonly string[]) => {
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

describe('the command batch', () => {
	it('ends with one line of JSON, and results in schema 1', async () => {
		const folder = mkdtempSync(path.join(os.tmpdir(), 'bedrock-top-test-'));
		onTestFinished(() => rmSync(folder, {recursive: true, force: true}));
		const {exitCode, stdout} = await call('high-volume', '--demo', '--json', '--no-reports', '--out', folder);
		expect(exitCode).toBe(0);
		expect(stdout.split('\n')).toHaveLength(2);
		const line = JSON.parse(stdout) as Record<string, unknown>;
		expect(Object.keys(line)).toEqual(['jobArn', 'status', 'records', 'results']);
		expect(line).toMatchObject({status: 'Completed', records: {total: 147, succeeded: 147, failed: 0}});
		const results = readResults(readFileSync(String(line.results), 'utf8'), 'results.json');
		expect(results.plan).toMatchObject({method: 'batch', requests: 147});
		expect(results.simulated).toBe(true);
		expect(results.variants.map(({items}) => items.sent)).toEqual([112, 112, 112]);
		expect(results.events.some(({text}) => text.includes('assumed'))).toBe(true);
	}, 60_000);

	it('recommends a lane with --plan and submits nothing', async () => {
		const many = await call('high-volume', '--demo', '--plan', '--items', '1000000');
		expect(many.stdout).toMatch(/^single .* batch$/m);
		const few = await call('high-volume', '--demo', '--plan', '--json');
		const {variants} = JSON.parse(few.stdout) as {variants: Array<{recommended: string}>};
		expect(variants.map(({recommended}) => recommended)).toEqual(['on-demand', 'on-demand', 'on-demand']);
	});

	it.each([
		[['classify', '--demo'], /at least 100 records; this one has 60/],
		[['classify'], /needs --s3/],
		[['classify', '--s3', 's3://work/x'], /needs --role-arn/],
		[['classify', '--s3', 'work', '--role-arn', 'x'], /"work" is no place in S3/],
		[['classify', '--s3', 's3://work/x', '--role-arn', 'x'], /"x" is not the ARN of a role/],
		[['--list', '--stop', 'arn'], /exclude one another/],
	])('refuses %j', async (argv, message) => {
		await expect(call(...argv)).rejects.toMatchObject({exitCode: 2, message: expect.stringMatching(message)});
	});
});
