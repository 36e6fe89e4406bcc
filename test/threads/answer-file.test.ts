import {existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {parseArguments} from '../../source/config/parse-arguments.ts';
import {resolveRun} from '../../source/config/resolve-run.ts';
import {itemFingerprint} from '../../source/engine/attempts/request-records.ts';
import {requestsCsvHead} from '../../source/reports/requests-csv.ts';
import {createAnswerLog, openAnswers, openLineFile} from '../../source/threads/answer-file.ts';
import {answerRecord} from '../helpers/answer-record.ts';

const newFolder = (): string => mkdtempSync(path.join(tmpdir(), 'bedrock-top-'));
const noFault = (text: string): void => {
	throw new Error(text);
};

const item = {index: 3, text: 'a', fields: {}, expected: undefined};
const {flags} = parseArguments(['run', 'classify']);
const config = await resolveRun('classify', flags, async () => '');
const of = {run: 'r1', config: {...config, task: {...config.task, items: [item]}}};

describe('createAnswerLog', () => {
	it('drops answers until it is opened, and keeps none without a sink', async () => {
		const folder = newFolder();
		const file = path.join(folder, 'answers.jsonl');
		const log = createAnswerLog(noFault);
		log.write({...answerRecord, variant: 'early'});
		log.open({file}, of);
		log.write({...answerRecord, variant: 'kept'});
		await log.close();
		const lines = readFileSync(file, 'utf8').trim().split('\n');
		expect(lines.map((line) => JSON.parse(line).variant)).toEqual(['kept']);
		log.open(undefined, of);
		log.write({...answerRecord, variant: 'late'});
		await log.close();
		expect(readFileSync(file, 'utf8').trim().split('\n')).toEqual(lines);
	});
});

describe('openAnswers', () => {
	it('leaves nothing behind without an answer', async () => {
		const folder = path.join(newFolder(), 'reports');
		await openAnswers({file: path.join(folder, 'answers.jsonl')}, of, noFault).close();
		expect(existsSync(folder)).toBe(false);
	});

	it('streams both files, and a later run continues them under one head', async () => {
		const folder = path.join(newFolder(), 'reports');
		const sink = {file: path.join(folder, 'answers.jsonl'), requestsFile: path.join(folder, 'requests.csv')};
		for (const variant of ['terse', 'long']) {
			const writer = openAnswers(sink, of, noFault);
			writer.write({...answerRecord, variant});
			await writer.close();
		}
		const answers = readFileSync(sink.file, 'utf8').trim().split('\n');
		expect(answers.map((line) => JSON.parse(line).variant)).toEqual(['terse', 'long']);
		expect(answers.map((line) => JSON.parse(line).run)).toEqual(['r1', 'r1']);
		const asked = readFileSync(path.join(folder, 'asked.jsonl'), 'utf8').trim().split('\n');
		expect(asked.map((line) => JSON.parse(line).items)).toEqual([
			[[3, itemFingerprint(item)]],
			[[3, itemFingerprint(item)]],
		]);
		const rows = readFileSync(sink.requestsFile, 'utf8').split('\r\n');
		expect(`${rows[0]}\r\n`).toBe(requestsCsvHead);
		expect(rows.slice(1).map((row) => row.split(',')[1])).toEqual(['terse', 'long', undefined]);
	});

	it('says where each line begins, and keeps lost requests beside them', async () => {
		const folder = newFolder();
		const file = path.join(folder, 'answers.jsonl');
		writeFileSync(file, 'earlier, ä\n');
		const writer = openAnswers({file}, of, noFault);
		const offsets = ['ü', 'b'].map((answer) => writer.write({...answerRecord, answer}));
		writer.lost({...answerRecord, items: [3], attempts: 4, reason: 'throttled-day'});
		await writer.close();
		const bytes = readFileSync(file);
		const lines = offsets.map((offset) => bytes.subarray(offset).toString('utf8').split('\n')[0] ?? '');
		expect(lines.map((line) => JSON.parse(line).answer)).toEqual(['ü', 'b']);
		const lost = readFileSync(path.join(folder, 'answers-lost.jsonl'), 'utf8').trim();
		expect(JSON.parse(lost)).toMatchObject({run: 'r1', items: [3], reason: 'throttled-day'});
	});

	it('drops the lost requests of an earlier program where it replaces its answers', async () => {
		const folder = newFolder();
		const lost = path.join(folder, 'answers-lost.jsonl');
		writeFileSync(lost, 'earlier\n');
		const writer = openAnswers({file: path.join(folder, 'answers.jsonl'), isReplacing: true}, of, noFault);
		writer.write(answerRecord);
		await writer.close();
		expect(existsSync(lost)).toBe(false);
	});

	it('has an answer on disk while its check goes on, and no second file when the run is over', async () => {
		const folder = newFolder();
		const draft = path.join(folder, 'answers-unchecked.jsonl');
		const writer = openAnswers({file: path.join(folder, 'answers.jsonl')}, of, noFault);
		writer.unjudged({...answerRecord, verdicts: []});
		await expect.poll(() => existsSync(draft) && readFileSync(draft, 'utf8')).toContain(answerRecord.answer);
		expect(readFileSync(path.join(folder, 'asked.jsonl'), 'utf8').split('\n')).toHaveLength(2);
		writer.write(answerRecord);
		await writer.close();
		expect(existsSync(draft)).toBe(false);
		expect(readFileSync(path.join(folder, 'answers.jsonl'), 'utf8').split('\n').length).toBe(2);
	});

	it('replaces what was there when it is told to', async () => {
		const folder = newFolder();
		const sink = {file: path.join(folder, 'a'), requestsFile: path.join(folder, 'b'), isReplacing: true};
		writeFileSync(sink.file, 'old\n');
		writeFileSync(sink.requestsFile, 'old\n');
		writeFileSync(path.join(folder, 'a-unchecked.jsonl'), 'old\n');
		const writer = openAnswers(sink, of, noFault);
		writer.write(answerRecord);
		await writer.close();
		expect(readFileSync(sink.file, 'utf8')).not.toContain('old');
		expect(readFileSync(sink.requestsFile, 'utf8').startsWith(requestsCsvHead)).toBe(true);
		expect(existsSync(path.join(folder, 'a-unchecked.jsonl'))).toBe(false);
	});
});

describe('openLineFile', () => {
	it('tells a fault once, in words, and goes on', async () => {
		const folder = newFolder();
		mkdirSync(path.join(folder, 'taken'));
		const faults: string[] = [];
		const {write, close} = openLineFile(path.join(folder, 'taken'), {what: 'Answers'}, (text) =>
			faults.push(text),
		);
		write('a\n');
		await close().catch(() => {});
		write('b\n');
		await close();
		expect(faults).toHaveLength(1);
		expect(faults[0]).toMatch(/^Answers are no longer written to .*taken: /);
	});
});
