import {spawn} from 'node:child_process';
import {mkdirSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it, type TestContext} from 'vitest';
import {
	isBuilt,
	newFolder,
	plainEnvironment,
	program,
	runProgram,
	undrawn,
} from '../helpers/built-program.ts';
import {openPseudoTerminal, type PseudoTerminal} from '../helpers/pseudo-terminal.ts';

/** Tests source/commands/runs.ts and source/commands/run/keep-results.ts in the built program: earlier runs are kept. */

const open = ({onTestFinished}: TestContext, argv: readonly string[], cwd: string): PseudoTerminal => {
	const terminal = openPseudoTerminal(process.execPath, [program, ...argv], {
		cwd,
		environment: {...plainEnvironment(), ...undrawn},
		columns: 140,
		rows: 40,
	});
	onTestFinished(() => terminal.kill('SIGKILL'));
	return terminal;
};

const has =
	(text: string | RegExp) =>
	(lines: readonly string[]): boolean =>
		lines.some((line) => (typeof text === 'string' ? line.includes(text) : text.test(line)));

const reportsIn = (cwd: string): string => path.join(cwd, 'bedrock-top-reports');

const foldersIn = (cwd: string): readonly string[] =>
	readdirSync(reportsIn(cwd), {withFileTypes: true})
		// One with a point is made to see whether folders can be.
		.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
		.map(({name}) => path.join(reportsIn(cwd), name))
		.toSorted();

const jsonIn = (folder: string) =>
	JSON.parse(readFileSync(path.join(folder, 'results.json'), 'utf8')) as {run: string};

const few = ['--requests', '3', '--variants', 'concise,one-word'];
const runOnce = async (cwd: string) =>
	runProgram(['run', 'classify', '--demo', ...few], {cwd, environment: undrawn});

/**
 * A run that is killed as soon as its folder is as wanted.
 * @returns The folder.
 */
const killedOnce = async (
	cwd: string,
	isTime: (names: readonly string[], sizeOf: (name: string) => number) => boolean,
): Promise<string> => {
	const before = foldersIn(cwd);
	const child = spawn(process.execPath, [program, 'run', 'classify', '--demo', ...few], {
		cwd,
		env: {...plainEnvironment(), ...undrawn},
		stdio: 'ignore',
	});
	const {promise: ended, resolve: end} = Promise.withResolvers<NodeJS.Signals | null>();
	child.once('exit', (_code, signal) => end(signal));
	let isOver = false;
	void ended.then(() => {
		isOver = true;
	});
	let folder = '';
	while (!isOver) {
		folder = foldersIn(cwd).find((each) => !before.includes(each)) ?? '';
		const sizeOf = (name: string): number =>
			statSync(path.join(folder, name), {throwIfNoEntry: false})?.size ?? 0;
		if (folder !== '' && isTime(readdirSync(folder), sizeOf)) {
			child.kill('SIGKILL');
			break;
		}
		await new Promise((resolve) => setImmediate(resolve));
	}
	expect(await ended).toBe('SIGKILL');
	return folder;
};

