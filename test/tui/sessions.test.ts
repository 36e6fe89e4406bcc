import {describe, it} from 'vitest';
import {createCamera, joinFrames, openScreen} from '../helpers/screen.ts';
import {keySequences} from '../helpers/terminal.tsx';

/** Tests source/tui by scripted sessions through a real emulator; sizes.test.ts has all other sizes. */

/** The frames that differ in the wide tier. */
const wideFrames = ['running', 'second variant, sorted by name', 'timeline', 'ended'];

const sizes = [
	{columns: 120, rows: 40, golden: wideFrames},
	{columns: 80, rows: 24, golden: undefined},
	{columns: 30, rows: 6, golden: undefined},
] as const;

/** Sessions at the same time take as long as all of them together on a busy machine. */
const patienceMs = 90_000;

// A session mostly waits for paints, so that they can wait at the same time.
describe.concurrent.each(sizes)('at $columns x $rows', {timeout: patienceMs}, ({columns, rows, golden}) => {
	it('a demo from its start to its end', async ({expect}) => {
		const screen = openScreen({columns, rows});
		const {shoot, frames} = createCamera(screen);
		await shoot('preparing');
		await screen.prepare();
		await shoot('started');
		await screen.progress({
			elapsedMs: 8200,
			progress: {done: 0, total: 160, inFlight: 10, remainingMs: null, waitingFor: null},
		});
		await shoot('waiting for the first answer');
		await screen.progress();
		await shoot('running');
		await shoot('frozen', 'f');
		screen.clock.skip(12_000);
		await screen.progress({
			progress: {done: 120, total: 160, inFlight: 8, remainingMs: 20_000, waitingFor: null},
		});
		await shoot('frozen while data arrives');
		await shoot('not frozen any more', 'f');
		await screen.progress({phase: 'paused'});
		await shoot('paused');
		await shoot('variants', '3');
		await shoot('second variant, sorted by name', 's', keySequences.down);
		await shoot('detail', keySequences.enter);
		await shoot('filter', keySequences.escape, '/', 'n', 'c');
		await shoot('filter cleared', keySequences.escape);
		await shoot('timeline', '4');
		await shoot('quotas', '5');
		await shoot('log', '6');
		await shoot('help', '?');
		await shoot('help closed, dashboard', keySequences.escape, '2');
		await shoot('why the method does not change now', 'm');
		await screen.finish();
		await shoot('ended');
		await shoot('exported', 'e');
		await shoot('goal changed', keySequences.escape, 'g');
		await screen.terminal.press('q');
		const {fault, stoppedBy} = await screen.end;
		expect({fault, stoppedBy}).toEqual({fault: undefined, stoppedBy: undefined});
		const kept = frames.filter(([name]) => golden?.includes(name) ?? true);
		await expect(joinFrames(kept)).toMatchFileSnapshot(`frames/demo-${columns}x${rows}.txt`);
	});
});

describe.concurrent.each(sizes.slice(1))('at $columns x $rows', {timeout: patienceMs}, ({columns, rows}) => {
	it('against an account: plan, fault, run, the question before leaving', async ({expect}) => {
		const screen = openScreen({columns, rows}, {isDemo: false});
		const {shoot, frames} = createCamera(screen);
		screen.engine.report({
			type: 'failed',
			fault: {
				message: 'No AWS credentials were found.',
				hint: 'Run `aws configure` or `aws sso login`, or see the demo: bedrock-top --demo.',
				exitCode: 1,
			},
		});
		await shoot('no credentials');
		await shoot('tried again', 'r');
		await screen.prepare();
		await shoot('plan');
		await shoot('a variant switched off', keySequences.down, ' ');
		await screen.prepare();
		await shoot('planned again');
		await shoot('started, or its plan first where it had no room', 'r');
		await shoot('started', 'y');
		await screen.progress({simulated: false});
		await shoot('running');
		await shoot('asked before leaving', 'q');
		await shoot('stopping', 'q');
		await screen.finish({outcome: 'stopped', stoppedBy: 'key'});
		const {stoppedBy} = await screen.end;
		expect(stoppedBy).toBe('key');
		expect(screen.engine.asked()).toEqual(['prepare', 'prepare', 'prepare', 'start', 'stop']);
		await expect(joinFrames(frames)).toMatchFileSnapshot(`frames/account-${columns}x${rows}.txt`);
	});
});

it.concurrent('with ASCII characters alone', {timeout: patienceMs}, async ({expect}) => {
	const screen = openScreen({columns: 80, rows: 24}, {appearance: {colors: 0, ascii: true, theme: 'auto'}});
	const {shoot} = createCamera(screen);
	await screen.prepare();
	await screen.progress();
	for (const key of ['3', '4', '5', '6', '?']) {
		expect(await shoot(key, key)).toMatch(/^[\n -~]*$/);
	}
	expect(await shoot('dashboard', keySequences.escape, '2')).toMatch(/^[\n -~]*$/);
	expect(screen.terminal.text()).toMatch(/\| RPM #+=*\.* +118 \+ 8 \/ 200 /);
	screen.abort();
	await screen.settled();
	await screen.finish();
	await screen.end;
});
