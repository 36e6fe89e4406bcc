import {describe, expect, it} from 'vitest';
import {UserError} from '../../source/domain/user-error.ts';
import {resultsOf, resultsText} from '../../source/reports/results.ts';
import {readResults} from '../../source/reports/results-schema.ts';
import {environment, snapshot} from '../helpers/results-fixture.ts';

/** Tests source/reports/results.ts: results.json as text. */

const results = resultsOf(snapshot(), environment);

function refusal(text: string): UserError {
	try {
		readResults(text, 'old/results.json');
	} catch (error) {
		if (error instanceof UserError) {
			return error;
		}
	}

	throw new Error('it was read');
}

describe('readResults', () => {
	it('reads what was written', () => {
		expect(readResults(resultsText(results), 'results.json')).toEqual(results);
	});

	it.each([
		['', 'the file is empty'],
		['{"schema": 1', 'it is not JSON'],
		['[]', 'it is not from bedrock-top'],
		['null', 'it is not from bedrock-top'],
		['{"version": 3}', 'it is not from bedrock-top'],
		['{"schema": 0}', 'its schema is 0, this version reads 1'],
		['{"schema": 2}', 'a newer bedrock-top wrote it'],
		['{"schema": "1"}', 'its schema is "1"'],
		['{"schema": 1}', 'tool: '],
		[resultsText({...results, tool: {...results.tool, name: 'other' as 'bedrock-top'}}), 'tool.name: '],
		[resultsText({...results, targets: []}), 'names target 0, which is not there'],
	])('refuses %.30s', (text, reason) => {
		const error = refusal(text);
		expect(error.message).toContain('old/results.json');
		expect(error.message).toContain(reason);
		expect(error.exitCode).toBe(2);
		expect(error.hint).toBe('Name a results.json that this version of bedrock-top wrote.');
	});

	it('reads what a later version adds without raising the schema', () => {
		expect(readResults(JSON.stringify({...results, later: true}), 'results.json')).toEqual(results);
	});
});
