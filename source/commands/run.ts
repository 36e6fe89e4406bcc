import type {Arguments} from '../config/parse-arguments.ts';
import {type AlertSettings, resolveAlerts} from '../config/resolve-account.ts';
import type {OutputConfig} from '../config/resolve-output.ts';
import {type Clock, systemClock} from '../domain/clock.ts';
import type {Guards, Plan, RunConfig} from '../domain/run-config.ts';
import type {RunEnd, Snapshot} from '../domain/snapshot.ts';
import {errorOf, UserError} from '../domain/user-error.ts';
import {assertAffordable} from '../metrics/decisions/cost-refusal.ts';
import {planLines, progressLine} from '../plain/run.ts';
import type {Condition} from '../reports/conditions.ts';
import {keepLog} from '../terminal/files.ts';
import {columnsOf, errorLines, type Io, isConfirmed, withProgress, writeLines} from '../terminal/io.ts';
import {signalExitCode, untilSignal} from '../terminal/signals.ts';
import {type EngineHandle, type StartEngine, startEngineThread} from '../threads/engine-handle.ts';
import type {EngineReport} from '../threads/messages.ts';
import {finish} from './run/finish.ts';
import {keepRuns} from './run/keep-results.ts';
import {watchAlerts, webhookOf} from './run/run-alerts.ts';
import {type RunSetup, setUpRun} from './run/run-setup.ts';
import {firstConfig, runSearch, type SearchSetup, searchPlan} from './run/search.ts';

/**
 * Milliseconds between two lines of progress: short on a terminal, which replaces them; long where lines stay, and in a
 * log of CI, where they only show that the run is alive.
 */
const progressIntervalMs = {terminal: 500, plain: 5000, elsewhere: 10_000} as const;

/**
 * Shows progress: in place on a terminal's stderr, as lines on stdout with `--plain`, elsewhere as lines on stderr.
 * @returns A function that ends it.
 */
export function showProgress(
	engine: Pick<EngineHandle, 'onReport'>,
	output: Pick<OutputConfig, 'isPlain' | 'isStdoutTaken' | 'isAscii'>,
	io: Pick<Io, 'stdout' | 'stderr'>,
	clock: Pick<Clock, 'now'> = systemClock,
): () => void {
	const isInPlace = !output.isPlain && io.stderr.isTTY;
	// JSON and Markdown are alone on stdout.
	const isOnStdout = output.isPlain && !output.isStdoutTaken;
	const intervalMs = progressIntervalMs[isInPlace ? 'terminal' : isOnStdout ? 'plain' : 'elsewhere'];
	let hasShown = false;
	// A short run is over before a log needs a sign of life.
	let shownAtMs = isInPlace || isOnStdout ? Number.NEGATIVE_INFINITY : clock.now();
	const release = engine.onReport((report) => {
		const isDue = clock.now() - shownAtMs >= intervalMs;
		if (report.type !== 'snapshot' || !isDue) {
			return;
		}
		shownAtMs = clock.now();
		hasShown = true;
		const stream = isOnStdout ? io.stdout : io.stderr;
		const width = columnsOf(stream) - 1;
		const line = progressLine(report.snapshot, {width, ascii: output.isAscii});
		stream.write(isInPlace ? `\r\u001B[K${line}` : `${line}\n`);
	});
	return () => {
		release();
		if (isInPlace && hasShown) {
			io.stderr.write('\r\u001B[K');
		}
	};
}

