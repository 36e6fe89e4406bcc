import {execFile, spawn, spawnSync} from 'node:child_process';
import {chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import {parse} from 'yaml';
import {freshManifest, freshPage, pages} from '../../source/build/docs.ts';
import {presetSchema} from '../../source/config/preset-schema.ts';
import {failureClasses} from '../../source/domain/backend.ts';
import {resultsSchema} from '../../source/reports/results-schema.ts';
import {faultKinds, scenarioShape} from '../../source/simulator/options.ts';
import {type RunningSimulator, startSimulator} from '../../source/simulator/server.ts';
import {call, useAccount} from '../account/call.ts';
import {isBuilt, newFolder, plainEnvironment, program, undrawn} from '../helpers/built-program.ts';
import {isSoak} from '../helpers/random-cases.ts';
import {defaultOptions} from '../simulator/harness.ts';

const pageAt = (file: string): string =>
	readFileSync(path.resolve(import.meta.dirname, '../..', file), 'utf8');
const commandsPage = pageAt('source/commands/README.md');

/** Pages for users, with commands that they copy. */
const userPages = ['README.md', 'source/commands/README.md', 'presets/README.md', 'source/reports/README.md'];

const sectionOf = (page: string, heading: string): string =>
	page.split(/^## /m).find((section) => section.startsWith(`${heading}\n`)) ?? '';

const anchorsOf = (page: string): readonly string[] => {
	const seen = new Map<string, number>();
	return [...page.matchAll(/^#+ (.+)$/gm)].map(([, text = '']) => {
		const anchor = text
			.toLowerCase()
			.replaceAll(/[^\w -]/g, '')
			.replaceAll(' ', '-');
		const times = seen.get(anchor) ?? 0;
		seen.set(anchor, times + 1);
		return times === 0 ? anchor : `${anchor}-${times}`;
	});
};

const blocksOf = (section: string, language: string): readonly string[] =>
	[...section.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
		([, text]) => text ?? '',
	);

describe('README', () => {
	it.each(pages)('has tables as the data has them: npm run docs renews those of %s', (file) => {
		const page = readFileSync(file, 'utf8');
		expect(freshPage(page)).toBe(page);
		expect(page).toMatch(/^<!-- \w+ -->\n\| /m);
	});

	it('names the man pages in package.json, and the links that follow from its one setting', () => {
		expect(freshManifest(pageAt('package.json'))).toBe(pageAt('package.json'));
	});

	it('explains every class of failure, every key of a preset and of the results', () => {
		const expectAll = (text: string, names: readonly string[]) =>
			expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
		expectAll(sectionOf(commandsPage, 'Troubleshooting'), failureClasses);
		expectAll(pageAt('presets/README.md'), Object.keys(presetSchema.shape));
		expectAll(pageAt('source/reports/README.md'), Object.keys(resultsSchema.shape));
		expect(
			[...faultKinds, ...Object.keys(scenarioShape)].filter((name) => !commandsPage.includes(`\`${name}\``)),
		).toEqual([]);
	});

	it.each([...userPages, 'source/limiter/README.md'])(
		'%s links to files and headings that are there',
		(page) => {
			const text = pageAt(page);
			const links = [...text.matchAll(/\]\((?!https?:)([^)]+)\)/g)].map(([, link = '']) => link);
			const broken = links.filter((link) => {
				const [file = '', anchor] = link.split('#');
				const place = file === '' ? page : path.join(path.dirname(page), file);
				return (
					!existsSync(path.resolve(import.meta.dirname, '../..', place)) ||
					(anchor !== undefined && !anchorsOf(pageAt(place)).includes(anchor))
				);
			});
			expect(broken).toEqual([]);
		},
	);

	it('has a picture of the command that it begins with, without a script and small', () => {
		const picture = pageAt('test/pictures/demo.svg');
		const [first = ''] = blocksOf(pageAt('README.md'), 'sh');
		expect(picture).toContain(`<title id="title">${first.trim()} (SIMULATED)</title>`);
		expect(picture).not.toMatch(/<script|<foreignObject|\son\w+=|href=|url\(/i);
		expect(picture).toMatch(/@keyframes .*prefers-reduced-motion|prefers-reduced-motion.*@keyframes/s);
		expect(picture.length).toBeLessThan(200_000);
	});

	it('can be read in ten seconds: short, with the five questions near the top', () => {
		const lines = pageAt('README.md').split('\n');
		expect(lines.length).toBeLessThanOrEqual(200);
		const firstTable = lines.findIndex((line) => line.startsWith('|'));
		expect(lines.slice(0, firstTable).join(' ').split(/\s+/).length).toBeLessThanOrEqual(240);
		const questions = lines
			.slice(firstTable, 60)
			.filter((line) => /^\| .*\? \| `npx bedrock-top /.test(line));
		expect(questions).toHaveLength(5);
	});
});

const isRun = (command: string): boolean => / (?:run|summarize) /.test(command);

/**
 * Long runs are made short, and charts that nobody looks at are not drawn: what is tested is that the command works, not
 * how much it measures.
 */
const shortened = (command: string): string => {
	const hasEnd = / --(?:requests|duration|dry-run)\b/.test(command);
	// A few answers say nothing of the quality that this one asks for.
	const requests = / --(?:fail-if|json=baseline|out before)\b/.test(command) ? 8 : 2;
	const isLookedAt = / --(?:out|resume|no-reports|dry-run)\b/.test(command);
	return [
		command
			.replace(/--duration \w+/, '--duration 1s')
			.replace(/(?<!--search )--requests \d+/, `--requests ${requests}`),
		...(isRun(command) && !hasEnd ? ['--requests 2'] : []),
		// The whole way is in test/commands/optimize.test.ts.
		...(/ optimize /.test(command) ? ['--dry-run'] : []),
		...(isRun(command) && !isLookedAt ? ['--no-reports'] : []),
	].join(' ');
};

/** What the shell makes of a command: its words after `npx bedrock-top`. */
const wordsOf = (command: string): readonly string[] =>
	[...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '').slice(2);

/**
 * A run that leaves no reports is called in this process, in an account that is simulated here in place of the demo: most
 * of what a program and its demo take is their start. A soak starts them all as they are written.
 */
const isCalledHere = (command: string): boolean =>
	!isSoak &&
	/ (?:run|summarize|optimize) .*--demo\b/.test(command) &&
	/ --(?:no-reports|dry-run)\b/.test(shortened(command));

const callHere = async (command: string): Promise<{code: number; output: string}> => {
	const name = / optimize /.test(command) ? 'optimize' : 'run';
	const words = wordsOf(shortened(command)).filter((word) => word !== '--demo' && word !== name);
	const called = call(name, ...words, '--yes');
	const code = await called.ended;
	return {code, output: called.stdout() + called.stderr()};
};

const hasBash = spawnSync('bash', ['--version']).status === 0;

/** Commands in the cells of a table. */
const inCells = (text: string): readonly string[] =>
	[...text.matchAll(/^\|.*\| `(npx bedrock-top [^`]+)` \|$/gm)].map(([, command = '']) => command);

const sections = userPages
	.flatMap((page) => pageAt(page).split(/^###? /m))
	.map((text) => ({
		heading: text.slice(0, text.indexOf('\n')),
		files: blocksOf(text, 'yaml'),
		commands: [...blocksOf(text, 'sh').flatMap((block) => block.trim().split('\n')), ...inCells(text)],
	}))
	.filter(({commands}) => commands.length > 0);

/** What a command leaves for others. */
const leftBy = (command: string): readonly string[] =>
	[...command.matchAll(/ --(?:out |json=|copy )(\S+)/g)].map(([whole, name = '']) =>
		whole.includes('--copy ') ? `${name}.yaml` : name,
	);

/** Commands of a section that build on each other, in order; those that do not need not wait for each other. */
const chainsOf = (commands: readonly string[]): ReadonlyArray<readonly string[]> => {
	const chains: string[][] = [];
	for (const command of commands) {
		const needed = chains.filter((chain) =>
			chain.some((earlier) => leftBy(earlier).some((name) => command.includes(name))),
		);
		chains.push([...needed.flat(), command]);
		for (const chain of needed) {
			chains.splice(chains.indexOf(chain), 1);
		}
	}
	return chains;
};

const chains = sections.flatMap(({heading, files, commands}) =>
	chainsOf(commands).map((chain) => ({heading, files, commands: chain, first: chain[0] ?? ''})),
);

describe.skipIf(!isBuilt || !hasBash)('the commands of the README (skipped without dist/ or bash)', () => {
	let simulator: RunningSimulator;
	let bin = '';

	beforeAll(async () => {
		simulator = await startSimulator({...defaultOptions, latencyMs: 20});
		bin = newFolder();
		const shim = path.join(bin, 'npx');
		writeFileSync(
			shim,
			`#!/bin/sh\n[ "$1" = --yes ] && shift\nshift\nexec "${process.execPath}" "${program}" "$@"\n`,
		);
		chmodSync(shim, 0o755);
	});
	afterAll(() => simulator.stop());

	/** An account that is a simulator. */
	const environment = (): Record<string, string> => ({
		...plainEnvironment(),
		...undrawn,
		PATH: `${bin}:${process.env.PATH}`,
		AWS_ENDPOINT_URL: simulator.url,
		AWS_ACCESS_KEY_ID: 'simulated',
		AWS_SECRET_ACCESS_KEY: 'simulated',
		AWS_REGION: 'us-east-1',
	});

	const run = async (command: string, cwd: string): Promise<{code: number; output: string}> =>
		new Promise((resolve) => {
			execFile('bash', ['-c', shortened(command)], {cwd, env: environment()}, (error, stdout, stderr) => {
				resolve({code: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr});
			});
		});

	/** Serves or watches until it is told to stop. @returns what it printed first. */
	const runEndless = async (command: string, cwd: string): Promise<string> => {
		const child = spawn('bash', ['-c', `exec ${command}`], {cwd, env: environment(), stdio: 'pipe'});
		const exited = new Promise((resolve) => {
			child.on('exit', resolve);
		});
		const text = await new Promise<string>((resolve) => {
			child.stdout.once('data', (chunk) => resolve(String(chunk)));
		});
		child.kill('SIGINT');
		await exited;
		return text;
	};

	it('finds commands in all recipes', () => {
		expect(sections.length).toBeGreaterThanOrEqual(8);
		expect(chains.flatMap(({commands}) => commands)).toHaveLength(
			sections.flatMap(({commands}) => commands).length,
		);
		for (const {commands} of sections) {
			for (const command of commands) {
				expect(command).toMatch(/^npx bedrock-top /);
			}
		}
	});

	const follow = async (
		{files, commands}: (typeof chains)[number],
		cwd: string,
		runOf: (command: string) => Promise<{code: number; output: string}>,
	): Promise<void> => {
		for (const text of files) {
			const file = path.join(cwd, /^# (\S+)/.exec(text)?.[1] ?? 'preset.yaml');
			mkdirSync(path.dirname(file), {recursive: true});
			writeFileSync(file, text);
		}
		for (const command of commands) {
			if (command.includes(' simulate ')) {
				expect(await runEndless(command, cwd)).toMatch(/export AWS_ENDPOINT_URL/);
			} else if (/ tap (?!.*--(?: |$))/.test(command)) {
				expect(await runEndless(command, cwd)).toMatch(/export AWS_ENDPOINT_URL_BEDROCK_RUNTIME/);
			} else if (command.includes(' watch ')) {
				expect(await runEndless(command, cwd)).toMatch(/SIMULATED/);
			} else {
				const {code, output} = await runOf(command);
				expect(`${command}: ${code} ${code === 0 ? '' : output}`).toBe(`${command}: 0 `);
			}
		}
	};
	type Workflow = {
		readonly jobs: Readonly<
			Record<string, {readonly steps: ReadonlyArray<{readonly uses?: string; readonly run?: string}>}>
		>;
	};
	const workflows = userPages
		.flatMap((page) => blocksOf(pageAt(page), 'yaml'))
		.filter((text) => /^jobs:/m.test(text));

	it('has a workflow for CI whose steps work as they stand', async () => {
		expect(workflows).toHaveLength(1);
		const cwd = newFolder();
		for (const text of workflows) {
			const steps = Object.values((parse(text) as Workflow).jobs).flatMap((job) => job.steps);
			const ours = steps.flatMap(({run: command = ''}) => (command.includes('bedrock-top') ? [command] : []));
			expect(ours.length).toBeGreaterThanOrEqual(3);
			for (const command of ours) {
				const {code, output} = await run(command, cwd);
				expect(`${command}: ${code} ${code === 0 ? '' : output}`).toBe(`${command}: 0 `);
			}
		}
	}, 120_000);

	it('has only actions in workflows that nobody can move: by commit, the version as a comment', () => {
		const own = path.resolve(import.meta.dirname, '../../.github/workflows');
		const texts = [
			...workflows,
			...readdirSync(own).map((file) => readFileSync(path.join(own, file), 'utf8')),
		];
		expect(texts.length).toBeGreaterThanOrEqual(2);
		for (const text of texts) {
			const steps = Object.values((parse(text) as Workflow).jobs).flatMap((job) => job.steps);
			for (const used of steps.flatMap(({uses}) => uses ?? [])) {
				expect(used).toMatch(/@[\da-f]{40}$/);
				expect(text).toMatch(new RegExp(`${used} # v\\d+\\.\\d+\\.\\d+`));
			}
		}
	});

	const isHere = ({commands}: (typeof chains)[number]): boolean => commands.some(isCalledHere);

	it.concurrent.each(chains.filter((chain) => !isHere(chain)))(
		'$heading: $first',
		{timeout: 180_000},
		async (chain) => {
			const cwd = newFolder();
			await follow(chain, cwd, async (command) => run(command, cwd));
		},
	);

	// One after the other: a process has one folder and one environment.
	it.each(chains.filter(isHere))('$heading: $first', {timeout: 180_000}, async (chain) => {
		await useAccount({}, {latencyMs: 20});
		const [cwd, before] = [newFolder(), process.cwd()];
		process.chdir(cwd);
		onTestFinished(() => process.chdir(before));
		await follow(chain, cwd, async (command) =>
			isCalledHere(command) ? callHere(command) : run(command, cwd),
		);
	});
});
