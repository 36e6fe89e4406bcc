import {fstatSync} from 'node:fs';
import {mkdir, open} from 'node:fs/promises';
import path from 'node:path';
import type {Arguments, FlagValues} from '../config/parse-arguments.ts';
import {readRecording} from '../config/recording.ts';
import {wordsAsTyped} from '../config/repeat.ts';
import {type OutputConfig, resolveOutput} from '../config/resolve-output.ts';
import {resolveTap, resolveWhatIf} from '../config/resolve-tap.ts';
import {drainMs} from '../domain/backend.ts';
import type {Snapshot} from '../domain/snapshot.ts';
import type {TapConfig} from '../domain/tap.ts';
import {errorOf, faultOf, UserError} from '../domain/user-error.ts';
import {whatIfLines} from '../plain/tap.ts';
import {claimFolder} from '../reports/folder.ts';
import {isAddressOf, secretFor} from '../tap/routes.ts';
import {whatIf} from '../tap/what-if.ts';
import {keepLog} from '../terminal/files.ts';
import {columnsOf, errorLines, type Io, writeLines} from '../terminal/io.ts';
import {Interrupted, untilSignal, watchSignals} from '../terminal/signals.ts';
import {formatCount, formatSpan} from '../text/numbers.ts';
import {toAscii} from '../text/themes.ts';
import {escapeUnseen} from '../text/width.ts';
import {startTapThread} from '../threads/engine-handle.ts';
import {startDemo} from './demo.ts';
import {printJsonOr} from './report.ts';
import type {OwnScreen} from './screen.ts';
import {childEnvironment, startChild, tapLines} from './tap/child.ts';
import {startDemoApplications} from './tap/demo-applications.ts';
import {
	finish,
	printWhileRunning,
	readReports,
	type Started,
	type TapReports,
	wasUsed,
} from './tap/printing.ts';
import {type Shown, showTap} from './tap/tap-screen.ts';

/** Seed of the simulator behind `--demo`. */
const demoSeed = 1;
/** Milliseconds that the thread has to close. */
const closeDeadlineMs = 1000;

const untilAborted = async (signal: AbortSignal): Promise<void> =>
	signal.aborted
		? undefined
		: new Promise((resolve) => {
				signal.addEventListener('abort', () => resolve(), {once: true});
			});

/**
 * An endpoint in the environment that is this tap's own, from the lines of an earlier start, would send every request
 * round in a circle.
 */
const leaveOwnEndpoint = (port: number): readonly string[] => {
	const names = ['AWS_ENDPOINT_URL_BEDROCK_RUNTIME', 'AWS_ENDPOINT_URL'].filter((name) =>
		isAddressOf(port, process.env[name]),
	);
	for (const name of names) {
		delete process.env[name];
	}
	return names.map((name) => `${name} points to this tap itself, so the tap ignores it.`);
};

/** Lines of JSON are alone on stdout. */
const beside = ({json}: OutputConfig, io: Io): NodeJS.WriteStream =>
	json !== undefined && json.file === undefined ? io.stderr : io.stdout;

/** A tap has no end of its own: signals are how it is ended, which is a fault only where something was lost. */
const exitCodeOf = ({outcome}: Snapshot, reason: number): number =>
	[130, 143].includes(reason) && outcome === 'completed' ? 0 : reason;

/** What a signal means for requests in flight, by the first figures from now on: those before may have missed one. */
const announceEnding = async (reports: TapReports, ending: Promise<unknown>, io: Io): Promise<void> => {
	await Promise.race([reports.first('snapshot'), ending]).catch(() => undefined);
	const inFlight = reports.latest()?.progress.inFlight ?? 0;
	if (inFlight > 0) {
		const requests = `${formatCount(inFlight)} ${inFlight === 1 ? 'request' : 'requests'}`;
		await writeLines(io.stderr, [
			`New requests get 503. ${requests} in flight ${inFlight === 1 ? 'has' : 'have'} ${formatSpan(drainMs)}; Ctrl+C again gives up.`,
		]);
	}
};

