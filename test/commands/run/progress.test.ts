import {PassThrough} from 'node:stream';
import {describe, expect, it} from 'vitest';
import {showProgress} from '../../../source/commands/run.ts';
import type {Io} from '../../../source/terminal/io.ts';
import {createFakeEngine} from '../../helpers/fake-engine.ts';
import {snapshotFixture} from '../../helpers/snapshot-fixture.ts';

/** Tests source/commands/run.ts: lines of progress. */

/** Shows a run of so many seconds, with four snapshots per second. @returns What was written. */
const shown = async (
	seconds: number,
	{isPlain = false, isStdoutTaken = false, isTTY = false} = {},
): Promise<{stdout: string; stderr: string}> => {
	let nowMs = 0;
	const engine = createFakeEngine();
	const [stdout, stderr] = [new PassThrough(), Object.assign(new PassThrough(), {isTTY})];
	const io = {stdout, stderr} as unknown as Io;
	const end = showProgress(engine, {isPlain, isStdoutTaken, isAscii: false}, io, {now: () => nowMs});
	for (let tick = 0; tick < seconds * 4; tick++) {
		engine.report({type: 'snapshot', snapshot: snapshotFixture()});
		nowMs += 250;
	}
	end();
	stdout.end();
	stderr.end();
	return {stdout: (await stdout.toArray()).join(''), stderr: (await stderr.toArray()).join('')};
};

describe('the progress of a run without the screen', () => {
	it('is a line every 10 s on stderr where there is no terminal, and none for a short run', async () => {
		const {stdout, stderr} = await shown(35);
		expect(stdout).toBe('');
		expect(stderr.trimEnd().split('\n')).toHaveLength(3);
		expect(stderr).toMatch(/^SIMULATED .* requests · .*\n/);
		expect(await shown(9)).toEqual({stdout: '', stderr: ''});
	});

	it('leaves stdout to JSON and Markdown, also with --plain', async () => {
		const {stdout, stderr} = await shown(12, {isPlain: true, isStdoutTaken: true});
		expect(stdout).toBe('');
		expect(stderr.trimEnd().split('\n')).toHaveLength(1);
	});

	it('is a line every 5 s on stdout with --plain, and one line in place on a terminal', async () => {
		expect((await shown(12, {isPlain: true})).stdout.trimEnd().split('\n')).toHaveLength(3);
		const {stderr} = await shown(3, {isTTY: true});
		expect(stderr).not.toContain('\n');
		expect(stderr.endsWith('\r\u001B[K')).toBe(true);
	});
});
