import {nearestRoom, type Room} from '../account/outlook.ts';
import type {RunConfig} from '../domain/run-config.ts';
import {bedrockRegions, type ListedModel} from '../domain/target.ts';
import {cleanText} from '../text/width.ts';
import {watchRegions} from './account/account-commands.ts';
import {noEffect, type OverlayAction, type Transition, withEffects, withFlash} from './actions.ts';
import {withList} from './lists.ts';
import {prepare} from './run-commands.ts';
import {shownRegions} from './selectors.ts';
import type {ListedPreset, Picker, State} from './state.ts';

/** A row of a picker. */
export type PickerRow =
	| {readonly kind: 'model'; readonly key: string; readonly model: ListedModel}
	| {readonly kind: 'preset'; readonly key: string; readonly preset: ListedPreset}
	| {readonly kind: 'region'; readonly key: string}
	/** The typed text itself: an identifier, ARN or file that is not in the list. */
	| {readonly kind: 'typed'; readonly key: string};

/** The rows that contain the typed text anywhere; where there are none, the typed text itself. */
export function pickerRows(state: State, {of, filter}: Picker): readonly PickerRow[] {
	const wanted = filter.toLowerCase();
	const rows = allRows(state, of).filter((row) => searchedText(row).toLowerCase().includes(wanted));
	return rows.length === 0 && filter !== '' ? [{kind: 'typed', key: filter}] : rows;
}

/** The row that Enter takes; undefined while there is none. */
function pickedRow(state: State, picker: Picker): PickerRow | undefined {
	const rows = pickerRows(state, picker);
	return rows[Math.min(picker.index, rows.length - 1)];
}

function allRows({models, presets}: State, of: Picker['of']): readonly PickerRow[] {
	if (of === 'regions') {
		return bedrockRegions.map((key) => ({kind: 'region', key}));
	}
	if (of === 'models') {
		return models.kind === 'known'
			? models.entries.map((model) => ({kind: 'model', key: model.model, model}))
			: [];
	}
	return presets.kind === 'known'
		? presets.entries.map((preset) => ({kind: 'preset', key: preset.name, preset}))
		: [];
}

function searchedText(row: PickerRow): string {
	switch (row.kind) {
		case 'model': {
			const {model, scope, name} = row.model;
			return cleanText(`${model} ${scope} ${name ?? ''}`);
		}
		case 'preset':
			return cleanText(`${row.preset.name} ${row.preset.description}`);
		case 'region':
		case 'typed':
			return row.key;
	}
}

/** What is left of the quota of a model, by the account monitor; undefined where that is not known. */
export function roomOf({account}: State, {baseModel, scope, region}: ListedModel): Room | undefined {
	const bucket = shownRegions(account)
		.find((each) => each.region === region)
		?.buckets.find((each) => each.model === baseModel && each.scope === scope);
	return bucket === undefined ? undefined : nearestRoom(bucket);
}

export function openModels(state: State): Transition {
	const opened: State = {
		...state,
		overlay: {kind: 'picker', of: 'models', filter: '', index: 0, marked: []},
	};
	return state.models.kind === 'known' ? noEffect(opened) : askForModels(opened);
}

/** Asks for the models of the Region. */
function askForModels(state: State): Transition {
	return withEffects(
		{...state, models: {kind: 'loading', sinceMs: state.nowMs}},
		{type: 'list-models', config: state.config},
	);
}

/** Opens the Regions of the account with the watched ones marked. */
export function openRegions(state: State): Transition {
	return noEffect({
		...state,
		overlay: {kind: 'picker', of: 'regions', filter: '', index: 0, marked: state.account.regions},
	});
}

export function openPresets(state: State): Transition {
	const opened: State = {
		...state,
		overlay: {kind: 'picker', of: 'presets', filter: '', index: 0, marked: []},
	};
	// What was listed before is shown until the folder has been read again.
	return withEffects(
		state.presets.kind === 'known' ? opened : {...opened, presets: {kind: 'loading', sinceMs: state.nowMs}},
		{type: 'list-presets'},
	);
}

/** The keys while a picker is open. */
export function inPicker(state: State, picker: Picker, action: OverlayAction): Transition {
	switch (action.type) {
		case 'text-typed':
			return filterPicker(state, picker, `${picker.filter}${action.text}`.slice(0, 300));
		case 'text-erased':
			return filterPicker(state, picker, [...picker.filter].slice(0, -1).join(''));
		case 'overlay-turned':
		case 'overlay-compared':
			return noEffect(state);
		case 'overlay-moved':
			return movePicker(state, picker, action.lines);
		case 'overlay-marked':
			return markPicked(state, picker);
		case 'overlay-accepted':
			return acceptPicked(state, picker);
		case 'overlay-closed':
			return noEffect({...state, overlay: undefined});
	}
}

/** Filters by another text and selects the first match. */
function filterPicker(state: State, picker: Picker, filter: string): Transition {
	return noEffect({...state, overlay: {...picker, filter, index: 0}});
}

function movePicker(state: State, picker: Picker, lines: number): Transition {
	const last = Math.max(0, pickerRows(state, picker).length - 1);
	return noEffect({...state, overlay: {...picker, index: Math.min(last, Math.max(0, picker.index + lines))}});
}

/** Marks the selected model, so that several are compared, or takes the mark away. */
function markPicked(state: State, picker: Picker): Transition {
	const row = pickedRow(state, picker);
	if (picker.of === 'presets' || row === undefined) {
		return noEffect(state);
	}
	const marked = picker.marked.includes(row.key)
		? picker.marked.filter((key) => key !== row.key)
		: [...picker.marked, row.key];
	return noEffect({...state, overlay: {...picker, marked}});
}

/** Takes the marked rows, or else the selected one. */
function acceptPicked(state: State, picker: Picker): Transition {
	const key = pickedRow(state, picker)?.key;
	const keys = picker.marked.length > 0 ? picker.marked : key === undefined ? [] : [key];
	const [name] = keys;
	if (name === undefined) {
		return noEffect(state);
	}
	const closed: State = {...state, overlay: undefined};
	if (picker.of === 'regions') {
		return watchRegions(closed, keys);
	}
	return picker.of === 'models'
		? prepare({...closed, config: {...state.config, models: keys}}, state.startsAtOnce)
		: withEffects(withFlash(closed, `reading ${name}`), {type: 'load-preset', name});
}

/** A preset was read: it replaces the task; the models stay where it names none. */
export function takePreset(state: State, config: RunConfig): Transition {
	if (state.stage.kind === 'running') {
		return noEffect(withFlash(state, 'a run is under way: the preset was not taken'));
	}
	const models = config.models.length === 0 ? state.config.models : config.models;
	const next: State = {
		...withList(state, 'variants', {filter: '', selected: undefined}),
		config: {...config, models},
		known: {...state.known, config: {...config, models}},
		switchedOff: [],
		isDetailOpen: false,
		flash: undefined,
	};
	return models.length === 0
		? openModels({...next, stage: {kind: 'choosing'}})
		: prepare(next, state.startsAtOnce);
}
