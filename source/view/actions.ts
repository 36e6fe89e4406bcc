import type {RaisedAlert} from '../account/alerts.ts';
import type {Remembered} from '../config/config-file.ts';
import type {AccountSnapshot} from '../domain/account-snapshot.ts';
import type {ItemAnswer, ItemColumn, ItemEntries, ItemTable} from '../domain/item-results.ts';
import type {Goal, Plan, RunConfig} from '../domain/run-config.ts';
import type {KeptRun, MoreRequests, Snapshot} from '../domain/snapshot.ts';
import type {ListedModel} from '../domain/target.ts';
import type {Fault} from '../domain/user-error.ts';
import type {CopyOutcome} from '../text/terminal-manners.ts';
import type {KeyCommand} from './keymap.ts';
import type {ComparedRuns, ExportKind, ListedPreset, ScreenSize, State} from './state.ts';

/** What happened, in the past tense. `atMs` is on the clock that never goes back: time enters here alone. */
export type Action = {readonly atMs: number} & (
	| {readonly type: 'preparation-progressed'; readonly step: string}
	| {readonly type: 'run-prepared'; readonly plan: Plan; readonly snapshot: Snapshot}
	/** Requests and cost of a plan have been on screen. */
	| {readonly type: 'plan-shown'; readonly plan: Plan | MoreRequests}
	| {readonly type: 'snapshot-received'; readonly snapshot: Snapshot}
	| {readonly type: 'run-ended'; readonly snapshot: Snapshot}
	| {readonly type: 'engine-failed'; readonly fault: Fault}
	| {readonly type: 'engine-logged'; readonly text: string}
	/** `detailEnd`: lines by which the open detail can be scrolled. */
	| {readonly type: 'command-given'; readonly command: KeyCommand; readonly detailEnd?: number}
	| {
			readonly type: 'items-received';
			readonly run: string;
			readonly file: string | null;
			readonly entries: ItemEntries;
	  }
	| {
			readonly type: 'answers-read';
			readonly key: string;
			readonly answers: ReadonlyArray<ItemAnswer | undefined> | undefined;
			readonly problem: string | undefined;
	  }
	/** The items of an earlier run were read from its folder. */
	| {readonly type: 'items-opened'; readonly folder: string; readonly table: ItemTable}
	/** A key that does nothing here. */
	| {readonly type: 'key-refused'; readonly keyName: string}
	| OverlayAction
	| {readonly type: 'typing-ended'; readonly isKept: boolean}
	| {readonly type: 'models-listed'; readonly models: readonly ListedModel[]}
	| {readonly type: 'models-failed'; readonly fault: Fault}
	| {readonly type: 'presets-listed'; readonly presets: readonly ListedPreset[]}
	| {readonly type: 'presets-failed'; readonly fault: Fault}
	| {readonly type: 'preset-loaded'; readonly config: RunConfig}
	| {readonly type: 'preset-failed'; readonly fault: Fault}
	| {readonly type: 'demo-started'; readonly config: RunConfig}
	| {readonly type: 'demo-failed'; readonly fault: Fault}
	/** In any view: alerts are checked everywhere. */
	| {readonly type: 'account-opened'}
	| {readonly type: 'account-received'; readonly account: AccountSnapshot}
	| {readonly type: 'export-finished'; readonly what: ExportKind; readonly files: readonly string[]}
	| {readonly type: 'export-failed'; readonly what: ExportKind; readonly message: string}
	/** A run of this program was added to those that are kept. */
	| {readonly type: 'run-kept'}
	| {
			readonly type: 'runs-listed';
			readonly runs: readonly KeptRun[];
			/** Why other folders cannot be read. */
			readonly faults: readonly string[];
	  }
	| {readonly type: 'run-read'; readonly run: KeptRun; readonly snapshot: Snapshot}
	| {readonly type: 'runs-compared'; readonly table: ComparedRuns}
	| {readonly type: 'history-failed'; readonly fault: Fault}
	| {
			readonly type: 'copied';
			readonly what: string;
			/** Of the text, in characters. */
			readonly length: number;
			readonly outcome: CopyOutcome;
	  }
	/** Names of what was written into the configuration. */
	| {readonly type: 'remembered'; readonly file: string; readonly names: readonly string[]}
	| {readonly type: 'remember-failed'; readonly fault: Fault}
	| {readonly type: 'screen-resized'; readonly size: ScreenSize}
	| {readonly type: 'time-passed'}
);