/** Serves until a signal. What is in flight then has some time, which a second signal ends. */
const serve = async (started: Started, io: Io): Promise<number> => {
	const {tap, url, output, region, reports} = started;
	const stream = beside(output, io);
	await writeLines(stream, [...tapLines(url, io.environment), '# The tap serves until Ctrl+C.']);
	const printing = printWhileRunning(tap, output, {io, hasStdout: true, region});
	let isEnding = false;
	const signals = watchSignals({
		process,
		now: () => performance.now(),
		exit(exitCode) {
			if (isEnding) {
				process.exit(exitCode);
			}
			isEnding = true;
			tap.send({type: 'stop', stoppedBy: 'signal', deadlineMs: 0});
		},
	});
	// Only now: a signal that comes while nobody listens for it is lost.
	io.takeSignals();
	try {
		await Promise.race([untilAborted(io.signal), untilAborted(signals.signal), reports.first('ended')]);
		// The tap takes no new requests by the time that this is said.
		const ending = finish(started, {stoppedBy: 'signal', deadlineMs: drainMs}, io, stream);
		await announceEnding(reports, ending, io);
		return exitCodeOf(await ending, (signals.signal.reason ?? io.signal.reason ?? 0) as number);
	} finally {
		await printing.stop();
		signals.release();
	}
};

/** Serves behind a screen, until a key or a signal closes it. After a signal a second one gives up what is in flight. */
const serveOnScreen = async (started: Started, shown: Shown, io: Io): Promise<number> => {
	const {tap, output, region, reports} = started;
	const printing = printWhileRunning(tap, output, {io, hasStdout: false, region});
	const {snapshot, fault} = await showTap(shown, io).finally(printing.stop);
	if (!io.signal.aborted) {
		// By now nobody waits for what is still in flight.
		await finish(started, {stoppedBy: 'key', deadlineMs: 0}, io, io.stdout, snapshot);
		if (fault !== undefined) {
			throw errorOf(fault);
		}
		return 0;
	}
	const signals = watchSignals({process, now: () => performance.now(), exit: process.exit});
	signals.signal.addEventListener('abort', () => {
		tap.send({type: 'stop', stoppedBy: 'signal', deadlineMs: 0});
	});
	io.takeSignals();
	try {
		const ending = finish(started, {stoppedBy: 'signal', deadlineMs: drainMs}, io, io.stdout, snapshot);
		await announceEnding(reports, ending, io);
		return exitCodeOf(await ending, io.signal.reason as number);
	} finally {
		signals.release();
	}
};

/** Where a program's stdout and stderr are one pipe or file, lines after its end would stand in its output. */
const areOne = (): boolean => {
	try {
		const [out, error] = [fstatSync(1), fstatSync(2)];
		return out.dev === error.dev && out.ino === error.ino;
	} catch {
		return false;
	}
};

/** Runs a program behind the tap. While it runs nothing is printed. @returns Its exit code. */
const serveProgram = async (started: Started, program: readonly string[], io: Io): Promise<number> => {
	const {tap, output, region} = started;
	const printing = printWhileRunning(tap, output, {io, hasStdout: false, region});
	const child = startChild({program, environment: childEnvironment(started.url, io.environment, region)});
	// Only now: a signal that comes while nobody listens for it is lost.
	io.takeSignals();
	const {exitCode, fault} = await child.ended;
	const stream = io.stderr.isTTY || !areOne() ? io.stderr : undefined;
	const isUsed = wasUsed(started.reports.latest());
	try {
		// What is still in flight has nobody who waits for it.
		await finish(
			started,
			{stoppedBy: 'key', deadlineMs: 0},
			io,
			isUsed && fault === undefined ? stream : undefined,
		);
		await printing.stop();
		const hasClients = (started.reports.latest()?.tap?.clients.length ?? 0) > 0;
		if (!hasClients && fault === undefined && io.stderr.isTTY) {
			await writeLines(io.stderr, [
				'bedrock-top tap: no request came through. The program must take its endpoint from AWS_ENDPOINT_URL_BEDROCK_RUNTIME or ANTHROPIC_BEDROCK_BASE_URL.',
			]);
		}
	} catch (error) {
		await writeLines(io.stderr, errorLines(faultOf(error), {width: columnsOf(io.stderr)}));
	} finally {
		child.release();
	}
	if (fault !== undefined) {
		await writeLines(io.stderr, errorLines(fault, {width: columnsOf(io.stderr)}));
	}
	return exitCode;
};

