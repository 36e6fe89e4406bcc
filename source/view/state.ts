import {drainMs} from '../domain/backend.ts';
import type {ItemAnswer, ItemTable} from '../domain/item-results.ts';
import type {Plan, RunConfig} from '../domain/run-config.ts';
import type {KeptRun, MoreRequests, Snapshot} from '../domain/snapshot.ts';
import type {ListedModel} from '../domain/target.ts';
import type {Fault} from '../domain/user-error.ts';
import {type AccountState, initialAccount} from './account/account-state.ts';
import {type Keymap, usualKeymap, type ViewName} from './keymap.ts';
import {initialLists, type Lists} from './lists.ts';

/** A list that is loaded when the user wants to choose from it. */
export type RemoteList<Entry> =
	| {readonly kind: 'idle'}
	| {readonly kind: 'loading'; readonly sinceMs: number}
	| {readonly kind: 'known'; readonly entries: readonly Entry[]}
	| {readonly kind: 'failed'; readonly fault: Fault};

/** A preset to choose from. */
export type ListedPreset = {
	/** Or its path. */
	readonly name: string;
	readonly description: string;
	/** Whether it lies in the folder, and when it was last run; empty for others that are shipped. */
	readonly note: string;
};

/** Where the session is; the phase of a running run is in its snapshot. */
type Stage =
	/** No model is chosen yet: there is nothing to prepare. */
	| {readonly kind: 'choosing'}
	| {
			readonly kind: 'preparing';
			readonly step: string;
			readonly sinceMs: number;
			/** The run starts as soon as it is prepared. */
			readonly startsThen: boolean;
			/** The configuration was changed meanwhile: prepare once more. */
			readonly isStale: boolean;
	  }
	| {readonly kind: 'planned'}
	| {readonly kind: 'running'}
	| {readonly kind: 'ended'}
	| {readonly kind: 'failed'; readonly fault: Fault};

/** A box above the view; while one is open it takes the keys. */
export type Overlay =
	| {readonly kind: 'help'; readonly scroll: number}
	| Picker
	| SettingsForm
	| ColumnChooser
	| {readonly kind: 'quit-question'}
	/** Whether a tap answers no new requests for a while, or ends, alone or with the program behind it. */
	| {readonly kind: 'tap-question'; readonly of: 'hold' | 'end' | 'quit'}
	/** Shows a plan that has not been on screen, and asks whether to start it. */
	| {readonly kind: 'start-question'; readonly scroll: number}
	/** Whether requests are added to the run that has ended. */
	| {readonly kind: 'more-question'}
	| HistoryList
	| {
			readonly kind: 'comparison';
			readonly table: ComparedRuns;
			readonly scroll: number;
			/** What Esc goes back to. */
			readonly list: HistoryList;
	  }
	| {readonly kind: 'exported'; readonly files: readonly string[]};

/** The list of earlier runs. */
export type HistoryList = {
	readonly kind: 'history';
	readonly index: number;
	/** Folders of the runs to compare. */
	readonly marked: readonly string[];
	/** Why something cannot be read or compared. */
	readonly problem: string | undefined;
};

/** Runs side by side, in words; the first is the one that the others are compared with. */
export type ComparedRuns = {
	readonly names: readonly string[];
	/** In what else they differ, and whether a simulator answered. */
	readonly remarks: readonly string[];
	readonly rows: ReadonlyArray<{
		/** Empty below the first row of a variant. */
		readonly variant: string;
		readonly figure: string;
		/** One for each run. */
		readonly values: readonly string[];
		/** One for each run but the first. */
		readonly differences: readonly string[];
	}>;
};

/** A list to choose from, narrowed down by what is typed. */
export type Picker = {
	readonly kind: 'picker';
	readonly of: 'models' | 'presets' | 'regions';
	readonly filter: string;
	/** Of the selected row in the filtered list. */
	readonly index: number;
	/** Models to compare, Regions to watch. */
	readonly marked: readonly string[];
};

/** The settings of the run, one of which is being changed. */
export type SettingsForm = {
	readonly kind: 'settings';
	/** Of the selected setting. */
	readonly index: number;
	/** What was typed for it; undefined: nothing yet. */
	readonly text: string | undefined;
	/** Why that cannot be taken. */
	readonly problem: string | undefined;
	/** What Esc goes back to. */
	readonly before: RunConfig;
};

/** Names of the columns that the user chose, by view, in the order in which they are shown. */
export type OwnColumns = Readonly<Partial<Record<ViewName, readonly string[]>>>;

