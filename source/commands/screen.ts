import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import type {TextFlag} from '../config/flags.ts';
import type {Arguments, FlagValues} from '../config/parse-arguments.ts';
import {presetsIn, shippedPresets} from '../config/parse-preset.ts';
import {resolveRegions} from '../config/resolve-account.ts';
import {resolveOutput} from '../config/resolve-output.ts';
import {resolveRun} from '../config/resolve-run.ts';
import type {Alert} from '../domain/account-snapshot.ts';
import {systemClock} from '../domain/clock.ts';
import type {Connection, RunConfig} from '../domain/run-config.ts';
import type {KeptRun, Snapshot} from '../domain/snapshot.ts';
import {errorOf, UserError} from '../domain/user-error.ts';
import type {Condition} from '../reports/conditions.ts';
import {environmentOf} from '../reports/environment.ts';
import {defaultFolder} from '../reports/folder.ts';
import type {Results} from '../reports/results-schema.ts';
import {keepLog} from '../terminal/files.ts';
import {type Io, writeLines} from '../terminal/io.ts';
import {screenManners} from '../terminal/manners.ts';
import {guardScreen, type ScreenGuard} from '../terminal/screen-guard.ts';
import {leaveClosing, signalExitCode, untilSignal} from '../terminal/signals.ts';
import {type EngineHandle, startConnectedEngine} from '../threads/engine-handle.ts';
import {createHistory, writeReports} from '../threads/reports-handle.ts';
import type {ScreenPorts} from '../tui/effects.ts';
import {startText} from '../view/history/history.ts';
import type {ListedPreset} from '../view/state.ts';
import {lazyDemo} from './demo.ts';
import {nextLines, startLines} from './first-steps.ts';
import {finish} from './run/finish.ts';
import {keepRuns, type RunPlace, recipeOf} from './run/keep-results.ts';
import {webhookOf} from './run/run-alerts.ts';
import {demoPreset, type RunSetup, setUpRun} from './run/run-setup.ts';
import {endedBy, readEndings, runHeadless} from './run.ts';

/** Flags that belong to the preset of the command line: another preset has its own. */
const ofOnePreset: ReadonlySet<TextFlag> = new Set<TextFlag>(['content', 'task', 'variants']);

const withoutTask = (flags: FlagValues): FlagValues => ({
	...flags,
	text: (name) => (ofOnePreset.has(name) ? undefined : flags.text(name)),
});

type ScreenPresets = {
	/** Those of this folder, then the shipped ones; in each, what was run last comes first. */
	readonly list: () => Promise<readonly ListedPreset[]>;
	/**
	 * A preset by name or path, with the flags of the command line.
	 * @throws UserError (exit 2) for a wrong preset.
	 */
	readonly load: (name: string) => Promise<RunConfig>;
};

/**
 * Presets that are chosen on the screen.
 * @param setup Of the run that the screen was opened with: its models serve a preset without any.
 * @param listRuns Runs that are kept, newest first.
 */
export function screenPresets(
	flags: FlagValues,
	setup: RunSetup,
	listRuns: () => Promise<{readonly runs: readonly KeptRun[]}>,
): ScreenPresets {
	return {
		async list() {
			// Without a folder of runs nothing was run.
			const {runs} = await listRuns().catch(() => ({runs: []}));
			const lastRun = new Map(runs.toReversed().map(({preset, startedAt}) => [preset, startedAt]));
			const listed = (presets: Awaited<ReturnType<typeof presetsIn>>, place: string) =>
				presets
					.map(({name, title, description}) => {
						const at = lastRun.get(title);
						const ran = at === undefined ? '' : `run ${startText(at).slice(0, 16)}`;
						return {name, description, at: at ?? '', note: [place, ran].filter(Boolean).join(', ')};
					})
					.toSorted((one, other) => other.at.localeCompare(one.at))
					.map(({at: _, ...each}) => each);
			return [...listed(await presetsIn('.'), 'in this folder'), ...listed(shippedPresets(), '')];
		},
		async load(name) {
			const loaded = await resolveRun(name, withoutTask(flags), async () => '');
			const models = loaded.models.length === 0 ? setup.config.models : loaded.models;
			return {...loaded, models};
		},
	};
}

/** A demo that is started by a key, where no account can be used. */
type DemoOnKey = {
	/** The account's connection until the demo has started, then the demo's. */
	readonly connect: () => Promise<Connection>;
	/** Starts the simulator. @returns The run for it: the same one, or the demo's preset where it has no model. */
	readonly start: () => Promise<RunConfig>;
	readonly hasStarted: () => boolean;
	readonly stop: () => Promise<void>;
};

function demoOnKey(setup: RunSetup, presets: ScreenPresets): DemoOnKey {
	const demo = lazyDemo(true, setup.config.connection, setup.config.seed);
	let {connect} = setup;
	return {
		connect: async () => connect(),
		hasStarted: () => connect === demo.connect,
		async start() {
			await demo.connect();
			connect = demo.connect;
			const {config} = setup;
			return config.models.length === 0 ? presets.load(demoPreset) : config;
		},
		stop: demo.stop,
	};
}

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

