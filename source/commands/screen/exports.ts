import {mkdir, stat} from 'node:fs/promises';
import path from 'node:path';
import type {RunConfig} from '../../domain/run-config.ts';
import type {Snapshot} from '../../domain/snapshot.ts';
import {UserError} from '../../domain/user-error.ts';
import {environmentOf} from '../../reports/environment.ts';
import {writeReports} from '../../threads/reports-handle.ts';
import {recipeOf} from '../run/recipe.ts';

/** What the screen writes on a key while a run goes on; each returns the absolute paths of what it wrote. */
export type Exports = {
	/** `e`: the charts of this moment. */
	readonly exportReports: (snapshot: Snapshot) => Promise<readonly string[]>;
	/** `u`: quota-increase.md. */
	readonly exportIncrease: (snapshot: Snapshot) => Promise<readonly string[]>;
	/** `w`: best-request.json; the configuration is the one that the snapshot's run was made with. */
	readonly exportWinningRequest: (snapshot: Snapshot, config: RunConfig) => Promise<readonly string[]>;
};

const exists = async (file: string): Promise<boolean> =>
	stat(file).then(
		() => true,
		() => false,
	);

/** Each export has a folder of its own, so that none is ever overwritten. */
const folders = (base: string | undefined): (() => Promise<string>) => {
	let count = 0;
	return async () => {
		if (base === undefined) {
			throw new UserError('There is no folder to write into.', {
				exitCode: 1,
				hint: 'Name one with --out DIR.',
			});
		}
		let folder: string;
		do {
			count += 1;
			folder = path.join(base, `export-${count}`);
		} while (await exists(folder));
		return folder;
	};
};

const writeText = async (folder: string, name: string, text: string): Promise<readonly string[]> => {
	const {writeAtomically} = await import('../../text/write-atomically.ts');
	const file = path.join(folder, name);
	await mkdir(folder, {recursive: true, mode: 0o700});
	await writeAtomically(file, text);
	return [file];
};

const nothingToSend = (): UserError =>
	new UserError('There is no winning request yet.', {
		exitCode: 1,
		hint: 'Wait until a variant has given a useful answer.',
	});

/** @param base Folder of the run's reports; undefined when there is none. */
export const createExports = (base: string | undefined): Exports => {
	const nextFolder = folders(base);
	return {
		async exportReports(snapshot) {
			const folder = await nextFolder();
			return writeReports({type: 'write', snapshot, folder, answersFile: undefined, isExport: true});
		},
		async exportIncrease(snapshot) {
			const [{resultsOf}, {quotaIncreaseMarkdown}] = await Promise.all([
				import('../../reports/results.ts'),
				import('../../reports/quota-increase-markdown.ts'),
			]);
			const text = quotaIncreaseMarkdown(resultsOf(snapshot, environmentOf()));
			return writeText(await nextFolder(), 'quota-increase.md', text);
		},
		async exportWinningRequest(snapshot, config) {
			const recipe = recipeOf(config, snapshot);
			if (recipe === undefined || snapshot.variants.every(({items}) => items.useful === 0)) {
				throw nothingToSend();
			}
			const [{resultsOf}, {bestRequestText}, {firstRequestOf}] = await Promise.all([
				import('../../reports/results.ts'),
				import('../../reports/best-request.ts'),
				import('../../threads/sent-request.ts'),
			]);
			const results = resultsOf(snapshot, environmentOf());
			const text = bestRequestText(results, recipe, (choice) => firstRequestOf(results, choice, recipe));
			return writeText(await nextFolder(), 'best-request.json', text);
		},
	};
};