/** The columns of a view, some of which are on. */
export type ColumnChooser = {
	readonly kind: 'columns';
	readonly view: ViewName;
	/** Of the selected column. */
	readonly index: number;
	/** What Esc goes back to; undefined: the usual ones. */
	readonly before: readonly string[] | undefined;
};

/** What a key writes: SVGs, the figures for a quota increase, the winning request. */
export type ExportKind = 'charts' | 'increase' | 'winner';

/** A line that the screen adds to the log of the run; `atMs` is on the clock that never goes back. */
type LogEntry = {
	readonly id: number;
	readonly atMs: number;
	readonly kind: string;
	readonly text: string;
};

/** A request to the engine that no snapshot shows yet. */
type Asked = 'pause' | 'resume' | 'stop';

/** Cells of the terminal. */
export type ScreenSize = {readonly columns: number; readonly rows: number};

/** The Items view. */
export type ItemsState = {
	/** Unique name of the run that the table is of. */
	readonly run: string | undefined;
	/** Undefined before the first outcome of the run. */
	readonly table: ItemTable | undefined;
	readonly isFailuresOnly: boolean;
	/** Number of the selected column. */
	readonly column: number;
	/** The answers to the selected item; undefined before any were wanted. */
	readonly reading:
		| {
				/** What was asked for. */
				readonly key: string;
				readonly item: number;
				/** One for each column; undefined while they are being read. */
				readonly answers: ReadonlyArray<ItemAnswer | undefined> | undefined;
				/** Why they can't be read. */
				readonly problem: string | undefined;
		  }
		| undefined;
};

/** The tap that a screen is of. */
export type ScreenTap = {
	/** Where it listens, without its secret. */
	readonly address: string;
	readonly region: string;
	/** Undefined: the Region's own. */
	readonly endpoint: string | undefined;
	/** Lines that point programs to it. They hold the secret, and are shown before the first request alone. */
	readonly lines: readonly string[];
	/** The program behind it, which ends with the screen; undefined: none. */
	readonly program: string | undefined;
	/** Sessions of a client are one row, and idle rows one line. */
	readonly isFolded: boolean;
};

/** All that the screen shows, as one immutable value. */
export type State = {
	/** Undefined: the screen is of runs. */
	readonly tap: ScreenTap | undefined;
	readonly size: ScreenSize;
	readonly config: RunConfig;
	/** No run spends money. */
	readonly isDemo: boolean;
	/** A simulator is available where no account can be used. */
	readonly hasDemo: boolean;
	/** Shown when a demo has ended; empty: nothing. */
	readonly nextSteps: readonly string[];
	/** Input is a terminal; without keys the screen closes by itself at the end of the run. */
	readonly hasKeys: boolean;
	/** Runs start without showing the plan first. */
	readonly startsAtOnce: boolean;
	readonly stage: Stage;
	readonly plan: Plan | undefined;
	/** The plan, or what could be added to a run, whose requests and cost were last on screen: where it costs money, nothing else starts. */
	readonly shownPlan: Plan | MoreRequests | undefined;
	/** The newest one. */
	readonly snapshot: Snapshot | undefined;
	/** When it came, on the clock of `nowMs`. */
	readonly snapshotMs: number;
	/** The last run in which something was sent, once another is prepared. */
	readonly lastRun: Snapshot | undefined;
	/** Configuration of the newest run that was started. */
	readonly startedConfig: RunConfig | undefined;
	/** Shown instead of the newest snapshot while the view is frozen. */
	readonly frozen:
		| {readonly snapshot: Snapshot; readonly sinceMs: number; readonly items?: ItemTable | undefined}
		| undefined;
	readonly asked: Asked | undefined;
	/** When the run was asked to stop; undefined before. */
	readonly stoppedMs: number | undefined;
	/** Set once the screen is to close as soon as the run has ended. */
	readonly isLeaving: boolean;
	readonly view: ViewName;
	/** The keys of this user. */
	readonly keymap: Keymap;
	/** Where a view has none of its own, its columns are the usual ones. */
	readonly columns: OwnColumns;
	/** What the next start has without anybody asking for it: all that differs can be remembered. */
	readonly known: {
		readonly config: RunConfig;
		readonly columns: OwnColumns;
		readonly region: string | undefined;
	};
	readonly overlay: Overlay | undefined;
	readonly models: RemoteList<ListedModel>;
	readonly presets: RemoteList<ListedPreset>;
	/** Runs that are kept, newest first; undefined where none are. */
	readonly history: RemoteList<KeptRun> | undefined;
	/** The earlier run that is shown; undefined: the present one is. */
	readonly earlier: KeptRun | undefined;
	/** The present state, which goes on while an earlier run is shown. */
	readonly present: State | undefined;
	readonly account: AccountState;
	readonly isDetailOpen: boolean;
	/** Lines of the open detail that are above its first one on screen. */
	readonly detailScroll: number;
	/** Lines by which the open detail can be scrolled, when a key was last pressed. */
	readonly detailEnd: number;
	readonly items: ItemsState;
	/** Names of variants that are not to run. */
	readonly switchedOff: readonly string[];
	readonly lists: Lists;
	/** The filter of the current list is being typed: keys are text. */
	readonly isTyping: boolean;
	/** Time window of the charts; undefined: as long as the run, within bounds. */
	readonly windowSeconds: number | undefined;
	/** A passing remark. */
	readonly flash: {readonly text: string; readonly untilMs: number} | undefined;
	/** What is being written. */
	readonly exporting: readonly ExportKind[];
	/** What keys did and what the engine logged, oldest first; bounded. */
	readonly log: readonly LogEntry[];
	/** Epoch milliseconds at 0 of the clock that never goes back. */
	readonly epochMs: number;
	/** What the newest run was started with, for the log. */
	readonly startedWords: string | undefined;
	/** Time of the last action, on the clock that never goes back. */
	readonly nowMs: number;
};