/** Earlier runs that a screen opens on. */
type ShownRuns = {readonly folder: string; readonly opensOn: NonNullable<ScreenPorts['opensOnRuns']>};

/** What the user keeps for the screen, and the way to keep more. */
export type OwnScreen = Pick<ScreenPorts, 'keymap' | 'columns' | 'remember'>;

type ScreenOptions = {
	readonly own: OwnScreen;
	readonly conditions: readonly Condition[];
	readonly account: AccountOptions;
	/** Where alerts go, too. */
	readonly alertUrl?: string | undefined;
	readonly runs?: ShownRuns;
};

const openScreen = async (
	given: Arguments,
	setup: RunSetup,
	options: ScreenOptions,
	io: Io,
): Promise<number> => {
	const {config, output, isDemo} = setup;
	const {account, runs, own} = options;
	const guard = guardScreen(io);
	const manners = screenManners(io, output, guard);
	const {openDashboard} = await import('../tui/dashboard.tsx');
	const presets = screenPresets(given.flags, setup, async () => history.list());
	const demo = demoOnKey(setup, presets);
	const engine = startConnectedEngine(demo.connect);
	const kept = keepRuns(engine, setup, () => isDemo || demo.hasStarted());
	const history = {
		...createHistory(path.resolve(runs?.folder ?? output.folder ?? defaultFolder), kept.underWay),
		onKept: kept.onKept,
	};
	let noteFault = (_text: string): void => {};
	const webhook = await webhookOf(options.alertUrl, (text) => noteFault(text));
	try {
		const note = keepLog(engine, output.logFile, kept.warn);
		const {snapshot, fault} = await openDashboard({
			config,
			isDemo,
			startsAtOnce: isDemo,
			beginRun: kept.begin,
			engine: {...engine, send: guarded(engine.send, guard)},
			presets,
			...(isDemo ? {} : {startDemo: demo.start}),
			...createExports(kept.placeOf),
			history,
			...(runs === undefined ? {} : {opensOnRuns: runs.opensOn}),
			nextSteps: setup.isFirstRun ? nextLines(io.environment) : [],
			...account,
			...own,
			onCrash: leaveClosing,
			guard,
			noteAlert: (text) => note('alert', text),
			postAlerts(raised, onFault) {
				noteFault = onFault;
				webhook?.post(raised);
			},
			appearance: {colors: output.colors, ascii: output.isAscii, theme: output.theme},
			manners,
			stdin: manners.stdin,
			stdout: io.stdout,
			clock: systemClock,
			signal: io.signal,
		});
		await guard.end();
		await writeLines(io.stderr, setup.warning === undefined ? [] : [setup.warning]);
		const exitCode = snapshot?.startedAt
			? await finish(
					snapshot,
					{setup: {...setup, config: kept.placeOf(snapshot).config}, kept, terminal: manners.known()},
					options.conditions,
					io,
				)
			: io.signal.aborted
				? signalExitCode(io.signal)
				: 0;
		if (fault !== undefined) {
			return await endedBy(errorOf(fault), io);
		}
		return exitCode;
	} finally {
		kept.release();
		await guard.end();
		await webhook?.close(closeDeadlineMs);
		await engine.close(closeDeadlineMs);
		await Promise.all([setup.close(), demo.stop()]);
	}
};

/** Without anything to run, the account is shown. */
const opensOnAccount = ({words, flags}: Arguments): boolean =>
	words.length === 0 &&
	!flags.isSet('demo') &&
	flags.text('task') === undefined &&
	flags.text('replay') === undefined &&
	flags.text('resume') === undefined;

/** The account view of the screen. */
const accountOptions = (given: Arguments, alerts: readonly Alert[]): AccountOptions => ({
	opensOnAccount: opensOnAccount(given),
	regions: resolveRegions(given.flags).regions,
	alerts,
});

/** Sets up the run of the screen. Opened on the account, the demo's preset waits for a model to be chosen. */
const setUpScreen = async (
	{flags, ...given}: Arguments,
	{opensOnAccount, regions}: AccountOptions,
	io: Io,
): Promise<{readonly setup: RunSetup; readonly shown: Arguments}> => {
	const [region] = regions;
	const shown: Arguments = {
		...given,
		words: opensOnAccount ? [demoPreset] : given.words,
		flags: {
			...flags,
			text: (name) =>
				name === 'region' ? region : name === 'profile' ? flags.text(name)?.split(',')[0] : flags.text(name),
		},
	};
	const setup = await setUpRun(shown, io, io.stdin.isTTY);
	const models = opensOnAccount
		? [...new Set([flags.texts('model'), flags.afterPreset('model')].find((each) => each.length > 0))]
		: setup.config.models;
	const {config} = setup;
	const {otherProfiles = []} = resolveRegions(flags).connection;
	const connection = otherProfiles.length === 0 ? config.connection : {...config.connection, otherProfiles};
	return {setup: {...setup, config: {...config, models, connection}}, shown};
};

