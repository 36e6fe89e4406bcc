import {formatCount, formatDurationMs} from '../text/numbers.ts';
import type {CopyOutcome} from '../text/terminal-manners.ts';
import {cleanLines} from '../text/width.ts';
import {watchAccount} from './account/account-commands.ts';
import {accountSorts, listedBuckets, selectedBucket} from './account/account-rows.ts';
import {noEffect, type Transition, withEffects, withFlash} from './actions.ts';
import {chosenRun} from './history/history.ts';
import {itemKey, listedItems, selectedItem, shownColumn, shownItems} from './items.ts';
import {type ViewName, viewAfter} from './keymap.ts';
import {currentList, type ScreenListName, withList} from './lists.ts';
import {listedLog, logCursor} from './log-lines.ts';
import {listedQuotas, quotaSorts, selectedQuota} from './quotas.ts';
import {finalSnapshot, isRunning, neighbourWindow, shownSnapshot, shownWindowSeconds} from './selectors.ts';
import {type ExportKind, leaveDeadlineOf, type Overlay, type State} from './state.ts';
import {askInTap, listedTraffic, selectedClient, trafficKey, trafficSorts} from './tap/traffic-list.ts';
import {listedRows, selectedRow, variantSorts, verdictFor} from './variant-rows.ts';

/** Commands that move, sort and filter a list, change what is shown, write files, or leave. */

/** The next window that is longer (positive) or shorter. */
export function zoom(state: State, steps: number): Transition {
	return withWindow(state, neighbourWindow(state, steps) ?? state.windowSeconds);
}

/** Another window of the charts; undefined: the usual one. */
export function withWindow(state: State, windowSeconds: number | undefined): Transition {
	const next: State = {...state, windowSeconds};
	return noEffect(withFlash(next, `charts show ${formatDurationMs(shownWindowSeconds(next) * 1000)}`));
}

export function toggleFreeze(state: State): Transition {
	const {frozen, snapshot, nowMs} = state;
	if (frozen !== undefined || snapshot === undefined) {
		return noEffect({...state, frozen: undefined});
	}
	return noEffect({...state, frozen: {snapshot, sinceMs: nowMs, items: state.items.table}});
}

export function openView(state: State, view: ViewName): Transition {
	const opened: State = {...state, view, isDetailOpen: false, detailScroll: 0, isTyping: false};
	return view === 'account' ? watchAccount(opened) : noEffect(opened);
}

/** The next view that has something to show, or the one before. */
export function nextView(state: State, steps: number): Transition {
	return openView(state, viewAfter(state.view, steps, state.tap !== undefined));
}

/** Scrolls the open detail by a number of lines; positive is down. */
export function scrollDetail(state: State, lines: number): State {
	const {detailScroll, detailEnd} = state;
	const detail = Math.max(0, Math.min(detailEnd, Math.min(detailEnd, detailScroll) + lines));
	return {...state, detailScroll: detail};
}

/** Closes one thing: the detail, then the filter; never the program. */
export function close(state: State): Transition {
	if (state.isDetailOpen) {
		return noEffect({...state, isDetailOpen: false});
	}
	const name = currentList(state);
	return noEffect(
		name === undefined || state.lists[name].filter === ''
			? {...state, flash: undefined}
			: withList(state, name, {filter: ''}),
	);
}

const exportWords: Readonly<Record<ExportKind, string>> = {
	charts: 'writing the charts',
	increase: 'writing the figures for a quota increase',
	winner: 'writing the winning request',
};

/** Asks for files about the newest run, which continues meanwhile. */
export function write(state: State, what: ExportKind): Transition {
	const snapshot = finalSnapshot(state);
	if (snapshot === undefined) {
		return noEffect(state);
	}
	const config = state.startedConfig ?? state.config;
	return withEffects(
		{...withFlash(state, exportWords[what]), exporting: [...state.exporting, what]},
		{type: 'export', what, snapshot, config},
	);
}

/** The box with the files that were written; files that are finished while it is open are added to it. */
export function withWritten(overlay: Overlay | undefined, files: readonly string[]): Overlay {
	if (overlay?.kind === 'exported') {
		return {...overlay, files: [...overlay.files, ...files]};
	}
	return overlay ?? {kind: 'exported', files};
}

