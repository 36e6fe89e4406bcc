import type {ItemAnswer, ItemTable} from '../domain/item-results.ts';
import type {Plan} from '../domain/plan.ts';
import type {RunConfig} from '../domain/run-config.ts';
import type {Snapshot} from '../domain/snapshot.ts';
import type {ListedModel} from '../domain/target.ts';
import type {Fault} from '../domain/user-error.ts';
import {type AccountState, initialAccount} from './account/account-state.ts';
import type {ViewName} from './keymap.ts';
import {initialLists, type Lists} from './lists.ts';

/** A list that is loaded when the user wants to choose from it. */
export type RemoteList<Entry> =
	| {readonly kind: 'idle'}
	| {readonly kind: 'loading'; readonly sinceMs: number}
	| {readonly kind: 'known'; readonly entries: readonly Entry[]}
	| {readonly kind: 'failed'; readonly fault: Fault};

/** A preset that is shipped. */
export type ListedPreset = {readonly name: string; readonly description: string};

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
	| {readonly kind: 'quit-question'}
	/** Whether requests are added to the run that has ended. */
	| {readonly kind: 'more-question'}
	| {readonly kind: 'exported'; readonly files: readonly string[]};

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

/** All that the screen shows, as one immutable value. */
export type State = {
	readonly size: ScreenSize;
	readonly config: RunConfig;
	/** No run spends money. */
	readonly isDemo: boolean;
	/** A simulator is available where no account can be used. */
	readonly hasDemo: boolean;
	/** Input is a terminal; without keys the screen closes by itself at the end of the run. */
	readonly hasKeys: boolean;
	/** Runs start without showing the plan first. */
	readonly startsAtOnce: boolean;
	readonly stage: Stage;
	readonly plan: Plan | undefined;
	/** The newest one. */
	readonly snapshot: Snapshot | undefined;
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
	readonly overlay: Overlay | undefined;
	readonly models: RemoteList<ListedModel>;
	readonly presets: RemoteList<ListedPreset>;
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
	readonly isExporting: boolean;
	/** Lines that the engine logged, oldest first; bounded. */
	readonly log: readonly string[];
	/** Time of the last action, on the clock that never goes back. */
	readonly nowMs: number;
};

/** Time that requests in flight have to be answered once somebody wants to leave. */
export const leaveDeadlineMs = 2000;

/** Lines of the engine's log that are kept. */
export const keptLogLines = 200;

/**
 * The state of a screen that has just opened: it has asked for the run to be prepared, or, where no model is named, for
 * the list of models.
 */
export function initialState(
	options: Pick<State, 'config' | 'isDemo' | 'startsAtOnce' | 'nowMs'> &
		Partial<Pick<State, 'hasKeys' | 'hasDemo' | 'account' | 'view' | 'size'>>,
): State {
	const opensOnAccount = options.view === 'account';
	const isChoosing = opensOnAccount || options.config.models.length === 0;
	const isListing = isChoosing && !opensOnAccount;
	return {
		size: {columns: 80, rows: 24},
		hasKeys: true,
		hasDemo: false,
		view: 'dashboard',
		account: initialAccount(),
		...options,
		stage: isChoosing
			? {kind: 'choosing'}
			: {
					kind: 'preparing',
					step: 'starting',
					sinceMs: options.nowMs,
					startsThen: options.startsAtOnce,
					isStale: false,
				},
		plan: undefined,
		snapshot: undefined,
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
		items: {run: undefined, table: undefined, isFailuresOnly: false, column: 0, reading: undefined},
		switchedOff: [],
		lists: initialLists(),
		isTyping: false,
		windowSeconds: undefined,
		flash: undefined,
		isExporting: false,
		log: [],
	};
}
