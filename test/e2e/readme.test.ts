import {execFile, spawn, spawnSync} from 'node:child_process';
import {chmodSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import {freshPage, pages} from '../../source/build/docs.ts';
import {presetSchema} from '../../source/config/preset-schema.ts';
import {failureClasses} from '../../source/domain/failure.ts';
import {resultsSchema} from '../../source/reports/results-schema.ts';
import {faultKinds, scenarioShape} from '../../source/simulator/options.ts';
import {type RunningSimulator, startSimulator} from '../../source/simulator/server.ts';
import {call, useAccount} from '../account/call.ts';
import {isBuilt, newFolder, plainEnvironment, program, undrawn} from '../helpers/built-program.ts';
import {isSoak} from '../helpers/random-cases.ts';
import {defaultOptions} from '../simulator/harness.ts';

const pageAt = (file: string): string =>
	readFileSync(path.resolve(import.meta.dirname, '../..', file), 'utf8');
const readme = pageAt('README.md');

const sectionOf = (heading: string): string =>
	readme.split(/^## /m).find((section) => section.startsWith(`${heading}\n`)) ?? '';

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

	it('explains every class of failure, every key of a preset and of the results', () => {
		const expectAll = (text: string, names: readonly string[]) =>
			expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
		expectAll(sectionOf('Troubleshooting'), failureClasses);
		expectAll(pageAt('presets/README.md'), Object.keys(presetSchema.shape));
		expectAll(pageAt('source/reports/README.md'), Object.keys(resultsSchema.shape));
		expect(
			[...faultKinds, ...Object.keys(scenarioShape)].filter((name) => !readme.includes(`\`${name}\``)),
		).toEqual([]);
	});

	it('links to headings that are there', () => {
		const anchors = [...readme.matchAll(/^#+ (.+)$/gm)].map(([, text]) =>
			(text ?? '')
				.toLowerCase()
				.replaceAll(/[^\w -]/g, '')
				.replaceAll(' ', '-'),
		);
		const links = [...readme.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor);
		expect(links.filter((anchor) => !anchors.includes(anchor ?? ''))).toEqual([]);
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
	const requests = / --(?:fail-if|json=baseline)\b/.test(command) ? 8 : 2;
	const isLookedAt = / --(?:out|resume|no-reports|dry-run)\b/.test(command);
	return [
		command
			.replace(/--duration \w+/, '--duration 1s')
			.replace(/(?<!--search )--requests \d+/, `--requests ${requests}`),
		...(isRun(command) && !hasEnd ? ['--requests 2'] : []),
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
	/ (?:run|summarize) .*--demo\b/.test(command) &&
	/ --(?:no-reports|dry-run)\b/.test(shortened(command));

const callHere = async (command: string): Promise<{code: number; output: string}> => {
	const words = wordsOf(shortened(command)).filter((word) => word !== '--demo' && word !== 'run');
	const called = call('run', ...words, '--yes');
	const code = await called.ended;
	return {code, output: called.stdout() + called.stderr()};
};

const hasBash = spawnSync('bash', ['--version']).status === 0;

const sections = readme
	.split(/^###? /m)
	.map((text) => ({
		heading: text.slice(0, text.indexOf('\n')),
		files: blocksOf(text, 'yaml'),
		commands: blocksOf(text, 'sh').flatMap((block) => block.trim().split('\n')),
	}))
	.filter(({commands}) => commands.length > 0);

/** What a command leaves for others. */
const leftBy = (command: string): readonly string[] =>
	[...command.matchAll(/ --(?:out |json=)(\S+)/g)].map(([, name]) => name ?? '');

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
		writeFileSync(shim, `#!/bin/sh\nshift\nexec "${process.execPath}" "${program}" "$@"\n`);
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
			writeFileSync(path.join(cwd, /^# (\S+)/.exec(text)?.[1] ?? 'preset.yaml'), text);
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
