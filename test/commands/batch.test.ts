import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {describe, expect, it, onTestFinished} from 'vitest';
import {resumeRun} from '../../source/commands/run/resume.ts';
import {parseArguments} from '../../source/config/parse-arguments.ts';
import {resolveRun} from '../../source/config/resolve-run.ts';
import {readResults} from '../../source/reports/results-schema.ts';
import {batchAccount, batchModel, batchPlace, callBatch as call} from '../batch/batch-harness.ts';

/** Tests source/commands/batch.ts. */

const linesOf = (file: string): ReadonlyArray<Record<string, unknown>> =>
	readFileSync(file, 'utf8')
		.split('\n')
		.filter(Boolean)
		.map((line) => JSON.parse(line) as Record<string, unknown>);

const idsOf = (lines: ReadonlyArray<Record<string, unknown>>) => lines.map(({recordId}) => recordId);

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

	it('submits again what had no answer, and says how to ask the rest on demand', async () => {
		// Which records fail is drawn anew with each port: 180 of them, give or take 11, and 54 of those again.
		const {home, preset: presetOf, out: outOf} = await batchAccount({errorShare: 0.3});
		const preset = presetOf(600, 'many words.yaml');
		const first = await call(preset, ...batchModel, ...batchPlace, ...outOf('first'));
		const arn = /batch --resubmit (\S+)/.exec(first.stdout)?.[1] ?? '';
		const failed = linesOf(path.join(home, 'first/failed.jsonl'));
		expect(failed.length).toBeGreaterThan(100);

		const again = await call('--resubmit', arn, '--yes', ...outOf('second'));
		expect(again.stderr).toContain(`${failed.length} of 600 records`);
		const asked = idsOf(failed);
		const left = linesOf(path.join(home, 'second/failed.jsonl'));
		expect(idsOf(left).every((id) => asked.includes(id))).toBe(true);
		expect(linesOf(path.join(home, 'second/answers.jsonl'))).toHaveLength(failed.length - left.length);
		expect(left.length).toBeLessThan(100);

		// A run continues from one folder: it would ask again what the first batch answered.
		expect(again.stdout).not.toContain('bedrock-top run');
		expect(again.stdout).toContain(path.join(home, 'second/failed.jsonl'));

		// What is printed for the few that a first batch left is a command line that works.
		presetOf(120, 'many words.yaml');
		const small = await call(preset, ...batchModel, ...batchPlace, ...outOf('small'));
		const [, words = ''] = /^ {2}bedrock-top (run .*)$/m.exec(small.stdout) ?? [];
		const argv = [...words.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
		const asks = parseArguments(argv);
		const config = await resolveRun(asks.words[0], asks.flags, async () => '');
		const resumed = await resumeRun(asks.flags.text('resume') ?? '', config, undefined);
		expect(resumed.config.task.items.length).toBeGreaterThan(0);
	}, 60_000);

	it('says what is wrong with --out, --json and the records before anything is sent', async () => {
		const folder = mkdtempSync(path.join(os.tmpdir(), 'bedrock-top-test-'));
		onTestFinished(() => rmSync(folder, {recursive: true, force: true}));
		writeFileSync(path.join(folder, 'file'), '');
		const {preset} = await batchAccount();
		const argv = [preset(120), ...batchModel, ...batchPlace, '--no-reports'];
		await expect(call(...argv, '--out', folder)).rejects.toMatchObject({
			exitCode: 2,
			message: expect.stringContaining('not empty'),
		});
		await expect(call(...argv, '--out', path.join(folder, 'file/x'))).rejects.toMatchObject({exitCode: 1});
		const json = `--json=${path.join(folder, 'none/out.json')}`;
		await expect(call(...argv, '--out', path.join(folder, 'new'), json)).rejects.toMatchObject({exitCode: 1});
		expect(readdirSync(folder)).toEqual(['file']);
		const few = call(
			preset(96),
			...batchModel,
			...batchPlace,
			'--no-reports',
			'--out',
			path.join(folder, 'new'),
		);
		await expect(few).rejects.toMatchObject({
			exitCode: 2,
			message: expect.stringMatching(/at least 100 records; this one has 96/),
		});
	});

	it('recommends a lane with --plan and submits nothing', async () => {
		await batchAccount();
		const many = await call('high-volume', '--plan', '--items', '1000000');
		expect(many.stdout).toMatch(/^SIMULATED {2}us-[a-z]+-\d .*\n1,000,000 items for /);
		expect(many.stdout).toMatch(/^single .* batch$/m);
		const few = await call('high-volume', '--plan', '--json');
		const {variants} = JSON.parse(few.stdout) as {variants: Array<{recommended: string}>};
		expect(variants.map(({recommended}) => recommended)).toEqual(['on-demand', 'on-demand', 'on-demand']);
	});

	it.each([
		[['classify'], /needs --s3/],
		[['classify', '--s3', 's3://inputs/x'], /needs --role-arn/],
		[['classify', '--s3', 'inputs', '--role-arn', 'x'], /"inputs" is not a place in S3/],
		[['classify', '--s3', 's3://inputs/x', '--role-arn', 'x'], /"x" is not the ARN of a role/],
		[['classify', '--demo', '--items', '500'], /--plan is not given/],
		[['--list', '--items', '500'], /--plan is not given/],
		[['--list', '--stop', 'arn'], /exclude one another/],
		[['--resubmit', 'arn', '--demo'], /jobs of a demo end with it/],
	])('refuses %j', async (argv, message) => {
		await expect(call(...argv)).rejects.toMatchObject({exitCode: 2, message: expect.stringMatching(message)});
	});
});
