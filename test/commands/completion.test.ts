import {spawnSync} from 'node:child_process';
import {mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {manPage} from '../../source/build/published.ts';
import {bashCompletion, fishCompletion, zshCompletion} from '../../source/commands/completion.ts';
import {commands} from '../../source/config/command-table.ts';
import {flags} from '../../source/config/flags.ts';

const presets = ['classify', 'summarize'];

const has = (program: string, ...argv: readonly string[]): boolean => spawnSync(program, argv).status === 0;

const fileOf = (text: string): string => {
	const file = path.join(mkdtempSync(path.join(tmpdir(), 'bedrock-top-')), 'script');
	writeFileSync(file, text);
	return file;
};

const run = (program: string, argv: readonly string[]) => {
	const {stdout, stderr, status} = spawnSync(program, argv, {encoding: 'utf8', cwd: tmpdir()});
	return {lines: stdout.split('\n').filter((line) => line !== ''), stderr, status};
};

/** Tests source/commands/completion.ts and source/build/published.ts (the man page). */

/** What a user sees after these words and Tab. The last word is the one that is being typed. */
const expectations: ReadonlyArray<readonly [readonly string[], readonly string[]]> = [
	[['summ'], ['summarize']],
	[['quo'], ['quotas']],
	[
		['run', '--lo'],
		['--load', '--log-file'],
	],
	[['run', '--load', 'sa'], ['saturate']],
	[['run', '--demo', 'cla'], ['classify']],
	[['simulate', '--enf'], ['--enforcement']],
	[['presets', '--copy', 'su'], ['summarize']],
	[['completion', 'z'], ['zsh']],
	[['quotas', '--varia'], []],
];

describe.skipIf(!has('bash', '--version'))('completion for bash (skipped where there is no bash)', () => {
	const file = fileOf(bashCompletion(presets));
	it.each(expectations)('%j', (words, expected) => {
		const typed = ['bedrock-top', ...words].map((word) => `'${word}'`).join(' ');
		const script = `source ${file}; COMP_WORDS=(${typed}); COMP_CWORD=${words.length}; _bedrock_top; printf '%s\\n' "\${COMPREPLY[@]}"`;
		const {lines, stderr} = run('bash', ['--norc', '-c', script]);
		expect(stderr).toBe('');
		expect(lines).toEqual(expected);
	});
});

describe.skipIf(!has('fish', '--version'))('completion for fish (skipped where there is no fish)', () => {
	const file = fileOf(fishCompletion(presets));
	it.each(expectations)('%j', (words, expected) => {
		const script = `source ${file}; complete -C 'bedrock-top ${words.join(' ')}'`;
		const {lines, stderr} = run('fish', ['--no-config', '-c', script]);
		expect(stderr).toBe('');
		expect(lines.map((line) => line.split('\t')[0]).toSorted()).toEqual(expected.toSorted());
	});
});

describe.skipIf(!has('zsh', '--version'))('completion for zsh (skipped where there is no zsh)', () => {
	it('is read without a fault', () => {
		const script = `autoload -U compinit && compinit -u -D && source ${fileOf(zshCompletion(presets))} && print $_comps[bedrock-top]`;
		expect(run('zsh', ['-f', '-c', script])).toEqual({lines: ['_bedrock_top'], stderr: '', status: 0});
	});
});

describe('manPage', () => {
	const page = manPage('1.2.3');

	it('names every command and flag, and the version', () => {
		expect(page).toContain('bedrock\\-top 1.2.3');
		for (const {name} of commands.filter((command) => command.name !== 'screen')) {
			expect(page).toContain(`.B bedrock\\-top ${name}`);
		}
		for (const {name} of flags) {
			expect(page).toMatch(
				new RegExp(String.raw`\\-\\-(?:no\\-)?${name.replaceAll('-', String.raw`\\-`)}\b`),
			);
		}
	});

	it('is ASCII alone, without a line that troff would take for a request of its own', () => {
		expect(page).toMatch(/^[\n\u0020-\u007E]*$/);
		const requests = page.split('\n').filter((line) => line.startsWith('.') || line.startsWith("'"));
		expect(new Set(requests.map((line) => line.split(' ')[0]))).toEqual(
			new Set(['.TH', '.SH', '.SS', '.TP', '.B', '.br']),
		);
	});

	it.skipIf(!has('mandoc', '-T', 'lint', '/dev/null') && !has('sh', '-c', 'command -v mandoc'))(
		'is read by mandoc without an error (skipped where there is no mandoc)',
		() => {
			const {lines} = run('mandoc', ['-T', 'lint', '-W', 'error', fileOf(page)]);
			expect(lines).toEqual([]);
		},
	);
});
