import {spawnSync} from 'node:child_process';
import {mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {manPages} from '../../source/build/published.ts';
import {bashCompletion, fishCompletion, zshCompletion} from '../../source/commands/completion.ts';
import {commands} from '../../source/config/command-table.ts';
import {flags} from '../../source/config/flags.ts';
import {flagsOf} from '../../source/config/help.ts';

const presets = [
	{name: 'classify', description: "sorts tickets into the team's categories"},
	{name: 'summarize', description: 'one text, short'},
];

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
	[['help', 'ke'], ['keys']],
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

	it('says what listed words are for, and never in a word that is inserted', () => {
		const listed = (type: number, ...words: readonly string[]) => {
			const typed = ['bedrock-top', ...words].map((word) => `'${word}'`).join(' ');
			const script = `source ${file}; compopt() { :; }; COMP_TYPE=${type}; COMP_WORDS=(${typed}); COMP_CWORD=${words.length}; _bedrock_top; printf '%s\\n' "\${COMPREPLY[@]}"`;
			return run('bash', ['--norc', '-c', script]).lines;
		};
		expect(listed(63, 'run', '--lo')).toEqual([
			'--load  (shape of the load)',
			'--log-file  (write the log to FILE)',
		]);
		expect(listed(63, 'c')).toContain("classify  (preset: sorts tickets into the team's categories)");
		expect(listed(9, 'run', '--lo')).toEqual(['--load', '--log-file']);
		expect(listed(63, 'summ')).toEqual(['summarize']);
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

describe('the man pages', () => {
	const pages = manPages('1.2.3');
	const page = pages['bedrock-top.1'] ?? '';

	it('has one for each command, with the flags of that command', () => {
		for (const command of commands.filter(({name}) => name !== 'screen')) {
			const own = pages[`bedrock-top-${command.name}.1`] ?? '';
			expect(own).toContain(`.B bedrock\\-top ${command.name}`);
			expect(own.match(/^\.TP$/gm)).toHaveLength(flagsOf(command).length);
		}
	});

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

	it.each(Object.entries(pages))(
		'%s is ASCII alone, without a line that troff would take for a request',
		(name, page) => {
			expect(page).toMatch(/^[\n\u0020-\u007E]*$/);
			const requests = page.split('\n').filter((line) => line.startsWith('.') || line.startsWith("'"));
			const known =
				name === 'bedrock-top.1' ? ['.TH', '.SH', '.SS', '.TP', '.B', '.br'] : ['.TH', '.SH', '.TP', '.B'];
			expect(new Set(requests.map((line) => line.split(' ')[0]))).toEqual(new Set(known));
		},
	);

	it.skipIf(!has('mandoc', '-T', 'lint', '/dev/null') && !has('sh', '-c', 'command -v mandoc'))(
		'is read by mandoc without an error (skipped where there is no mandoc)',
		() => {
			for (const each of Object.values(pages)) {
				const {lines} = run('mandoc', ['-T', 'lint', '-W', 'error', fileOf(each)]);
				expect(lines).toEqual([]);
			}
		},
	);
});
