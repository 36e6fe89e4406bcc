import {existsSync} from 'node:fs';
import {constants} from 'node:os';
import path from 'node:path';
import envPaths from 'env-paths';
import type {Remembered, UserConfig} from '../config/config-file.ts';
import type {FlagName} from '../config/flags.ts';
import {type Arguments, assertWords, type FlagValues, parseArguments} from '../config/parse-arguments.ts';
import {UserError} from '../domain/user-error.ts';
import {toolVersion} from '../reports/environment.ts';
import {columnsOf, type Io, watchOutput, writeLines, writeWhole} from '../terminal/io.ts';
import {
	catchCrashes,
	crashLines,
	executeWills,
	Interrupted,
	stackLines,
	untilSignal,
	watchSignals,
} from '../terminal/signals.ts';
import type {OwnScreen} from './screen.ts';

/** Runs a command. Only its own modules are loaded. */
const runCommand = async (given: Arguments, io: Io, own: OwnScreen): Promise<number> => {
	const {command} = given;
	switch (command.name) {
		case 'screen':
			return (await import('./screen.ts')).screen(given, io, own);
		case 'run':
			return (await import('./run.ts')).run(given, io);
		case 'tap':
			return (await import('./tap.ts')).tap(given, io, own);
		case 'optimize':
			return (await import('./optimize.ts')).optimize(given, io);
		case 'quotas':
			return (await import('./quotas.ts')).quotas(given, io);
		case 'models':
			return (await import('./models.ts')).models(given, io);
		case 'watch':
			return (await import('./watch.ts')).watch(given, io);
		case 'batch':
			return (await import('./batch.ts')).batch(given, io);
		case 'prompt':
			return (await import('./prompt.ts')).prompt(given, io);
		case 'report':
			return (await import('./report.ts')).report(given, io);
		case 'runs':
			return (await import('./runs.ts')).runs(given, io, own);
		case 'compare':
			return (await import('./compare.ts')).compare(given, io);
		case 'simulate':
			return (await import('./simulate.ts')).simulateFromFlags(given, io);
		case 'presets':
			return (await import('./presets.ts')).presetsCommand(given, io);
		case 'completion':
			return (await import('./completion.ts')).completion(given, io);
		case 'help':
			return (await import('./help.ts')).help(given, io);
	}
};

/**
 * Milliseconds that a command has to end by itself after a signal, where it has work to finish; undefined where it sets
 * its own deadline.
 */
const graceMs: Readonly<Partial<Record<Arguments['command']['name'], number | undefined>>> = {
	screen: undefined,
	run: undefined,
	batch: 2000,
	watch: 2000,
	tap: undefined,
	optimize: undefined,
	simulate: 2000,
};

/** Runs the command until it ends, or for its grace period after a signal. */
const runBounded = async (given: Arguments, io: Io, own: OwnScreen): Promise<number> => {
	const {name} = given.command;
	const ownGraceMs = name in graceMs ? graceMs[name] : 0;
	const work = runCommand(given, io, own);
	return ownGraceMs === undefined ? work : untilSignal(io.signal, work, ownGraceMs);
};

const report = async (error: unknown, argv: readonly string[], io: Io): Promise<number> => {
	if (error instanceof UserError) {
		const {errorLines} = await import('../terminal/io.ts');
		const lines = errorLines(error, {width: columnsOf(io.stderr)});
		await writeLines(io.stderr, [...lines, ...stackLines(error, argv)]);
		return error.exitCode;
	}
	await writeLines(io.stderr, crashLines(error, argv, executeWills()));
	return 1;
};

/** Ends the program now: measured results are kept, nothing is waited for. */
const endAtOnce = (exitCode: number): void => {
	executeWills();
	// process.exit waits for a pending read, and a pipe may never end: then the signal itself ends the process.
	const isReading = process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq'));
	if (isReading && exitCode > 128) {
		const number = exitCode - 128;
		for (const [name, each] of Object.entries(constants.signals)) {
			if (each === number) {
				process.removeAllListeners(name);
			}
		}
		process.kill(process.pid, number);
	}
	process.exit(exitCode);
};

/**
 * The user's configuration file: what `BEDROCK_TOP_CONFIG` names (empty: none), else `config.yaml` in the user's folder.
 * Apart from its reader, so that a start without one loads no parser.
 * @returns Undefined where there is none.
 * @throws UserError (exit 2) where `BEDROCK_TOP_CONFIG` names no file.
 */
export function configFile(environment: Readonly<Record<string, string | undefined>>): string | undefined {
	const named = environment.BEDROCK_TOP_CONFIG;
	if (named === undefined) {
		const file = usualFile();
		return file !== undefined && existsSync(file) ? file : undefined;
	}
	if (named !== '' && !existsSync(named)) {
		throw new UserError(`BEDROCK_TOP_CONFIG: there is no file "${named}".`, {
			exitCode: 2,
			hint: 'Correct the path, or unset the variable.',
		});
	}
	return named === '' ? undefined : path.resolve(named);
}

function usualFile(): string | undefined {
	try {
		return path.join(envPaths('bedrock-top', {suffix: ''}).config, 'config.yaml');
	} catch {
		// No HOME and no entry in the user database.
		return undefined;
	}
}

