import {appendFile, mkdtemp, rm, stat} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {ItemCollector, itemColumns} from '../../../source/domain/item-results.ts';
import {openItems} from '../../../source/reports/answer-lines.ts';
import {itemListLines} from '../../../source/tui/panels/items.ts';
import {reduce} from '../../../source/view/reduce.ts';
import {initialState, type State} from '../../../source/view/state.ts';
import {configFixture, snapshotFixture, variantFixture} from '../../helpers/snapshot-fixture.ts';
import type {BenchCase} from '../helpers/bench-case.ts';
import {milliseconds} from '../helpers/format.ts';
import {median} from '../helpers/statistics.ts';

const itemCount = 10_000;
const names = Array.from({length: 8}, (_, index) => `variant-${index + 1}`);
/** Until the view is open, or shows what a filter leaves, in milliseconds. */
const mostMs = 100;

const text = (index: number) => `Ticket ${index}: ${'please help me with my question about it. '.repeat(8)}`;
const items = Array.from({length: itemCount}, (_, index) => ({
	index,
	text: text(index),
	fields: {},
	expected: 'billing',
}));
const columns = itemColumns(names.map((variant) => ({variant, target: 0})));

const fixture = configFixture();
const config = configFixture({task: {...fixture.task, items}});
const variants = names.map((name) =>
	variantFixture({
		name,
		inputTokens: 400,
		outputTokens: 60,
		firstTokenMs: 300,
		totalMs: 900,
		usefulPerMinute: 150,
	}),
);

/** The state of a run with all its outcomes. */
const stateOf = (): State => {
	const collector = new ItemCollector(columns);
	for (const {index} of items) {
		for (const [at, column] of columns.entries()) {
			collector.add(column, index, (index + at) % 9 === 0 ? 'check-failed' : 'useful', -1);
		}
	}
	const started: State = {
		...initialState({config, isDemo: true, startsAtOnce: true, nowMs: 0, size: {columns: 120, rows: 40}}),
		stage: {kind: 'ended'},
		snapshot: snapshotFixture({variants}),
	};
	const entries = collector.take() ?? new Float64Array();
	return reduce(started, {type: 'items-received', run: 'r', file: null, entries, atMs: 0}).state;
};

/** Applies an action and draws the list. */
const timed = (before: State, ...actions: ReadonlyArray<Parameters<typeof reduce>[1]>) => {
	const startedAt = performance.now();
	const state = actions.reduce((current, action) => reduce(current, action).state, before);
	itemListLines(state, 116, 16);
	return {state, elapsedMs: performance.now() - startedAt};
};

/** Writes what the same run leaves on disk. @returns its size in bytes. */
const writeAnswers = async (file: string): Promise<number> => {
	for (const item of items) {
		const lines = names.map((variant) =>
			JSON.stringify({
				variant,
				model: 'm',
				answer: 'billing',
				verdicts: [{item: item.index, text: item.text, kind: 'useful', answer: 'billing', checked: true}],
				usage: {inputTokens: 100, outputTokens: 2},
			}),
		);
		await appendFile(file, `${lines.join('\n')}\n`);
	}
	return (await stat(file)).size;
};

export const itemsCase: BenchCase = {
	name: 'items',
	group: 'screen',
	about: `the Items view with ${itemCount} items and ${names.length} variants: opened, filtered, failures only; an earlier run read`,
	async run({isQuick}) {
		const rounds: Record<'opened' | 'filtered' | 'failures only', number[]> = {
			opened: [],
			filtered: [],
			'failures only': [],
		};
		const atMs = 0;
		for (let round = 0; round < (isQuick ? 3 : 11); round++) {
			const opened = timed(stateOf(), {type: 'command-given', command: 'open-items', atMs});
			const filtered = timed(
				opened.state,
				{type: 'command-given', command: 'filter', atMs},
				{type: 'text-typed', text: String(70 + round), atMs},
			);
			const failures = timed(opened.state, {type: 'command-given', command: 'failures-only', atMs});
			rounds.opened.push(opened.elapsedMs);
			rounds.filtered.push(filtered.elapsedMs);
			rounds['failures only'].push(failures.elapsedMs);
		}
		const root = await mkdtemp(path.join(tmpdir(), 'bedrock-top-bench-'));
		try {
			const file = path.join(root, 'answers.jsonl');
			const bytes = await writeAnswers(file);
			const startedAt = performance.now();
			await openItems(file, columns, ['m']);
			const readMs = performance.now() - startedAt;
			return Object.entries(rounds).map(([name, times]) => {
				const value = median(times);
				return {
					name,
					ours: milliseconds(value),
					comparison: `earlier run (${Math.round(bytes / 1e6)} MB) read in ${milliseconds(readMs)}`,
					relation: '',
					bound: `<= ${milliseconds(mostMs)}`,
					isMet: value <= mostMs,
					figures: {valueMs: value, readMs},
				};
			});
		} finally {
			await rm(root, {recursive: true, force: true});
		}
	},
};