/**
 * Runs a program behind the tap and its screen. Its output goes to a file; it ends with the screen, and the screen with it.
 * @returns Its exit code.
 */
const serveProgramOnScreen = async (
	started: Started,
	program: readonly string[],
	shown: Shown,
	io: Io,
): Promise<number> => {
	const {tap, output, region, folder} = started;
	if (folder === undefined) {
		throw new UserError('--screen: the output of the program has no folder to go to.', {
			exitCode: 2,
			hint: 'Leave out --no-reports, or --screen.',
		});
	}
	await mkdir(folder, {recursive: true, mode: 0o700});
	const file = path.join(folder, 'child.log');
	const log = await open(file, 'a', 0o600);
	const printing = printWhileRunning(tap, output, {io, hasStdout: false, region});
	const child = startChild({
		program,
		environment: childEnvironment(started.url, io.environment, region),
		output: log.fd,
	});
	io.takeSignals();
	const closing = new AbortController();
	void child.ended.then(() => closing.abort());
	try {
		const {snapshot} = await showTap({...shown, program: program[0]}, {...io, signal: closing.signal});
		child.stop();
		const {exitCode, fault} = await child.ended;
		await printing.stop();
		await finish(started, {stoppedBy: 'key', deadlineMs: 0}, io, io.stdout, snapshot);
		await writeLines(io.stdout, [`What ${escapeUnseen(program[0] ?? '')} printed: ${file}`]);
		if (fault !== undefined) {
			await writeLines(io.stderr, errorLines(fault, {width: columnsOf(io.stderr)}));
		}
		return exitCode;
	} finally {
		child.release();
		await log.close();
	}
};

/** @throws UserError (exit 2). */
const assertOwnStdout = ({json}: OutputConfig, program: readonly string[]): void => {
	if (program.length > 0 && json !== undefined && json.file === undefined) {
		throw new UserError('--json: stdout belongs to the program behind --.', {
			exitCode: 2,
			hint: 'Name a file: --json=FILE.',
		});
	}
};

/** Whether there is a terminal for the screen. @throws UserError (exit 2) where it was asked for, and there is none. */
const opensScreen = (flags: FlagValues, {isPlain, json}: OutputConfig, {stdout}: Io): boolean => {
	const isScreen = stdout.isTTY && !isPlain && (json === undefined || json.file !== undefined);
	if (flags.isSet('screen') === true && !isScreen) {
		throw new UserError('--screen needs a terminal.', {exitCode: 2, hint: 'Leave out --screen.'});
	}
	return isScreen;
};

/**
 * The command `tap`: a local endpoint in front of Bedrock, for other programs or for one that it starts.
 * @returns Exit code.
 * @throws UserError exit 2 for what was typed, exit 1 without a Region or credentials, or where the port is in use.
 */
