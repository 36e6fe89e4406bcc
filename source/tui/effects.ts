import path from 'node:path';
import type {BucketPlace} from '../account/account-session.ts';
import type {RaisedAlert} from '../account/alerts.ts';
import type {Remembered} from '../config/config-file.ts';
import type {Alert} from '../domain/account-snapshot.ts';
import type {Clock} from '../domain/clock.ts';
import type {RunConfig} from '../domain/run-config.ts';
import type {KeptRun, Snapshot} from '../domain/snapshot.ts';
import {type Fault, faultOf} from '../domain/user-error.ts';
import type {TerminalManners} from '../text/terminal-manners.ts';
import type {ColorCount, ThemeName} from '../text/themes.ts';
import type {AnswerSink, EngineReport, EngineRequest} from '../threads/messages.ts';
import type {Effect, UntimedAction} from '../view/actions.ts';
import type {Keymap} from '../view/keymap.ts';
import type {ComparedRuns, ListedPreset, OwnColumns, ScreenTap, State} from '../view/state.ts';

/** All that the screen needs from outside; a test replaces it. */
export type ScreenPorts = {
	readonly config: RunConfig;
	/** Nothing costs money. */
	readonly isDemo: boolean;
	/** The run starts as soon as it is prepared. */
	readonly startsAtOnce: boolean;
	/** A run begins. @returns where its answers are streamed to. */
	readonly beginRun: (config: RunConfig) => AnswerSink;
	readonly engine: {
		readonly send: (request: EngineRequest) => void;
		/** @returns a function that stops listening. */
		readonly onReport: (listener: (report: EngineReport) => void) => () => void;
	};
	readonly presets: {
		readonly list: () => Promise<readonly ListedPreset[]>;
		/** Reads a preset by name or path; rejects with what is wrong with it. */
		readonly load: (name: string) => Promise<RunConfig>;
	};
	/** Starts a simulator, which the engine uses from then on. @returns the run there. */
	readonly startDemo?: () => Promise<RunConfig>;
	/** Writes the charts of a snapshot. @returns paths. */
	readonly exportReports: (snapshot: Snapshot) => Promise<readonly string[]>;
	/** Writes the figures for a quota increase. @returns paths. */
	readonly exportIncrease: (snapshot: Snapshot) => Promise<readonly string[]>;
	/** Writes the winning request. @returns paths; rejects in words while there is none. */
	readonly exportWinningRequest: (snapshot: Snapshot, config: RunConfig) => Promise<readonly string[]>;
	/** Runs that are kept; undefined where none are. Each function rejects with the reason. */
	readonly history?: {
		/** Newest first; and why other folders cannot be read. */
		readonly list: () => Promise<{readonly runs: readonly KeptRun[]; readonly faults: readonly string[]}>;
		readonly read: (run: KeptRun) => Promise<Snapshot>;
		readonly compare: (runs: readonly KeptRun[]) => Promise<ComparedRuns>;
		/** Called when a run of this program has been added. */
		readonly onKept?: (listener: () => void) => void;
	};
	/** Shown when a demo has ended: what to try next. */
	readonly nextSteps?: readonly string[];
	/** Opens on the list of these, or on one of them, and prepares nothing. */
	readonly opensOnRuns?: 'list' | KeptRun;
	/** The screen is of a tap, which runs already: `engine` is its thread. */
	readonly tap?: Omit<ScreenTap, 'isFolded'>;
	/** Opens on the account, and prepares nothing before something is chosen. */
	readonly opensOnAccount?: boolean;
	/** Regions of the Account view; empty: the Region in use. */
	readonly regions?: readonly string[];
	/** Alerts on the account. */
	readonly alerts?: readonly Alert[];
	/** Receives the sentence of an alert that rings, for a log beside the screen. */
	readonly noteAlert?: (text: string) => void;
	/** Sends alerts that ring to a webhook, without waiting; the listener gets a sentence about each that did not arrive. */
	readonly postAlerts?: (raised: readonly RaisedAlert[], onFault: (text: string) => void) => void;
	/** The user's own. */
	readonly keymap?: Keymap;
	readonly columns?: OwnColumns;
	/**
	 * Writes into the user's configuration.
	 * @param hasTyped With the settings that were typed on the command line.
	 * @returns Its path and the names of what was written; rejects in words where nothing is to be written.
	 */
	readonly remember?: (
		values: readonly Remembered[],
		hasTyped: boolean,
	) => Promise<{readonly file: string; readonly names: readonly string[]}>;
	readonly appearance: {readonly colors: ColorCount; readonly ascii: boolean; readonly theme: ThemeName};
	readonly stdin: NodeJS.ReadStream;
	readonly stdout: NodeJS.WriteStream;
	readonly clock: Clock;
	/** Maximum paints per second. */
	readonly framesPerSecond?: number;
	/** Registers a function that gives the terminal back at once if the program crashes. @returns removes it. */
	readonly onCrash?: (close: () => void) => () => void;
	/** Knows who has the terminal, should the program die without a chance to give it back. */
	readonly guard?: {
		/** Keys are read when this resolves. */
		readonly start: () => Promise<void>;
		readonly taken: () => void;
		readonly given: () => void;
	};
	/** What the terminal takes beyond drawing; absent: nothing, and the bell rings. */
	readonly manners?: TerminalManners;
	/** Aborted by a signal from outside: the screen closes at once. */
	readonly signal: AbortSignal;
};

