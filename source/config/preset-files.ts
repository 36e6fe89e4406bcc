import {existsSync, readdirSync} from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {UserError} from '../domain/user-error.ts';
import {bounds} from './defaults.ts';
import {readText} from './input/text-file.ts';

/** Where presets come from: the shipped ones by name, any other by path. */

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

/** A preset's text and where it was found. */
export type PresetSource = {readonly file: string; readonly folder: string; readonly text: string};

const presetBound = {
	bytes: bounds.bytes.preset,
	hint: 'Put its items into a file of their own (items: {file: NAME.csv}), a long content into --content @FILE.',
};

/**
 * Finds a preset: a shipped name, else a path.
 * @throws UserError (exit 2) with the shipped names when there is neither.
 */
export function findPreset(nameOrPath: string): PresetSource {
	const isShipped = shippedNames().includes(nameOrPath);
	const file = isShipped ? path.join(shippedFolder, `${nameOrPath}.yaml`) : nameOrPath;
	if (!existsSync(file)) {
		throw new UserError(`There is no preset "${nameOrPath}", and no file of that name.`, {
			exitCode: 2,
			hint: `Shipped presets: ${shippedNames().join(', ')}. Or give the path of a preset file of your own.`,
		});
	}
	return {file, folder: path.dirname(path.resolve(file)), text: readText(file, presetBound)};
}
