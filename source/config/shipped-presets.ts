import {parsePreset} from './parse-preset.ts';
import {findPreset, shippedNames} from './preset-files.ts';

export type ShippedPreset = {readonly name: string; readonly description: string};

/** The shipped presets, to choose from: read, but not made ready to run, for a list should be there at once. */
export const shippedPresets = (): readonly ShippedPreset[] =>
	shippedNames().map((name) => ({
		name,
		description: parsePreset(findPreset(name)).preset.description ?? '',
	}));