/** The command without a name: the screen on a terminal, the plain form elsewhere. @returns Exit code. */
export async function screen(given: Arguments, io: Io, own: OwnScreen): Promise<number> {
	const endings = await readEndings(given, io.environment);
	const {conditions, alerts, alertUrl} = endings;
	const {isPlain, isDryRun, isStdoutTaken} = resolveOutput(given.flags, io.environment);
	const isScreen =
		given.flags.text('resume') === undefined && io.stdout.isTTY && !isPlain && !isDryRun && !isStdoutTaken;
	if (!isScreen) {
		if (isPlain && !isDryRun && opensOnAccount(given)) {
			return (await import('./watch.ts')).watch(given, io);
		}
		if (!isDryRun && opensOnAccount(given)) {
			// Nobody sees a screen, and nothing was asked for.
			await writeLines(isStdoutTaken ? io.stderr : io.stdout, startLines(io.environment));
			return 2;
		}
		return runHeadless(await untilSignal(io.signal, setUpRun(given, io)), endings, io);
	}
	const account = accountOptions(given, alerts);
	const {setup, shown} = await untilSignal(io.signal, setUpScreen(given, account, io));
	return openScreen(shown, setup, {conditions, account, alertUrl, own}, io);
}

/** The screen of earlier runs; a run can be started from there too. @returns Exit code. */
export async function screenOfRuns(
	given: Arguments,
	{runs, own}: {readonly runs: ShownRuns; readonly own: OwnScreen},
	io: Io,
): Promise<number> {
	const account = {...accountOptions(given, []), opensOnAccount: false};
	const setup = await untilSignal(io.signal, setUpRun({...given, words: [demoPreset]}, io, true));
	const chosen = {...setup, config: {...setup.config, models: []}};
	return openScreen(given, chosen, {conditions: [], account, runs, own}, io);
}

/**
 * Files that the screen writes on a key into the folder of the run that they are about; each function returns their
 * absolute paths. Written again they are replaced: the newer one of the same run says all that the older one said.
 */
type Exports = {
	/** `e`: the charts of the current snapshot. */
	readonly exportReports: (snapshot: Snapshot) => Promise<readonly string[]>;
	/** `u`: quota-increase.md. */
	readonly exportIncrease: (snapshot: Snapshot) => Promise<readonly string[]>;
	/** `w`: best-request.json, from the configuration of the snapshot's run. */
	readonly exportWinningRequest: (snapshot: Snapshot, config: RunConfig) => Promise<readonly string[]>;
};

/** @throws UserError where the run is not kept. */
const folderOf = ({folder}: Pick<RunPlace, 'folder'>): string => {
	if (folder === undefined) {
		throw new UserError('This run has no folder to write into.', {
			exitCode: 1,
			hint: 'Name one with --out DIR.',
		});
	}
	return folder;
};

const writeText = async (folder: string, name: string, text: string): Promise<readonly string[]> => {
	const {writeAtomically} = await import('../text/private-file.ts');
	const file = path.join(folder, name);
	await mkdir(folder, {recursive: true, mode: 0o700});
	await writeAtomically(file, text);
	return [file];
};

const nothingToSend = (): UserError =>
	new UserError('The run has no winning request yet.', {
		exitCode: 1,
		hint: 'Wait until a variant has given a useful answer.',
	});

const resultsNow = async (snapshot: Snapshot): Promise<Results> => {
	const {resultsOf} = await import('../reports/results.ts');
	return resultsOf(snapshot, environmentOf());
};

/** @param placeOf The folder of a run. */
export function createExports(placeOf: (snapshot: Snapshot) => Pick<RunPlace, 'folder'>): Exports {
	return {
		async exportReports(snapshot) {
			const folder = folderOf(placeOf(snapshot));
			const results = await resultsNow(snapshot);
			return writeReports({type: 'write', results, folder, answersFile: undefined, isExport: true});
		},
		async exportIncrease(snapshot) {
			const folder = folderOf(placeOf(snapshot));
			const [results, {quotaIncreaseMarkdown}] = await Promise.all([
				resultsNow(snapshot),
				import('../reports/quota-increase-markdown.ts'),
			]);
			const text = quotaIncreaseMarkdown(results);
			return writeText(folder, 'quota-increase.md', text);
		},
		async exportWinningRequest(snapshot, config) {
			const folder = folderOf(placeOf(snapshot));
			const recipe = recipeOf(config, snapshot);
			if (recipe === undefined || snapshot.variants.every(({items}) => items.useful === 0)) {
				throw nothingToSend();
			}
			const [results, {bestRequestText}, {firstRequestOf}] = await Promise.all([
				resultsNow(snapshot),
				import('../reports/best-request.ts'),
				import('../threads/sent-request.ts'),
			]);
			const text = bestRequestText(results, recipe, (choice) => firstRequestOf(results, choice, recipe));
			return writeText(folder, 'best-request.json', text);
		},
	};
}
