import {execFile} from 'node:child_process';
import {mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {promisify} from 'node:util';
import {describe, expect, it} from 'vitest';
import {
	isBuilt,
	newFolder,
	plainEnvironment,
	program,
	runProgram,
	undrawn,
} from '../helpers/built-program.ts';

const filesIn = (folder: string): readonly string[] =>
	readdirSync(folder, {recursive: true, withFileTypes: true})
		.filter((entry) => !entry.isDirectory())
		.map(({parentPath, name}) => path.join(parentPath, name));

describe.skipIf(!isBuilt)(
	'what the built program leaves (skipped where dist/ is not built)',
	{concurrent: true},
	() => {
		it('is readable by its owner alone under any umask, and no link is written through', async () => {
			const cwd = newFolder();
			const victim = path.join(cwd, 'victim');
			writeFileSync(victim, 'kept');
			const out = path.join(cwd, 'out');
			mkdirSync(out);
			for (const name of [
				'results.json',
				'summary.md',
				'answers.jsonl',
				'requests.csv',
				'best-request.json',
			]) {
				symlinkSync(victim, path.join(out, name));
			}
			symlinkSync(victim, path.join(cwd, 'all.json'));
			const flags =
				'--demo --requests 2 --variants minimal --answers --csv --json=all.json --log-file run.log --out out --force';
			await promisify(execFile)(
				'/bin/sh',
				['-c', `umask 0; exec "${process.execPath}" "${program}" run summarize ${flags}`],
				{cwd, env: {...plainEnvironment(), ...undrawn}},
			);
			expect(readFileSync(victim, 'utf8')).toBe('kept');
			const written = [...filesIn(out), path.join(cwd, 'all.json'), path.join(cwd, 'run.log')];
			expect(written.length).toBeGreaterThan(8);
			expect(written.filter((file) => (statSync(file).mode & 0o777) !== 0o600)).toEqual([]);
			expect(filesIn(out).some((file) => file.endsWith('answers.jsonl'))).toBe(true);
		});

		it('compiled lies in the user’s own cache, and programs that it starts are not pointed there', async () => {
			const home = newFolder();
			const seen = path.join(home, 'seen');
			const provider = path.join(home, 'provider.sh');
			writeFileSync(provider, `#!/bin/sh\nenv > ${seen}\nexit 1\n`, {mode: 0o700});
			const config = path.join(home, 'config');
			writeFileSync(config, `[default]\nregion = us-east-1\ncredential_process = ${provider}\n`);
			const environment = {HOME: home, AWS_CONFIG_FILE: config, AWS_EC2_METADATA_DISABLED: 'true'};
			for (const argv of [['run', 'summarize', '-m', 'amazon.nova-lite-v1:0'], ['quotas']]) {
				await runProgram(argv, {environment});
				expect(readFileSync(seen, 'utf8')).not.toContain('COMPILE_CACHE');
			}
			const compiled = path.join(home, '.cache/bedrock-top/compiled');
			expect(filesIn(compiled).length).toBeGreaterThan(0);
			expect(statSync(compiled).mode & 0o777).toBe(0o700);
		});
	},
);
