import {describe, expect, it} from 'vitest';
import {readRecording} from '../../source/config/recording.ts';
import {faultOf} from '../helpers/fault-of.ts';
import {recordedCall, writeRecording} from '../helpers/recording-fixture.ts';

const faultIn = (...lines: Parameters<typeof writeRecording>[0]) =>
	faultOf(() => readRecording(writeRecording(lines)));

describe('a recording', () => {
	it('is read in the order of arrival, whenever its lines were written', () => {
		const [first, second] = [recordedCall(0), recordedCall(10)];
		expect(readRecording(writeRecording([second, '', first])).calls).toEqual([first, second]);
	});

	it.each([
		['{"at":', /line 2: it is not JSON/],
		['[1]', /line 2: it is not a JSON object/],
		[JSON.stringify({...recordedCall(0), totalMs: undefined}), /line 2: it has no "totalMs"/],
		[
			JSON.stringify({...recordedCall(0), at: 'yesterday'}),
			/line 2: "at" is "yesterday", and has to be a time/,
		],
		[JSON.stringify({...recordedCall(0), inputTokens: -1}), /line 2: "inputTokens" is -1, and has to be/],
		[JSON.stringify({...recordedCall(0), lane: 'fast'}), /"lane" is "fast", .* high, normal, low/],
	])('refuses %j by its line', (line, expected) => {
		const fault = faultIn(recordedCall(0), line);
		expect(fault.message).toMatch(expected);
		expect(fault.message).toContain('recording.jsonl');
		expect(fault).toMatchObject({exitCode: 2, hint: expect.stringContaining('tap --record FILE')});
	});

	it('refuses an empty file and a missing one', () => {
		expect(faultIn('')).toMatchObject({message: expect.stringMatching(/it holds no call/), exitCode: 2});
		expect(faultOf(() => readRecording('/nowhere/r.jsonl')).message).toMatch(/it does not exist/);
	});
});
