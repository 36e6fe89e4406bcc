import {mkdtempSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {expect, it} from 'vitest';
import {parseArguments} from '../../source/config/parse-arguments.ts';
import {resolveRun} from '../../source/config/resolve-run.ts';
import {itemCell} from '../../source/domain/item-results.ts';
import {answeredRows, openItems, readItemAnswers} from '../../source/reports/answer-lines.ts';
import {openAnswers} from '../../source/threads/answer-file.ts';
import {answerRecord} from '../helpers/answer-record.ts';

const {flags} = parseArguments(['run', 'classify']);
const config = await resolveRun('classify', flags, async () => '');
const noFault = (text: string): void => {
	throw new Error(text);
};
const columns = [
	{variant: 'terse', target: 0},
	{variant: 'long', target: 0},
];

it('opens the answers of an earlier run, whatever their length, and reads one by its place', async () => {
	const file = path.join(mkdtempSync(path.join(tmpdir(), 'bedrock-top-')), 'answers.jsonl');
	const writer = openAnswers({file}, {run: 'r', config}, noFault);
	const long = 'ä'.repeat(100_000);
	writer.write({
		...answerRecord,
		verdicts: [{item: 3, text: 'a ticket', expected: 'x', kind: 'useful', answer: long, checked: true}],
	});
	const offset = writer.write({
		...answerRecord,
		verdicts: [
			{item: 3, kind: 'unparsed', answer: null, checked: true},
			{
				item: 700,
				text: long,
				kind: 'check-failed',
				answer: 'y',
				checked: true,
				failed: {check: 'expected', why: 'expected: x'},
				judged: ['passed'],
			},
		],
	});
	writer.lost({...answerRecord, variant: 'long', items: [3], attempts: 1, reason: 'timeout'});
	writer.write({...answerRecord, variant: 'of another run', verdicts: []});
	await writer.close();

	const opened = await openItems(file, columns, [answerRecord.model]);
	expect(opened.items.map(({index, text}) => [index, text.length])).toEqual([
		[3, 8],
		[700, 300],
	]);
	expect(itemCell(opened.book, 3, 0)).toEqual({passed: 1, answered: 2, outcome: 'unparsed', offset});
	expect(itemCell(opened.book, 3, 1)).toMatchObject({answered: 0, outcome: 'timeout'});

	const [kept, lost] = await readItemAnswers(file, 700, [offset, -1]);
	expect(lost).toBeUndefined();
	expect(kept).toMatchObject({
		kind: 'check-failed',
		answer: 'y',
		text: long,
		failed: {check: 'expected', why: 'expected: x'},
		judged: ['passed'],
		ofItems: 2,
	});
	expect(await readItemAnswers(file, 3, [0])).toMatchObject([{answer: long}]);
	expect(await readItemAnswers(file, 3, [5])).toEqual([undefined]);
});

it('counts an answer that no judge gave a verdict on as missing', () => {
	const [item] = config.task.items;
	const line = (judged?: readonly string[]) => ({
		...answerRecord,
		run: 'r',
		verdicts: [
			{
				item: 3,
				text: item?.text ?? 'a ticket',
				kind: 'check-failed',
				...(judged === undefined ? {} : {judged: [...judged]}),
			},
		],
	});
	const items = [item ?? {index: 3, text: 'a ticket', fields: {}, expected: undefined}];
	const isAnswered = (judged?: readonly string[]): boolean =>
		answeredRows([line(judged)], items).of(
			answerRecord.model,
			answerRecord.variant,
		)(items[0] as (typeof items)[0]);
	expect([isAnswered(), isAnswered(['failed']), isAnswered(['tie'])]).toEqual([true, true, true]);
	expect(isAnswered(['passed', 'none'])).toBe(false);
});

it('knows nothing where there is no file', async () => {
	const opened = await openItems(path.join(tmpdir(), 'nothing-here', 'answers.jsonl'), columns, ['m']);
	expect([opened.items, opened.book.chunks]).toEqual([[], []]);
});
