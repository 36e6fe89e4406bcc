import {describe, expect, it} from 'vitest';
import {parseArguments} from '../../source/config/parse-arguments.ts';
import {resolveTap} from '../../source/config/resolve-tap.ts';

const settingsOf = (...words: string[]) =>
	resolveTap(parseArguments(['tap', '--region', 'us-east-1', ...words]).flags);

describe('the settings of a tap', () => {
	it('meters alone without --pace', () => {
		expect(settingsOf()).toMatchObject({port: 0, pace: undefined, isResigning: false, hasNewSecret: false});
	});

	it('paces with defaults, or as typed', () => {
		expect(settingsOf('--pace').pace).toEqual({
			share: 1,
			burst: undefined,
			holdMs: 25_000,
			holdAliveMs: 300_000,
			holdPatientMs: 300_000,
			lanes: [],
		});
		expect(
			settingsOf(
				'--pace',
				'--share',
				'0.8',
				'--burst',
				'even',
				'--hold',
				'10s',
				'--hold-alive',
				'1m',
				'--lane',
				'high=a b',
			).pace,
		).toEqual({
			share: 0.8,
			burst: 'even',
			holdMs: 10_000,
			holdAliveMs: 60_000,
			holdPatientMs: 10_000,
			lanes: [{lane: 'high', client: 'a b'}],
		});
	});

	it.each([
		[['--hold', '10s'], '--hold needs --pace.'],
		[['--lane', 'high=x'], '--lane needs --pace.'],
		[['--pace', '--share', '2'], /--share/],
		[['--pace', '--lane', 'urgent=x'], /urgent/],
		[['--pace', '--lane', 'high'], /"high" names no client/],
		[['--port', '70000'], /70000/],
	])('refuses %j in words', (words, message) => {
		expect(() => settingsOf(...words)).toThrow(message);
	});
});

describe('the program behind --', () => {
	it('is not parsed', () => {
		const {program, words} = parseArguments(['tap', '--pace', '--', 'python', 'app.py', '--json', '']);
		expect(program).toEqual(['python', 'app.py', '--json', '']);
		expect(words).toEqual([]);
	});
});
