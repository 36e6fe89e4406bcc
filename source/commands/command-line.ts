import {constants} from 'node:os';
import {type Arguments, assertWords, parseArguments} from '../config/parse-arguments.ts';
import {UserError} from '../domain/user-error.ts';
import {toolVersion} from '../reports/environment.ts';
import {catchCrashes, crashLines, executeWills, stackLines} from '../terminal/crash.ts';
import {columnsOf, type Io, watchOutput, writeLines, writeWhole} from '../terminal/io.ts';
import {Interrupted, untilSignal, watchSignals} from '../terminal/signals.ts';
import {generalHelpLines} from './help.ts';

const helpLines = async (
	{command, words}: Arguments,
	argv: readonly string[],
): Promise<readonly string[]> => {
	if (command.name === 'screen' && words.length === 0 && !argv.includes('screen')) {
		return generalHelpLines();
	}
	const {commandHelp} = await import('../config/help.ts');
	return commandHelp(command);
};

/** Loads the one command that was asked for: nothing of the others is read. */
const runCommand = async (given: Arguments, io: Io): Promise<number> => {
	const {command} = given;
	switch (command.name) {
		case 'screen':
			return (await import('./screen.ts')).screen(given, io);
		case 'run':
			return (await import('./run.ts')).run(given, io);
		case 'quotas':
		case 'models':
			return (await import('./quotas-models.ts')).account(command.name, given, io);
		case 'watch':
			return (await import('./watch.ts')).watch(given, io);
		case 'batch':
			return (await import('./batch.ts')).batch(given, io);
		case 'prompt':
			return (await import('./prompt.ts')).prompt(given, io);
		case 'report':
		case 'compare':
			return (await import('./report-compare.ts')).resultsFiles(command.name, given, io);
		case 'simulate':
			return (await import('./simulate.ts')).simulateFromFlags(given, io);
		case 'presets':
			return (await import('./presets.ts')).presetsCommand(given, io);
		case 'completion':
			return (await import('./completion.ts')).completion(given, io);
	}
};

/**
 * Milliseconds that a command has to end by itself after a signal, where it has more to do than to stop; undefined where
 * it bounds what it does after a signal itself.
 */
const graceMs: Readonly<Partial<Record<Arguments['command']['name'], number | undefined>>> = {
	screen: undefined,
	run: undefined,
	batch: 2000,
	watch: 2000,
	simulate: 2000,
};

/** Runs the command, but not much longer than until a signal. */
const runBounded = async (given: Arguments, io: Io): Promise<number> => {
	const {name} = given.command;
	const patienceMs = name in graceMs ? graceMs[name] : 0;
	const work = runCommand(given, io);
	return patienceMs === undefined ? work : untilSignal(io.signal, work, patienceMs);
};

const report = async (error: unknown, argv: readonly string[], io: Io): Promise<number> => {
	if (error instanceof UserError) {
		const {errorLines} = await import('../plain/error.ts');
		const lines = errorLines(error, {width: columnsOf(io.stderr)});
		await writeLines(io.stderr, [...lines, ...stackLines(error, argv)]);
		return error.exitCode;
	}
	await writeLines(io.stderr, crashLines(error, argv, executeWills()));
	return 1;
};

/** What was measured is kept, and nothing else is waited for. */
const endAtOnce = (exitCode: number): void => {
	executeWills();
	// An exit waits for what is being read, and a pipe may never be: then the signal does what it does by itself.
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
 * Takes the command line apart and runs its command.
 * @param argv Words behind the program's name.
 * @returns Exit code (README, Commands).
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
	};
	// What was paid for is still written: reports do not need the reader of stdout.
	watchOutput(io.stdout, end);
	watchOutput(io.stderr, () => {});
	writeWhole(io.stdout);
	try {
		const given = parseArguments(argv);
		if (given.flags.isSet('help')) {
			await writeLines(io.stdout, await helpLines(given, argv));
			return 0;
		}
		if (given.flags.isSet('version')) {
			await writeLines(io.stdout, [toolVersion()]);
			return 0;
		}
		assertWords(given);
		const exitCode = await runBounded(given, io);
		// What was asked for went to an output that took no more.
		return exitCode === 0 && signal.reason === 1 ? 1 : exitCode;
	} catch (error) {
		if (error instanceof Interrupted) {
			endAtOnce(error.exitCode);
		}
		return await report(error, argv, io);
	} finally {
		release();
		releaseCrashes();
	}
}
