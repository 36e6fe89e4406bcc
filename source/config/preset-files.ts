import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {UserError} from '../domain/user-error.ts';

/** Where presets come from: the shipped ones by name, any other by path. */

/** Folder of the shipped presets: beside `dist` in the package, two up from here in the sources. */
export const shippedFolder = fileURLToPath(
	new URL(import.meta.url.endsWith('.ts') ? '../../presets/' : '../presets/', import.meta.url),
);

/** Names of the shipped presets, sorted. */
export const shippedNames = (): readonly string[] =>
	readdirSync(shippedFolder)
		.filter((file) => file.endsWith('.yaml'))
		.map((file) => file.slice(0, -'.yaml'.length))
		.toSorted();

/** A preset's text and where it was found. */
export type PresetSource = {readonly file: string; readonly folder: string; readonly text: string};

/** Why a file cannot be read. */
export const unreadable = (file: string, error: unknown): UserError => {
	const code = (error as NodeJS.ErrnoException).code;
	const reason =
		code === 'ENOENT'
			? 'there is no such file'
			: code === 'EISDIR'
				? 'it is a folder'
				: `it cannot be read (${code})`;
	return new UserError(`"${file}": ${reason}.`, {exitCode: 2, hint: 'Check the path and its permissions.'});
};

/** @throws UserError (exit 2) that names the file and why it cannot be read. */
export const readText = (file: string): string => {
	try {
		return readFileSync(file, 'utf8');
	} catch (error) {
		throw unreadable(file, error);
	}
};

/**
 * Finds a preset: a shipped name, else a path.
 * @throws UserError (exit 2) with the shipped names when there is neither.
 */
export const findPreset = (nameOrPath: string): PresetSource => {
	const isShipped = shippedNames().includes(nameOrPath);
	const file = isShipped ? path.join(shippedFolder, `${nameOrPath}.yaml`) : nameOrPath;
	try {
		return {file, folder: path.dirname(path.resolve(file)), text: readFileSync(file, 'utf8')};
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
			readText(file);
		}
		throw new UserError(`There is no preset "${nameOrPath}", and no file of that name.`, {
			exitCode: 2,
			hint: `Shipped presets: ${shippedNames().join(', ')}. Or give the path of a preset file of your own.`,
		});
	}
};
