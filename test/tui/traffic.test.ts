import {describe, expect, it} from 'vitest';
import {displayWidth} from '../../source/text/width.ts';
import {tierOf} from '../../source/tui/layout.ts';
import {accountFixture} from '../helpers/account-fixture.ts';
import {createCamera, joinFrames, openScreen} from '../helpers/screen.ts';
import {idleTapFixture, secretFixture, tapPortsFixture, tapSnapshotFixture} from '../helpers/tap-fixture.ts';
import {keySequences as k} from '../helpers/terminal.tsx';

/** Tests source/tui/panels/traffic.ts, source/view/tap and the screen of a tap as a whole. */

/** Sessions at the same time take as long as all of them together on a busy machine. */
const patienceMs = 90_000;

function openTap(columns: number, rows: number) {
	const screen = openScreen({columns, rows}, tapPortsFixture);
	return {
		...screen,
		...createCamera(screen),
		async show(snapshot = tapSnapshotFixture()) {
			screen.clock.skip(500);
			screen.engine.report({type: 'snapshot', snapshot});
			await screen.settled();
		},
	};
}

const goldens = [
	{columns: 120, rows: 40},
	{columns: 200, rows: 60},
	{columns: 80, rows: 24},
	{columns: 30, rows: 6},
] as const;

describe.concurrent.each(goldens)('at $columns x $rows', {timeout: patienceMs}, ({columns, rows}) => {
	it('a tap from its start to its end', async ({expect}) => {
		const {shoot, show, frames, ...screen} = openTap(columns, rows);
		await show(idleTapFixture());
		await shoot('no request so far');
		await show();
		await shoot('clients');
		await shoot('the next one', k.down);
		await shoot('its detail', k.enter);
		await shoot('by session and cost', k.escape, 'z', 's', 's', 's', 's', 's');
		await shoot('filtered', '/', 'e', '5', 'f', '6', k.enter);
		await shoot('whether to hold new requests', k.escape, 'p');
		await screen.terminal.press('p');
		await show(tapSnapshotFixture({phase: 'paused'}));
		await shoot('held');
		await shoot('a key of runs', 'r');
		screen.clock.skip(5000);
		await show(tapSnapshotFixture({phase: 'paused'}));
		await shoot('a view of runs', '2');
		screen.clock.skip(5000);
		await show();
		await shoot('timeline', '4');
		await shoot('quotas', '5');
		await shoot('log', '6');
		screen.engine.report({type: 'account', account: accountFixture()});
		await shoot('account', '1');
		await screen.terminal.press('8');
		await screen.terminal.press('q');
		await show(tapSnapshotFixture({phase: 'draining', stoppedBy: 'key'}));
		await shoot('ending');
		await screen.terminal.press('q');
		await screen.end;
		await expect(joinFrames(frames)).toMatchFileSnapshot(`frames/traffic-${columns}x${rows}.txt`);
	});
});

const sizes = [
	[160, 50],
	[120, 30],
	[100, 24],
	[79, 40],
	[60, 15],
	[40, 8],
	[39, 24],
	[20, 4],
] as const;

describe.concurrent.each(sizes)('at %i x %i', {timeout: patienceMs}, (columns, rows) => {
	it('every view of a tap is whole, and none shows the secret once a request came', async ({expect}) => {
		const {shoot, show, frames, ...screen} = openTap(columns, rows);
		await show();
		for (const key of ['8', k.enter, k.escape, 'z', 'p', k.escape, 'x', k.escape, '4', '5', '6', '1', '?']) {
			await shoot(key, key);
		}
		for (const [name, frame] of frames) {
			const lines = frame.split('\n');
			expect(lines).toHaveLength(rows);
			expect(lines.filter((line) => displayWidth(line) > columns)).toEqual([]);
			if (!['p', 'x', '?'].includes(name)) {
				expect(frame.match(/^╭─ /gm)?.length, name).toBe(frame.match(/^╰─/gm)?.length);
			}
			expect(frame).not.toContain(secretFixture.slice(0, 8));
		}
		const [, first = ''] = frames[0] ?? [];
		expect(first).toMatch(/SIMULATED/);
		expect(first).toMatch(/SERVING/);
		if (tierOf(columns, rows) !== 'tiny') {
			expect(first).toMatch(/claude-cli/);
			expect(first).toMatch(/held 12 s/);
			expect(first).toMatch(/^(│ )?TPM █/m);
		}
		screen.abort();
		await screen.end;
	});
});

it('an idle tap writes nothing, a busy one at most 4 kB per update in 95 of 100', async () => {
	const {show, terminal, end} = openTap(120, 40);
	const at = (elapsedMs: number, overrides = {}) =>
		tapSnapshotFixture({
			at: new Date(Date.parse('2026-03-01T12:00:00.000Z') + elapsedMs).toISOString(),
			elapsedMs,
			progress: {done: 302, total: null, inFlight: 0, remainingMs: null, waitingFor: null},
			...overrides,
		});
	await show(at(130_000));
	const before = terminal.writes().bytes;
	for (let second = 1; second <= 40; second++) {
		await show(at(130_000 + second * 1000));
	}
	expect(terminal.writes().bytes).toBe(before);
	const written: number[] = [];
	for (let second = 1; second <= 20; second++) {
		const {bytes} = terminal.writes();
		const {tap, buckets} = tapSnapshotFixture();
		const clients = (tap?.clients ?? []).map((client) => ({
			...client,
			lastAt: at(170_000 + second * 1000).at ?? '',
			requests: client.requests + second * 50,
			inFlight: second % 7,
			tokens: {...client.tokens, quota: client.tokens.quota + second * 40_000},
			costUsd: second / 10,
		}));
		const used = buckets.map((bucket) => ({
			...bucket,
			requests: {...bucket.requests, used: second * 2},
			tokens: {...bucket.tokens, used: second * 4000},
		}));
		await show(at(170_000 + second * 1000, {tap: {clients}, buckets: used}));
		written.push(terminal.writes().bytes - bytes);
	}
	expect(written.toSorted((one, other) => one - other)[18]).toBeLessThanOrEqual(4096);
	await terminal.press('q', 'q');
	await end;
});

it('a tap whose thread dies says so, and how to leave', async () => {
	const {engine, settled, terminal, end} = openTap(100, 24);
	engine.report({
		type: 'failed',
		fault: {message: 'The tap stopped: out of memory.', hint: 'What was measured is kept.', exitCode: 1},
	});
	const frame = await settled();
	expect(frame).toContain('FAULT The tap stopped');
	expect(frame).toContain('What was measured is kept.');
	expect(frame).toContain('q quits.');
	await terminal.press('q');
	await expect(end).resolves.toMatchObject({fault: {exitCode: 1}});
});
