import {spawn} from 'node:child_process';
import {existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import type {AnswerRecord} from '../../source/engine/attempts/request-records.ts';
import {readResults} from '../../source/reports/results-schema.ts';
import {
	isBuilt,
	newFolder,
	plainEnvironment,
	program,
	runProgram,
	undrawn,
} from '../helpers/built-program.ts';

const argv = ['run', 'classify', '--demo', '--requests', '48', '--variants', 'concise,one-word', '--csv'];

const answersIn = (folder: string): readonly AnswerRecord[] =>
	readFileSync(path.join(folder, 'answers.jsonl'), 'utf8')
		.trim()
		.split('\n')
		.map((line) => JSON.parse(line) as AnswerRecord);

/** Kills the program the hard way as soon as a few lines are in a file of its folder. */
const killedAfterLines = async (
	line: readonly string[],
	cwd: string,
	{name, count}: {readonly name: string; readonly count: number},
): Promise<void> => {
	const child = spawn(process.execPath, [program, ...line, '--concurrency', '1', '--out', 'kept'], {
		cwd,
		env: {...plainEnvironment(), ...undrawn},
		stdio: 'ignore',
	});
	const exited = new Promise((resolve) => {
		child.on('exit', resolve);
	});
	const file = path.join(cwd, 'kept', name);
	while (!existsSync(file) || readFileSync(file, 'utf8').split('\n').length <= count) {
		expect(child.exitCode).toBe(null);
		await new Promise((resolve) => {
			setTimeout(resolve, 20);
		});
	}
	child.kill('SIGKILL');
	await exited;
};

describe.skipIf(!isBuilt)('run --resume (skipped where dist/ is not built)', {concurrent: true}, () => {
	it('keeps what was paid for after kill -9, and goes on with the rest', async () => {
		const cwd = newFolder();
		const folder = path.join(cwd, 'kept');
		await killedAfterLines(argv, cwd, {name: 'answers.jsonl', count: 4});
		const before = readFileSync(path.join(folder, 'answers.jsonl'), 'utf8');
		const whole = before.slice(0, before.lastIndexOf('\n') + 1);
		expect(existsSync(path.join(folder, 'results.json'))).toBe(false);

		const resumed = await runProgram([...argv.slice(0, 3), ...argv.slice(5), '--resume', 'kept'], {
			cwd,
			environment: undrawn,
		});
		expect([resumed.code, resumed.stderr]).toEqual([0, '']);
		expect(readFileSync(path.join(folder, 'answers.jsonl'), 'utf8').startsWith(whole)).toBe(true);
		const answered = new Set(answersIn(folder).map(({variant, items}) => `${variant} ${items[0]}`));
		expect(answered).toHaveLength(96);

		const results = readResults(readFileSync(path.join(folder, 'results.json'), 'utf8'), 'results.json');
		expect(results.events[0]).toMatchObject({kind: 'resumed'});
		const sent = results.variants.reduce((sum, {requests}) => sum + requests.sent, 0);
		expect(answersIn(folder)).toHaveLength(whole.trim().split('\n').length + sent);

		const again = await runProgram([...argv, '--resume', 'kept'], {cwd, environment: undrawn});
		expect([again.code, again.stdout, again.stderr]).toEqual([
			0,
			'',
			expect.stringContaining('Nothing is missing'),
		]);
		expect(readdirSync(folder)).not.toContain('results-1.json');
	});

	it('checks an answer whose check a kill -9 cut off, and does not ask it again', async () => {
		const cwd = newFolder();
		const folder = path.join(cwd, 'kept');
		// Every answer takes it longer than a check may.
		const preset = {
			name: 'slow',
			task: 'Name the kind.',
			items: ['one', 'two'],
			checks: [{regex: '^(?:[^]|[^])*(?!)'}],
			variants: [{name: 'only', instruction: '{{task}} {{item}}'}],
		};
		writeFileSync(path.join(cwd, 'slow.json'), JSON.stringify(preset));
		const line = ['run', './slow.json', '--demo', '--csv', '-m', 'amazon.nova-lite-v1:0'];
		await killedAfterLines(line, cwd, {name: 'answers-unchecked.jsonl', count: 1});
		expect(existsSync(path.join(folder, 'answers.jsonl'))).toBe(false);

		const {code, stderr} = await runProgram([...line, '--resume', 'kept'], {cwd, environment: undrawn});
		expect(stderr).toContain('1 answer was not checked yet');
		// No answer is useful.
		expect(code).toBe(1);
		const answers = answersIn(folder);
		expect(answers.map(({items}) => items[0]).toSorted()).toEqual([0, 1]);
		const verdicts = answers.map(({verdicts: [verdict]}) => [verdict?.kind, verdict?.reason]);
		expect(verdicts).toEqual(answers.map(() => ['check-failed', 'its check took longer than 1 s']));
		const results = readResults(readFileSync(path.join(folder, 'results.json'), 'utf8'), 'results.json');
		expect(results.variants.map(({requests}) => requests.sent)).toEqual([1]);
		expect(readFileSync(path.join(folder, 'requests.csv'), 'utf8').trim().split('\r\n')).toHaveLength(3);
		expect(readdirSync(folder)).not.toContain('answers-unchecked.jsonl');
	});

	it('refuses the folder of another run, and sends nothing', async () => {
		const cwd = newFolder();
		const {code, stderr} = await runProgram([...argv, '--resume', '.'], {cwd});
		expect(code).toBe(2);
		expect(stderr).toContain('no answers.jsonl');
		expect(readdirSync(cwd)).toEqual([]);
	});
});