/** The Items view of a run that nothing is known of yet. */
export const noItems: ItemsState = {
	run: undefined,
	table: undefined,
	isFailuresOnly: false,
	column: 0,
	reading: undefined,
};

/** Time that requests in flight of a run have to be answered once somebody wants to leave. */
const leaveDeadlineMs = 2000;

/** The same, of a run or of a tap, whose requests are those of others. */
export function leaveDeadlineOf({tap}: Pick<State, 'tap'>): number {
	return tap === undefined ? leaveDeadlineMs : drainMs;
}

/** Lines of the engine's log that are kept. */
export const keptLogLines = 200;

/**
 * The state of a screen that has just opened: it has asked for the run to be prepared, or, where no model is named, for
 * the list of models.
 */
export function initialState(
	options: Pick<State, 'config' | 'isDemo' | 'startsAtOnce' | 'nowMs'> &
		Partial<
			Pick<
				State,
				| 'epochMs'
				| 'hasKeys'
				| 'hasDemo'
				| 'nextSteps'
				| 'account'
				| 'view'
				| 'size'
				| 'history'
				| 'keymap'
				| 'columns'
				| 'tap'
			>
		>,
	/** Opens on earlier runs: nothing is prepared or listed before that is asked for. */
	opensOnRuns = false,
): State {
	const opensElsewhere = opensOnRuns || options.view === 'account' || options.tap !== undefined;
	const isChoosing = opensElsewhere || options.config.models.length === 0;
	const isListing = isChoosing && !opensElsewhere;
	return {
		size: {columns: 80, rows: 24},
		hasKeys: true,
		hasDemo: false,
		nextSteps: [],
		epochMs: 0,
		view: options.tap === undefined ? 'dashboard' : 'traffic',
		keymap: usualKeymap,
		columns: {},
		account: initialAccount(),
		history: undefined,
		tap: undefined,
		...options,
		known: {
			config: options.config,
			columns: options.columns ?? {},
			region: options.account?.regions[0] ?? options.config.connection.region,
		},
		earlier: undefined,
		present: undefined,
		stage:
			options.tap !== undefined
				? {kind: 'running'}
				: isChoosing
					? {kind: 'choosing'}
					: {
							kind: 'preparing',
							step: 'starting',
							sinceMs: options.nowMs,
							startsThen: options.startsAtOnce,
							isStale: false,
						},
		plan: undefined,
		shownPlan: undefined,
		snapshot: undefined,
		snapshotMs: options.nowMs,
		lastRun: undefined,
		startedConfig: undefined,
		frozen: undefined,
		asked: undefined,
		stoppedMs: undefined,
		isLeaving: false,
		overlay: isListing ? {kind: 'picker', of: 'models', filter: '', index: 0, marked: []} : undefined,
		models: isListing ? {kind: 'loading', sinceMs: options.nowMs} : {kind: 'idle'},
		presets: {kind: 'idle'},
		isDetailOpen: false,
		detailScroll: 0,
		detailEnd: 0,
		items: noItems,
		switchedOff: [],
		lists: initialLists(),
		isTyping: false,
		windowSeconds: undefined,
		flash: undefined,
		exporting: [],
		log: [],
		startedWords: undefined,
	};
}

/** The present state, whether an earlier run is shown or not. */
export function liveState(state: State): State {
	return state.present ?? state;
}
