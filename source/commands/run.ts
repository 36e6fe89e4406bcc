import {readAlert} from '../config/alert.ts';
import type {Arguments} from '../config/parse-arguments.ts';
import type {Plan} from '../domain/plan.ts';
import type {RunConfig} from '../domain/run-config.ts';
import type {Snapshot} from '../domain/snapshot.ts';
import {UserError} from '../domain/user-error.ts';
import type {Alert} from '../metrics/decisions/alert.ts';
import {costRefusal} from '../metrics/decisions/cost-refusal.ts';
import {errorLines} from '../plain/error.ts';
import {progressLine} from '../plain/progress.ts';
import {assertVariants, type Condition, readCondition} from '../reports/conditions.ts';
import {columnsOf, type Io, writeLines} from '../terminal/io.ts';
import {keepLog} from '../terminal/log-file.ts';
import {signalExitCode, untilSignal} from '../terminal/signals.ts';
import {withProgress} from '../terminal/with-progress.ts';
import {type EngineHandle, type StartEngine, startEngineThread} from '../threads/engine-handle.ts';
import type {EngineReport} from '../threads/messages.ts';
import {finish} from './run/finish.ts';
import {keepResults} from './run/keep-results.ts';
import {watchAlerts} from './run/run-alerts.ts';
import {type RunSetup, setUpRun} from './run/run-setup.ts';
import {type ConfiguredEnd, runSearch} from './run/search.ts';
import {firstConfig, planOf, type SearchSetup} from './run/search-setup.ts';

/** Milliseconds that requests in flight have to come back after a signal. */
const stopDeadlineMs = 2000;
/** Milliseconds that the engine has to close its connections. */
const closeDeadlineMs = 1000;
/** Milliseconds between two lines of progress: often on a terminal, which forgets them; rarely where lines stay. */
const progressIntervalMs = {terminal: 500, plain: 5000} as const;

/** Waits for the report of the given type; a fault before it is thrown. */
const awaitReport = async <Type extends EngineReport['type']>(
	engine: EngineHandle,
	type: Type,
	signal: AbortSignal,
): Promise<Extract<EngineReport, {type: Type}> | undefined> =>
	new Promise((resolve, reject) => {
		const release = engine.onReport((report) => {
			if (report.type === 'failed') {
				release();
				reject(
					new UserError(report.fault.message, {
						exitCode: report.fault.exitCode,
						...hintOf(report.fault.hint),
					}),
				);
			} else if (report.type === type) {
				release();
				resolve(report as Extract<EngineReport, {type: Type}>);
			}
		});
		signal.addEventListener('abort', () => {
			release();
			resolve(undefined);
		});
	});

const hintOf = (hint: string | undefined): {hint?: string} => (hint === undefined ? {} : {hint});

/** Against an account a headless run starts only when its cost is known to fit, or `--yes` is given and no limit was typed. */
const assertAffordable = (plan: Plan, {config, isDemo}: RunSetup, lines: readonly string[]): void => {
	const refusal = costRefusal({
		costUsd: plan.costUsd,
		limit: config.guards,
		words: {notDone: 'nothing was sent', start: 'Start', lower: '--requests or --max-tokens'},
	});
	if (isDemo || refusal === undefined) {
		return;
	}
	throw new UserError([...lines, '', refusal.text].join('\n'), {exitCode: 2, hint: refusal.hint});
};

/**
 * A run that would fill a bucket which others use asks first; without a terminal, asking means `--yes`.
 * @throws UserError (exit 2) with the plan.
 */
const assertRoom = (plan: Plan, {config, isDemo}: RunSetup, lines: readonly string[]): void => {
	if (isDemo || config.guards.isConfirmed || plan.crowding === undefined) {
		return;
	}
	throw new UserError([...lines, '', `${plan.crowding} Nothing was sent.`].join('\n'), {
		exitCode: 2,
		hint: 'Start it with --yes, or lower --share, --rate or --requests.',
	});
};

