import {spawnSync} from 'node:child_process';
import {mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {stringify} from 'yaml';
import {parseArguments} from '../../source/config/parse-arguments.ts';
import {wordsAsTyped, wordsOfRun} from '../../source/config/repeat.ts';
import {resolveRun} from '../../source/config/resolve-run.ts';
import {resolveTap} from '../../source/config/resolve-tap.ts';
import type {RunConfig} from '../../source/domain/run-config.ts';
import {repeatCommand} from '../../source/reports/repeat-command.ts';
import {resultsOf} from '../../source/reports/results.ts';
import {environment, snapshot} from '../helpers/results-fixture.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'bedrock-top-'));
const own = path.join(folder, "my preset, it's mine.yaml");
writeFileSync(
	own,
	stringify({
		name: 'own',
		task: 'Say {it}',
		items: [
			{text: 'one', label: 'a'},
			{text: 'two', label: 'b'},
		],
		expected: '{{item.label}}',
		variants: [
			{name: 'first-one', instruction: '{{task}} {{item.text}}', maxTokens: 7},
			'minimal',
			'concise',
		],
		load: {shape: 'saturate', duration: '20s', warmUp: 2, rampUp: '3s', arrival: 'poisson'},
		goal: 'cost',
		method: 'converse',
		minQuality: 0.5,
		share: 1.5,
		seed: 4,
	}),
);
const recording = path.join(folder, 'recorded.jsonl');
writeFileSync(
	recording,
	`${JSON.stringify({at: '2026-11-30T10:00:00.000Z', client: 'a', session: null, lane: 'normal', model: 'amazon.nova-lite-v1:0', method: 'converse', inputTokens: 10, cacheReadTokens: 0, cacheWriteTokens: 0, maxTokens: 50, outputTokens: 5, timeToFirstTokenMs: null, totalMs: 100, heldMs: 0, outcome: 'answered', attempts: 1})}\n`,
);

const resolve = async (argv: readonly string[]): Promise<RunConfig> => {
	const {flags, words, command} = parseArguments(argv);
	expect(command.name).toBe('run');
	return resolveRun(words[0], flags, async () => 'from stdin');
};

/** What a run does; the rest says who asked for it, and answers questions. */
const settingsOf = ({origin: _, isMethodTyped: __, guards, connection, ...config}: RunConfig) => ({
	...config,
	guards: {...guards, isConfirmed: false},
	region: connection.region ?? 'us-east-1',
	profile: connection.profile,
	timeoutMs: connection.timeoutMs,
});

/** The words that a POSIX shell makes of command lines. */
const wordsOfShell = (lines: readonly string[]): ReadonlyArray<readonly string[]> => {
	const script = lines.map(
		(line) => `for word in ${line}; do printf '%s\\0' "$word"; done; printf '\\001\\0'`,
	);
	const {stdout, status} = spawnSync('sh', {
		input: script.join('\n'),
		encoding: 'utf8',
		maxBuffer: 100_000_000,
	});
	expect(status).toBe(0);
	return stdout
		.split('\u0001\0')
		.slice(0, -1)
		.map((words) => words.split('\0').slice(0, -1));
};

const lineOf = (repeat: readonly string[]): string =>
	repeatCommand(resultsOf(snapshot(), environment, repeat)) ?? '';

const text = fc
	.oneof(
		fc.string({minLength: 1, maxLength: 20}),
		fc.string({unit: 'grapheme', minLength: 1, maxLength: 12}),
		fc.constantFrom(
			"it's",
			'-x',
			'--task',
			'$HOME `id` "q"',
			'two\nlines\tand a tab',
			'<script>',
			'a\u202Eb',
			'\\',
			'*',
		),
	)
	.filter(
		(value) =>
			value.trim() !== '' &&
			!value.startsWith('@') &&
			value !== '-' &&
			!/[\0\r\u001B\u009B]/.test(value) &&
			value.isWellFormed(),
	);

const flag = <T>(name: string, values: fc.Arbitrary<T>): fc.Arbitrary<readonly string[]> =>
	fc.oneof(
		{weight: 2, arbitrary: fc.constant([])},
		{weight: 1, arbitrary: values.map((value) => [`--${name}=${value}`])},
	);
const isOn = (word: string): fc.Arbitrary<readonly string[]> => fc.constantFrom([], [], [word]);
const whole = (min: number, max: number) => fc.integer({min, max});
const duration = fc.oneof(
	whole(1, 600).map((n) => `${n}s`),
	whole(1, 99_999).map((n) => `${n}ms`),
	fc.constant('2m'),
);

/** Flags that go with every run. */
const anyFlags = fc.tuple(
	flag('goal', fc.constantFrom('throughput', 'efficiency', 'cost', 'latency')),
	flag('policy', fc.constantFrom('fixed', 'adaptive')),
	flag('method', fc.constantFrom('converse', 'invoke', 'converse-stream', 'responses')),
	flag('requests', whole(1, 5000)),
	flag('duration', duration),
	flag('burst', fc.constantFrom('full', 'even')),
	flag(
		'share',
		whole(1, 100).map((n) => n / 100),
	),
	flag('tier', fc.constantFrom('flex', 'priority')),
	flag('slo', fc.constantFrom('ttft=800ms', 'total=5s', 'ttft=1.5s,total=2m')),
	flag('rpm', whole(1, 900)),
	flag('tpm', whole(1, 900_000)),
	flag('burndown', whole(1, 15)),
	flag('timeout', duration),
	flag('region', fc.constantFrom('eu-central-1', 'us-west-2')),
	flag(
		'profile',
		text.filter((value) => !value.includes(',')),
	),
	flag('max-requests', whole(1, 9999)),
	flag(
		'max-cost',
		fc.oneof(
			fc.constant('none'),
			whole(0, 900).map((n) => n / 100),
		),
	),
	flag('seed', whole(0, 99)),
	flag('fail-if', fc.constant('items.useful<1')),
	flag('ledger', fc.constantFrom('redis://127.0.0.1:7000/2', 'unix:///run/r.sock')),
	isOn('--balance'),
	isOn('--no-early-stop'),
	isOn('--yes'),
);
/** Flags of a load that no recording says. */
const loadFlags = fc
	.tuple(
		flag('load', fc.constantFrom('measure', 'saturate', 'concurrency', 'serial')),
		flag('concurrency', whole(1, 90)),
		flag('max-tokens', fc.oneof(fc.constant('auto'), whole(1, 4000))),
		fc.constantFrom([], [], ['--load=rate', '--rate=90.5']),
	)
	.map((flags) => (flags[3].length > 0 ? [[], flags[1], flags[2], flags[3]] : flags));
const input = fc.oneof(
	fc
		.record({
			preset: fc.constantFrom('summarize', 'hybrid', 'classify', own),
			content: flag('content', text),
			task: flag('task', text),
		})
		.map(({preset, content, task}) => [preset, ...content, ...task]),
	fc
		.record({
			task: text.map((value) => `--task=${value}`),
			content: flag('content', text),
		})
		.map(({task, content}) => [task, ...content]),
	fc.constant([own, '--variants', 'first-one,concise']),
);
const models = fc.constantFrom<readonly string[]>(
	['-m', 'amazon.nova-lite-v1:0'],
	['-m', 'amazon.nova-lite-v1:0', '-m', 'us.amazon.nova-pro-v1:0'],
);
const commandLines = fc.oneof(
	{
		weight: 4,
		arbitrary: fc
			.tuple(input, models, anyFlags, loadFlags)
			.map(([words, model, any, load]) => ['run', ...words, ...model, ...any.flat(), ...load.flat()]),
	},
	{
		weight: 1,
		arbitrary: fc
			.tuple(flag('speed', whole(1, 9)), fc.constantFrom([], ['summarize'], [own]), anyFlags)
			.map(([speed, words, any]) => ['run', ...words, '--replay', recording, ...speed, ...any.flat()]),
	},
);

const place = {isDemo: false, region: 'us-east-1', searchBudget: undefined};

describe('the words that repeat a run', () => {
	it('give its settings again, by way of a shell', async () => {
		const count = process.env.BEDROCK_TOP_SOAK === undefined ? 60 : 3000;
		const seed = process.env.BEDROCK_TOP_SOAK === undefined ? {seed: 7} : {};
		const runs: Array<{readonly argv: readonly string[]; readonly config: RunConfig}> = [];
		for (const argv of fc.sample(commandLines, {numRuns: count, ...seed})) {
			// Some flags do not go together: what is refused is not run.
			const config = await resolve(argv).catch(() => undefined);
			if (config !== undefined) {
				runs.push({argv, config});
			}
		}
		expect(runs.length).toBeGreaterThan(count / 2);
		const lines = runs.map(({config}) => lineOf(wordsOfRun(config, place)));
		const words = wordsOfShell(lines);
		for (const [index, {argv, config}] of runs.entries()) {
			const [program, ...again] = words[index] ?? [];
			expect(program).toBe('bedrock-top');
			expect(settingsOf(await resolve(again)), `${argv.join(' ')}\n${lines[index]}`).toEqual(
				settingsOf(config),
			);
		}
	});

	it('name a demo, the budget of a search, and a text from stdin', async () => {
		const config = await resolve(['run', own, '-m', 'amazon.nova-lite-v1:0', '--content', '-']);
		const words = wordsOfRun(config, {isDemo: true, region: 'us-east-1', searchBudget: 300});
		expect(words.slice(0, 3)).toEqual(['run', own, '--demo']);
		expect(words.join(' ')).toContain('--content from stdin');
		expect(words.join(' ')).toMatch(/--search .*--requests 300/);
		expect(words).not.toContain('--region');
		const long = {...config, task: {...config.task, content: 'x'.repeat(5000)}};
		expect(wordsOfRun(long, place).join(' ')).toContain('--content - ');
	});

	it('leave a ledger with a password to the environment', async () => {
		const config = await resolve(['run', 'classify', '-m', 'a.b', '--ledger', 'redis://me:secret@127.0.0.1']);
		const words = wordsOfRun(config, place).join(' ');
		expect(words).not.toContain('ledger');
		expect(words).not.toContain('secret');
	});
});

describe('the words that repeat what was typed', () => {
	const typed = [
		[
			'tap',
			'--pace',
			'--hold=10s',
			'--lane',
			'high=my app',
			'--lane',
			'low=bulk',
			'--max-cost',
			'20/day',
			'--port',
			'8080',
			'--',
			'python3',
			'app.py',
			'--flag',
			"it's",
		],
		[
			'tap',
			'--record',
			'calls.jsonl',
			'--record-bodies',
			'--share',
			'0.5',
			'--pace',
			'--region',
			'eu-central-1',
		],
	] as const;

	it.each(typed)('%s %s', (...argv) => {
		const given = parseArguments([...argv]);
		const [words = []] = wordsOfShell([lineOf(wordsAsTyped(given, [['region', 'us-east-1']]))]);
		const again = parseArguments(words.slice(1));
		const region = given.flags.text('region') ?? 'us-east-1';
		const {connection, ...settings} = resolveTap(given.flags);
		expect(resolveTap(again.flags)).toEqual({...settings, connection: {...connection, region}});
		expect(again.program).toEqual(given.program);
	});

	it('leave out where output goes, answers to questions, and secrets', () => {
		const given = parseArguments([
			'batch',
			'high-volume',
			'-m',
			'a.b',
			'--s3',
			's3://b/p',
			'--role-arn',
			'arn:aws:iam::123456789012:role/r',
			'--out',
			'here',
			'--yes',
			'--json=x.json',
			'--force',
			'--plain',
		]);
		expect(
			wordsAsTyped(given, [
				['model', 'c.d'],
				['seed', 1],
			]),
		).toEqual([
			'batch',
			'high-volume',
			'--seed',
			'1',
			'-m',
			'a.b',
			'--s3',
			's3://b/p',
			'--role-arn',
			'arn:aws:iam::123456789012:role/r',
		]);
		const tap = parseArguments([
			'tap',
			'--ledger',
			'redis://me:secret@127.0.0.1',
			'--members',
			'3',
			'--pace',
		]);
		expect(wordsAsTyped(tap)).toEqual(['tap', '--pace']);
	});
});
