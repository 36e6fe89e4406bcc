import {existsSync, mkdtempSync, readFileSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {resumeRun} from '../../../source/commands/run/resume.ts';
import {parseArguments} from '../../../source/config/parse-arguments.ts';
import {resolveRun} from '../../../source/config/resolve-run.ts';
import type {RunConfig} from '../../../source/domain/run-config.ts';
import {
	type AnswerRecord,
	itemFingerprint,
	toUncheckedRecord,
	type VerdictRecord,
	variantFingerprint,
} from '../../../source/engine/attempts/request-records.ts';
import {partsOf} from '../../../source/reports/answer-lines.ts';
import {requestsCsvHead} from '../../../source/reports/requests-csv.ts';
import {answerRecord} from '../../helpers/answer-record.ts';

/** Answers that were paid for and whose check a kill has cut off. */

const {flags} = parseArguments(['run', 'classify', '--variants', 'concise']);
const shipped = await resolveRun('classify', flags, async () => '');
const config: RunConfig = {
	...shipped,
	task: {...shipped.task, items: shipped.task.items.slice(0, 6), checks: [{regex: '^(?:fine|(?:a+)+)$'}]},
};
const {items} = config.task;
const all = items.map(({index}) => index);
const print = variantFingerprint(partsOf(config).concise ?? {});

const verdict = (index: number, answer: string, kind: VerdictRecord['kind'] = 'useful'): VerdictRecord => ({
	item: index,
	fingerprint: itemFingerprint(items[index] as RunConfig['task']['items'][number]),
	text: items[index]?.text ?? '',
	kind,
	answer,
	checked: true,
});

const record = (index: number, answer: string): AnswerRecord => ({
	...answerRecord,
	variant: 'concise',
	model: config.models[0] as string,
	items: [index],
	answer,
	verdicts: [verdict(index, answer)],
});

const lineOf = (each: object): string =>
	`${JSON.stringify({run: 'r1', variantFingerprint: print, ...each})}\n`;
const checked = (index: number, answer = 'fine'): string => lineOf(record(index, answer));
const open = (index: number, answer = 'fine'): string => lineOf(toUncheckedRecord(record(index, answer)));

const folderWith = (files: Readonly<Record<string, string>>): string => {
	const folder = mkdtempSync(path.join(tmpdir(), 'bedrock-top-'));
	for (const [name, text] of Object.entries(files)) {
		writeFileSync(path.join(folder, name), text);
	}
	return folder;
};

const textOf = (folder: string, name: string): string => readFileSync(path.join(folder, name), 'utf8');
const answersOf = (folder: string): readonly AnswerRecord[] =>
	textOf(folder, 'answers.jsonl')
		.trim()
		.split('\n')
		.map((line) => JSON.parse(line) as AnswerRecord);

const never = new AbortController().signal;

describe('an answer in answers-unchecked.jsonl', () => {
	it('counts as answered, is checked, and goes where the others are', async () => {
		const endless = `${'a'.repeat(40)}!`;
		const folder = folderWith({
			'answers.jsonl': `${checked(0)}${checked(1).slice(0, 50)}`,
			'requests.csv': requestsCsvHead,
			'answers-unchecked.jsonl': `${open(2)}${open(3, 'bad')}${open(4, endless)}${open(5).slice(0, -4)}`,
		});
		const {config: resumed, changes, note, check} = await resumeRun(folder, config, undefined);
		expect(resumed.task.items.map(({index}) => index)).toEqual([1, 5]);
		expect(changes).toEqual([expect.stringContaining('3 answers were not checked yet')]);
		expect(note).toContain('after 4 answers: 2 were missing');
		expect(await check(never, path.join(folder, 'requests.csv'))).toEqual([
			expect.stringContaining('its check took longer than 1 s'),
		]);
		expect(answersOf(folder).map(({verdicts: [each]}) => [each?.item, each?.kind, each?.reason])).toEqual([
			[0, 'useful', undefined],
			[2, 'useful', undefined],
			[3, 'check-failed', undefined],
			[4, 'check-failed', 'its check took longer than 1 s'],
		]);
		expect(answersOf(folder)[1]).toEqual(JSON.parse(checked(2)));
		expect(textOf(folder, 'requests.csv').trim().split('\r\n')).toHaveLength(4);
		expect(existsSync(path.join(folder, 'answers-unchecked.jsonl'))).toBe(false);

		const again = await resumeRun(folder, config, undefined);
		expect(again.config.task.items.map(({index}) => index)).toEqual([1, 5]);
		expect(again.changes).toEqual([]);
	});

	it('is taken once, also where a kill came between its check and the end of the run', async () => {
		const folder = folderWith({
			'answers.jsonl': checked(0) + checked(2),
			'answers-unchecked.jsonl': open(2) + open(3),
		});
		const {config: resumed, check} = await resumeRun(folder, config, undefined);
		expect(resumed.task.items.map(({index}) => index)).toEqual([1, 4, 5]);
		await check(never, undefined);
		expect(answersOf(folder).map(({items: [item]}) => item)).toEqual([0, 2, 3]);
	});

	it('is enough to go on from, and to be complete', async () => {
		const folder = folderWith({'answers-unchecked.jsonl': all.map((index) => open(index)).join('')});
		const {isComplete, check} = await resumeRun(folder, config, undefined);
		expect(isComplete).toBe(true);
		await check(never, undefined);
		expect(answersOf(folder).map(({items: [item]}) => item)).toEqual(all);
	});

	it('keeps what patterns do not decide', async () => {
		const packed: AnswerRecord = {
			...record(0, ''),
			items: [0, 1, 2],
			verdicts: [verdict(0, 'fine'), verdict(1, 'other', 'check-failed'), verdict(2, '', 'unparsed')],
		};
		const folder = folderWith({'answers-unchecked.jsonl': lineOf(toUncheckedRecord(packed))});
		const {config: resumed, check} = await resumeRun(folder, config, undefined);
		expect(resumed.task.items.map(({index}) => index)).toEqual([2, 3, 4, 5]);
		await check(never, undefined);
		expect(answersOf(folder)).toEqual([JSON.parse(lineOf(packed))]);
	});

	it('stays where it is when a signal comes first', async () => {
		const files = {'answers.jsonl': checked(0), 'answers-unchecked.jsonl': open(1) + open(2)};
		const folder = folderWith(files);
		const {check} = await resumeRun(folder, config, undefined);
		await check(AbortSignal.abort(), undefined);
		expect([textOf(folder, 'answers.jsonl'), textOf(folder, 'answers-unchecked.jsonl')]).toEqual(
			Object.values(files),
		);
	});

	it('is refused with its line where it is not one, and where its variant has changed', async () => {
		const refused = async (text: string, message: string) =>
			expect(
				resumeRun(folderWith({'answers-unchecked.jsonl': text}), config, undefined),
			).rejects.toMatchObject({exitCode: 2, message: expect.stringContaining(message)});
		await refused(`${open(0)}{}\n`, 'line 2 of answers-unchecked.jsonl is not an answer');
		await refused(open(0).replace(print, 'f'.repeat(16)), '"concise" has changed since its 1 answer');
	});
});
