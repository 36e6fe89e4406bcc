import {itemColumns} from '../../domain/item-results.ts';
import type {KeptRun, Snapshot} from '../../domain/snapshot.ts';
import {formatCount, formatDurationMs, formatUsd} from '../../text/numbers.ts';
import type {Column} from '../../text/table.ts';
import {cleanText} from '../../text/width.ts';
import {
	type Action,
	type Effect,
	isOverlayAction,
	noEffect,
	type OverlayAction,
	type Transition,
	withEffects,
} from '../actions.ts';
import {initialLists} from '../lists.ts';
import {nextGoal} from '../run-commands.ts';
import {type HistoryList, noItems, type Overlay, type State} from '../state.ts';

/** Earlier runs: their list, one of them on the screen again, two of them side by side. */

/** Opens the list, which is read from the disk each time: this and other programs may have added to it. */
export function openHistory(state: State): Transition {
	const {history, nowMs} = state;
	const overlay: HistoryList = {kind: 'history', index: 0, marked: [], problem: undefined};
	return withEffects(
		{...state, overlay, history: history?.kind === 'known' ? history : {kind: 'loading', sinceMs: nowMs}},
		{type: 'list-runs'},
	);
}

/** The run under the cursor; undefined in an empty list. */
export function chosenRun({history}: State, {index}: HistoryList): KeptRun | undefined {
	return history?.kind === 'known' ? history.entries[Math.min(index, history.entries.length - 1)] : undefined;
}

/** A run is compared with one other. */
const comparedRuns = 2;

/** The keys in the list. */
export function inHistory(state: State, list: HistoryList, action: OverlayAction): Transition {
	const entries = state.history?.kind === 'known' ? state.history.entries : [];
	const run = chosenRun(state, list);
	switch (action.type) {
		case 'overlay-moved': {
			const last = Math.max(0, entries.length - 1);
			const index = Math.min(last, Math.max(0, list.index + action.lines));
			return noEffect({...state, overlay: {...list, index}});
		}
		case 'overlay-marked': {
			if (run === undefined) {
				return noEffect(state);
			}
			const isMarked = list.marked.includes(run.folder);
			// A third mark takes the place of the oldest.
			const marked = isMarked
				? list.marked.filter((folder) => folder !== run.folder)
				: [...list.marked, run.folder].slice(-comparedRuns);
			return noEffect({...state, overlay: {...list, marked, problem: undefined}});
		}
		case 'overlay-compared': {
			const marked = entries.filter(({folder}) => list.marked.includes(folder));
			if (marked.length < comparedRuns) {
				return noEffect({
					...state,
					overlay: {...list, problem: 'Space marks two runs, then c compares them.'},
				});
			}
			// The older one is what the newer one is compared with.
			const runs = marked.toSorted((one, other) => one.startedAt.localeCompare(other.startedAt));
			return withEffects(state, {type: 'compare-runs', runs});
		}
		case 'overlay-accepted':
			return run === undefined ? noEffect(state) : withEffects(state, {type: 'read-run', run});
		default:
			return noEffect(state);
	}
}

/** The keys while two runs are compared. A row may take several lines; the overlay stops at its own last one. */
export function inComparison(
	state: State,
	comparison: Overlay & {kind: 'comparison'},
	action: OverlayAction,
): Transition {
	const {rows, remarks} = comparison.table;
	const lines = action.type === 'overlay-moved' ? action.lines : 0;
	const scroll = Math.min(3 * (rows.length + remarks.length), Math.max(0, comparison.scroll + lines));
	return noEffect({...state, overlay: {...comparison, scroll}});
}

/** What was read from the disk. */
type HistoryAction = Extract<
	Action,
	{type: 'run-kept' | 'runs-listed' | 'run-read' | 'runs-compared' | 'history-failed'}
>;

/** Takes in what was read from the disk; what nobody waits for any more is dropped. */
export function takeHistory(state: State, action: HistoryAction): Transition {
	const {overlay} = state;
	switch (action.type) {
		case 'run-kept':
			return overlay?.kind === 'history' ? withEffects(state, {type: 'list-runs'}) : noEffect(state);
		case 'runs-listed': {
			const known = withListed(state, action.runs);
			const [first, ...others] = action.faults;
			const more = others.length === 0 ? '' : ` And ${formatCount(others.length)} more.`;
			return noEffect(
				known.overlay?.kind === 'history' && first !== undefined
					? {...known, overlay: {...known.overlay, problem: `${first}${more}`}}
					: known,
			);
		}
		case 'run-read':
			return overlay?.kind === 'history'
				? withEffects(reopened(state, action.run, action.snapshot), itemsOf(action.run, action.snapshot))
				: noEffect(state);
		case 'runs-compared':
			return noEffect(
				overlay?.kind === 'history'
					? {...state, overlay: {kind: 'comparison', table: action.table, scroll: 0, list: overlay}}
					: state,
			);
		case 'history-failed': {
			const failed: State =
				state.history?.kind === 'known' ? state : {...state, history: {kind: 'failed', fault: action.fault}};
			return noEffect(
				overlay?.kind === 'history'
					? {...failed, overlay: {...overlay, problem: action.fault.message}}
					: failed,
			);
		}
	}
}

/** The list as it was read; the cursor stays at its run when others have come. */
function withListed(state: State, runs: readonly KeptRun[]): State {
	const known: State = {...state, history: {kind: 'known', entries: runs}};
	const {overlay} = state;
	if (overlay?.kind !== 'history' || overlay.index === 0) {
		return known;
	}
	const chosen = chosenRun(state, overlay)?.folder;
	const index = runs.findIndex(({folder}) => folder === chosen);
	return {...known, overlay: {...overlay, index: Math.max(0, index)}};
}