/** How a screen ended. */
export type ScreenEnd = {
	/** The last run in which something was sent; undefined where nothing was. */
	readonly snapshot: Snapshot | undefined;
	/** What stopped a run that was under way; undefined when it had ended by itself. */
	readonly stoppedBy: 'key' | 'signal' | undefined;
	readonly fault: Fault | undefined;
};

/** What only the terminal can do. */
export type TerminalActions = {
	readonly redraw: () => void;
	readonly suspend: () => void;
};

type EffectPorts = TerminalActions & {
	readonly leave: () => void;
	readonly dispatch: (action: UntimedAction) => void;
	readonly latest: () => State;
};

/** Runs the effects; their results come back as actions. */
export function createEffects(
	ports: ScreenPorts,
	{redraw, suspend, leave, dispatch, latest}: EffectPorts,
): (effect: Effect) => void {
	const {engine, presets, manners} = ports;
	const notify = (text: string) => {
		if (manners === undefined) {
			ports.stdout.write('\u0007');
		} else {
			manners.notify(text);
		}
	};

	const write = async (effect: Effect & {type: 'export'}) => {
		const {what} = effect;
		try {
			dispatch({type: 'export-finished', what, files: await written(ports, effect)});
		} catch (error) {
			dispatch({type: 'export-failed', what, message: faultOf(error).message});
		}
	};

	const listPresets = async () => {
		try {
			dispatch({type: 'presets-listed', presets: await presets.list()});
		} catch (error) {
			dispatch({type: 'presets-failed', fault: faultOf(error)});
		}
	};

	const loadPreset = async (name: string) => {
		try {
			dispatch({type: 'preset-loaded', config: await presets.load(name)});
		} catch (error) {
			dispatch({type: 'preset-failed', fault: faultOf(error)});
		}
	};

	const startDemo = async () => {
		try {
			const config = await ports.startDemo?.();
			if (config !== undefined) {
				dispatch({type: 'demo-started', config});
			}
		} catch (error) {
			dispatch({type: 'demo-failed', fault: faultOf(error)});
		}
	};

	const remember = async ({values, hasTyped}: Effect & {type: 'remember'}) => {
		try {
			if (ports.remember !== undefined) {
				dispatch({type: 'remembered', ...(await ports.remember(values, hasTyped))});
			}
		} catch (error) {
			dispatch({type: 'remember-failed', fault: faultOf(error)});
		}
	};

	const readAnswers = async ({key, file, item, offsets}: Effect & {type: 'read-answers'}) => {
		try {
			const {readItemAnswers} = await import('../reports/answer-lines.ts');
			const answers = await readItemAnswers(file, item, offsets);
			dispatch({type: 'answers-read', key, answers, problem: undefined});
		} catch (error) {
			dispatch({type: 'answers-read', key, answers: undefined, problem: faultOf(error).message});
		}
	};

	const openEarlierItems = async ({folder, columns, models}: Effect & {type: 'open-items'}) => {
		try {
			const {openItems} = await import('../reports/answer-lines.ts');
			const table = await openItems(path.join(folder, 'answers.jsonl'), columns, models);
			dispatch({type: 'items-opened', folder, table});
		} catch (error) {
			dispatch({type: 'engine-logged', text: faultOf(error).message});
		}
	};

	const readHistory = async (effect: Effect & {type: 'list-runs' | 'read-run' | 'compare-runs'}) => {
		const {history} = ports;
		if (history === undefined) {
			return;
		}
		try {
			switch (effect.type) {
				case 'list-runs':
					dispatch({type: 'runs-listed', ...(await history.list())});
					break;
				case 'read-run':
					dispatch({type: 'run-read', run: effect.run, snapshot: await history.read(effect.run)});
					break;
				case 'compare-runs':
					dispatch({type: 'runs-compared', table: await history.compare(effect.runs)});
					break;
			}
		} catch (error) {
			dispatch({type: 'history-failed', fault: faultOf(error)});
		}
	};

	const start = () => {
		const {startedConfig, config} = latest();
		engine.send({type: 'start', answers: ports.beginRun(startedConfig ?? config)});
	};

	return (effect) => {
		switch (effect.type) {
			case 'prepare':
				engine.send({type: 'prepare', config: effect.config});
				break;
			case 'list-models': {
				const {connection, override, isRefreshing} = effect.config;
				engine.send({type: 'list-models', config: {connection, override, isRefreshing}});
				break;
			}
			case 'watch-account': {
				const {connection, override, isRefreshing, ledger} = effect.config;
				const {regions} = effect;
				engine.send({
					type: 'watch-account',
					watch: {connection, regions, override, isRefreshing, isAllOnScreen: false, ledger},
				});
				break;
			}
			case 'ring':
				notify(effect.texts.join(' '));
				for (const text of effect.texts) {
					ports.noteAlert?.(text);
				}
				ports.postAlerts?.(effect.raised, (text) => dispatch({type: 'engine-logged', text}));
				break;
			case 'announce':
				notify(effect.text);
				break;
			case 'watch-rows':
				engine.send({type: 'look-at-account', places: effect.ids.map(placeOf)});
				break;
			case 'list-presets':
				void listPresets();
				break;
			case 'load-preset':
				void loadPreset(effect.name);
				break;
			case 'list-runs':
			case 'read-run':
			case 'compare-runs':
				void readHistory(effect);
				break;
			case 'start-demo':
				void startDemo();
				break;
			case 'start':
				start();
				break;
			case 'send-more':
			case 'pause':
			case 'resume':
				engine.send({type: effect.type});
				break;
			case 'set-goal':
				engine.send(effect);
				break;
			case 'stop':
				engine.send({type: 'stop', stoppedBy: 'key', deadlineMs: effect.deadlineMs});
				break;
			case 'export':
				void write(effect);
				break;
			case 'read-answers':
				void readAnswers(effect);
				break;
			case 'open-items':
				void openEarlierItems(effect);
				break;
			case 'remember':
				void remember(effect);
				break;
			case 'copy':
				dispatch({
					type: 'copied',
					what: effect.what,
					length: [...effect.text].length,
					outcome: manners?.copy(effect.text) ?? 'refused',
				});
				break;
			case 'redraw':
				redraw();
				break;
			case 'suspend':
				suspend();
				break;
			case 'leave':
				leave();
				break;
		}
	};
}

/** Row ids are the Region and the key of the bucket, with a blank between them. */
function placeOf(id: string): BucketPlace {
	const at = id.indexOf(' ');
	return {region: id.slice(0, at), key: id.slice(at + 1)};
}

async function written(ports: ScreenPorts, effect: Effect & {type: 'export'}): Promise<readonly string[]> {
	const {what, snapshot, config} = effect;
	switch (what) {
		case 'charts':
			return ports.exportReports(snapshot);
		case 'increase':
			return ports.exportIncrease(snapshot);
		case 'winner':
			return ports.exportWinningRequest(snapshot, config);
	}
}
