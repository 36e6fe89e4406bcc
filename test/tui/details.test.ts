import {describe, expect, it} from 'vitest';
import {accountFixture} from '../helpers/account-fixture.ts';
import {openScreen} from '../helpers/screen.ts';
import {keySequences as k} from '../helpers/terminal.tsx';

/** Every detail scrolls, and says which of its lines are on screen. Tests source/tui/screen-layout.ts. */

const sizes = [
	{columns: 80, rows: 24},
	{columns: 60, rows: 15},
	{columns: 44, rows: 9},
] as const;

const words = Array.from({length: 300}, (_, index) => `word${index}`);

const open = async (size: (typeof sizes)[number]) => {
	const screen = openScreen(size);
	await screen.prepare();
	await screen.progress();
	screen.clock.skip(600);
	screen.engine.report({type: 'account', account: accountFixture({})});
	screen.engine.report({type: 'log', text: words.join(' ')});
	await screen.settled();
	return {
		...screen,
		async typed(...keys: readonly string[]) {
			await screen.terminal.press(...keys);
			return screen.settled();
		},
		async leave() {
			screen.abort();
			await screen.finish();
			await screen.end;
		},
	};
};

/** First, last and all lines, as the title has them. */
const positionIn = (frame: string) => /lines (\d+)-(\d+)\/(\d+)/.exec(frame)?.slice(1).map(Number) ?? [];

describe.each(sizes)('at $columns x $rows', (size) => {
	it.each([
		['a bucket', '1'],
		['a variant', '3'],
		['a line of the log', '6'],
	])('the detail of %s', async (_name, view) => {
		const screen = await open(size);
		await screen.typed(view, k.home);
		const opened = await screen.typed(k.enter);
		const [first = 0, last = 0, all = 0] = positionIn(opened);
		expect(first, opened).toBe(1);
		expect(all).toBeGreaterThan(last);
		expect(positionIn(await screen.typed(k.down))).toEqual([2, last + 1, all]);
		const end = await screen.typed(k.end, k.down, k.down);
		expect(positionIn(end), end).toEqual([all - last + 1, all, all]);
		expect(positionIn(await screen.typed(k.up))).toEqual([all - last, all - 1, all]);
		expect(positionIn(await screen.typed(k.right, k.left))[0]).not.toBe(all - last);
		await screen.leave();
	});
});

it('a line of the log stays open when others come, and its last words are reached', async () => {
	const screen = await open({columns: 60, rows: 15});
	await screen.typed('6', k.home, k.enter);
	screen.engine.report({type: 'log', text: 'something else'});
	expect(await screen.settled()).toContain('word0 word1');
	expect(await screen.typed(k.end)).toContain('word299');
	expect(await screen.typed(k.right)).toContain('something else');
	await screen.leave();
});