/** Asks for what became of the items of an earlier run. */
function itemsOf({folder}: KeptRun, {variants, targets}: Snapshot): Effect {
	const columns = itemColumns(variants.map(({name, target}) => ({variant: name, target})));
	return {type: 'open-items', folder, columns, models: targets.map(({model}) => model)};
}

/** The screen of an earlier run: that of an ended one. What happens meanwhile goes on in the present state. */
function reopened(present: State, earlier: KeptRun, snapshot: Snapshot): State {
	const {method, load, goal, preset} = snapshot.spec;
	return {
		...present,
		present: {...present, overlay: undefined},
		earlier,
		isDemo: snapshot.simulated,
		stage: {kind: 'ended'},
		plan: undefined,
		snapshot,
		lastRun: undefined,
		startedConfig: undefined,
		startedWords: undefined,
		frozen: undefined,
		asked: undefined,
		stoppedMs: undefined,
		config: {...present.config, preset, method, load, goal, models: earlier.models, variants: []},
		switchedOff: [],
		lists: initialLists(),
		log: [],
		view: present.view === 'account' ? 'dashboard' : present.view,
		overlay: undefined,
		isDetailOpen: false,
		detailScroll: 0,
		items: noItems,
		isTyping: false,
		flash: undefined,
	};
}

/**
 * An earlier run is on the screen: keys move through it, everything else happens to the present state. `Esc` returns to
 * that, where nothing else is open; so do the account and leaving.
 * @param reduce What an action does to a state that shows the present.
 */
export function besideEarlier(
	before: State,
	present: State,
	action: Action,
	reduce: (state: State, action: Action) => Transition,
): Transition {
	const back: State = {...present, size: before.size, nowMs: before.nowMs, history: before.history};
	const onScreen = (): Transition => {
		const {state, effects} = reduce({...before, present: undefined}, action);
		const isAccount = state.view === 'account';
		return isAccount
			? reduce(back, {type: 'command-given', command: 'open-account', atMs: action.atMs})
			: {state: {...state, present}, effects};
	};
	if (isOverlayAction(action)) {
		return onScreen();
	}
	switch (action.type) {
		case 'command-given':
			if (action.command === 'quit' || action.command === 'open-account') {
				return reduce(back, action);
			}
			if (action.command === 'close' && !before.isDetailOpen && before.overlay === undefined) {
				return noEffect(back);
			}
			if (action.command === 'next-goal') {
				const {config} = nextGoal(before).state;
				return noEffect({...before, config});
			}
			return onScreen();
		case 'run-read':
			return before.overlay?.kind === 'history'
				? reduce({...back, overlay: before.overlay}, action)
				: noEffect(before);
		case 'key-refused':
		case 'typing-ended':
		case 'run-kept':
		case 'runs-listed':
		case 'runs-compared':
		case 'history-failed':
		case 'screen-resized':
		case 'time-passed':
		case 'items-opened':
		case 'answers-read':
			return onScreen();
		default: {
			const {state, effects} = reduce(present, action);
			return {state: {...before, nowMs: Math.max(before.nowMs, action.atMs), present: state}, effects};
		}
	}
}

/** The start of a run as the list has it: to the second, UTC. */
export function startText(startedAt: string): string {
	return cleanText(startedAt).slice(0, 19).replace('T', ' ');
}

/** Columns of the list, here and in the command `runs`. */
export const runColumns: ReadonlyArray<Column<KeptRun>> = [
	{
		key: 'start',
		header: 'Start (UTC)',
		align: 'left',
		priority: 100,
		format: (run) => startText(run.startedAt),
	},
	{
		key: 'preset',
		header: 'Preset',
		align: 'left',
		priority: 90,
		minWidth: 8,
		cut: 'middle',
		format: ({preset}) => cleanText(preset ?? 'task'),
	},
	{
		key: 'outcome',
		header: 'Outcome',
		align: 'left',
		priority: 60,
		format: ({outcome}) => outcome,
		tone: ({outcome}) => (outcome === 'failed' ? 'bad' : outcome === 'stopped' ? 'warning' : 'plain'),
	},
	{
		key: 'requests',
		header: 'Requests',
		align: 'right',
		priority: 50,
		format: ({requests}) => formatCount(requests),
	},
	{
		key: 'duration',
		header: 'Took',
		align: 'right',
		priority: 20,
		format: ({startedAt, endedAt}) => formatDurationMs(Date.parse(endedAt) - Date.parse(startedAt)),
	},
	{key: 'cost', header: 'Cost', align: 'right', priority: 40, format: ({costUsd}) => formatUsd(costUsd)},
	{
		key: 'simulated',
		header: 'Answers',
		align: 'left',
		priority: 55,
		format: ({simulated}) => (simulated ? 'SIMULATED' : 'AWS'),
	},
	{
		key: 'model',
		header: 'Model',
		align: 'left',
		priority: 30,
		minWidth: 14,
		cut: 'middle',
		format: ({models}) =>
			`${cleanText(models[0] ?? '')}${models.length > 1 ? ` +${formatCount(models.length - 1)}` : ''}`,
	},
	{
		key: 'verdict',
		header: 'Verdict',
		align: 'left',
		priority: 70,
		minWidth: 16,
		cut: 'end',
		format: ({verdict, variants}) => cleanText(verdict ?? variants.join(', ')),
	},
];
