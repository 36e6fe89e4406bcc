import {existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {withResumption} from '../../../source/commands/run/notes.ts';
import {resumeRun, resumptionOf} from '../../../source/commands/run/resume.ts';
import {parseArguments} from '../../../source/config/parse-arguments.ts';
import {resolveOutput} from '../../../source/config/resolve-output.ts';
import {resolveRun} from '../../../source/config/resolve-run.ts';
import type {RunConfig} from '../../../source/domain/run-config.ts';
import {answeredKeys, readAnswerLines} from '../../../source/reports/answer-lines.ts';
import {resultsOf} from '../../../source/reports/results.ts';
import {answerRecord} from '../../helpers/answer-record.ts';
import {environment, snapshot, variant} from '../../helpers/results-fixture.ts';

const model = 'us.amazon.nova-lite-v1:0';

const configOf = async (...argv: readonly string[]): Promise<RunConfig> => {
	const {flags} = parseArguments(['run', 'classify', ...argv]);
	return resolveRun('classify', flags, async () => '');
};

const two = ['--variants', 'concise,one-word'];

const line = (name: string, item: number, kind: 'useful' | 'unparsed' = 'useful'): string =>
	`${JSON.stringify({...answerRecord, model, variant: name, items: [item], verdicts: [{item, kind, answer: 'a', checked: true}]})}\n`;

const folderWith = (answers: string, results?: unknown): string => {
	const folder = mkdtempSync(path.join(tmpdir(), 'bedrock-top-'));
	writeFileSync(path.join(folder, 'answers.jsonl'), answers);
	if (results !== undefined) {
		writeFileSync(path.join(folder, 'results.json'), JSON.stringify(results));
	}
	return folder;
};

const resultsFor = (config: RunConfig, names: readonly string[]) => {
	const run = snapshot({variants: names.map((name) => variant({name}))});
	return resultsOf({...run, spec: {...run.spec, preset: config.preset, task: config.task.task}}, environment);
};

describe('readAnswerLines', () => {
	it('leaves out a line that was cut off, and names those that are not ours', () => {
		const text = `${line('a', 0)}{"x": 1}\n${line('a', 1).slice(0, 40)}`;
		const {lines, foreign} = readAnswerLines(text);
		expect([lines.length, foreign]).toEqual([1, [2]]);
	});

	it('takes an item that a packed reply left out for not answered', () => {
		expect(answeredKeys(readAnswerLines(line('a', 0) + line('a', 1, 'unparsed')).lines).size).toBe(1);
	});
});

describe('resumeRun', () => {
	it('asks only what is missing, and only whom', async () => {
		const config = await configOf(...two);
		const answers = config.task.items.map(({index}) => line('concise', index)).join('') + line('one-word', 3);
		const resumed = await resumeRun(folderWith(answers), config, undefined);
		expect(resumed.config.variants.map(({name}) => name)).toEqual(['one-word']);
		expect(resumed.config.task.items.map(({index}) => index)).toEqual(
			config.task.items.map(({index}) => index).filter((index) => index !== 3),
		);
		const count = config.task.items.length;
		expect(resumed.config.load).toMatchObject({shape: 'measure', requests: count - 1});
		expect(resumed.note).toContain(
			`after ${count + 1} answers: ${count - 1} were missing, of ${count - 1} items.`,
		);
		expect((await resumeRun(folderWith(answers), config, 4)).config.load.requests).toBe(4);
	});

	it('asks each variant for what it misses and nothing else', async () => {
		const config = await configOf(...two);
		const all = config.task.items.map(({index}) => index);
		const answers = [0, 1, 2].map((item) => line('concise', item)).join('') + line('one-word', 7);
		const {config: resumed, note} = await resumeRun(folderWith(answers), config, undefined);
		expect(resumed.missing).toEqual(
			config.models.flatMap(() => [
				{model, variant: 'concise', items: all.filter((item) => item > 2)},
				{model, variant: 'one-word', items: all.filter((item) => item !== 7)},
			]),
		);
		expect(resumed.load.requests).toBe(all.length - 1);
		expect(note).toContain(`after 4 answers: ${2 * all.length - 4} were missing, of ${all.length} items`);
	});

	it('is complete when nothing is missing', async () => {
		const config = await configOf('--variants', 'concise');
		const answers = config.task.items.map(({index}) => line('concise', index)).join('');
		expect((await resumeRun(folderWith(answers), config, undefined)).isComplete).toBe(true);
	});

	it('makes the folder ready: a cut line goes, earlier results are kept', async () => {
		const config = await configOf(...two);
		const folder = folderWith(
			line('concise', 0) + line('concise', 1).slice(0, -9),
			resultsFor(config, two[1]?.split(',') ?? []),
		);
		for (const expected of ['results-1.json', 'results-2.json']) {
			writeFileSync(
				path.join(folder, 'results.json'),
				JSON.stringify(resultsFor(config, two[1]?.split(',') ?? [])),
			);
			const {makeReady} = await resumeRun(folder, config, undefined);
			await makeReady();
			expect(readFileSync(path.join(folder, 'answers.jsonl'), 'utf8')).toBe(line('concise', 0));
			expect(readdirSync(folder)).toContain(expected);
			expect(existsSync(path.join(folder, 'results.json'))).toBe(false);
		}
	});

	it('refuses another preset, task, variant or model', async () => {
		const config = await configOf(...two);
		const names = ['concise', 'one-word'];
		const refused = async (folder: string, asked: RunConfig, message: RegExp) =>
			expect(resumeRun(folder, asked, undefined)).rejects.toMatchObject({
				exitCode: 2,
				message: expect.stringMatching(message),
			});
		const results = resultsFor(config, names);
		const other = {...results, plan: {...results.plan, preset: 'other'}};
		await refused(folderWith(line('concise', 0), other), config, /made with other/);
		await refused(
			folderWith('', results),
			await configOf('--variants', 'concise,minimal'),
			/"minimal" was no part/,
		);
		await refused(folderWith('', results), await configOf(...two, '-m', 'x.y'), /model "x.y" was no part/);
		await refused(folderWith(line('detailed', 0)), config, /"detailed" was no part/);
		await refused(folderWith('{}\n'), config, /line 1 of answers.jsonl is no answer/);
		await refused(path.join(tmpdir(), 'no-such-folder'), config, /no answers.jsonl/);
	});

	it('refuses a load that does not go over the items, a task without items, and unlike packing', async () => {
		const folder = folderWith('');
		const config = await configOf(...two);
		const packed = config.variants.map((each, index) => ({...each, itemsPerRequest: index + 1}));
		const cases: ReadonlyArray<readonly [RunConfig, RegExp]> = [
			[await configOf('--load', 'saturate'), /saturate load/],
			[await configOf('--content', 'x'), /no items/],
			[
				{...config, task: {...config.task, chat: {turns: ['a'], thinkMs: 0, lane: 'high' as const}}},
				/a conversation cannot be gone on with/,
			],
			[{...config, variants: packed}, /different numbers of items/],
		];
		for (const [asked, message] of cases) {
			await expect(resumeRun(folder, asked, undefined)).rejects.toMatchObject({
				exitCode: 2,
				message: expect.stringMatching(message),
			});
		}
	});

	it.each([['--out', 'x'], ['--no-reports'], ['--no-answers']])('refuses %s beside it', async (...argv) => {
		const {flags} = parseArguments(['run', 'classify', '--resume', 'folder', ...argv]);
		const output = resolveOutput(flags, {});
		await expect(resumptionOf(flags, output, await configOf())).rejects.toMatchObject({exitCode: 2});
	});
});

describe('withResumption', () => {
	it('says first among the events what the results cover', () => {
		const {events} = withResumption(snapshot(), 'Resumed.');
		expect(events[0]).toMatchObject({kind: 'resumed', text: 'Resumed.'});
		expect(withResumption(snapshot(), undefined).events).toEqual(snapshot().events);
	});
});
