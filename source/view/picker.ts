import type {ListedModel} from '../domain/listed-model.ts';
import {cleanText} from '../text/width.ts';
import {bedrockRegions} from './account/regions.ts';
import type {ListedPreset} from './listing.ts';
import type {Picker, State} from './state.ts';

/** What a picker offers. */
export type PickerRow =
	| {readonly kind: 'model'; readonly key: string; readonly model: ListedModel}
	| {readonly kind: 'preset'; readonly key: string; readonly preset: ListedPreset}
	| {readonly kind: 'region'; readonly key: string}
	/** What was typed, taken as it is: the list need not know every identifier and ARN, or every file. */
	| {readonly kind: 'typed'; readonly key: string};

/** The rows whose words hold what was typed, wherever it stands in them; with none, the typed text itself. */
export function pickerRows(state: State, {of, filter}: Picker): readonly PickerRow[] {
	const wanted = filter.toLowerCase();
	const rows = allRows(state, of).filter((row) => searchedText(row).toLowerCase().includes(wanted));
	return rows.length === 0 && filter !== '' ? [{kind: 'typed', key: filter}] : rows;
}

/** The row that Enter takes; undefined while there is none. */
export function pickedRow(state: State, picker: Picker): PickerRow | undefined {
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
		case 'preset': {
			return cleanText(`${row.preset.name} ${row.preset.description}`);
		}
		case 'region':
		case 'typed': {
			return row.key;
		}
	}
}
