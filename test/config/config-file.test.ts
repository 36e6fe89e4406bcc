import {mkdtempSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {configFile} from '../../source/commands/command-line.ts';
import {readConfig, rememberIn} from '../../source/config/config-file.ts';
import {presetFlags} from '../../source/config/flags.ts';
import {loadPreset} from '../../source/config/load-preset.ts';
import {parseArguments} from '../../source/config/parse-arguments.ts';
import {resolveRun} from '../../source/config/resolve-run.ts';
import {UserError} from '../../source/domain/user-error.ts';

/** Tests source/config/config-file.ts, the file that the command line reads, and the order flag, preset, configuration, default. */

const written = (text: string): string => {
	const file = path.join(mkdtempSync(path.join(tmpdir(), 'bedrock-top-config-')), 'config.yaml');
	writeFileSync(file, text);
	return file;
};

type Config = Awaited<ReturnType<typeof resolveRun>>;

/** A run of a preset with these keys, under a configuration. */
const resolved = async (config: string, preset: object, ...argv: readonly string[]): Promise<Config> => {
	const {flags} = parseArguments(['run', ...argv], readConfig(written(config)).flags);
	const own = loadPreset('summarize');
	const {name, task, content, variants} = own.preset;
	const given = {...own, preset: {name, task, content, variants, ...preset}};
	return resolveRun(given as typeof own, flags, async () => '');
};

/** Each flag with a value of the flag, the preset and the configuration; `of` reads it. */
const rows: ReadonlyArray<{
	readonly flag: string;
	readonly values: readonly [flag: string, preset: unknown, config: string];
	readonly preset: (value: unknown) => object;
	/** A preset without the value; empty where undefined. */
	readonly bare?: object;
	readonly of: (config: Config) => unknown;
	/** Of flag, preset, configuration; as in `values` where undefined. */
	readonly wanted?: readonly unknown[];
}> = [
	{
		flag: 'model',
		values: ['one', ['two'], 'three'],
		preset: (models) => ({models}),
		of: ({models}) => models[0],
		wanted: ['one', 'two', 'three'],
	},
	{
		flag: 'method',
		values: ['invoke', 'converse', 'converse-stream'],
		preset: (method) => ({method}),
		of: ({method}) => method,
	},
	{flag: 'goal', values: ['cost', 'latency', 'efficiency'], preset: (goal) => ({goal}), of: ({goal}) => goal},
	{flag: 'burst', values: ['even', 'full', 'even'], preset: (burst) => ({burst}), of: ({burst}) => burst},
	{
		flag: 'policy',
		values: ['adaptive', 'fixed', 'adaptive'],
		preset: (policy) => ({policy}),
		of: ({policy}) => policy,
	},
	{
		flag: 'rate',
		values: ['2', 3, '4'],
		preset: (ratePerMinute) => ({load: {shape: 'rate', ratePerMinute}}),
		bare: {load: {shape: 'rate'}},
		of: ({load}) => load.ratePerMinute,
	},
	{flag: 'share', values: ['0.2', 0.3, '0.4'], preset: (share) => ({share}), of: ({share}) => share},
	{flag: 'seed', values: ['2', 3, '4'], preset: (seed) => ({seed}), of: ({seed}) => seed},
	{
		flag: 'max-tokens',
		values: ['20', 30, '40'],
		preset: (maxTokens) => ({maxTokens}),
		of: ({maxTokens}) => maxTokens,
	},
	{
		flag: 'load',
		values: ['saturate', 'serial', 'measure'],
		preset: (shape) => ({load: {shape}}),
		of: ({load}) => load.shape,
	},
	{
		flag: 'requests',
		values: ['2', 3, '4'],
		preset: (requests) => ({load: {requests}}),
		of: ({load}) => load.requests,
	},
	{
		flag: 'concurrency',
		values: ['2', 3, '4'],
		preset: (concurrency) => ({load: {concurrency}}),
		of: ({load}) => load.concurrency,
	},
	{
		flag: 'duration',
		values: ['2s', '3s', '4s'],
		preset: (duration) => ({load: {duration}}),
		of: ({load}) => load.durationMs,
		wanted: [2000, 3000, 4000],
	},
];

const faultOf = (text: string): string => {
	try {
		readConfig(written(text));
	} catch (error) {
		return error instanceof UserError ? `${error.exitCode} ${error.message} ${error.hint}` : String(error);
	}
	return '';
};

describe('the order of settings', () => {
	it.each(rows)(
		'is flag, preset, configuration: $flag',
		async ({flag, values, preset, bare = {}, of, wanted}) => {
			expect(presetFlags.has(flag)).toBe(true);
			const config = `defaults: {${flag}: ${values[2]}}`;
			const found = [
				of(await resolved(config, preset(values[1]), `--${flag}`, values[0])),
				of(await resolved(config, preset(values[1]))),
				of(await resolved(config, bare)),
			];
			expect(found.map(String)).toEqual((wanted ?? values).map(String));
		},
	);

	it('counts a maximum of cost as typed', async () => {
		const {guards} = await resolved('defaults: {max-cost: 0.5}', {});
		expect([guards.maxCostUsd, guards.isMaxCostGiven]).toEqual([0.5, true]);
	});

	it.each([
		['another command', 'defaults: {share: 0.5, seed: 3}', ['simulate'], 'seed', '3'],
		['another command', 'defaults: {share: 0.5}', ['simulate'], 'share', undefined],
		['a list of the account', 'defaults: {model: one, region: eu-west-1}', ['quotas'], 'region', 'eu-west-1'],
		['a resumed run', 'defaults: {out: there}', ['run', '--resume', 'here'], 'out', undefined],
		['a run that is not resumed', 'defaults: {out: there}', ['run'], 'out', 'there'],
	] as const)('leaves out what does not go with %s: %s', (_, config, argv, name, wanted) => {
		expect(parseArguments(argv, readConfig(written(config)).flags).flags.text(name)).toBe(wanted);
	});

	it('has a model for runs, not for the lists of the account', () => {
		const kept = readConfig(written('defaults: {model: one}')).flags;
		const models = (...argv: readonly string[]) => {
			const {flags} = parseArguments(argv, kept);
			return [flags.texts('model'), flags.afterPreset('model')];
		};
		expect(models('run')).toEqual([[], ['one']]);
		expect(models('quotas')).toEqual([[], []]);
	});

	it('takes switches, also those that are on by themselves', () => {
		const kept = readConfig(written('bell: false\ntheme: light\ndefaults: {json: true}')).flags;
		const {flags} = parseArguments(['run', 'summarize'], kept);
		expect([flags.isSet('bell'), flags.text('theme'), flags.text('json')]).toEqual([false, 'light', '']);
		expect(parseArguments(['run', '--bell'], kept).flags.isSet('bell')).toBe(true);
	});
});

describe('faults of the configuration', () => {
	it.each([
		['theme: light\ncolour: red', /2 .*config\.yaml:2: unknown key "colour"/],
		['defaults:\n  regoin: x', /config\.yaml:2: unknown flag "regoin".*Did you mean "region"/],
		['defaults:\n  share: 0.5\n  yes: true', /config\.yaml:3: "yes" can't be a default/],
		['defaults: {force: true}', /config\.yaml:1: "force" can't be a default/],
		['defaults:\n  refresh: maybe', /config\.yaml:2: "refresh": "maybe" is not true or false/],
		['defaults:\n  share: [1, 2]', /config\.yaml:2: "share" takes one value/],
		['keys: {run: [[a]]}', /config\.yaml:1: "keys\.run": \[\["a"\]\] is not allowed here\. Keys by command/],
		['columns:\n  quotas: limit', /config\.yaml:2: "columns\.quotas": "limit" is not allowed here\. Lists/],
		['- a', /config\.yaml:1: it has no "key: value" lines\. Known: defaults, theme/],
		['theme: [', /config\.yaml:1: a bracket is opened and never closed/],
		['\nbell: loud', /config\.yaml:2: "bell": "loud" is not allowed here\. true or false/],
	])('name file and line: %j', (text, wanted) => {
		expect(faultOf(text)).toMatch(wanted);
	});

	it('are located where a value was not typed', () => {
		const config = readConfig(written('theme: light\ndefaults:\n  share: 7'));
		const error = new UserError('--share: "7" is not allowed.', {exitCode: 2, hint: 'Lower it.'});
		expect(config.located(error, ['run'])).toMatchObject({
			message: expect.stringMatching(/allowed \(from .*config\.yaml:3\)\.$/),
			hint: 'Lower it.',
			exitCode: 2,
		});
		expect(config.located(error, ['run', '--share=7'])).toBe(error);
	});

	it('include a file that is not there, where it was named', () => {
		expect(() => configFile({BEDROCK_TOP_CONFIG: '/nowhere/config.yaml'})).toThrow(/there is no file/);
		expect(configFile({BEDROCK_TOP_CONFIG: ''})).toBeUndefined();
	});
});

describe('what is remembered', () => {
	it('is put beside what is there: comments and all else stay', async () => {
		const file = written(
			'# mine\ndefaults:\n  goal: cost # why\nkeys: {run: G}\ncolumns:\n  quotas: [limit]\n',
		);
		await rememberIn(file, [
			[['defaults', 'share'], 0.5],
			[['columns', 'quotas'], undefined],
			[
				['columns', 'account'],
				['free', 'tpm'],
			],
			[['theme'], 'light'],
		]);
		expect(readFileSync(file, 'utf8')).toBe(
			'# mine\ndefaults:\n  goal: cost # why\n  share: 0.5\nkeys: {run: G}\ncolumns:\n  account: [free, tpm]\ntheme: light\n',
		);
		expect(readConfig(file)).toMatchObject({columns: {account: ['free', 'tpm']}, keys: {run: ['G']}});
	});

	it('makes the file and its folder, and follows a link of that name', async () => {
		const folder = mkdtempSync(path.join(tmpdir(), 'bedrock-top-config-'));
		const file = path.join(folder, 'new', 'config.yaml');
		await rememberIn(file, [[['defaults', 'goal'], 'cost']]);
		const link = path.join(folder, 'link.yaml');
		symlinkSync(file, link);
		await rememberIn(link, [[['bell'], false]]);
		expect(readFileSync(file, 'utf8')).toBe('defaults:\n  goal: cost\nbell: false\n');
	});

	it('fills a section that is empty, and leaves alone a file that is not YAML', async () => {
		const empty = written('defaults:\n# end\n');
		await rememberIn(empty, [[['defaults', 'goal'], 'cost']]);
		expect(readConfig(empty).flags.get('goal')).toEqual(['cost']);
		const broken = written('theme: [');
		await expect(rememberIn(broken, [[['theme'], 'light']])).rejects.toThrow(/config\.yaml:1: a bracket/);
		expect(readFileSync(broken, 'utf8')).toBe('theme: [');
	});
});
