import type {Arguments} from '../config/parse-arguments.ts';
import {resolveOutput} from '../config/resolve-output.ts';
import {UserError} from '../config/user-error.ts';
import {systemClock} from '../engine/clock.ts';
import {type Condition, readCondition} from '../reports/conditions.ts';
import {startConnectedEngine} from './connected-engine.ts';
import {demoOnKey} from './demo-on-key.ts';
import {createExports} from './exports.ts';
import {finish} from './finish.ts';
import {type Io, writeLines} from './io.ts';
import {keepLog} from './log-file.ts';
import {runHeadless} from './run.ts';
import {type RunSetup, setUpRun} from './run-setup.ts';
import {screenPresets} from './screen-presets.ts';
import {signalExitCode} from './signals.ts';

/** Milliseconds that the engine has to close after the screen is gone. */
const closeDeadlineMs = 2000;

const openScreen = async (
	given: Arguments,
	setup: RunSetup,
	conditions: readonly Condition[],
	io: Io,
): Promise<number> => {
	const {config, output, isDemo, answers} = setup;
	const {openDashboard} = await import('../tui/dashboard.tsx');
	const presets = screenPresets(given.flags, setup);
	const demo = demoOnKey(setup, presets);
	const engine = startConnectedEngine(demo.connect);
	try {
		keepLog(engine, output.logFile);
		const {snapshot, run, fault} = await openDashboard({
			config,
			isDemo,
			startsAtOnce: isDemo,
			answers,
			engine,
			presets,
			...(isDemo ? {} : {startDemo: demo.start}),
			...createExports(setup.folder),
			appearance: {color: output.isColored, ascii: output.isAscii, theme: output.theme},
			stdin: io.stdin,
			stdout: io.stdout,
			clock: systemClock,
			signal: io.signal,
		});
		await writeLines(io.stderr, setup.warning === undefined ? [] : [setup.warning]);
		const exitCode = snapshot?.startedAt
			? await finish(snapshot, {...setup, ...run}, conditions, io)
			: io.signal.aborted
				? signalExitCode(io.signal)
				: 0;
		if (fault !== undefined) {
			throw new UserError(fault.message, {
				exitCode: fault.exitCode,
				...(fault.hint === undefined ? {} : {hint: fault.hint}),
			});
		}
		return exitCode;
	} finally {
		await engine.close(closeDeadlineMs);
		await Promise.all([setup.stopDemo(), demo.stop()]);
	}
};

/** The command without a name: the screen on a terminal, the plain form elsewhere. @returns Exit code. */
export const screen = async (given: Arguments, io: Io): Promise<number> => {
	const conditions = given.flags.texts('fail-if').map(readCondition);
	const {isPlain, isDryRun, json} = resolveOutput(given.flags, io.environment);
	const isScreen =
		given.flags.text('resume') === undefined &&
		io.stdout.isTTY &&
		!isPlain &&
		!isDryRun &&
		(json === undefined || json.file !== undefined);
	const setup = await setUpRun(given, io, isScreen && io.stdin.isTTY);
	return isScreen ? openScreen(given, setup, conditions, io) : runHeadless(setup, conditions, io);
};
