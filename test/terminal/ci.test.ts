import {mkdtempSync, readFileSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {PassThrough} from 'node:stream';
import {describe, expect, it} from 'vitest';
import {assertCiWritable, type CiFindings, isForCi, writeForCi} from '../../source/terminal/ci.ts';
import type {Io} from '../../source/terminal/io.ts';

const findings: CiFindings = {
	page: async () => '# page\n',
	junit: async () => '<testsuites/>\n',
	errors: ['quality.low of minimal is 0.7, 30% below\n::set-env name=X::y'],
	notices: ['Use concise.'],
};

const nothing = {junit: undefined, markdown: undefined};

const written = async (
	output: Parameters<typeof writeForCi>[0],
	environment: Io['environment'] = {},
): Promise<{stdout: string; stderr: string; faults: readonly string[]}> => {
	const [stdout, stderr] = [new PassThrough(), new PassThrough()];
	const io = {stdout, stderr, environment} as unknown as Io;
	const faults = await writeForCi(output, findings, io);
	stdout.end();
	stderr.end();
	return {stdout: (await stdout.toArray()).join(''), stderr: (await stderr.toArray()).join(''), faults};
};

describe('what a CI system reads', () => {
	it('goes to the named files, or the page alone to stdout', async () => {
		const folder = mkdtempSync(path.join(tmpdir(), 'bedrock-top-ci-'));
		const [junit, file] = ['tests.xml', 'page.md'].map((name) => path.join(folder, name));
		expect(await written({junit, markdown: {file}})).toEqual({stdout: '', stderr: '', faults: []});
		expect(readFileSync(junit ?? '', 'utf8')).toBe('<testsuites/>\n');
		expect(readFileSync(file ?? '', 'utf8')).toBe('# page\n');
		expect((await written({...nothing, markdown: {file: undefined}})).stdout).toBe('# page\n');
	});

	it('under GitHub Actions has annotations on stderr, one line each, and the summary of the step', async () => {
		const folder = mkdtempSync(path.join(tmpdir(), 'bedrock-top-ci-'));
		const summary = path.join(folder, 'summary.md');
		writeFileSync(summary, 'before\n');
		const environment = {GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary};
		const {stderr, stdout} = await written(nothing, environment);
		expect(stdout).toBe('');
		expect(stderr.trimEnd().split('\n')).toEqual([
			'::error title=bedrock-top::quality.low of minimal is 0.7, 30%25 below ::set-env name=X::y',
			'::notice title=bedrock-top::Use concise.',
		]);
		expect(readFileSync(summary, 'utf8')).toBe('before\n# page\n\n');
		expect(isForCi(nothing, {environment})).toBe(true);
		expect(isForCi(nothing, {environment: {}})).toBe(false);
	});

	it('is refused before anything is sent where its file cannot be written, and a fault afterwards', async () => {
		const junit = '/nowhere/tests.xml';
		await expect(assertCiWritable({...nothing, junit})).rejects.toMatchObject({
			exitCode: 1,
			message: '--junit: "/nowhere/tests.xml" cannot be written: its folder does not exist.',
		});
		expect((await written({...nothing, junit})).faults[0]).toContain('--junit: "/nowhere/tests.xml"');
	});
});
