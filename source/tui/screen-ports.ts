import type {RaisedAlert} from '../account/alerts.ts';
import type {Remembered} from '../config/config-file.ts';
import type {Alert} from '../domain/account-snapshot.ts';
import type {Clock} from '../domain/clock.ts';
import type {RunConfig} from '../domain/run-config.ts';
import type {KeptRun, Snapshot} from '../domain/snapshot.ts';
import type {Fault} from '../domain/user-error.ts';
import type {TerminalManners} from '../text/terminal-manners.ts';
import type {ColorCount, ThemeName} from '../text/themes.ts';
import type {AnswerSink, EngineReport, EngineRequest} from '../threads/messages.ts';
import type {Keymap} from '../view/keymap.ts';
import type {ComparedRuns, ListedPreset, OwnColumns, ScreenTap} from '../view/state.ts';

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