describe.skipIf(!isBuilt)('earlier runs (skipped where dist/ is not built)', {concurrent: true}, () => {
	it('two runs of a session are two folders; H lists, reopens and compares them; a kill in a third leaves them untouched', async (context) => {
		const cwd = newFolder();
		const terminal = open(context, ['classify', '--demo', ...few], cwd);
		await terminal.waitFor(has('COMPLETED'), 'the first end');
		terminal.write('r');
		await terminal.waitFor(has(/RUNNING|PREPARING/), 'the second run');
		await terminal.waitFor(has('COMPLETED'), 'the second end');
		terminal.write('H');
		await terminal.waitFor(has('Earlier runs · 2'), 'the list');
		terminal.write('j');
		const isSecondRow = (lines: readonly string[]): boolean =>
			lines.some((line, row) => /› +\d{4}-/.test(line) && /\d{4}-\d\d-\d\d \d/.test(lines[row - 1] ?? ''));
		await terminal.waitFor((lines) => isSecondRow(lines), 'the cursor on the first run');
		terminal.write('\r');
		await terminal.waitFor(has('EARLIER RUN of'), 'the first run again');
		terminal.write('H');
		await terminal.waitFor(has('Earlier runs · 2'), 'the list again');
		terminal.write(' j c');
		await terminal.waitFor(has('Difference (95%)'), 'the comparison');
		terminal.write('\u001B');
		await terminal.waitFor(has('Earlier runs · 2'), 'the list behind it');
		terminal.write('\u001B');
		await terminal.waitFor((lines) => !has('Earlier runs · 2')(lines), 'the earlier run behind it');
		terminal.write('\u001B');
		await terminal.waitFor(has('COMPLETED'), 'the present run');
		const folders = foldersIn(cwd);
		expect(folders).toHaveLength(2);
		for (const folder of folders) {
			const {run} = jsonIn(folder);
			const answers = readFileSync(path.join(folder, 'answers.jsonl'), 'utf8').trim().split('\n');
			expect(new Set(answers.map((line) => (JSON.parse(line) as {run: string}).run))).toEqual(new Set([run]));
			await expect
				.poll(() => readdirSync(folder))
				.toEqual(expect.arrayContaining(['summary.md', 'best-request.json']));
		}
		expect(
			readFileSync(path.join(reportsIn(cwd), 'index.jsonl'), 'utf8')
				.trim()
				.split('\n'),
		).toHaveLength(2);
		const before = folders.map((folder) => readFileSync(path.join(folder, 'results.json'), 'utf8'));

		terminal.write('r');
		await terminal.waitFor(has(/RUNNING/), 'the third run');
		terminal.kill('SIGTERM');
		expect(await terminal.exited).toMatchObject({exitCode: 143});
		expect([terminal.isAlternate(), terminal.isCursorHidden()]).toEqual([false, false]);
		expect(folders.map((folder) => readFileSync(path.join(folder, 'results.json'), 'utf8'))).toEqual(before);
		for (const folder of folders) {
			expect(terminal.raw()).toContain(path.basename(folder));
		}
	});

	it('the command lists, newest first, and opens a run on the screen; after SIGKILL in a run, and while its results are written, the others are listed and what is left is named', async (context) => {
		const cwd = newFolder();
		expect((await runProgram(['runs'], {cwd})).stdout).toContain('No run is kept in');
		expect((await runProgram(['runs', '--last'], {cwd})).code).toBe(1);
		expect((await runProgram(['runs', 'nowhere'], {cwd})).code).toBe(2);
		expect((await runOnce(cwd)).code).toBe(0);
		expect((await runOnce(cwd)).code).toBe(0);
		const [first = '', second = ''] = foldersIn(cwd);
		const {stdout} = await runProgram(['runs', '--json'], {cwd});
		expect(JSON.parse(stdout).runs).toMatchObject([
			{folder: second, run: jsonIn(second).run, preset: 'classify', simulated: true, outcome: 'completed'},
			{folder: first},
		]);
		expect((await runProgram(['runs'], {cwd})).stdout.split('\n')[0]).toMatch(/^Start \(UTC\) +Preset/);
		const last = await runProgram(['runs', '--last'], {cwd});
		expect(last.stdout).toContain('SIMULATED: these answers came from a simulator');
		expect(last.stdout).toContain(`Kept in ${second}`);
		mkdirSync(path.join(reportsIn(cwd), 'broken'));
		writeFileSync(path.join(reportsIn(cwd), 'broken/results.json'), '{');
		expect((await runProgram(['runs'], {cwd})).stderr).toContain('broken/results.json cannot be read');

		const list = open(context, ['runs'], cwd);
		await list.waitFor(has('Earlier runs · 2'), 'the list');
		list.write('q');
		await list.waitFor((lines) => !has('Earlier runs · 2')(lines), 'the screen behind it');
		list.write('q');
		expect(await list.exited).toMatchObject({exitCode: 0});
		const one = open(context, ['runs', first], cwd);
		await one.waitFor(has('EARLIER RUN of'), 'the run');
		one.write('q');
		expect(await one.exited).toMatchObject({exitCode: 0});

		const inRun = await killedOnce(cwd, (names, sizeOf) =>
			names.some((name) => name.startsWith('answers') && sizeOf(name) > 0),
		);
		const inWriting = await killedOnce(cwd, (names) => names.some((name) => name.includes('results.json')));
		const lists = [await runProgram(['runs', '--json'], {cwd}), await runProgram(['runs', '--json'], {cwd})];
		for (const {code, stdout, stderr} of lists) {
			expect(code).toBe(0);
			const {runs} = JSON.parse(stdout) as {readonly runs: ReadonlyArray<{readonly folder: string}>};
			const listed = runs.map(({folder}) => folder);
			expect(listed).toContain(first);
			expect(listed).not.toContain(inRun);
			expect(stderr).toContain(`${inRun} has answers but no results`);
			// One or the other, but not half of it.
			expect(listed.includes(inWriting) || stderr.includes(`${inWriting} has answers but no results`)).toBe(
				true,
			);
		}
		const index = readFileSync(path.join(reportsIn(cwd), 'index.jsonl'), 'utf8')
			.trim()
			.split('\n');
		expect(index.map((line) => JSON.parse(line) as {folder: string}).map(({folder}) => folder)).toContain(
			path.basename(first),
		);
	});
});
