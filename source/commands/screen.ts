import type {Arguments} from '../config/parse-arguments.ts';
import {resolveOutput} from '../config/resolve-output.ts';
import {resolveRegions} from '../config/resolve-regions.ts';
import {systemClock} from '../domain/clock.ts';
import {UserError} from '../domain/user-error.ts';
import type {Alert} from '../metrics/decisions/alert.ts';
import type {Condition} from '../reports/conditions.ts';
import {type Io, writeLines} from '../terminal/io.ts';
import {leaveClosing} from '../terminal/last-will.ts';
import {keepLog} from '../terminal/log-file.ts';
import {guardScreen, type ScreenGuard} from '../terminal/screen-guard.ts';
import {signalExitCode, untilSignal} from '../terminal/signals.ts';
import type {EngineHandle} from '../threads/engine-handle.ts';
import type {ScreenPorts} from '../tui/screen-ports.ts';
import {finish} from './run/finish.ts';
import {keepResults} from './run/keep-results.ts';
import {demoPreset, type RunSetup, setUpRun} from './run/run-setup.ts';
import {endedBy, readEndings, runHeadless} from './run.ts';
import {startConnectedEngine} from './screen/connected-engine.ts';
import {demoOnKey} from './screen/demo-on-key.ts';
import {createExports} from './screen/exports.ts';
import {screenPresets} from './screen/screen-presets.ts';

type AccountOptions = Required<Pick<ScreenPorts, 'opensOnAccount' | 'regions' | 'alerts'>>;

/** Milliseconds that the engine has to close after the screen is gone. */
const closeDeadlineMs = 1000;

/** The guard learns where the answers of each run go. */
const guarded =
	(send: EngineHandle['send'], guard: ScreenGuard): EngineHandle['send'] =>
	(request) => {
		if (request.type === 'start') {
			const {file, requestsFile} = request.answers ?? {};
			guard.keeps([file, requestsFile].filter((each) => each !== undefined));
		}
		send(request);
	};

const openScreen = async (
	given: Arguments,
	setup: RunSetup,
	options: {readonly conditions: readonly Condition[]; readonly account: AccountOptions},
	io: Io,
): Promise<number> => {
	const {config, output, isDemo, answers} = setup;
	const {account} = options;
	const guard = guardScreen(io);
	const {openDashboard} = await import('../tui/dashboard.tsx');
	const presets = screenPresets(given.flags, setup);
	const demo = demoOnKey(setup, presets);
	const engine = startConnectedEngine(demo.connect);
	const kept = keepResults(engine, setup);
	try {
		const note = keepLog(engine, output.logFile, kept.warn);
		const {snapshot, run, fault} = await openDashboard({
			config,
			isDemo,
			startsAtOnce: isDemo,
			answers,
			engine: {...engine, send: guarded(engine.send, guard)},
			presets,
			...(isDemo ? {} : {startDemo: demo.start}),
			...createExports(setup.folder),
			...account,
			onCrash: leaveClosing,
			guard,
			noteAlarm: (text) => note('alert', text),
			appearance: {color: output.isColored, ascii: output.isAscii, theme: output.theme},
			stdin: io.stdin,
			stdout: io.stdout,
			clock: systemClock,
			signal: io.signal,
		});
		await guard.end();
		await writeLines(io.stderr, setup.warning === undefined ? [] : [setup.warning]);
		const exitCode = snapshot?.startedAt
			? await finish(snapshot, {setup: {...setup, ...run}, kept}, options.conditions, io)
			: io.signal.aborted
				? signalExitCode(io.signal)
				: 0;
		if (fault !== undefined) {
			const {message, hint} = fault;
			const error = new UserError(message, {
				exitCode: fault.exitCode,
				...(hint === undefined ? {} : {hint}),
			});
			return await endedBy(error, io);
		}
		return exitCode;
	} finally {
		kept.release();
		await guard.end();
		await engine.close(closeDeadlineMs);
		await Promise.all([setup.stopDemo(), demo.stop()]);
	}
};

/** What the screen watches of the account. */
const accountOptions = ({words, flags}: Arguments, alerts: readonly Alert[]): AccountOptions => ({
	// Whoever names nothing to run wants to see what goes on.
	opensOnAccount: words.length === 0 && !flags.isSet('demo') && flags.text('task') === undefined,
	regions: resolveRegions(flags).regions,
	alerts,
});

/** Sets up the run of the screen; opened on the account, the demo's preset waits for a model to be chosen. */
const setUpScreen = async (
	{flags, ...given}: Arguments,
	{opensOnAccount, regions}: AccountOptions,
	io: Io,
): Promise<{readonly setup: RunSetup; readonly shown: Arguments}> => {
	const [region] = regions;
	const shown: Arguments = {
		...given,
		words: opensOnAccount ? [demoPreset] : given.words,
		flags: {...flags, text: (name) => (name === 'region' ? region : flags.text(name))},
	};
	const setup = await setUpRun(shown, io, io.stdin.isTTY);
	const models = opensOnAccount ? flags.texts('model') : setup.config.models;
	return {setup: {...setup, config: {...setup.config, models}}, shown};
};

/** The command without a name: the screen on a terminal, the plain form elsewhere. @returns Exit code. */
export const screen = async (given: Arguments, io: Io): Promise<number> => {
	const endings = readEndings(given);
	const {conditions, alerts} = endings;
	const {isPlain, isDryRun, json} = resolveOutput(given.flags, io.environment);
	const isScreen =
		given.flags.text('resume') === undefined &&
		io.stdout.isTTY &&
		!isPlain &&
		!isDryRun &&
		(json === undefined || json.file !== undefined);
	if (!isScreen) {
		return runHeadless(await untilSignal(io.signal, setUpRun(given, io)), endings, io);
	}
	const account = accountOptions(given, alerts);
	const {setup, shown} = await untilSignal(io.signal, setUpScreen(given, account, io));
	return openScreen(shown, setup, {conditions, account}, io);
};
