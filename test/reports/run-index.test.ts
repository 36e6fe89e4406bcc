import {
	appendFileSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {resultsOf, resultsText, writeResults} from '../../source/reports/results.ts';
import type {Results} from '../../source/reports/results-schema.ts';
import {keptRunOf, listRuns, noteRun, readKeptResults} from '../../source/reports/run-index.ts';
import {environment, snapshot} from '../helpers/results-fixture.ts';

const newRoot = (): string => mkdtempSync(path.join(tmpdir(), 'bedrock-top-'));

const resultsAt = (hour: number, run = `run-${hour}`): Results =>
	resultsOf(
		snapshot({
			patch: {
				run,
				startedAt: `2026-11-22T${String(hour).padStart(2, '0')}:00:00.000Z`,
				endedAt: `2026-11-22T${String(hour).padStart(2, '0')}:01:30.000Z`,
			},
		}),
		environment,
	);

/** Folders of runs, each with its results, without an index. */
const placeWith = async (...hours: readonly number[]): Promise<string> => {
	const place = path.join(newRoot(), 'bedrock-top-reports');
	for (const hour of hours) {
		await writeResults(path.join(place, `run-${hour}`), resultsAt(hour));
	}
	return place;
};

const indexOf = (place: string): string => path.join(place, 'index.jsonl');

const runsIn = async (place: string): Promise<ReadonlyArray<string | null>> =>
	(await listRuns(place)).runs.map(({run}) => run);

describe('listRuns', () => {
	it('lists the newest first, from the results where there is no index, and makes one', async () => {
		const place = await placeWith(9, 11, 10);
		expect(await runsIn(place)).toEqual(['run-11', 'run-10', 'run-9']);
		// The index is enough from now on: the results are not read again.
		writeFileSync(path.join(place, 'run-10/results.json'), 'not read');
		expect(await listRuns(place)).toMatchObject({
			runs: [
				{
					run: 'run-11',
					folder: path.join(place, 'run-11'),
					preset: 'summarize',
					models: ['us.amazon.nova-lite-v1:0'],
					requests: 480,
					outcome: 'completed',
					verdict: 'Use minimal. At least 1.6x of detailed, 1.05x of concise.',
				},
				{},
				{},
			],
			faults: [],
		});
	});

	it('mends an index: torn and foreign lines, runs without a line, lines without a run', async () => {
		const place = await placeWith(9, 10, 11);
		await listRuns(place);
		const whole = readFileSync(indexOf(place), 'utf8');
		const [first = ''] = whole.split('\n');
		writeFileSync(indexOf(place), `${first.slice(0, 40)}${whole.slice(first.length + 1)}{"run": 1}\nfoo\n`);
		rmSync(path.join(place, 'run-11'), {recursive: true});
		expect(await runsIn(place)).toEqual(['run-10', 'run-9']);
		expect(readFileSync(indexOf(place), 'utf8').trim().split('\n')).toHaveLength(2);
	});

	it('leads nowhere else: a line names a folder beside the index', async () => {
		const place = await placeWith(9);
		await listRuns(place);
		const [line = ''] = readFileSync(indexOf(place), 'utf8').split('\n');
		appendFileSync(indexOf(place), `${JSON.stringify({...JSON.parse(line), folder: '../elsewhere'})}\n`);
		expect(await runsIn(place)).toEqual(['run-9']);
	});

	it('says why results cannot be read, and lists the others', async () => {
		const place = await placeWith(9);
		mkdirSync(path.join(place, 'broken'));
		mkdirSync(path.join(place, 'foreign'));
		for (const [name, file, answers] of [
			['killed', 'answers.jsonl', '{"variant": "a"}\n{"vari'],
			['unchecked', 'answers-unchecked.jsonl', '{"variant": "a"}\n'],
			['unanswered', 'answers.jsonl', ''],
			['still-running', 'answers.jsonl', '{"variant": "a"}\n'],
		] as const) {
			mkdirSync(path.join(place, name));
			writeFileSync(path.join(place, name, file), answers);
		}
		writeFileSync(path.join(place, 'broken/results.json'), resultsText(resultsAt(8)).slice(0, 300));
		writeFileSync(path.join(place, 'foreign/results.json'), '{"schema": 2}');
		const {runs, faults} = await listRuns(place, path.join(place, 'still-running'));
		expect(runs.map(({run}) => run)).toEqual(['run-9']);
		for (const name of ['killed', 'unchecked']) {
			expect(faults).toContain(
				`${path.join(place, name)} has answers but no results: its run was killed, or is under way. --resume continues it.`,
			);
		}
		expect(faults.join('\n')).not.toMatch(/unanswered|still-running/);
		expect(faults.join('\n')).toContain('broken/results.json cannot be read as results: it is not JSON.');
		expect(faults.join('\n')).toContain(
			'its schema is 2, this version reads 1 (a newer bedrock-top wrote it)',
		);
	});

	it('takes the folder of a run for its session: it and DIR-2, DIR-3', async () => {
		const root = newRoot();
		for (const [hour, name] of [
			[9, 'mine'],
			[10, 'mine-2'],
			[11, 'mine-3'],
			[12, 'mine-x'],
			[13, 'other'],
		] as const) {
			await writeResults(path.join(root, name), resultsAt(hour));
		}
		expect(await runsIn(path.join(root, 'mine'))).toEqual(['run-11', 'run-10', 'run-9']);
		expect(existsSync(indexOf(root))).toBe(false);
	});

	it('refuses a folder that is not there', async () => {
		await expect(listRuns('/no/such/folder')).rejects.toMatchObject({exitCode: 2});
	});
});

describe('noteRun', () => {
	it('adds a line that spares reading the results; the last line of a folder counts', async () => {
		const place = await placeWith(9);
		noteRun(resultsAt(9, 'before'), path.join(place, 'run-9'));
		noteRun(resultsAt(9, 'resumed'), path.join(place, 'run-9'));
		expect(await runsIn(place)).toEqual(['resumed']);
	});

	it('makes an index in bedrock-top-reports alone; one that is there is continued', async () => {
		const root = newRoot();
		noteRun(resultsAt(9), path.join(root, 'mine'));
		expect(existsSync(indexOf(root))).toBe(false);
		writeFileSync(indexOf(root), '');
		noteRun(resultsAt(9), path.join(root, 'mine'));
		expect(readFileSync(indexOf(root), 'utf8')).toContain('"folder":"mine"');
	});

	it('keeps a line small, however long the verdict is', () => {
		const results = resultsAt(9);
		const [verdict] = results.verdict ?? [];
		const long = verdict === undefined ? [] : [{...verdict, text: 'long '.repeat(2000)}];
		expect(JSON.stringify(keptRunOf({...results, verdict: long}, '/a')).length).toBeLessThan(1000);
	});
});

describe('readKeptResults', () => {
	it('names the file that is not there', async () => {
		await expect(readKeptResults('/no/such/run')).rejects.toMatchObject({
			message: expect.stringContaining('/no/such/run/results.json cannot be read: there is no such file'),
			exitCode: 2,
		});
	});
});
