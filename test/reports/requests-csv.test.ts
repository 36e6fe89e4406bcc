import {parse} from 'csv-parse/sync';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {AnswerRecord} from '../../source/engine/attempts/request-records.ts';
import {
	csvLine,
	lostRequestCsvLine,
	requestsCsvHead,
	requestsCsvLine,
	requestsCsvMarkdown,
} from '../../source/reports/requests-csv.ts';
import {cleanLines} from '../../source/text/width.ts';
import {answerRecord as record} from '../helpers/answer-record.ts';

const read = (...records: readonly AnswerRecord[]): ReadonlyArray<Record<string, string>> =>
	parse(requestsCsvHead + records.map(requestsCsvLine).join(''), {columns: true});

describe('requests.csv', () => {
	it('has a row a request, with empty cells for what is not known', () => {
		expect(read(record)).toEqual([
			{
				at: '2026-11-22T10:00:00.000Z',
				variant: 'terse',
				model: 'us.amazon.nova-lite-v1:0',
				items: '3 1',
				outcome: 'answered',
				stopReason: 'end_turn',
				usefulItems: '1',
				attempts: '2',
				inputTokens: '100',
				outputTokens: '20',
				cacheReadTokens: '0',
				cacheWriteTokens: '5',
				reasoningTokens: '',
				isEstimated: 'false',
				quotaTokens: '125',
				timeToFirstTokenMs: '',
				serviceMs: '900.5',
				// A number is not a formula: it keeps its sign.
				dispatchDelayMs: '-0.25',
				totalMs: '900.25',
				tier: '',
				latencyMode: '',
				failure: '',
			},
		]);
	});

	it('counts no useful item in what was truncated or refused', () => {
		const rows = read({...record, isTruncated: true}, {...record, isTruncated: true, isRefused: true});
		expect(rows.map(({outcome, usefulItems}) => [outcome, usefulItems])).toEqual([
			['truncated', '0'],
			['refused', '0'],
		]);
	});

	it('documents every column', () => {
		const names = requestsCsvHead.trim().split(',');
		expect(requestsCsvMarkdown().slice(2)).toHaveLength(names.length);
		for (const name of names) {
			expect(requestsCsvMarkdown().join('\n')).toContain(`\`${name}\``);
		}
	});
});

describe('csvLine', () => {
	it('lets no text be taken for a formula', () => {
		expect(csvLine(['=1+1', '+1', '-1', '@x', '\t=1', 'a=1'])).toBe(`'=1+1,'+1,'-1,'@x,'\t=1,a=1\r\n`);
	});

	it('is read back as it was written', () => {
		const text = fc
			.string({unit: 'binary'})
			.map(cleanLines)
			.filter((value) => !/^[=+\-@\t\r]/.test(value));
		const row = fc.array(text, {minLength: 2, maxLength: 6});
		fc.assert(
			fc.property(row, (cells) => {
				expect(parse(csvLine(cells), {record_delimiter: '\r\n'})).toEqual([cells]);
			}),
			{numRuns: 40},
		);
	});
});

it('a request without an answer has its row, with the reason and nothing made up', () => {
	const row = lostRequestCsvLine({
		at: '2026-01-01T00:00:00.000Z',
		variant: 'terse',
		target: 0,
		model: 'amazon.nova-lite-v1:0',
		items: [3, 4],
		attempts: 5,
		reason: 'throttled-tokens',
	});
	const [record] = parse(requestsCsvHead + row, {columns: true}) as Array<Record<string, string>>;
	const filled = Object.fromEntries(Object.entries(record ?? {}).filter(([, value]) => value !== ''));
	expect(filled).toEqual({
		at: '2026-01-01T00:00:00.000Z',
		variant: 'terse',
		model: 'amazon.nova-lite-v1:0',
		items: '3 4',
		outcome: 'lost',
		attempts: '5',
		failure: 'throttled-tokens',
	});
});
