import {type Arguments, assertWords, parseArguments} from '../config/parse-arguments.ts';
import {UserError} from '../domain/user-error.ts';
import {toolVersion} from '../reports/environment.ts';
import {assureHome} from '../terminal/home.ts';
import {columnsOf, type Io, ignoreClosedPipe, writeLines} from '../terminal/io.ts';
import {watchSignals} from '../terminal/signals.ts';
import {generalHelpLines} from './general-help.ts';

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
			return (await import('./account.ts')).account(command.name, given, io);
		case 'watch':
			return (await import('./watch.ts')).watch(given, io);
		case 'batch':
			return (await import('./batch.ts')).batch(given, io);
		case 'prompt':
			return (await import('./prompt.ts')).prompt(given, io);
		case 'report':
		case 'compare':
			return (await import('./results-files.ts')).resultsFiles(command.name, given, io);
		case 'simulate':
			return (await import('./simulate/simulate-flags.ts')).simulateFromFlags(given, io);
		case 'presets':
			return (await import('./presets.ts')).presetsCommand(given, io);
		case 'completion':
			return (await import('./completion.ts')).completion(given, io);
	}
};

const report = async (error: unknown, io: Io): Promise<number> => {
	if (!(error instanceof UserError)) {
		throw error;
	}
	const {errorLines} = await import('../plain/error.ts');
	await writeLines(io.stderr, errorLines(error, {width: columnsOf(io.stderr)}));
	return error.exitCode;
};

/**
 * Takes the command line apart and runs its command.
 * @param argv Words behind the program's name.
 * @returns Exit code (DESIGN: Exit).
 */
export const runCommandLine = async (argv: readonly string[]): Promise<number> => {
	assureHome(process.env);
	const {signal, endQuietly, release} = watchSignals();
	const io: Io = {
		stdin: process.stdin,
		stdout: process.stdout,
		stderr: process.stderr,
		environment: process.env,
		signal,
	};
	// What was paid for is still written: reports do not need the reader of stdout.
	ignoreClosedPipe(io.stdout, endQuietly);
	ignoreClosedPipe(io.stderr, () => {});
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
		return await runCommand(given, io);
	} catch (error) {
		return await report(error, io);
	} finally {
		release();
	}
};
