import {expect, it} from 'vitest';
import {createRandom} from '../../../source/domain/clock.ts';
import {openScreen} from '../../helpers/screen.ts';
import {planFixture, readySnapshotFixture} from '../../helpers/snapshot-fixture.ts';

// Tests source/tui/overlays/overlay-lines.ts: no key sequence starts a paid run whose plan was not on screen since it was prepared.

const sizes = [
	[120, 40],
	[80, 24],
	[60, 15],
	[30, 6],
	[14, 3],
] as const;
const keys = ['r', 'r', 'y', '\r', 'm', '6', '2', ',', '\u001B', '/', '?', ' ', 'a', 'g', 'n'];

it.each([1, 2, 3, 4, 5, 6, 7, 8])(
	'whatever is typed at whatever size, seed %i',
	{timeout: 90_000},
	async (seed) => {
		const random = createRandom(seed);
		const pick = <Each>(from: readonly Each[]): Each => from[Math.floor(random() * from.length)] as Each;
		const [columns, rows] = pick(sizes);
		const screen = openScreen({columns, rows}, {isDemo: false});
		let prepared = 0;
		let isSeen = false;
		for (let step = 0; step < 40; step++) {
			const asked = screen.engine.asked().length;
			if (random() < 0.25) {
				prepared += 1;
				isSeen = false;
				const plan = planFixture({requests: 1000 + prepared, costUsd: 0.2 + prepared / 100});
				screen.engine.report({type: 'prepared', plan, snapshot: readySnapshotFixture()});
			} else if (random() < 0.2) {
				const [nextColumns, nextRows] = pick(sizes);
				screen.terminal.resize(nextColumns, nextRows);
			} else {
				await screen.terminal.press(pick(keys));
			}
			const started = screen.engine.asked().slice(asked).includes('start');
			expect(started && !isSeen).toBe(false);
			const frame = (await screen.settled()).replaceAll(/\s+/g, ' ');
			if (screen.engine.asked().includes('start')) {
				break;
			}
			isSeen ||= frame.includes(`1,${String(prepared).padStart(3, '0')} `) && /\$0\.\d+/.test(frame);
		}
		screen.abort();
		await screen.settled();
		screen.engine.report({type: 'ended', snapshot: readySnapshotFixture()});
		await screen.end;
	},
);
