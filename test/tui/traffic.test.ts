import {describe, it} from 'vitest';
import {accountFixture} from '../helpers/account-fixture.ts';
import {createCamera, joinFrames, openScreen} from '../helpers/screen.ts';
import {idleTapFixture, tapPortsFixture, tapSnapshotFixture} from '../helpers/tap-fixture.ts';
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