export async function tap(
	given: Arguments,
	io: Io,
	own: OwnScreen = {},
	startTap = startTapThread,
): Promise<number> {
	const {flags, program} = given;
	const output = resolveOutput(flags, io.environment);
	if (flags.text('what-if') !== undefined) {
		return printWhatIf({flags, program}, output, io);
	}
	const settings = resolveTap(flags);
	assertOwnStdout(output, program);
	const isScreen = opensScreen(flags, output, io);
	await writeLines(io.stderr, leaveOwnEndpoint(settings.port));
	const claim = output.isWritingReports ? await claimFolder(output.folder, output.isForced) : undefined;
	const secret = await secretFor(settings.port, settings.hasNewSecret);
	const demo = await startDemo(flags.isSet('demo'), settings.connection, demoSeed);
	const handle = startTap();
	let isTerminalTaken = false;
	let stopApplications = (): void => {};
	const warnings: string[] = [];
	try {
		const warn = (text: string): void => {
			// The terminal belongs to a program or to the screen until they have ended.
			if (isTerminalTaken) {
				warnings.push(text);
			} else {
				void writeLines(io.stderr, [text]);
			}
		};
		keepLog(handle, output.logFile, warn);
		handle.onReport((report) => {
			if (report.type === 'log') {
				warn(report.text);
			}
		});
		const reports = readReports(handle);
		const config: TapConfig = {
			connection: demo.connection,
			ledger: settings.ledger,
			override: settings.override,
			port: settings.port,
			secret: secret.value,
			isResigning: settings.isResigning,
			pace: settings.pace,
			maxCost: settings.maxCost,
			recording: settings.recording,
			isRefreshing: settings.isRefreshing,
		};
		const listening = reports.first('tap-listening');
		handle.send({type: 'start-tap', config});
		const {port, region, endpoint} = await untilSignal(io.signal, listening);
		await secret.keep();
		if (output.json !== undefined) {
			handle.send({
				type: 'watch-account',
				watch: {
					connection: demo.connection,
					regions: [],
					override: settings.override,
					isRefreshing: settings.isRefreshing,
					isAllOnScreen: false,
				},
			});
		}
		const url = `http://127.0.0.1:${port}/${secret.value}`;
		const repeat = wordsAsTyped(given, [['region', flags.isSet('demo') ? undefined : region]]);
		const started: Started = {tap: handle, reports, url, region, output, folder: claim?.folder, repeat};
		await writeLines(io.stderr, [
			...(claim?.warning === undefined ? [] : [claim.warning]),
			...(endpoint === null || demo.connection.simulatorUrl !== undefined
				? []
				: [`Requests go to ${endpoint}, not to AWS.`]),
		]);
		isTerminalTaken = program.length > 0 || isScreen;
		if (program.length > 0) {
			return isScreen && flags.isSet('screen') === true
				? await serveProgramOnScreen(started, program, {...started, endpoint, config, own}, io)
				: await serveProgram(started, program, io);
		}
		if (flags.isSet('demo')) {
			stopApplications = startDemoApplications(url);
		}
		return isScreen
			? await serveOnScreen(started, {...started, endpoint, config, own}, io)
			: await serve(started, io);
	} catch (error) {
		throw error instanceof UserError || error instanceof Interrupted
			? error
			: new UserError(String(error), {exitCode: 1, cause: error});
	} finally {
		stopApplications();
		await writeLines(io.stderr, warnings);
		await handle.close(closeDeadlineMs);
		await demo.stop();
	}
}

/**
 * `tap --what-if FILE`: what a recording would have met under a quota.
 * @returns Exit code 0.
 * @throws UserError (exit 2) for what was typed, and for what is not a recording.
 */
async function printWhatIf(
	{flags, program}: Pick<Arguments, 'flags' | 'program'>,
	output: Pick<OutputConfig, 'json' | 'isAscii'>,
	io: Pick<Io, 'stdout'>,
): Promise<number> {
	if (program.length > 0) {
		throw new UserError(`--what-if starts no program, and "${program[0]}" is one.`, {
			exitCode: 2,
			hint: 'Record it with "tap --record FILE -- COMMAND", then ask with "tap --what-if FILE --rpm N".',
		});
	}
	const {file, quota, pace} = resolveWhatIf(flags);
	const {calls} = readRecording(file);
	const found = await whatIf(calls, quota, pace);
	const settings = {
		requestsPerMinute: quota.requestsPerMinute ?? null,
		tokensPerMinute: quota.tokensPerMinute ?? null,
		share: pace.share,
		holdMs: pace.holdMs,
	};
	const lines = whatIfLines(found, settings, columnsOf(io.stdout));
	await printJsonOr(
		{file, quota: settings, assumed: {window: 'sliding', countsFrom: 'first-byte', retries: 0}, ...found},
		output.isAscii ? lines.map(toAscii) : lines,
		output.json,
		io,
	);
	return 0;
}
