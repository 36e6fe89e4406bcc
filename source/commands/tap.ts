import type {Arguments} from '../config/parse-arguments.ts';
import {type OutputConfig, resolveOutput} from '../config/resolve-output.ts';
import {resolveTap, resolveWhatIf} from '../config/resolve-tap.ts';
import type {AccountRegion} from '../domain/account-snapshot.ts';
import type {Snapshot} from '../domain/snapshot.ts';
import type {TapConfig} from '../domain/tap.ts';
import {drainMs} from '../domain/timeouts.ts';
import {errorOf, faultOf, UserError} from '../domain/user-error.ts';
import {tapBlock, tapJson, tapSummary} from '../plain/tap.ts';
import {environmentOf} from '../reports/environment.ts';
import {claimFolder} from '../reports/folder.ts';
import {resultsOf} from '../reports/results.ts';
import {writeResults} from '../reports/results-json.ts';
import {noteRun} from '../reports/run-index.ts';
import {keptSecret, secretFor} from '../tap/secret.ts';
import {columnsOf, type Io, writeClean, writeLines} from '../terminal/io.ts';
import {keepLog} from '../terminal/log-file.ts';
import {escapeUnseen} from '../text/width.ts';
import {startTapThread, type TapHandle} from '../threads/engine-handle.ts';
import type {TapReport} from '../threads/messages.ts';
import {writeReports} from '../threads/reports-handle.ts';
import {startDemo} from './demo.ts';
import type {OwnScreen} from './screen.ts';
import {startChild} from './tap/child.ts';
import {type Shown, showTap} from './tap/tap-screen.ts';
import {childEnvironment, tapLines} from './tap/variables.ts';
import {printWhatIf} from './tap/what-if.ts';

/** Seed of the simulator behind `--demo`. */
const demoSeed = 1;
/** Milliseconds that the thread has to close. */
const closeDeadlineMs = 1000;
/** Milliseconds between two blocks of lines. */
const blockMs = 60_000;

/** A report of a kind, or the fault that came first. */
const awaitReport = async <Kind extends TapReport['type']>(
	tap: TapHandle,
	kind: Kind,
): Promise<Extract<TapReport, {type: Kind}>> =>
	new Promise((resolve, reject) => {
		const release = tap.onReport((report) => {
			if (report.type === kind) {
				release();
				resolve(report as Extract<TapReport, {type: Kind}>);
			} else if (report.type === 'failed') {
				release();
				reject(errorOf(report.fault));
			}
		});
	});

const untilAborted = async (signal: AbortSignal): Promise<void> =>
	new Promise((resolve) => {
		if (signal.aborted) {
			resolve();
		}
		signal.addEventListener('abort', () => resolve(), {once: true});
	});

/**
 * An endpoint in the environment that is this tap's own, from the lines of an earlier start, would send every request
 * round in a circle.
 */
const leaveOwnEndpoint = (port: number, kept: string | undefined): readonly string[] => {
	const names = ['AWS_ENDPOINT_URL_BEDROCK_RUNTIME', 'AWS_ENDPOINT_URL'].filter(
		(name) => kept !== undefined && process.env[name]?.includes(`:${port}/${kept}`) === true,
	);
	for (const name of names) {
		delete process.env[name];
	}
	return names.map((name) => `${name} points to this tap itself, and is left out of account.`);
};

type Keeping = {readonly files: readonly string[]; readonly faults: readonly string[]};

/** Writes results and reports of a tap that has ended. Nothing is written when nothing was sent. */
const keep = async (snapshot: Snapshot, folder: string | undefined): Promise<Keeping> => {
	const wasUsed = snapshot.variants.some(({requests}) => requests.attempts > 0);
	if (folder === undefined || !wasUsed) {
		return {files: [], faults: []};
	}
	try {
		const results = resultsOf(snapshot, environmentOf());
		const file = await writeResults(folder, results);
		noteRun(results, folder);
		const files = await writeReports({
			type: 'write',
			results,
			folder,
			answersFile: undefined,
			hasResults: true,
		});
		return {files: [file, ...files], faults: []};
	} catch (error) {
		const {message, hint} = faultOf(error);
		return {
			files: [],
			faults: [`The reports could not be written: ${message}`, ...(hint === undefined ? [] : [hint])],
		};
	}
};

/** What is printed while the tap runs: a block per minute, or a line of JSON. */
const printWhileRunning = (tap: TapHandle, output: OutputConfig, io: Io): (() => void) => {
	let last: Snapshot | undefined;
	const polls = new Map<string, number>();
	const isJson = output.json !== undefined && output.json.file === undefined;
	const printRegion = (region: AccountRegion): void => {
		if (isJson && last !== undefined && region.polls > (polls.get(region.region) ?? 0)) {
			polls.set(region.region, region.polls);
			void writeClean(io.stdout, [escapeUnseen(tapJson(region, last))]);
		}
	};
	const release = tap.onReport((report) => {
		if (report.type === 'snapshot' || report.type === 'ended') {
			last = report.snapshot;
		} else if (report.type === 'account') {
			report.account.regions.forEach(printRegion);
		} else if (report.type === 'log') {
			void writeLines(io.stderr, [report.text]);
		}
	});
	const timer = setInterval(() => {
		if (!isJson && last !== undefined && last.variants.length > 0) {
			void writeLines(io.stdout, tapBlock(last, {width: columnsOf(io.stdout), ascii: output.isAscii}));
		}
	}, blockMs);
	return () => {
		clearInterval(timer);
		release();
	};
};

type Started = {
	readonly tap: TapHandle;
	readonly url: string;
	readonly output: OutputConfig;
	readonly folder: string | undefined;
};