/** Milliseconds that requests in flight have to finish after a signal. */
const stopDeadlineMs = 2000;
/** Milliseconds that the engine has to close its connections. */
const closeDeadlineMs = 1000;
/** Waits for a report of the given type, or undefined after a signal. @throws UserError for a fault before it. */
const awaitReport = async <Type extends EngineReport['type']>(
	engine: EngineHandle,
	type: Type,
	signal: AbortSignal,
): Promise<Extract<EngineReport, {type: Type}> | undefined> =>
	new Promise((resolve, reject) => {
		const release = engine.onReport((report) => {
			if (report.type === 'failed') {
				release();
				reject(errorOf(report.fault));
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

/**
 * Checks that a headless run may start: its cost fits its limit, and it does not fill a bucket that others use. A demo
 * always starts; `--yes` lifts what was not typed, but not a day's quota that is used up.
 * @throws UserError with the plan (exit 2; 1 where the day's quota is used up).
 */
const assertStart = (plan: Plan, {isDemo}: RunSetup, guards: Guards, lines: readonly string[]): void => {
	if (isDemo) {
		return;
	}
	if (plan.refusal !== undefined) {
		throw new UserError([...lines, '', `Nothing was sent: ${plan.refusal}.`].join('\n'), {
			exitCode: 1,
			hint: 'Choose another model (-m), or start it again after the reset.',
		});
	}
	const words = {notDone: 'nothing was sent', start: 'Start', lower: '--requests or --max-tokens'};
	assertAffordable({costUsd: plan.costUsd, limit: guards, words}, lines);
	if (plan.crowding !== undefined && !guards.isConfirmed) {
		throw new UserError([...lines, '', `${plan.crowding} Nothing was sent.`].join('\n'), {
			exitCode: 2,
			hint: 'Start it with --yes, or lower --share, --rate or --requests.',
		});
	}
};

/**
 * Prints the plan where it is wanted. At a terminal, a plain run that costs money is asked about.
 * @throws UserError (exit 2) where it may not start.
 */
const showPlan = async (plan: Plan, setup: RunSetup, lines: readonly string[], io: Io): Promise<void> => {
	const {output, isDemo} = setup;
	const {guards} = setup.config;
	const isAtTerminal = output.isPlain && io.stdin.isTTY && io.stdout.isTTY;
	const isAsked = isAtTerminal && !isDemo && !guards.isConfirmed;
	// An answer at the terminal is as good as --yes.
	assertStart(plan, setup, {...guards, isConfirmed: guards.isConfirmed || isAsked}, lines);
	const isOnStdout = output.isPlain && output.json === undefined && !output.isStdoutTaken;
	await writeLines(isOnStdout ? io.stdout : io.stderr, isOnStdout || isAsked ? lines : []);
	if (isAsked && !(await isConfirmed(io, 'Start?')) && !io.signal.aborted) {
		throw new UserError('Not started: nothing was sent.', {exitCode: 2, hint: '--yes starts it unasked.'});
	}
};

/** Runs until the end or a signal. @returns The last snapshot. */
const execute = async (engine: EngineHandle, setup: RunSetup, first: Snapshot, io: Io): Promise<RunEnd> => {
	let latest = first;
	const stop = (): void => engine.send({type: 'stop', stoppedBy: 'signal', deadlineMs: stopDeadlineMs});
	io.signal.addEventListener('abort', stop);
	const releaseLatest = engine.onReport((report) => {
		latest = report.type === 'snapshot' || report.type === 'ended' ? report.snapshot : latest;
	});
	const releaseProgress = showProgress(engine, setup.output, io);
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

/** What a headless run does between its preparation and its end. */
export type Course = {
	/** Prepared first. */
	readonly config: RunConfig;
	/** All that will be sent, in figures and in words. */
	readonly planOf: (plan: Plan) => {readonly plan: Plan; readonly lines: readonly string[]};
	/** @returns How it ended, and where it was not the configuration of the setup, which one ran last. */
	readonly execute: (
		first: Snapshot,
	) => Promise<RunEnd & {readonly config?: RunConfig; readonly files?: readonly string[]}>;
};

/** What a course of several runs is made with. */
export type CourseTools = {
	/** Prepares a run; undefined after a signal. */
	readonly prepare: (config: RunConfig) => Promise<Extract<EngineReport, {type: 'prepared'}> | undefined>;
	/** Runs what was prepared, to its end or to a signal. */
	readonly execute: (first: Snapshot) => Promise<RunEnd>;
	/** A line about what comes next, where lines are read. */
	readonly announce: (text: string) => Promise<void>;
	readonly signal: AbortSignal;
};

const ordinaryCourse = (engine: EngineHandle, setup: RunSetup, config: RunConfig, io: Io): Course => ({
	config,
	planOf: (plan) => ({plan, lines: planLines(plan, config)}),
	execute: async (first) => execute(engine, setup, first, io),
});

const courseTools = (engine: EngineHandle, setup: RunSetup, io: Io): CourseTools => {
	const isOnStdout = setup.output.isPlain && setup.output.json === undefined && !setup.output.isStdoutTaken;
	return {
		prepare: async (config) => prepareRun(engine, config, io.signal),
		execute: async (first) => execute(engine, setup, first, io),
		announce: async (text) =>
			writeLines(isOnStdout ? io.stdout : io.stderr, isOnStdout || io.stderr.isTTY ? [text] : []),
		signal: io.signal,
	};
};

/** A search runs its rounds one after another; the first one is prepared like an ordinary run. */
const searchCourse = (search: SearchSetup, config: RunConfig, tools: CourseTools): Course => ({
	config: firstConfig(search, config),
	planOf: (plan) => searchPlan(search, plan, config),
	execute: async (first) =>
		runSearch(search, config, {
			async run(own, round) {
				try {
					const snapshot = round === 0 ? first : (await tools.prepare(own))?.snapshot;
					return snapshot === undefined ? undefined : await tools.execute(snapshot);
				} catch (error) {
					if (error instanceof UserError && round > 0) {
						return {snapshot: {...first, outcome: 'failed', stoppedBy: 'fault'}, fault: error};
					}
					throw error;
				}
			},
			announce: tools.announce,
		}),
});

/**
 * The course of a command that runs otherwise than once.
 * @returns Undefined after a signal.
 */
type MakeCourse = (config: RunConfig, tools: CourseTools) => Promise<Course | undefined>;

/** One run, or the rounds of a search. */
const usualCourse =
	(engine: EngineHandle, setup: RunSetup, io: Io): MakeCourse =>
	async (config, tools) =>
		setup.search === undefined
			? ordinaryCourse(engine, setup, config, io)
			: searchCourse(setup.search, config, tools);

/** Conditions that end a run with exit code 3. */
type Endings = AlertSettings & {
	/** Of `--fail-if`. */
	readonly conditions: readonly Condition[];
};

/** @throws UserError (exit 2) that quotes what was typed. */
export async function readEndings({flags}: Arguments, environment: Io['environment']): Promise<Endings> {
	const texts = flags.texts('fail-if');
	return {
		// They know the figures by the schema of the results, which is not loaded for less.
		conditions: texts.length === 0 ? [] : texts.map((await import('../reports/conditions.ts')).readCondition),
		...resolveAlerts(flags, environment),
	};
}

/** Reports the fault that ended a run. @returns The exit code of the signal, if one came. @throws The fault, else. */
export async function endedBy(fault: UserError, io: Io): Promise<number> {
	if (!io.signal.aborted) {
		throw fault;
	}
	await writeLines(io.stderr, errorLines(fault, {width: columnsOf(io.stderr)}));
	return signalExitCode(io.signal);
}

/** Answers that an earlier program left unchecked. */
const checkFirst = async ({resumption, answers}: RunSetup, {stderr, signal}: Io): Promise<void> => {
	if (resumption !== undefined) {
		const checking = resumption.check(signal, answers?.requestsFile);
		await writeLines(stderr, await withProgress(stderr, 'Checking answers ...', checking));
	}
};

/** The run without the screen, from its setup on. @returns Exit code. */
export async function runHeadless(
	setup: RunSetup,
	{conditions, alerts, alertUrl}: Endings,
	io: Io,
	startEngine: StartEngine = startEngineThread,
	makeCourse?: MakeCourse,
): Promise<number> {
	const {output, resumption} = setup;
	if (resumption?.isComplete) {
		await setup.close();
		await writeLines(io.stderr, [
			...resumption.changes,
			'Nothing is missing: every item has an answer from every variant.',
		]);
		await (output.isDryRun ? undefined : checkFirst(setup, io));
		return io.signal.aborted ? signalExitCode(io.signal) : 0;
	}
	const engine = startEngine();
	const kept = keepRuns(engine, setup);
	try {
		if (setup.search === undefined && conditions.length > 0) {
			const {assertVariants, undecidable} = await import('../reports/conditions.ts');
			assertVariants(
				conditions,
				setup.config.variants.map(({name}) => name),
			);
			await writeLines(io.stderr, undecidable(conditions, setup.config.load));
		}
		const config = {...setup.config, connection: await untilSignal(io.signal, setup.connect())};
		const note = keepLog(engine, output.logFile, kept.warn);
		const webhook = await webhookOf(alertUrl, (text) => {
			void writeLines(io.stderr, [text]);
			note('alert', text);
		});
		const watched = watchAlerts(engine, output.isDryRun ? [] : alerts, config, {...io, note, webhook});
		const tools = courseTools(engine, setup, io);
		const course = await (makeCourse ?? usualCourse(engine, setup, io))(config, tools);
		const prepared = course && (await tools.prepare(course.config));
		if (course === undefined || prepared === undefined) {
			return io.signal.reason as number;
		}
		const {plan, lines} = course.planOf(prepared.plan);
		if (output.isDryRun) {
			await writeLines(io.stdout, lines);
			return 0;
		}
		await showPlan(plan, setup, lines, io);
		await writeLines(io.stderr, [
			...(setup.warning === undefined ? [] : [setup.warning]),
			...(resumption?.changes ?? []),
		]);
		await checkFirst(setup, io);
		if (io.signal.aborted) {
			return signalExitCode(io.signal);
		}
		await resumption?.makeReady();
		const {snapshot, fault, files, ...ran} = await course.execute(prepared.snapshot);
		await watched.close();
		const exitCode = await finish(
			watched.within(snapshot),
			{setup: {...setup, ...ran}, kept, files},
			conditions,
			io,
		);
		await watched.delivered();
		if (fault !== undefined) {
			return await endedBy(fault, io);
		}
		return exitCode === 0 && watched.hasAlerted() ? 3 : exitCode;
	} finally {
		kept.release();
		await engine.close(closeDeadlineMs);
		await setup.close();
	}
}

/** The command `run`. @returns Exit code. */
export async function run(
	given: Arguments,
	io: Io,
	startEngine: StartEngine = startEngineThread,
): Promise<number> {
	const endings = await readEndings(given, io.environment);
	return runHeadless(await untilSignal(io.signal, setUpRun(given, io)), endings, io, startEngine);
}
