import {existsSync, readdirSync} from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {UserError} from '../domain/user-error.ts';
import {didYouMean} from '../text/nearest-name.ts';
import {commands} from './command-table.ts';
import {bounds} from './defaults.ts';
import {readText} from './input/text-file.ts';

/** The files of presets: shipped ones by name, others by path. */

/** Folder of the shipped presets: beside `dist` in the package, two up from here in the sources. */
export const shippedFolder = fileURLToPath(
	new URL(import.meta.url.endsWith('.ts') ? '../../presets/' : '../presets/', import.meta.url),
);

/** Names of the shipped presets, sorted. */
export function shippedNames(): readonly string[] {
	return readdirSync(shippedFolder)
		.filter((file) => file.endsWith('.yaml'))
		.map((file) => file.slice(0, -'.yaml'.length))
		.toSorted();
}

/** The text of a preset and where it was found. */
export type PresetSource = {readonly file: string; readonly folder: string; readonly text: string};

const presetBound = {
	bytes: bounds.bytes.preset,
	hint: 'Move its items to a file (items: {file: NAME.csv}), and a long content to --content @FILE.',
};

/**
 * Finds a preset: a shipped name, else a path.
 * @throws UserError (exit 2) with the shipped names when there is neither.
 */
export function findPreset(nameOrPath: string): PresetSource {
	const isShipped = shippedNames().includes(nameOrPath);
	const file = isShipped ? path.join(shippedFolder, `${nameOrPath}.yaml`) : nameOrPath;
	if (!existsSync(file)) {
		throw new UserError(`"${nameOrPath}" is neither a shipped preset nor a file.`, {
			exitCode: 2,
			hint: `${didYouMean(nameOrPath, [...shippedNames(), ...commands.map(({name}) => name)])}Shipped presets: ${shippedNames().join(', ')}. Or give the path of your own preset.`,
		});
	}
	return {file, folder: path.dirname(path.resolve(file)), text: readText(file, presetBound)};
}