/** An action without its time. */
export type UntimedAction = Action extends infer Each
	? Each extends Action
		? Omit<Each, 'atMs'>
		: never
	: never;

/** What keys do while an overlay is open; text goes to the filter of a view where none is. */
export type OverlayAction =
	| {readonly type: 'text-typed'; readonly text: string}
	| {readonly type: 'text-erased'}
	/** Positive is down. */
	| {readonly type: 'overlay-moved'; readonly lines: number}
	/** To another choice; positive is the next. */
	| {readonly type: 'overlay-turned'; readonly steps: number}
	| {readonly type: 'overlay-marked'}
	| {readonly type: 'overlay-compared'}
	| {readonly type: 'overlay-accepted'}
	| {readonly type: 'overlay-closed'};

const overlayActions: Readonly<Record<OverlayAction['type'], true>> = {
	'text-typed': true,
	'text-erased': true,
	'overlay-moved': true,
	'overlay-turned': true,
	'overlay-marked': true,
	'overlay-compared': true,
	'overlay-accepted': true,
	'overlay-closed': true,
};

/** Whether an action is of a key in an overlay, or of text that is typed. */
export function isOverlayAction(action: Action): action is Action & OverlayAction {
	return action.type in overlayActions;
}

/** A request to the world outside the state. */
export type Effect =
	| {readonly type: 'prepare'; readonly config: RunConfig}
	| {readonly type: 'list-models'; readonly config: RunConfig}
	| {readonly type: 'watch-account'; readonly regions: readonly string[]; readonly config: RunConfig}
	/** Sentences of alerts that ring. */
	| {readonly type: 'ring'; readonly texts: readonly string[]; readonly raised: readonly RaisedAlert[]}
	/** What somebody who looks elsewhere waits for. */
	| {readonly type: 'announce'; readonly text: string}
	/** The rows of the account that are on screen now: latency percentiles are read for these only. */
	| {readonly type: 'watch-rows'; readonly ids: readonly string[]}
	| {readonly type: 'list-presets'}
	| {readonly type: 'load-preset'; readonly name: string}
	| {readonly type: 'start-demo'}
	| {readonly type: 'list-runs'}
	| {readonly type: 'read-run'; readonly run: KeptRun}
	| {readonly type: 'compare-runs'; readonly runs: readonly KeptRun[]}
	| {readonly type: 'start'}
	/** To the run that has ended. */
	| {readonly type: 'send-more'}
	| {readonly type: 'pause'}
	| {readonly type: 'resume'}
	| {readonly type: 'set-goal'; readonly goal: Goal}
	| {readonly type: 'stop'; readonly deadlineMs: number}
	| {
			readonly type: 'export';
			readonly what: ExportKind;
			readonly snapshot: Snapshot;
			/** The one that the snapshot's run was made with. */
			readonly config: RunConfig;
	  }
	/** The answers to an item, from answers.jsonl. */
	| {
			readonly type: 'read-answers';
			readonly key: string;
			readonly file: string;
			readonly item: number;
			readonly offsets: readonly number[];
	  }
	/** What became of the items of an earlier run, from its folder. */
	| {
			readonly type: 'open-items';
			readonly folder: string;
			readonly columns: readonly ItemColumn[];
			readonly models: readonly string[];
	  }
	/** Into the user's configuration, with what was typed on the command line where `hasTyped`. */
	| {readonly type: 'remember'; readonly values: readonly Remembered[]; readonly hasTyped: boolean}
	/** Into the clipboard of the terminal. */
	| {readonly type: 'copy'; readonly what: string; readonly text: string}
	| {readonly type: 'redraw'}
	| {readonly type: 'suspend'}
	| {readonly type: 'leave'};

/** Whether an action brings data, which may be shown a little later; keys are shown at once. */
export function isData(action: Action): boolean {
	return ['snapshot-received', 'items-received', 'account-received', 'engine-logged'].includes(action.type);
}

/** The state after an action, and its effects. */
export type Transition = {readonly state: State; readonly effects: readonly Effect[]};

/** The state alone changes. */
export function noEffect(state: State): Transition {
	return {state, effects: []};
}

/** The state changes, with effects. */
export function withEffects(state: State, ...effects: readonly Effect[]): Transition {
	return {state, effects};
}

const flashMs = 4000;

/** A passing remark above the footer. */
export function withFlash(state: State, text: string): State {
	return {...state, flash: {text, untilMs: state.nowMs + flashMs}};
}