/**
 * Ends the tap and reports what has passed.
 * @param stream Where the summary goes; undefined: nowhere.
 * @param last The newest snapshot, where the tap may have ended already.
 */
const finish = async (
	{tap, output, folder}: Started,
	stoppedBy: 'key' | 'signal',
	deadlineMs: number,
	io: Io,
	stream: NodeJS.WriteStream | undefined,
	last?: Snapshot,
): Promise<Snapshot> => {
	const stopped = async (): Promise<Snapshot> => {
		const ended = awaitReport(tap, 'ended');
		tap.send({type: 'stop', stoppedBy, deadlineMs});
		return (await ended).snapshot;
	};
	const snapshot = last?.phase === 'ended' ? last : await stopped();
	const {files, faults} = await keep(snapshot, folder);
	const isJson = output.json !== undefined && output.json.file === undefined;
	if (stream !== undefined && !isJson) {
		const style = {width: columnsOf(stream), ascii: output.isAscii};
		await writeLines(stream, [
			...tapSummary(snapshot, style),
			...(files.length === 0 ? [] : ['Written:', ...files.map((file) => `  ${file}`)]),
		]);
	}
	await writeLines(io.stderr, faults);
	return snapshot;
};

/** Serves until a signal; a second one ends at once what is still in flight. */
const serve = async (started: Started, io: Io): Promise<number> => {
	const {tap, url, output} = started;
	const isJson = output.json !== undefined && output.json.file === undefined;
	await writeLines(isJson ? io.stderr : io.stdout, [
		...tapLines(url, io.environment),
		'# The tap serves until Ctrl+C.',
	]);
	const stopPrinting = printWhileRunning(tap, output, io);
	await untilAborted(io.signal);
	stopPrinting();
	await finish(started, 'signal', drainMs, io, io.stdout);
	return exitCodeOf(io.signal);
};

/** Serves behind a screen, until a key or a signal closes it. */
const serveOnScreen = async (started: Started, shown: Shown, io: Io): Promise<number> => {
	const {snapshot, fault} = await showTap(shown, io);
	if (fault !== undefined) {
		throw errorOf(fault);
	}
	if (io.signal.aborted) {
		await finish(started, 'signal', drainMs, io, io.stdout, snapshot);
		return exitCodeOf(io.signal);
	}
	// By now nobody waits for what is still in flight.
	await finish(started, 'key', 0, io, io.stdout, snapshot);
	return 0;
};

/** A tap has no end of its own: SIGINT and SIGTERM are how it is ended. */
const exitCodeOf = ({reason}: AbortSignal): number => ([130, 143].includes(reason) ? 0 : reason);

/** Runs a program behind the tap. @returns Its exit code. */
const serveProgram = async (started: Started, program: readonly string[], io: Io): Promise<number> => {
	io.takeSignals();
	const hasTerminal = io.stdin.isTTY === true || io.stdout.isTTY === true;
	const child = startChild({
		program,
		environment: childEnvironment(started.url, io.environment),
		hasTerminal,
	});
	const code = await child.ended.catch(async (error: unknown) => {
		await finish(started, 'key', 0, io, undefined);
		throw error;
	});
	// Its terminal is free again; what is still in flight has nobody who waits for it.
	await finish(started, 'key', 0, io, io.stderr);
	return code;
};

/**
 * The command `tap`: a local endpoint in front of Bedrock, for other programs or for one that it starts.
 * @returns Exit code.
 * @throws UserError exit 2 for what was typed, exit 1 without a Region or credentials, or where the port is in use.
 */
export async function tap(
	{flags, program}: Arguments,
	io: Io,
	own: OwnScreen = {},
	startTap = startTapThread,
): Promise<number> {
	const whatIf = resolveWhatIf(flags);
	const output = resolveOutput(flags, io.environment);
	if (whatIf !== undefined) {
		return printWhatIf(whatIf, program, output, io);
	}
	const settings = resolveTap(flags);
	const kept = settings.port === 0 ? undefined : await keptSecret(settings.port);
	await writeLines(io.stderr, leaveOwnEndpoint(settings.port, kept));
	const claim = output.isWritingReports ? await claimFolder(output.folder, output.isForced) : undefined;
	const demo = await startDemo(flags.isSet('demo'), settings.connection, demoSeed);
	const handle = startTap();
	try {
		keepLog(handle, output.logFile, (text) => void writeLines(io.stderr, [text]));
		const config: TapConfig = {
			connection: demo.connection,
			override: settings.override,
			port: settings.port,
			secret: await secretFor(settings.port, settings.hasNewSecret),
			isResigning: settings.isResigning,
			pace: settings.pace,
			isRefreshing: settings.isRefreshing,
		};
		const listening = awaitReport(handle, 'tap-listening');
		handle.send({type: 'start-tap', config});
		const {port, region, endpoint} = await listening;
		const url = `http://127.0.0.1:${port}/${config.secret}`;
		const started: Started = {tap: handle, url, output, folder: claim?.folder};
		await writeLines(io.stderr, claim?.warning === undefined ? [] : [claim.warning]);
		if (program.length > 0) {
			return await serveProgram(started, program, io);
		}
		const isScreen =
			io.stdout.isTTY && !output.isPlain && (output.json === undefined || output.json.file !== undefined);
		return isScreen
			? await serveOnScreen(started, {...started, region, endpoint, config, own}, io)
			: await serve(started, io);
	} catch (error) {
		throw error instanceof UserError ? error : new UserError(String(error), {exitCode: 1, cause: error});
	} finally {
		await handle.close(closeDeadlineMs);
		await demo.stop();
	}
}
