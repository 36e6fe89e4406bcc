import {spawn, spawnSync} from 'node:child_process';
import {copyFileSync, existsSync, mkdirSync, readdirSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {
	isBuilt,
	newFolder,
	plainEnvironment,
	program,
	readResultsIn,
	runProgram,
	undrawn,
} from '../helpers/built-program.ts';

const twoRequests = ['run', 'summarize', '--demo', '--requests', '2', '--variants', 'minimal'];

const finished = async (
	argv: readonly string[],
	cwd: string,
	read: (child: ReturnType<typeof spawn>) => void,
) => {
	const child = spawn(process.execPath, [program, ...argv], {
		cwd,
		env: {...plainEnvironment(), ...undrawn},
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	let errors = '';
	child.stderr.on('data', (chunk) => {
		errors += String(chunk);
	});
	read(child);
	const code = await new Promise((resolve) => {
		child.on('exit', resolve);
	});
	return {code, errors};
};

/** A command line as another user without a home, where this process may change users. */
const canChangeUser =
	process.getuid?.() === 0 && spawnSync('setpriv', ['--reuid=12345', '--clear-groups', 'true']).status === 0;

describe.skipIf(!isBuilt)(
	'a hostile environment (skipped where dist/ is not built)',
	{concurrent: true},
	() => {
		it('keeps what was paid for when its reader goes away in the middle, and ends with 0', async () => {
			const cwd = newFolder();
			const argv = 'run summarize --demo --requests 200 --no-early-stop --plain --seed 2'.split(' ');
			const {code, errors} = await finished(argv, cwd, ({stdout}) => {
				stdout?.once('data', () => stdout.destroy());
			});
			expect([code, errors]).toEqual([0, '']);
			expect(readResultsIn(cwd)).toMatchObject({outcome: 'stopped'});
		});

		it('says in a sentence that a full disk takes no output', async () => {
			const {status, stderr} = spawnSync(
				'sh',
				['-c', `exec "$0" "$@" > /dev/full`, process.execPath, program, 'presets'],
				{
					encoding: 'utf8',
					env: plainEnvironment(),
				},
			);
			expect(status).toBe(1);
			expect(stderr).toMatch(/^bedrock-top: the output cannot be written: .*\n$/);
		});

		it.skipIf(!existsSync('/proc'))(
			'warns once and writes no reports where it may not (skipped without /proc)',
			async () => {
				const {code, stdout, stderr} = await runProgram(twoRequests, {cwd: '/proc'});
				expect(code).toBe(0);
				expect(stdout).toContain('minimal');
				expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(/^No reports will be written: /)]);
			},
		);

		it.skipIf(!canChangeUser)(
			'runs without HOME as a user without a home (skipped where users cannot be changed)',
			() => {
				const node = path.join(newFolder(), 'node');
				copyFileSync(process.execPath, node);
				const place = path.join(newFolder(), 'place');
				mkdirSync(path.join(place, 'presets'), {recursive: true});
				const copied = spawnSync('cp', [
					'-r',
					path.dirname(program),
					path.resolve(program, '../../package.json'),
					path.resolve(program, '../../presets'),
					place,
				]);
				expect(copied.status).toBe(0);
				spawnSync('chmod', ['-R', 'a+rX', path.dirname(place), path.dirname(node)]);
				const {status, stdout, stderr} = spawnSync(
					'setpriv',
					[
						'--reuid=12345',
						'--regid=12345',
						'--clear-groups',
						'env',
						'-i',
						node,
						path.join(place, 'dist/cli.js'),
						...twoRequests,
					],
					{encoding: 'utf8', cwd: '/'},
				);
				expect(stderr.trim().split('\n')).toEqual([
					expect.stringMatching(/^No reports will be written: .*permission denied/),
				]);
				expect(status).toBe(0);
				expect(stdout).toContain('minimal');
			},
		);

		it('refuses a file for --json that cannot be written, before anything is sent', async () => {
			for (const file of ['no/such/folder/results.json', '.']) {
				const cwd = newFolder();
				const {code, stdout, stderr} = await runProgram([...twoRequests, `--json=${file}`], {cwd});
				expect([code, stdout]).toEqual([1, '']);
				expect(stderr).toContain(`"${file}"`);
				expect(readdirSync(cwd)).toEqual([]);
			}
		});
	},
);