/** Asks once while a run spends money; a tap takes no new requests, and leaves once those in flight are over; asked again, or with nothing at stake, leaves. */
export function quit(state: State): Transition {
	if (state.isLeaving || !isRunning(state)) {
		return leave(state);
	}
	if (state.tap !== undefined && (state.asked === 'stop' || state.snapshot?.phase === 'draining')) {
		return leave(state);
	}
	if (state.tap?.program !== undefined && state.overlay?.kind !== 'tap-question') {
		return askInTap(state, 'quit');
	}
	if (state.tap === undefined && !state.isDemo && state.overlay?.kind !== 'quit-question') {
		return noEffect({...state, overlay: {kind: 'quit-question'}});
	}
	return withEffects(
		{...state, overlay: undefined, isLeaving: true, asked: 'stop', stoppedMs: state.nowMs},
		{type: 'stop', deadlineMs: leaveDeadlineOf(state)},
	);
}

/** Closes the screen without waiting for anything. */
export function leave(state: State): Transition {
	return withEffects({...state, isLeaving: true}, {type: 'leave'});
}

/** What the commands of lists need to know about one. */
type List = {
	/** Its orders, the usual one first. */
	readonly sorts: readonly string[];
	/** Keys of the rows as they are listed. */
	readonly keys: (state: State) => readonly string[];
	/** Key of the row that has the cursor. */
	readonly cursor: (state: State) => string | undefined;
	/** New rows come at its end, and the cursor stays there until it is moved away. */
	readonly isFollowed?: boolean;
};

/** To add a list: its name in `lists.ts`, and what is in it here. */
const lists: Readonly<Record<ScreenListName, List>> = {
	variants: {
		sorts: variantSorts,
		keys: (state) => listedRows(state).map(({key}) => key),
		cursor: (state) => selectedRow(state)?.key,
	},
	account: {
		sorts: accountSorts,
		keys: (state) => listedBuckets(state).map(({id}) => id),
		cursor: (state) => selectedBucket(state)?.id,
	},
	quotas: {
		sorts: quotaSorts,
		keys: (state) => listedQuotas(state).map(({key}) => key),
		cursor: (state) => selectedQuota(state)?.key,
	},
	log: {
		sorts: ['time'],
		keys: (state) => listedLog(state).map(({key}) => key),
		cursor: (state) => listedLog(state)[logCursor(state)]?.key,
		isFollowed: true,
	},
	items: {
		sorts: ['order', 'failures'],
		keys: (state) => listedItems(state).map(itemKey),
		cursor: (state) => {
			const item = selectedItem(state);
			return item && itemKey(item);
		},
	},
	traffic: {
		sorts: trafficSorts,
		keys: (state) => listedTraffic(state).rows.map(trafficKey),
		cursor: (state) => selectedClient(state)?.key,
	},
};

/** Moves the cursor of the current list by a number of rows; positive is down. */
export function move(state: State, rows: number): Transition {
	const name = currentList(state);
	if (name === undefined) {
		return noEffect(state);
	}
	const {keys, cursor, isFollowed = false} = lists[name];
	const listed = keys(state);
	const index = listed.indexOf(cursor(state) ?? '');
	const next = Math.min(listed.length - 1, Math.max(0, index + rows));
	const newest = state.lists[name].isInverted ? 0 : listed.length - 1;
	return noEffect(
		withList(state, name, {selected: isFollowed && next === newest ? undefined : listed[next]}),
	);
}

/** The cursor of the current list stays at its row, whatever comes after it. */
export function withCursorKept(state: State): State {
	const name = currentList(state);
	return name === undefined ? state : withList(state, name, {selected: lists[name].cursor(state)});
}

/** Sorts the current list by its next order, around the end. */
export function nextSort(state: State): Transition {
	const name = currentList(state);
	if (name === undefined) {
		return noEffect(state);
	}
	const {sorts} = lists[name];
	const sort = sorts[(sorts.indexOf(state.lists[name].sort) + 1) % sorts.length];
	return noEffect(sort === undefined ? state : withList(state, name, {sort}));
}

export function invert(state: State): Transition {
	const name = currentList(state);
	return noEffect(
		name === undefined ? state : withList(state, name, {isInverted: !state.lists[name].isInverted}),
	);
}

/** Whether the current list has more than one order. */
export function isSortable(state: State): boolean {
	const name = currentList(state);
	return name !== undefined && lists[name].sorts.length > 1;
}

/** Rows that the current list shows; undefined where the view has no list. */
export function rowCount(state: State): number | undefined {
	const name = currentList(state);
	return name === undefined ? undefined : lists[name].keys(state).length;
}

/** Text typed into the filter of the current list; where there is none, it goes nowhere. */
export function typeFilter(state: State, change: (filter: string) => string): State {
	const name = currentList(state);
	return name === undefined
		? state
		: withList(state, name, {filter: change(state.lists[name].filter).slice(0, 80)});
}

/** What `y` copies now: the text and its name, or why there is none. */
type Copied = {readonly what: string; readonly text: string} | {readonly problem: string};

/** Terminals cut longer texts, or drop them without a word. */
const maxBytes = 100_000;

