import {EventEmitter} from 'node:events';
import {setTimeout as wait} from 'node:timers/promises';
import {deserialize, serialize} from 'node:v8';
import {systemClock} from '../../../source/domain/clock.ts';
import {openDashboard} from '../../../source/tui/dashboard.tsx';
import {accountBucketFixture, accountFixture} from '../../helpers/account-fixture.ts';
import {createFakeEngine} from '../../helpers/fake-engine.ts';
import {configFixture, presetsFixture} from '../../helpers/snapshot-fixture.ts';
import {createTerminal} from '../../helpers/terminal.tsx';

/**
 * The Account view of 500 ModelIds in 120 buckets, on a terminal of 120x40 that takes what it is sent. The only argument
 * says how many looks are shown; prints the processor time of one, from the message of the thread to the painted frame.
 */

const looks = Number(process.argv[2] ?? 20);
const buckets = 120;
const modelIds = 500;
const columns = 120;
const rows = 40;

const stdout = Object.assign(new EventEmitter(), {
	isTTY: true,
	columns,
	rows,
	writable: true,
	write(_data: string, encodingOrCallback?: unknown, callback?: () => void) {
		const done = typeof encodingOrCallback === 'function' ? encodingOrCallback : callback;
		done?.();
		return true;
	},
}) as unknown as NodeJS.WriteStream;

/** The account at its `look`th look: every figure has changed. */
const messageOf = (look: number): Buffer =>
	serialize(
		accountFixture({
			polls: look,
			buckets: Array.from({length: buckets}, (_unused, index) =>
				accountBucketFixture({
					model: `vendor.model-${index}-v1:0`,
					modelIds: Array.from(
						{length: Math.floor(modelIds / buckets) + Number(index < modelIds % buckets)},
						(_each, team) => `team-${index}-${team}`,
					),
					use: {requests: (index * 7 + look * 13) % 200, quotaTokens: (index * 997 + look * 7919) % 200_000},
				}),
			),
		}),
	);

const engine = createFakeEngine();
const aborter = new AbortController();
const end = openDashboard({
	config: configFixture({models: []}),
	isDemo: false,
	startsAtOnce: false,
	opensOnAccount: true,
	beginRun: () => undefined,
	engine,
	presets: presetsFixture(),
	exportReports: async () => [],
	exportIncrease: async () => [],
	exportWinningRequest: async () => [],
	appearance: {colors: 256, ascii: false, theme: 'auto'},
	stdin: createTerminal(columns, rows).stdin,
	stdout,
	clock: systemClock,
	signal: aborter.signal,
});

const show = async (look: number): Promise<number> => {
	// What one look left behind is not put down to the next.
	const message = messageOf(look);
	await wait(510);
	const before = process.cpuUsage();
	engine.report({type: 'account', account: deserialize(message)});
	await wait(120);
	const {user, system} = process.cpuUsage(before);
	return (user + system) / 1000;
};

for (let warm = 1; warm <= 5; warm++) {
	await show(warm);
}
const cpuMs: number[] = [];
for (let look = 0; look < looks; look++) {
	cpuMs.push(await show(look + 10));
}
aborter.abort();
await end;
process.stdout.write(JSON.stringify({cpuMs}));
process.exit(0);
