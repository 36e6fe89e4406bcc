import type {RunConfig} from '../domain/run-config.ts';
import {watchRegions} from './account/account-commands.ts';
import {type Change, changeWith, only, withFlash} from './change.ts';
import {pickedRow, pickerRows} from './picker.ts';
import {prepare} from './run-commands.ts';
import type {Picker, State} from './state.ts';

/** Commands of the pickers: what is chosen is prepared at once, and started where nothing costs money. */

export function openModels(state: State): Change {
	const opened: State = {
		...state,
		overlay: {kind: 'picker', of: 'models', filter: '', index: 0, marked: []},
	};
	return state.models.kind === 'known' ? only(opened) : askForModels(opened);
}

/** Has the models of the Region listed. */
export function askForModels(state: State): Change {
	return changeWith(
		{...state, models: {kind: 'loading', sinceMs: state.nowMs}},
		{type: 'list-models', config: state.config},
	);
}

/** Regions of the account; those that are watched are marked. */
export function openRegions(state: State): Change {
	return only({
		...state,
		overlay: {kind: 'picker', of: 'regions', filter: '', index: 0, marked: state.account.regions},
	});
}

export function openPresets(state: State): Change {
	const opened: State = {
		...state,
		overlay: {kind: 'picker', of: 'presets', filter: '', index: 0, marked: []},
	};
	return state.presets.kind === 'known'
		? only(opened)
		: changeWith({...opened, presets: {kind: 'loading', sinceMs: state.nowMs}}, {type: 'list-presets'});
}

/** Another text to look for: the first of what is found is selected. */
export function filterPicker(state: State, picker: Picker, filter: string): Change {
	return only({...state, overlay: {...picker, filter, index: 0}});
}

export function movePicker(state: State, picker: Picker, lines: number): Change {
	const last = Math.max(0, pickerRows(state, picker).length - 1);
	return only({...state, overlay: {...picker, index: Math.min(last, Math.max(0, picker.index + lines))}});
}

/** Marks the selected model, so that several are compared, or takes the mark away. */
export function markPicked(state: State, picker: Picker): Change {
	const row = pickedRow(state, picker);
	if (picker.of === 'presets' || row === undefined) {
		return only(state);
	}
	const marked = picker.marked.includes(row.key)
		? picker.marked.filter((key) => key !== row.key)
		: [...picker.marked, row.key];
	return only({...state, overlay: {...picker, marked}});
}

/** Takes what is marked, or else what is selected. */
export function acceptPicked(state: State, picker: Picker): Change {
	const key = pickedRow(state, picker)?.key;
	const keys = picker.marked.length > 0 ? picker.marked : key === undefined ? [] : [key];
	const [name] = keys;
	if (name === undefined) {
		return only(state);
	}
	const closed: State = {...state, overlay: undefined};
	if (picker.of === 'regions') {
		return watchRegions(closed, keys);
	}
	return picker.of === 'models'
		? prepare({...closed, config: {...state.config, models: keys}}, state.startsAtOnce)
		: changeWith(withFlash(closed, `reading ${name}`), {type: 'load-preset', name});
}

/** A preset was read: it takes the place of the task; the models stay where it names none. */
export function takePreset(state: State, config: RunConfig): Change {
	if (state.stage.kind === 'running') {
		return only(withFlash(state, 'a run is under way: the preset was not taken'));
	}
	const models = config.models.length === 0 ? state.config.models : config.models;
	const next: State = {
		...state,
		config: {...config, models},
		switchedOff: [],
		selected: undefined,
		filter: '',
		isDetailOpen: false,
		flash: undefined,
	};
	return models.length === 0
		? openModels({...next, stage: {kind: 'choosing'}})
		: prepare(next, state.startsAtOnce);
}
