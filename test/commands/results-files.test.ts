import {mkdir, mkdtemp, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {PassThrough, Writable} from 'node:stream';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {compare} from '../../source/commands/compare.ts';
import {report} from '../../source/commands/report.ts';
import {parseArguments} from '../../source/config/parse-arguments.ts';
import {environmentOf} from '../../source/reports/environment.ts';
import {resultsOf} from '../../source/reports/results.ts';
import type {Io} from '../../source/terminal/io.ts';
import {writeReports} from '../../source/threads/reports-handle.ts';
import {undrawn} from '../helpers/built-program.ts';
import {parseXml} from '../helpers/parse-xml.ts';
import {charts, environment, twoVariants as run, snapshot, variant} from '../helpers/results-fixture.ts';

/** Tests source/commands/report.ts, compare.ts and results-files.ts: what is made of kept results. */

let root = '';
beforeEach(async () => {
	root = await mkdtemp(path.join(tmpdir(), 'bedrock-top-'));
});
afterEach(async () => {
	vi.unstubAllEnvs();
	await rm(root, {recursive: true});
});

const namesOf = (files: readonly string[]) => files.map((file) => path.basename(file));

/** A stdout that keeps what is written to it. */
function outputs() {
	let text = '';
	const stdout = new Writable({
		write(chunk, _encoding, done) {
			text += String(chunk);
			done();
		},
	});
	const stderr = new PassThrough();
	const errors = () => String(stderr.read() ?? '');
	return {io: {stdout, stderr, environment: {}} as unknown as Io, text: () => text, errors};
}

/** Everything that a run leaves, charts included. */
async function writeAll(name: string): Promise<string> {
	const folder = path.join(root, name);
	await writeReports({
		type: 'write',
		results: resultsOf(run, environmentOf()),
		folder,
		answersFile: undefined,
	});
	return path.join(folder, 'results.json');
}

/** The results of a run alone. */
async function writeRun(name: string, from = run): Promise<string> {
	const folder = path.join(root, name);
	await mkdir(folder, {recursive: true});
	const file = path.join(folder, 'results.json');
	await writeFile(file, JSON.stringify(resultsOf(from, environment)));
	return file;
}

describe('report', () => {
	it('draws again from results and prints where', async () => {
		const file = await writeAll('first');
		const {io, text} = outputs();
		const out = path.join(root, 'again');
		expect(await report(parseArguments(['report', file, '--out', out]), io)).toBe(0);
		expect(namesOf(text().trim().split('\n'))).toEqual(['summary.md', ...charts, 'report.html']);
		for (const chart of charts) {
			const [first, second] = ['first', 'again'].map((name) => path.join(root, name, chart));
			expect(await readFile(second ?? '', 'utf8')).toBe(await readFile(first ?? '', 'utf8'));
		}
	});

	it('shows the items of the answers that lie beside the results', async () => {
		vi.stubEnv('NODE_OPTIONS', undrawn.NODE_OPTIONS);
		const file = await writeRun('first');
		const verdicts = [{item: 0, text: 'a ticket', kind: 'check-failed', answer: 'wrong'}];
		const line = {run: 'r', variant: 'minimal', model: 'us.amazon.nova-lite-v1:0', answer: 'wrong', verdicts};
		await writeFile(path.join(root, 'first', 'answers.jsonl'), `${JSON.stringify(line)}\n`);
		for (const [index, named] of [file, path.dirname(file)].entries()) {
			const out = path.join(root, `again-${index}`);
			await report(parseArguments(['report', named, '--out', out]), outputs().io);
			expect(await readFile(path.join(out, 'report.html'), 'utf8')).toContain(
				'✗ 1 · a ticket · failed: minimal',
			);
		}
	});

	it('takes the folders of runs as well as the files in them', async () => {
		await writeRun('before');
		await writeRun('after', snapshot({variants: [variant({output: 60})]}));
		const compared = async (...runs: readonly string[]): Promise<string> => {
			const {io, text} = outputs();
			await compare(parseArguments(['compare', ...runs.map((name) => path.join(root, name)), '--json']), io);
			return text();
		};
		const byFolder = await compared('before', 'after/');
		expect(byFolder).toBe(await compared('before/results.json', 'after/results.json'));
		expect(JSON.parse(byFolder).runs.map(({name}: {name: string}) => name)).toEqual(['before', 'after']);
		await mkdir(path.join(root, 'empty'));
		await expect(compared('before', 'empty')).rejects.toMatchObject({
			exitCode: 2,
			message: expect.stringMatching(/empty\/results\.json cannot be read/),
		});
	});

	it('prints JSON alone where that is asked for', async () => {
		vi.stubEnv('NODE_OPTIONS', undrawn.NODE_OPTIONS);
		const file = await writeRun('first');
		const {io, text} = outputs();
		await report(parseArguments(['report', file, '--out', path.join(root, 'again'), '--json']), io);
		expect(namesOf(JSON.parse(text()).files)).toEqual(['summary.md', ...charts, 'report.html']);
	});

	it('refuses a folder in use, a missing file and one of another program, and writes nothing', async () => {
		const file = await writeRun('first');
		const out = path.join(root, 'first');
		const {io, text} = outputs();
		const draw = async (from: string, to: string) =>
			report(parseArguments(['report', from, '--out', to]), io);
		await expect(draw(file, out)).rejects.toMatchObject({exitCode: 2});
		const fresh = path.join(root, 'new');
		await expect(draw(path.join(root, 'no.json'), fresh)).rejects.toMatchObject({
			exitCode: 2,
			message: expect.stringContaining('there is no such file'),
		});
		await expect(draw(root, fresh)).rejects.toMatchObject({exitCode: 2});
		await writeFile(path.join(root, 'foreign.json'), '{"name": "other"}');
		await expect(draw(path.join(root, 'foreign.json'), fresh)).rejects.toMatchObject({exitCode: 2});
		expect(text()).toBe('');
		expect(await readdir(root)).not.toContain('new');
	});
});

describe('compare', () => {
	it('exits with 3 where a run is worse, says why, and leaves what CI reads', async () => {
		const files = [
			await writeRun('before', snapshot({variants: [variant({output: 60})]})),
			await writeRun('after', snapshot({variants: [variant({output: 240})]})),
		];
		const {io, text, errors} = outputs();
		const junit = path.join(root, 'compared.xml');
		const worse = ['--fail-if', 'worse:quota-tokens', '--junit', junit, '--markdown'];
		expect(await compare(parseArguments(['compare', ...files, ...worse]), io)).toBe(3);
		expect(errors()).toMatch(/--fail-if "worse:quota-tokens": quota tokens per request of minimal went from/);
		expect(text()).toMatch(/^<!-- bedrock-top -->\n### bedrock-top: runs side by side\n/);
		expect(text()).toContain('❌ 1 of 1 condition failed.');
		const page = await readFile(junit, 'utf8');
		parseXml(page.replace(/^<\?xml.*\n/, ''));
		expect(page).toContain('<testcase classname="compare.minimal" name="quota tokens per request">');
		const better = ['--fail-if', 'worse'];
		expect(await compare(parseArguments(['compare', ...files.toReversed(), ...better]), io)).toBe(0);
	});

	it('rounds the figures of its JSON', async () => {
		const {io, text} = outputs();
		const files = [await writeRun('a'), await writeRun('b')];
		await compare(parseArguments(['compare', ...files, '--json']), io);
		for (const [number = ''] of text().matchAll(/\d+\.\d+/g)) {
			expect(number.replace('.', '').replace(/^0+/, '').length).toBeLessThanOrEqual(6);
		}
	});

	it('prints a table, and with --out leaves Markdown and a chart', async () => {
		const files = [
			await writeRun('before'),
			await writeRun('after', snapshot({variants: [variant({output: 60})]})),
		];
		const {io, text} = outputs();
		expect(await compare(parseArguments(['compare', ...files]), io)).toBe(0);
		expect(text()).toMatch(/minimal .*\n?.*sustainable useful items per minute +238 +278 +\+17%/);
		expect(await readdir(root)).toEqual(['after', 'before']);

		const out = path.join(root, 'both');
		expect(await compare(parseArguments(['compare', ...files, '--out', out]), io)).toBe(0);
		expect((await readdir(out)).sort()).toEqual(['compare.md', 'compare.svg']);
		parseXml(await readFile(path.join(out, 'compare.svg'), 'utf8'));
		expect(text()).toContain(path.join(out, 'compare.svg'));
	});

	it('leaves a page with --html, which holds the chart', async () => {
		const files = [
			await writeRun('before'),
			await writeRun('after', snapshot({variants: [variant({output: 60})]})),
		];
		const out = path.join(root, 'both');
		const {io} = outputs();
		expect(await compare(parseArguments(['compare', ...files, '--out', out, '--html']), io)).toBe(0);
		expect((await readdir(out)).sort()).toEqual(['compare.html', 'compare.md', 'compare.svg']);
		const page = await readFile(path.join(out, 'compare.html'), 'utf8');
		expect(page).toContain('<td>sustainable useful items per minute</td>');
		expect(page).toMatch(/<figure><svg [^>]*role="img"/);
	});

	it('prints JSON alone where that is asked for', async () => {
		vi.stubEnv('NODE_OPTIONS', undrawn.NODE_OPTIONS);
		const file = await writeRun('before');
		const {io, text} = outputs();
		const out = path.join(root, 'both');
		await compare(parseArguments(['compare', file, file, '--out', out, '--json']), io);
		const {runs, figures} = JSON.parse(text());
		expect(runs).toHaveLength(2);
		expect(figures[0].differences[0].verdict).toBe('same');
	});
});