/** What the view is about: an answer, the verdict, a model, a line of the log, written files, the folder of a run. */
function wanted(state: State): Copied {
	const {overlay, view} = state;
	if (overlay?.kind === 'exported') {
		const {files} = overlay;
		return {what: files.length === 1 ? 'the path' : `${files.length} paths`, text: files.join('\n')};
	}
	if (overlay?.kind === 'history') {
		const run = chosenRun(state, overlay);
		return run === undefined
			? {problem: 'no run is listed'}
			: {what: 'the path of the run', text: run.folder};
	}
	switch (view) {
		case 'account':
			return modelOf(state);
		case 'dashboard':
			return state.isDetailOpen ? answerOf(state) : verdictOf(state);
		case 'variants':
			return answerOf(state);
		case 'quotas': {
			const row = selectedQuota(state);
			return row === undefined ? {problem: 'no quota is listed'} : {what: 'the model ID', text: row.model};
		}
		case 'log': {
			const line = listedLog(state)[logCursor(state)];
			return line === undefined
				? {problem: 'no line is listed'}
				: {what: 'a line of the log', text: [line.time, line.kind, line.text].filter(Boolean).join(' ')};
		}
		case 'items':
			return itemOf(state);
		case 'traffic':
			return state.tap === undefined
				? {problem: 'no tap runs here'}
				: {what: 'the export lines, with the secret of the tap', text: state.tap.lines.join('\n')};
		case 'timeline':
			return {problem: 'charts are not copied: e writes them as files'};
	}
}

function modelOf(state: State): Copied {
	const bucket = selectedBucket(state)?.bucket;
	const id = bucket?.modelIds[0] ?? bucket?.callable ?? undefined;
	return id === undefined
		? {problem: bucket === undefined ? 'no bucket is listed' : 'its model ID is not known'}
		: {what: 'the model ID', text: id};
}

function verdictOf(state: State): Copied {
	const row = selectedRow(state);
	const verdict = verdictFor(shownSnapshot(state), row?.targetIndex ?? 0, state.config.goal);
	return verdict === undefined || verdict.text === ''
		? {problem: 'there is no verdict yet'}
		: {what: 'the verdict', text: verdict.text};
}

function answerOf(state: State): Copied {
	const row = selectedRow(state);
	const sample = row?.figures?.sample ?? '';
	return row === undefined || sample === ''
		? {problem: row === undefined ? 'no variant is listed' : `${row.name} has no answer yet`}
		: {what: `the beginning of an answer of ${row.name}`, text: sample};
}

/** The answer of the selected variant to the selected item; where none is kept, what was asked. */
function itemOf(state: State): Copied {
	const item = selectedItem(state);
	if (item === undefined) {
		return {problem: 'no item is listed'};
	}
	const {columns, file} = shownItems(state);
	const {reading} = state.items;
	const index = shownColumn(state);
	const name = `item ${item.index + 1}`;
	if (reading?.item === item.index) {
		const {answers, problem} = reading;
		const answer = answers?.[index];
		if (answer !== undefined && answer.answer !== '') {
			return {what: `the answer of ${columns[index]?.variant} to ${name}`, text: answer.answer};
		}
		if (file !== null && answers === undefined && problem === undefined) {
			return {problem: 'the answer is still being read'};
		}
	}
	return {what: `the input of ${name}, which has no answer here`, text: item.text};
}

/** The same as it may leave the program. */
function copied(state: State): Copied {
	const found = wanted(state);
	if ('problem' in found) {
		return found;
	}
	const text = cleanLines(found.text);
	return Buffer.byteLength(text) > maxBytes
		? {problem: `${found.what} is too long for the clipboard of a terminal (over 100 kB)`}
		: {...found, text};
}

/** Why `y` can do nothing now; undefined when it can. */
export function notCopyable(state: State): string | undefined {
	const found = copied(state);
	return 'problem' in found ? found.problem : undefined;
}

/** Asks the terminal to take the text into its clipboard. */
export function copy(state: State): Transition {
	const found = copied(state);
	return 'problem' in found ? noEffect(state) : withEffects(state, {type: 'copy', ...found});
}

/** What became of it, in words. */
export function withCopied(
	state: State,
	{what, length, outcome}: {readonly what: string; readonly length: number; readonly outcome: CopyOutcome},
): State {
	const size = `${what} (${formatCount(length)} ${length === 1 ? 'character' : 'characters'})`;
	switch (outcome) {
		case 'copied':
			return withFlash(state, `copied: ${size}`);
		case 'asked':
			return withFlash(state, `copied, if this terminal allows it: ${size}`);
		case 'refused':
			return withFlash(state, 'not copied: this terminal does not take texts from programs (OSC 52)');
	}
}