/** Shows progress: in place on a terminal's stderr, as lines with `--plain`, not at all elsewhere. */
const showProgress = (engine: EngineHandle, {output}: RunSetup, io: Io): (() => void) => {
	let shownAtMs = 0;
	const isInPlace = !output.isPlain && io.stderr.isTTY;
	// Results on stdout are alone there.
	const isInLines = output.isPlain && (output.json === undefined || output.json.file !== undefined);
	const intervalMs = isInPlace ? progressIntervalMs.terminal : progressIntervalMs.plain;
	const release = engine.onReport((report) => {
		const isDue = Date.now() - shownAtMs >= intervalMs;
		if (report.type !== 'snapshot' || !isDue || !(isInPlace || isInLines)) {
			return;
		}
		shownAtMs = Date.now();
		const stream = isInPlace ? io.stderr : io.stdout;
		const width = columnsOf(stream) - 1;
		const line = progressLine(report.snapshot, {width, ascii: output.isAscii});
		stream.write(isInPlace ? `\r\u001B[K${line}` : `${line}\n`);
	});
	return () => {
		release();
		if (isInPlace && shownAtMs > 0) {
			io.stderr.write('\r\u001B[K');
		}
	};
};

/** Runs to the end, or to a signal; either way the last snapshot comes back. */
const execute = async (
	engine: EngineHandle,
	setup: RunSetup,
	first: Snapshot,
	io: Io,
): Promise<{snapshot: Snapshot; fault: UserError | undefined}> => {
	let latest = first;
	const stop = (): void => engine.send({type: 'stop', stoppedBy: 'signal', deadlineMs: stopDeadlineMs});
	io.signal.addEventListener('abort', stop);
	const releaseLatest = engine.onReport((report) => {
		latest = report.type === 'snapshot' || report.type === 'ended' ? report.snapshot : latest;
	});
	const releaseProgress = showProgress(engine, setup, io);
	try {
		const ended = awaitReport(engine, 'ended', new AbortController().signal);
		engine.send({type: 'start', answers: setup.answers});
		if (io.signal.aborted) {
			stop();
		}
		await ended;
		return {snapshot: latest, fault: undefined};
	} catch (error) {
		if (error instanceof UserError) {
			return {snapshot: latest, fault: error};
		}
		throw error;
	} finally {
		releaseProgress();
		releaseLatest();
		io.signal.removeEventListener('abort', stop);
	}
};

const prepareRun = async (
	engine: EngineHandle,
	config: RunConfig,
	signal: AbortSignal,
): Promise<Extract<EngineReport, {type: 'prepared'}> | undefined> => {
	const prepared = awaitReport(engine, 'prepared', signal);
	engine.send({type: 'prepare', config});
	return prepared;
};

/** The rungs of a search; the first one is prepared already. */
const searchWith = async (
	engine: EngineHandle,
	setup: RunSetup,
	search: SearchSetup,
	{config, first}: {readonly config: RunConfig; readonly first: Snapshot},
	io: Io,
): Promise<ConfiguredEnd> => {
	const isTold = setup.output.isPlain && setup.output.json === undefined;
	return runSearch(search, config, {
		async run(own, rung) {
			try {
				const snapshot = rung === 0 ? first : (await prepareRun(engine, own, io.signal))?.snapshot;
				return snapshot === undefined ? undefined : await execute(engine, setup, snapshot, io);
			} catch (error) {
				if (error instanceof UserError && rung > 0) {
					return {snapshot: {...first, outcome: 'failed', stoppedBy: 'fault'}, fault: error};
				}
				throw error;
			}
		},
		announce: async (text) =>
			writeLines(isTold ? io.stdout : io.stderr, isTold || io.stderr.isTTY ? [text] : []),
	});
};

/** What ends a run with 3. */
export type Endings = {
	/** Of `--fail-if`. */
	readonly conditions: readonly Condition[];
	readonly alerts: readonly Alert[];
};

