import {afterEach, describe, expect, it} from 'vitest';
import type {Check} from '../../source/domain/task.ts';
import {checkPatterns, type PatternChecker} from '../../source/prompts/checks.ts';
import {createChecksThread} from '../../source/threads/checks-handle.ts';

/** Real threads: what they hold up is this thread's time, so that is what is watched. */

let checker: PatternChecker | undefined;

const open = (...patterns: readonly Check[]): PatternChecker => {
	checker = createChecksThread(patterns, {limitMs: 150});
	return checker;
};

afterEach(() => checker?.close());

const endless = `${'a'.repeat(40)}!`;
const tooLong = {isMet: false, reason: 'its check took longer than 0.15 s'};

describe('the checks thread', () => {
	it('says of every text what checking it here says', async () => {
		const patterns: readonly Check[] = [{regex: '^\\d+$'}, {jsonSchema: {type: 'number', minimum: 3}}];
		const texts = ['1', '3', '4x', 'null', '', '12', '```\n7\n```'];
		const {check} = open(...patterns);
		const results = await Promise.all(texts.map(async (text) => check([text])));
		expect(results.flat()).toEqual(texts.map((text) => checkPatterns(text, patterns)));
		expect(await check(texts)).toEqual(results.flat());
	});

	it.each([
		['a regex', {regex: '^(a+)+$'}, endless],
		['the pattern of a schema', {jsonSchema: {pattern: '^(a+)+$'}}, JSON.stringify(endless)],
		[
			'uniqueItems over many objects',
			{jsonSchema: {uniqueItems: true}},
			JSON.stringify(Array.from({length: 40_000}, (_unused, at) => ({at, deep: {at}}))),
		],
	] satisfies ReadonlyArray<[string, Check, string]>)(
		'gives up %s that takes for ever, and checks what came before and after it',
		async (_name, pattern, text) => {
			const {check} = open(pattern);
			let ticks = 0;
			const ticking = setInterval(() => {
				ticks++;
			}, 10);
			const results = await Promise.all(['[]', text, '[1]'].map(async (each) => check([each])));
			clearInterval(ticking);
			expect(results[1]).toEqual([tooLong]);
			expect(results[0]).toEqual([checkPatterns('[]', [pattern])]);
			expect(results[2]).toEqual([checkPatterns('[1]', [pattern])]);
			// This thread went on meanwhile.
			expect(ticks).toBeGreaterThan(1);
		},
	);

	it('goes on with another thread where one dies, and says why where none starts', async () => {
		const {check} = open({regex: 'a'});
		expect(await check(['a'])).toEqual([{isMet: true}]);
		checker?.close();
		checker = createChecksThread([{regex: 'a'}], {
			start() {
				throw new Error('no threads left');
			},
		});
		expect(await checker.check(['a', 'b'])).toEqual([
			{isMet: false, reason: 'checks cannot be run: no threads left'},
			{isMet: false, reason: 'checks cannot be run: no threads left'},
		]);
	});
});
