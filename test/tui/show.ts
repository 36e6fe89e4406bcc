import process from 'node:process';
import {systemClock} from '../../source/domain/clock.ts';
import {openDashboard} from '../../source/tui/dashboard.tsx';
import {createFakeEngine} from '../helpers/fake-engine.ts';
import {
	configFixture,
	endedSnapshotFixture,
	planFixture,
	pointsFixture,
	presetsFixture,
	readySnapshotFixture,
	snapshotFixture,
} from '../helpers/snapshot-fixture.ts';

/**
 * Opens the screen of a made-up run in this terminal, to look at it:
 * `npx esbuild test/tui/show.ts --bundle --platform=node --format=esm --packages=external --jsx=automatic --outfile=node_modules/.cache/show.mjs && node node_modules/.cache/show.mjs [account] [theme]`.
 */
const isAccount = process.argv.includes('account');
const theme =
	(['mono', 'high-contrast', 'colour-blind'] as const).find((name) => process.argv.includes(name)) ?? 'auto';

let elapsedMs = 0;
let timer: NodeJS.Timeout | undefined;
const engine = createFakeEngine((request, report) => {
	if (request.type === 'prepare') {
		setTimeout(() => {
			report({type: 'prepared', plan: planFixture(), snapshot: readySnapshotFixture()});
		}, 300);
	}
	if (request.type === 'start') {
		timer = setInterval(() => {
			elapsedMs += 250;
			const seconds = Math.ceil(elapsedMs / 1000);
			report({
				type: 'snapshot',
				snapshot: snapshotFixture({
					elapsedMs,
					timeline: {intervalSeconds: 1, points: pointsFixture(90 + seconds)},
				}),
			});
		}, 250);
	}
	if (request.type === 'stop') {
		clearInterval(timer);
		report({
			type: 'ended',
			snapshot: endedSnapshotFixture({outcome: 'stopped', stoppedBy: 'key', elapsedMs}),
		});
	}
});
const end = await openDashboard({
	config: configFixture(),
	isDemo: !isAccount,
	startsAtOnce: !isAccount,
	beginRun: () => undefined,
	engine,
	presets: presetsFixture(),
	exportReports: async () => ['reports/token-usage.svg', 'reports/latency.svg'],
	exportIncrease: async () => ['reports/quota-increase.md'],
	exportWinningRequest: async () => ['reports/best-request.json'],
	appearance: {
		colors: process.argv.includes('no-color') ? 0 : 256,
		ascii: process.argv.includes('ascii'),
		theme,
	},
	stdin: process.stdin,
	stdout: process.stdout,
	clock: systemClock,
	signal: new AbortController().signal,
});
clearInterval(timer);
process.stdout.write(`${JSON.stringify({stoppedBy: end.stoppedBy, fault: end.fault})}\n`);
