import {formatCount} from '../text/numbers.ts';
import type {CopyOutcome} from '../text/terminal-manners.ts';
import {cleanLines} from '../text/width.ts';
import {selectedBucket} from './account/account-rows.ts';
import {noEffect, type Transition, withEffects, withFlash} from './actions.ts';
import {chosenRun} from './history/history.ts';
import {selectedItem, shownColumn, shownItems} from './items.ts';
import {listedLog, logCursor} from './log-lines.ts';
import {selectedQuota} from './quotas.ts';
import {shownSnapshot} from './selectors.ts';
import type {State} from './state.ts';
import {selectedRow, verdictFor} from './variant-rows.ts';

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