/** Flags that are remembered when the user asks for it: how one works, not what is worked on. */
const rememberedFlags: readonly FlagName[] = [
	...(['theme', 'bell', 'mouse', 'ascii', 'color', 'region', 'profile', 'model', 'goal', 'method'] as const),
	...(['load', 'requests', 'duration', 'concurrency', 'rate', 'max-tokens', 'share', 'policy'] as const),
	'max-cost',
];

/** What was typed on the command line and can be remembered. */
const typedValues = (flags: FlagValues): readonly Remembered[] =>
	rememberedFlags.flatMap((name): Remembered[] => {
		// Several Regions or profiles suit the account alone: they cannot be the default of a run.
		const isOne = (value: string): boolean =>
			(name !== 'region' && name !== 'profile') || !value.includes(',');
		const typed = flags.typed(name).filter(isOne);
		return typed.length === 0
			? []
			: [[name === 'theme' || name === 'bell' ? [name] : ['defaults', name], typed]];
	});

/** Numbers and switches as YAML has them. */
const scalarOf = (text: string): string | number | boolean =>
	text === 'true' || text === 'false'
		? text === 'true'
		: /^(0|[1-9]\d*)(\.\d+)?$/.test(text)
			? Number(text)
			: text;

const yamlValue = ([path, value]: Remembered): unknown => {
	if (path[0] === 'columns') {
		return value;
	}
	const values = [value].flat().map((each) => scalarOf(String(each)));
	return values.length === 1 ? values[0] : values;
};

/** What the user keeps for the screen, and the way to keep more. @throws UserError (exit 2) with file and line. */
async function ownScreen(
	config: UserConfig | undefined,
	flags: FlagValues,
	environment: Readonly<Record<string, string | undefined>>,
): Promise<OwnScreen> {
	return {
		...(config === undefined ? {} : await keptScreen(config)),
		async remember(values, hasTyped) {
			const {BEDROCK_TOP_CONFIG: named} = environment;
			const file = named === undefined ? usualFile() : named;
			if (file === undefined || file === '') {
				throw new UserError('no configuration file is named (BEDROCK_TOP_CONFIG).', {exitCode: 1});
			}
			// What was changed since comes after what was typed.
			const byPath = new Map(
				[...(hasTyped ? typedValues(flags) : []), ...values].map(
					(each) => [each[0].join('.'), each] as const,
				),
			);
			if (byPath.size === 0) {
				throw new UserError('nothing was changed since the start.', {exitCode: 1});
			}
			const {rememberIn} = await import('../config/config-file.ts');
			await rememberIn(
				file,
				[...byPath.values()].map((each) => [each[0], yamlValue(each)]),
			);
			return {file, names: [...byPath.keys()].map((name) => name.replace('defaults.', ''))};
		},
	};
}

async function keptScreen({columns, keys, faultAt}: UserConfig): Promise<OwnScreen> {
	if (Object.keys({...columns, ...keys}).length === 0) {
		return {};
	}
	const [{ownKeymap}, {ownColumns}] = await Promise.all([
		import('../view/keymap.ts'),
		import('../view/columns/columns.ts'),
	]);
	const keymap = ownKeymap(keys);
	if ('reason' in keymap) {
		throw faultAt(['keys', keymap.command], keymap.reason, keymap.hint);
	}
	const own = ownColumns(columns);
	if ('reason' in own) {
		throw faultAt(['columns', ...own.path], own.reason, own.hint);
	}
	return {keymap, columns: own.columns};
}

/**
 * Parses the command line and runs its command.
 * @param argv Words after the program's name.
 * @returns Exit code.
 */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
	const releaseCrashes = catchCrashes(argv);
	const {signal, end, release} = watchSignals({process, now: () => performance.now(), exit: endAtOnce});
	const io: Io = {
		stdin: process.stdin,
		stdout: process.stdout,
		stderr: process.stderr,
		environment: process.env,
		signal,
		takeSignals: release,
	};
	// Without a reader of stdout the reports are still written: they were paid for.
	watchOutput(io.stdout, end);
	watchOutput(io.stderr, () => {});
	writeWhole(io.stdout);
	let located = (error: unknown): unknown => error;
	try {
		const file = configFile(io.environment);
		const config =
			file === undefined ? undefined : (await import('../config/config-file.ts')).readConfig(file);
		located = (error) => config?.located(error, argv) ?? error;
		const given = parseArguments(argv, config?.flags);
		if (given.flags.isSet('help')) {
			const {helpLines} = await import('./help.ts');
			await writeLines(io.stdout, await helpLines(given, argv));
			return 0;
		}
		if (given.flags.isSet('version')) {
			await writeLines(io.stdout, [toolVersion()]);
			return 0;
		}
		assertWords(given);
		const own = await ownScreen(config, given.flags, io.environment);
		const exitCode = await runBounded(given, io, own);
		// The output was cut off.
		return exitCode === 0 && signal.reason === 1 ? 1 : exitCode;
	} catch (error) {
		if (error instanceof Interrupted) {
			endAtOnce(error.exitCode);
		}
		return await report(located(error), argv, io);
	} finally {
		release();
		releaseCrashes();
	}
}
