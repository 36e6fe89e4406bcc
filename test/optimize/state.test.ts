import {readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {loadPreset} from '../../source/config/load-preset.ts';
import type {UserError} from '../../source/domain/user-error.ts';
import {itemFingerprint} from '../../source/engine/attempts/request-records.ts';
import {variantDiff, withVariant, writeOptimizedPreset} from '../../source/optimize/figures.ts';
import {readRecords} from '../../source/optimize/outcomes.ts';
import {
	afterKill,
	emptyState,
	identityOf,
	keepState,
	keptState,
	nothingSpent,
} from '../../source/optimize/state.ts';
import {newFolder} from '../helpers/built-program.ts';
import {labRun} from '../helpers/optimize-lab.ts';
import {variantOf} from '../helpers/spec-fixture.ts';

/** Tests state.ts, outcomes.ts and optimized-preset.ts too: what an optimisation leaves, and reads back. */

const proven = variantOf('shorter', {
	instruction: 'One word: {{item.text}}\nNo more.',
	maxTokens: 5,
	stop: ['\n'],
});

describe('the preset with a proven variant', () => {
	it('keeps comments and order, and loads with the items beside it', async () => {
		const folder = newFolder();
		writeFileSync(path.join(folder, 'rows.csv'), 'text,label\na,b\nc,d\n');
		const file = path.join(folder, 'mine.yaml');
		const before = [
			'# mine',
			'name: mine',
			'task: Sort.',
			'items: {file: rows.csv} # kept apart',
			'variants:',
			'  - name: long',
			'    instruction: "Think: {{item.text}}"',
			'',
		].join('\n');
		writeFileSync(file, before);
		const out = path.join(folder, 'out');
		const first = await writeOptimizedPreset(file, out, proven);
		const second = await writeOptimizedPreset(file, out, proven);
		expect([...first, ...second].map((each) => path.basename(each))).toEqual([
			'mine-optimized.yaml',
			'rows.csv',
			'mine-optimized-2.yaml',
			'rows.csv',
		]);
		expect(readFileSync(file, 'utf8')).toBe(before);
		expect(readFileSync(first[0] ?? '', 'utf8')).toContain(
			'items: {file: rows.csv} # kept apart'.replace('{file: rows.csv}', '{ file: rows.csv }'),
		);
		const {preset, items} = loadPreset(first[0] ?? '');
		expect(items).toHaveLength(2);
		expect(preset.variants?.[1]).toEqual({
			name: 'shorter',
			instruction: proven.instruction,
			maxTokens: 5,
			stop: ['\n'],
		});
	});

	it('keeps the built-in variants of a preset that names none, and a system prompt that was removed', () => {
		const text = withVariant('name: bare\ntask: Sort.\nsystem: Be careful.\n', proven);
		expect(text).toContain('- detailed');
		expect(text).toMatch(/name: shorter[\s\S]*system: ""/);
	});
});

describe('the diff of two variants', () => {
	it('shows what was removed and added, by part', () => {
		const from = variantOf('a', {instruction: 'Think.\nSay it.\n{{item}}', system: 'Be long.'});
		const to = {...from, name: 'b', instruction: 'Say it.\n{{item}}', system: undefined, maxTokens: 5};
		expect(variantDiff(from, to).split('\n')).toEqual([
			'template',
			'- Think.',
			'  Say it.',
			'  {{item}}',
			'system prompt',
			'- Be long.',
			'settings',
			'- max tokens: of the run',
			'+ max tokens: 5',
			'  stop sequences: none',
			'  items per request: 1',
			'  cache: off',
			'  compress: none',
		]);
		expect(variantDiff(from, from)).toBe('');
	});
});

describe('the records of a folder', () => {
	const items = [0, 1].map((index) => ({index, text: `text ${index}`, fields: {}, expected: 'x'}));
	const line = (variant: string, verdicts: readonly object[], more: object = {}): string =>
		JSON.stringify({
			run: 'r',
			variant,
			answer: 'whole',
			verdicts,
			usage: {inputTokens: 20, outputTokens: 4},
			quotaTokens: 40,
			attempts: 1,
			...more,
		});
	const verdictOf = (index: number, kind: string, more: object = {}) => ({
		item: index,
		fingerprint: itemFingerprint(items[index] ?? {text: '', fields: {}, expected: undefined}),
		kind,
		answer: `answer ${index}`,
		...more,
	});
	const read = (lines: readonly string[], lost: readonly string[] = []) =>
		readRecords(`${lines.join('\n')}\n`, lost.map((each) => `${each}\n`).join(''), items, 'rewriter');

	it('share the tokens of a packed request, and add those of an item that was asked again', () => {
		const {outcomes, attempts} = read([
			line('p', [verdictOf(0, 'useful'), verdictOf(1, 'unparsed')]),
			line('p', [verdictOf(1, 'check-failed', {failed: {check: 'expected', why: 'x'}})], {attempts: 2}),
		]);
		expect(attempts).toBe(3);
		expect(outcomes.get('p')?.get(0)).toMatchObject({isUseful: true, quotaTokens: 20});
		expect(outcomes.get('p')?.get(1)).toMatchObject({
			isUseful: false,
			quotaTokens: 60,
			failed: 'expected: x',
			answer: 'answer 1',
		});
	});

	it('leave out items that have changed, and requests that the end of a run cut off', () => {
		const {outcomes} = read(
			[line('a', [{...verdictOf(0, 'useful'), fingerprint: 'another'}])],
			[
				JSON.stringify({run: 'r', variant: 'a', items: [0], attempts: 1, reason: 'stopped'}),
				JSON.stringify({run: 'r', variant: 'a', items: [1], attempts: 3, reason: 'timeout'}),
			],
		);
		expect(outcomes.get('a')?.has(0)).toBe(false);
		expect(outcomes.get('a')?.get(1)).toMatchObject({isLost: true, isUseful: false, failed: 'timeout'});
	});

	it('have the answers of the rewriter apart', () => {
		const {rewrites, outcomes} = read(
			[
				line('rewriter', [{item: 1, kind: 'useful', answer: 'x'}], {answer: '{"rewrites":[]}'}),
				line('rewriter', [{item: 0, kind: 'refused', answer: 'x'}], {isRefused: true}),
			],
			[JSON.stringify({run: 'r', variant: 'rewriter', items: [2], attempts: 4, reason: 'throttled-tokens'})],
		);
		expect(outcomes.size).toBe(0);
		expect([0, 1, 2].map((number) => rewrites.get('r')?.get(number))).toEqual([
			{fault: 'the rewriter refused'},
			{text: '{"rewrites":[]}'},
			{fault: 'the rewriter gave no answer: throttled-tokens'},
		]);
	});
});

describe('the state on disk', () => {
	const rest = {preset: 'p', model: 'm', rewriter: 'w', seed: 1};

	it('is read back by the same optimisation alone', async () => {
		const {setup, state} = await labRun({seed: 1, natures: [{saving: 0.4, loss: 0}]});
		const folder = newFolder();
		const identity = identityOf(setup, rest);
		await keepState(folder, identity, state);
		expect(await keptState(folder, identity)).toEqual(JSON.parse(JSON.stringify(state)));
		for (const [other, words] of [
			[identityOf(setup, {...rest, model: 'another'}), 'another model'],
			[identityOf({...setup, baseline: proven}, rest), 'another text'],
			[identityOf({...setup, task: {...setup.task, items: setup.task.items.slice(1)}}, rest), 'other items'],
		] as const) {
			await expect(keptState(folder, other)).rejects.toThrow(words);
		}
		writeFileSync(path.join(folder, 'optimize.json'), '{"schema":1');
		await expect(keptState(folder, identity)).rejects.toThrow('damaged');
		const fault = (await keptState(newFolder(), identity).catch((error: unknown) => error)) as UserError;
		expect(fault.exitCode).toBe(2);
		expect(fault.message).toContain('no optimize.json');
	});

	it('counts what a killed program may have sent at the most that it can have cost', () => {
		const model = {...nothingSpent, requests: 10, costUsd: 0.1};
		const killed = {...emptyState, model, underWay: {requests: 100, dearestUsd: 0.02, isRewriter: false}};
		expect(afterKill(killed, 15, 4)).toMatchObject({model: {requests: 19, costUsd: 0.1 + 9 * 0.02}});
		expect(afterKill({...emptyState, model, endedBy: 'it was stopped'}, 10, 4)).toEqual({
			...emptyState,
			model,
		});
	});
});