/** @throws UserError exit 2 that quotes what was typed. */
export const readEndings = ({flags}: Arguments): Endings => ({
	conditions: flags.texts('fail-if').map(readCondition),
	alerts: flags.texts('alert').map(readAlert),
});

/** A run that a fault ended says so; after a signal the exit code is that of the signal. */
export const endedBy = async (fault: UserError, io: Io): Promise<number> => {
	if (!io.signal.aborted) {
		throw fault;
	}
	await writeLines(io.stderr, errorLines(fault, {width: columnsOf(io.stderr)}));
	return signalExitCode(io.signal);
};

/** Answers that an earlier program left unchecked. */
const checkFirst = async ({resumption, answers}: RunSetup, {stderr, signal}: Io): Promise<void> => {
	if (resumption !== undefined) {
		const checking = resumption.check(signal, answers?.requestsFile);
		await writeLines(stderr, await withProgress(stderr, 'Checking answers ...', checking));
	}
};

/** The run without the screen, from its setup on. @returns Exit code. */
export const runHeadless = async (
	setup: RunSetup,
	{conditions, alerts}: Endings,
	io: Io,
	startEngine: StartEngine = startEngineThread,
): Promise<number> => {
	const {output, resumption} = setup;
	if (resumption?.isComplete) {
		await setup.stopDemo();
		await writeLines(io.stderr, [
			...resumption.changes,
			'Nothing is missing: every item has an answer of every variant.',
		]);
		await (output.isDryRun ? undefined : checkFirst(setup, io));
		return io.signal.aborted ? signalExitCode(io.signal) : 0;
	}
	const engine = startEngine();
	const kept = keepResults(engine, setup);
	try {
		if (setup.search === undefined) {
			assertVariants(
				conditions,
				setup.config.variants.map(({name}) => name),
			);
		}
		const config = {...setup.config, connection: await untilSignal(io.signal, setup.connect())};
		const note = keepLog(engine, output.logFile, kept.warn);
		const watched = watchAlerts(engine, output.isDryRun ? [] : alerts, config, {stderr: io.stderr, note});
		const first = firstConfig(setup.search, config);
		const prepared = await prepareRun(engine, first, io.signal);
		if (prepared === undefined) {
			return io.signal.reason as number;
		}
		const {plan, lines} = planOf(setup.search, prepared.plan, first);
		if (output.isDryRun) {
			await writeLines(io.stdout, lines);
			return 0;
		}
		assertAffordable(plan, setup, lines);
		assertRoom(plan, setup, lines);
		await writeLines(io.stderr, [
			...(setup.warning === undefined ? [] : [setup.warning]),
			...(resumption?.changes ?? []),
		]);
		await checkFirst(setup, io);
		if (io.signal.aborted) {
			return signalExitCode(io.signal);
		}
		await resumption?.makeReady();
		await writeLines(io.stdout, output.isPlain && output.json === undefined ? lines : []);
		const {snapshot, fault, ...ran} =
			setup.search === undefined
				? await execute(engine, setup, prepared.snapshot, io)
				: await searchWith(engine, setup, setup.search, {config, first: prepared.snapshot}, io);
		await watched.close();
		const exitCode = await finish(
			watched.within(snapshot),
			{setup: {...setup, ...ran}, kept},
			conditions,
			io,
		);
		if (fault !== undefined) {
			return await endedBy(fault, io);
		}
		return exitCode === 0 && watched.hasRung() ? 3 : exitCode;
	} finally {
		kept.release();
		await engine.close(closeDeadlineMs);
		await setup.stopDemo();
	}
};

/** The command `run`. @returns Exit code. */
export const run = async (
	given: Arguments,
	io: Io,
	startEngine: StartEngine = startEngineThread,
): Promise<number> => {
	const endings = readEndings(given);
	return runHeadless(await untilSignal(io.signal, setUpRun(given, io)), endings, io, startEngine);
};
