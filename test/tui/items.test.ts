import {mkdtempSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {expect, it} from 'vitest';
import {ItemCollector, itemColumns} from '../../source/domain/item-results.ts';
import type {KeptRun} from '../../source/domain/snapshot.ts';
import type {Item} from '../../source/domain/task.ts';
import {openAnswers} from '../../source/threads/answer-file.ts';
import {tierOf} from '../../source/tui/layout.ts';
import {answerRecord} from '../helpers/answer-record.ts';
import {createCamera, joinFrames, openScreen} from '../helpers/screen.ts';
import {
	configFixture,
	endedSnapshotFixture,
	snapshotFixture,
	variantsFixture,
} from '../helpers/snapshot-fixture.ts';
import {keySequences as k} from '../helpers/terminal.tsx';

/** Tests source/tui/panels/items.ts, source/view/items.ts and details that scroll. */

const labels = ['billing', 'technical', 'account', 'other'];
const items: readonly Item[] = Array.from({length: 30}, (_, index) => ({
	index,
	text: `Ticket ${index + 1}: please help me with my ${labels[index % 4]} question, it is urgent.`,
	fields: {},
	expected: labels[index % 4],
}));

const config = configFixture();
const withItems = configFixture({task: {...config.task, items}});
const columns = itemColumns(variantsFixture().map(({name, target}) => ({variant: name, target})));

/** Answers to an item: every third fails with the first variant, and the first two are asked three times. */
function answersTo({index, expected = ''}: Item, column: number) {
	return Array.from({length: index < 2 ? 3 : 1}, (_, turn) => {
		const isWrong = column === 0 && index % 3 === 0 && turn === 0;
		return {isWrong, answer: isWrong ? `It is about ${expected}. ${'More words. '.repeat(60)}` : expected};
	});
}

/** One request got no answer, and the last items are open. */
async function write(file: string) {
	const collector = new ItemCollector(columns);
	const writer = openAnswers({file}, {run: 'r', config: withItems}, (fault) => {
		throw new Error(fault);
	});
	for (const item of items.slice(0, 25)) {
		const {index, text, expected = ''} = item;
		for (const [at, column] of columns.entries()) {
			if (at === 1 && index === 4) {
				collector.add(column, index, 'throttled-day', -1);
				continue;
			}
			for (const {isWrong, answer} of answersTo(item, at)) {
				const kind = isWrong ? ('check-failed' as const) : ('useful' as const);
				const failed = {check: 'expected', why: `expected: ${expected}`} as const;
				const verdict = {item: index, text, expected, kind, answer, checked: true};
				const verdicts = [isWrong ? {...verdict, failed} : verdict];
				collector.add(column, index, kind, writer.write({...answerRecord, ...column, answer, verdicts}));
			}
		}
	}
	await writer.close();
	return collector.take() ?? new Float64Array();
}

async function openRun(columnCount: number, rows: number, isKept = true) {
	const file = path.join(mkdtempSync(path.join(tmpdir(), 'bedrock-top-')), 'answers.jsonl');
	const entries = await write(file);
	const screen = openScreen({columns: columnCount, rows}, {config: withItems});
	await screen.prepare();
	await screen.progress();
	screen.clock.skip(500);
	screen.engine.report({type: 'items', run: 'r', file: isKept ? file : null, entries});
	await screen.settled();
	// The file is read while the screen is drawn.
	const settled = async () => {
		await expect.poll(async () => screen.settled(), {timeout: 10_000}).not.toContain('being read');
		return screen.terminal.text();
	};
	return {...screen, ...createCamera({terminal: screen.terminal, settled})};
}

async function close({abort, finish, end}: Awaited<ReturnType<typeof openRun>>) {
	abort();
	await finish();
	await end;
}

it.each([
	[120, 40],
	[80, 24],
	[30, 6],
])('items at %i x %i', async (columnCount, rows) => {
	const screen = await openRun(columnCount, rows);
	const {shoot, frames} = screen;
	await shoot('items', '7');
	await shoot('failures only, the next one', '!', k.down);
	await shoot('the column of the next variant, by failures', k.right, 's');
	await shoot('detail', k.enter);
	await shoot('its end', k.end);
	await shoot('the next item', k.right);
	await shoot('closed, with a filter', k.escape, '!', '/', 'ticket 3');
	await shoot('nothing found', 'x', k.enter);
	await shoot('the detail of a variant', k.escape, '3', k.enter);
	await shoot('its end', k.end);
	await shoot('the next variant', k.right);
	await shoot('its items', k.enter);
	await close(screen);
	await expect(joinFrames(frames)).toMatchFileSnapshot(`frames/items-${columnCount}x${rows}.txt`);
});

it('the items of an earlier run are read from its folder, and the present ones stay', async () => {
	const folder = mkdtempSync(path.join(tmpdir(), 'bedrock-top-'));
	await write(path.join(folder, 'answers.jsonl'));
	const {targets, variants} = snapshotFixture();
	const earlier = endedSnapshotFixture({
		targets: targets.map((target) => ({...target, model: answerRecord.model})),
	});
	const kept: KeptRun = {
		run: 'r',
		folder,
		startedAt: '2026-11-22T13:24:05.000Z',
		endedAt: '2026-11-22T13:25:35.000Z',
		preset: 'tickets',
		models: [answerRecord.model],
		variants: variants.map(({name}) => name),
		requests: 80,
		outcome: 'completed',
		simulated: true,
		costUsd: null,
		verdict: null,
	};
	const screen = openScreen(
		{columns: 120, rows: 40},
		{
			history: {
				list: async () => ({runs: [kept], faults: []}),
				read: async () => earlier,
				compare: async () => {
					throw new Error('not asked for');
				},
			},
		},
	);
	await screen.prepare();
	await screen.progress();
	await screen.terminal.press('H');
	await screen.settled();
	await screen.terminal.press(k.enter);
	await screen.settled();
	await screen.terminal.press('7', '!');
	await expect
		.poll(async () => screen.settled())
		.toMatch(/25 · \d+ failed[\s\S]*✗ failed expected: billing[\s\S]*It is about/);
	await screen.terminal.press(k.escape);
	expect(await screen.settled()).not.toContain('It is about');
	screen.abort();
	await screen.finish();
	await screen.end;
});

it('says of items without an outcome that they were not asked, once the run is over', async () => {
	const screen = await openRun(120, 40);
	expect(await screen.shoot('running', '7')).toMatch(/5 pending[\s\S]*· pending/);
	await screen.finish();
	const frame = await screen.shoot('over', k.end);
	expect(frame).toMatch(/5 not asked of all[\s\S]*· not asked[\s\S]*· not asked/);
	expect(frame).not.toMatch(/pending|no answer yet/);
	screen.abort();
	await screen.end;
});

it('says that answers are not kept, and still who failed', async () => {
	const screen = await openRun(100, 30, false);
	const frame = await screen.shoot('items', '7', '!');
	expect(frame).toContain('not kept: this run writes no answers');
	expect(frame).toContain('✗');
	await close(screen);
});

it('shows the answers of a file that is gone as not readable', async () => {
	const screen = openScreen({columns: 100, rows: 30}, {config: withItems});
	await screen.prepare();
	await screen.progress();
	const collector = new ItemCollector(columns);
	for (const column of columns) {
		collector.add(column, 0, 'useful', 0);
	}
	const entries = collector.take() ?? new Float64Array();
	screen.engine.report({type: 'items', run: 'r', file: '/nonexistent/answers.jsonl', entries});
	await screen.terminal.press('7');
	await expect.poll(async () => screen.settled()).toContain('there is no such file');
	screen.abort();
	await screen.finish();
	await screen.end;
});

it.each([
	[200, 60],
	[100, 30],
	[60, 15],
	[40, 8],
])('every line fits, and the selected variant is shown, at %i x %i', async (columnCount, rows) => {
	const screen = await openRun(columnCount, rows);
	for (const keys of [['7'], [k.right], [k.right], ['!'], [k.enter], [k.escape, 's', 'i']]) {
		const frame = await screen.shoot('', ...keys);
		expect(Math.max(...frame.split('\n').map((line) => line.length))).toBeLessThanOrEqual(columnCount);
	}
	expect(tierOf(columnCount, rows)).not.toBe('tiny');
	const variants = snapshotFixture().variants.map(({name}) => name.slice(0, 4));
	const header = screen.terminal
		.text()
		.split('\n')
		.find((line) => line.includes('Item'));
	expect(
		variants.some((name) => screen.terminal.text().includes(name)),
		header,
	).toBe(true);
	await close(screen);
});
