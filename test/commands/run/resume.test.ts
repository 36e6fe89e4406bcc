import {existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {withResumption} from '../../../source/commands/run/keep-results.ts';
import {resumeRun, resumptionOf} from '../../../source/commands/run/resume.ts';
import {parseArguments} from '../../../source/config/parse-arguments.ts';
import {resolveOutput} from '../../../source/config/resolve-output.ts';
import {resolveRun} from '../../../source/config/resolve-run.ts';
import type {RunConfig} from '../../../source/domain/run-config.ts';
import type {Item} from '../../../source/domain/task.ts';
import {itemFingerprint, variantFingerprint} from '../../../source/engine/attempts/request-records.ts';
import {answeredRows, askedLine, partsOf, readAnswerLines} from '../../../source/reports/answer-lines.ts';
import {resultsOf} from '../../../source/reports/results.ts';
import {answerRecord} from '../../helpers/answer-record.ts';
import {environment, snapshot, variant} from '../../helpers/results-fixture.ts';

const model = 'us.amazon.nova-lite-v1:0';

const configOf = async (...argv: readonly string[]): Promise<RunConfig> => {
	const {flags} = parseArguments(['run', 'classify', ...argv]);
	return resolveRun('classify', flags, async () => '');
};

const two = ['--variants', 'concise,one-word'];

const {task, ...shipped} = await configOf();
const parts = partsOf({...shipped, task});

/** An answer of a row that is there. */
const line = (name: string, index: number, kind: 'useful' | 'unparsed' = 'useful', run = 'r'): string => {
	const item = task.items[index] as Item;
	const verdict = {
		item: index,
		fingerprint: itemFingerprint(item),
		text: item.text,
		kind,
		answer: 'a',
		checked: true,
	};
	const origin = {run, variantFingerprint: variantFingerprint(parts[name] ?? {})};
	return `${JSON.stringify({...origin, ...answerRecord, model, variant: name, items: [index], verdicts: [verdict]})}\n`;
};

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

	it('passes over a mark before the first line and blank lines', () => {
		const text = `\uFEFF${line('a', 0)}\n  \r\n${line('a', 1)}nonsense\n`;
		const {lines, foreign} = readAnswerLines(text);
		expect([lines.length, foreign]).toEqual([2, [5]]);
	});

	it('takes an item that a packed reply left out for not answered', () => {
		const {lines} = readAnswerLines(line('a', 0) + line('a', 1, 'unparsed'));
		const answered = answeredRows(lines, task.items);
		expect(task.items.filter(answered.of(model, 'a')).map(({index}) => index)).toEqual([0]);
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
			/"minimal" was not part/,
		);
		await refused(folderWith('', results), await configOf(...two, '-m', 'x.y'), /model "x.y" was not part/);
		await refused(folderWith(line('detailed', 0)), config, /"detailed" was not part/);
		await refused(folderWith('{}\n'), config, /line 1 of answers.jsonl is not an answer/);
		await refused(path.join(tmpdir(), 'no-such-folder'), config, /no answers.jsonl/);
	});

	it('refuses a load that does not ask items one by one, a task without items, and unlike packing', async () => {
		const folder = folderWith('');
		const config = await configOf(...two);
		const packed = config.variants.map((each, index) => ({...each, itemsPerRequest: index + 1}));
		const cases: ReadonlyArray<readonly [RunConfig, RegExp]> = [
			[await configOf('--load', 'saturate'), /saturate load/],
			[await configOf('--content', 'x'), /no items/],
			[
				{...config, task: {...config.task, chat: {turns: ['a'], thinkMs: 0, lane: 'high' as const}}},
				/a conversation cannot be resumed/,
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

describe('a run whose input has changed', () => {
	const withItems = (config: RunConfig, items: readonly Item[]): RunConfig => ({
		...config,
		task: {...config.task, items: items.map((item, index) => ({...item, index}))},
	});
	const folderOf = (answers: string, config: RunConfig): string => {
		const folder = folderWith(answers);
		writeFileSync(path.join(folder, 'asked.jsonl'), askedLine('r', config));
		return folder;
	};
	const {items} = task;
	const fresh: Item = {index: 0, text: 'a new ticket', fields: {text: 'a new ticket'}, expected: 'other'};

	const cases: ReadonlyArray<readonly [string, readonly Item[], RegExp | undefined]> = [
		['rows turned round', items.toReversed(), undefined],
		['a row put in at the top', [fresh, ...items], /changed since: 1 new \(row 1\)\.$/],
		['a row that is gone', items.slice(1), /changed since: 1 gone\. Their answers stay/],
		['another text', [fresh, ...items.slice(1)], /changed since: 1 changed \(row 1\)\. Their answers stay/],
		[
			'another right answer',
			items.map((item, index) => (index === 0 ? {...item, expected: 'none'} : item)),
			/changed since: 1 changed \(row 1\)/,
		],
		['a row twice', [...items, items[0] as Item], undefined],
	];
	it.each(cases)(
		'asks what has no answer, and says what is new, changed or gone: %s',
		async (_name, rows, said) => {
			const config = await configOf('--variants', 'concise');
			const answers = [0, 2, 5].map((index) => line('concise', index)).join('');
			const {config: resumed, changes} = await resumeRun(
				folderOf(answers, config),
				withItems(config, rows),
				undefined,
			);
			const answered = [0, 2, 5].map((index) => itemFingerprint(items[index] as Item));
			const wanted = rows.map(itemFingerprint);
			for (const print of answered.filter((each) => wanted.includes(each))) {
				wanted.splice(wanted.indexOf(print), 1);
			}
			expect(resumed.task.items.map(itemFingerprint).toSorted()).toEqual(wanted.toSorted());
			expect(changes.join(' ')).toMatch(said ?? /^$/);
			expect(resumed.remarks).toEqual(changes);
		},
	);

	it('asks every row once, however rows were moved, added, doubled and removed', async () => {
		const config = await configOf('--variants', 'concise');
		const pool = items.slice(0, 6);
		const rows = fc.array(fc.constantFrom(...pool), {minLength: 1, maxLength: 10});
		await fc.assert(
			fc.asyncProperty(rows, rows, fc.array(fc.nat(9)), async (before, after, asked) => {
				const answers = asked
					.filter((index) => index < before.length)
					.map((index) => ({index, item: before[index] as Item}));
				const text = answers
					.map(({index, item}) => line('concise', item.index).replace(/"item":\d+/, `"item":${index}`))
					.join('');
				const {config: resumed} = await resumeRun(folderWith(text), withItems(config, after), undefined);
				for (const item of pool) {
					const print = itemFingerprint(item);
					const count = (list: readonly Item[]) =>
						list.filter((each) => itemFingerprint(each) === print).length;
					const answered = new Set(answers.filter((each) => each.item === item).map(({index}) => index)).size;
					expect(count(resumed.task.items)).toBe(Math.max(0, count(after) - answered));
				}
			}),
			{numRuns: 50},
		);
	});

	it.each([
		['instruction', 'instruction', 'Other: {{task}}'],
		['system prompt', 'system', 'Be kind.'],
		['max tokens', 'maxTokens', 77],
		['stop', 'stop', ['x']],
		['compression', 'compress', ['whitespace']],
	])('refuses a variant that asks otherwise by now, and says what changed: %s', async (part, key, value) => {
		const config = await configOf('--variants', 'concise');
		const changed = {...config, variants: config.variants.map((each) => ({...each, [key]: value}))};
		await expect(resumeRun(folderOf(line('concise', 0), config), changed, undefined)).rejects.toMatchObject({
			exitCode: 2,
			message: expect.stringContaining(`"concise" has changed since its 1 answer (${part})`),
		});
		// Nothing was asked of it before: it may say what it likes.
		await expect(resumeRun(folderOf('', config), changed, undefined)).resolves.toBeDefined();
	});

	it('refuses answers that give only a position, and takes those with a text', async () => {
		const config = await configOf('--variants', 'concise');
		const old = (text: string | undefined): string =>
			`${JSON.stringify({...answerRecord, model, variant: 'concise', items: [0], verdicts: [{item: 0, kind: 'useful', text}]})}\n`;
		await expect(resumeRun(folderWith(old(undefined)), config, undefined)).rejects.toMatchObject({
			exitCode: 2,
			message: expect.stringContaining('does not say which item each answer belongs to'),
		});
		const {changes, config: resumed} = await resumeRun(folderWith(old(items[3]?.text)), config, undefined);
		expect(changes).toEqual([expect.stringContaining('matched by their text: 1')]);
		expect(resumed.task.items.map(({index}) => index)).not.toContain(3);
	});

	it('names bytes that are no text', async () => {
		const folder = folderWith('');
		writeFileSync(path.join(folder, 'answers.jsonl'), Buffer.from(line('concise', 0), 'utf16le'));
		await expect(resumeRun(folder, await configOf(), undefined)).rejects.toThrow('answers.jsonl is UTF-16');
	});
});

describe('withResumption', () => {
	it('says first among the events what the results cover', () => {
		const {events} = withResumption(snapshot(), 'Resumed.');
		expect(events[0]).toMatchObject({kind: 'resumed', text: 'Resumed.'});
		expect(withResumption(snapshot(), undefined).events).toEqual(snapshot().events);
	});
});
