import {constants} from 'node:fs';
import {copyFile, rm, stat} from 'node:fs/promises';
import path from 'node:path';
import type {Arguments} from '../config/parse-arguments.ts';
import {shippedPresets} from '../config/parse-preset.ts';
import {shippedFolder, shippedNames} from '../config/preset-files.ts';
import {UserError} from '../domain/user-error.ts';
import {columnsOf, type Io, writeLines} from '../terminal/io.ts';
import {renderTable} from '../text/table.ts';

const exists = async (file: string): Promise<boolean> =>
	stat(file).then(
		() => true,
		() => false,
	);

/** Copies a shipped preset into the current folder, to start from. */
const copyPreset = async (name: string, isForced: boolean, io: Io): Promise<void> => {
	if (!shippedNames().includes(name)) {
		throw new UserError(`--copy: "${name}" is not a shipped preset.`, {
			exitCode: 2,
			hint: `Shipped presets: ${shippedNames().join(', ')}.`,
		});
	}
	const file = `${name}.yaml`;
	if (!isForced && (await exists(file))) {
		throw new UserError(`"${file}" exists already.`, {exitCode: 2, hint: 'Replace it with --force.'});
	}
	try {
		// Removed first: it may be a link, whose target must stay.
		await rm(file, {force: true});
		await copyFile(path.join(shippedFolder, file), file, constants.COPYFILE_EXCL);
	} catch (error) {
		throw new UserError(`"${file}" cannot be written: ${(error as Error).message}.`, {
			exitCode: 1,
			hint: 'Change to a folder that you may write to.',
		});
	}
	await writeLines(io.stdout, [`Written: ${file}. Run it with: bedrock-top ./${file}`]);
};

/** The command `presets`: lists the shipped presets, or copies one. @returns Exit code. */
export async function presetsCommand({flags}: Arguments, io: Io): Promise<number> {
	const name = flags.text('copy');
	if (name !== undefined) {
		await copyPreset(name, flags.isSet('force') ?? false, io);
		return 0;
	}
	const rows = shippedPresets();
	const lines = renderTable(
		[
			{key: 'name', header: 'Preset', align: 'left', priority: 2, format: (row) => row.name},
			{
				key: 'description',
				header: 'Task',
				align: 'left',
				priority: 1,
				format: (row) => row.description,
			},
		],
		rows,
		columnsOf(io.stdout),
	);
	await writeLines(io.stdout, lines);
	return 0;
}
