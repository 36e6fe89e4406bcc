import {mkdir, stat} from 'node:fs/promises';
import path from 'node:path';
import type {RunConfig} from '../../domain/run-config.ts';
import type {Snapshot} from '../../domain/snapshot.ts';
import {UserError} from '../../domain/user-error.ts';
import {environmentOf} from '../../reports/environment.ts';
import type {Results} from '../../reports/results-schema.ts';
import {writeReports} from '../../threads/reports-handle.ts';
import {recipeOf} from '../run/finish.ts';

/** Files that the screen writes on a key during a run; each function returns their absolute paths. */
type Exports = {
	/** `e`: the charts of the current snapshot. */
	readonly exportReports: (snapshot: Snapshot) => Promise<readonly string[]>;
	/** `u`: quota-increase.md. */
	readonly exportIncrease: (snapshot: Snapshot) => Promise<readonly string[]>;
	/** `w`: best-request.json, from the configuration of the snapshot's run. */
	readonly exportWinningRequest: (snapshot: Snapshot, config: RunConfig) => Promise<readonly string[]>;
};

const exists = async (file: string): Promise<boolean> =>
	stat(file).then(
		() => true,
		() => false,
	);

/** Each export has its own folder, so that none is overwritten. */
const folders = (base: string | undefined): (() => Promise<string>) => {
	let count = 0;
	return async () => {
		if (base === undefined) {
			throw new UserError('This run has no folder to write into.', {
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
	const {writeAtomically} = await import('../../text/private-file.ts');
	const file = path.join(folder, name);
	await mkdir(folder, {recursive: true, mode: 0o700});
	await writeAtomically(file, text);
	return [file];
};

const nothingToSend = (): UserError =>
	new UserError('The run has no winning request yet.', {
		exitCode: 1,
		hint: 'Wait until a variant has given a useful answer.',
	});

const resultsNow = async (snapshot: Snapshot): Promise<Results> => {
	const {resultsOf} = await import('../../reports/results.ts');
	return resultsOf(snapshot, environmentOf());
};

/** @param base Folder of the run's reports; undefined when there is none. */
export function createExports(base: string | undefined): Exports {
	const nextFolder = folders(base);
	return {
		async exportReports(snapshot) {
			const [results, folder] = await Promise.all([resultsNow(snapshot), nextFolder()]);
			return writeReports({type: 'write', results, folder, answersFile: undefined, isExport: true});
		},
		async exportIncrease(snapshot) {
			const [results, {quotaIncreaseMarkdown}] = await Promise.all([
				resultsNow(snapshot),
				import('../../reports/quota-increase-markdown.ts'),
			]);
			const text = quotaIncreaseMarkdown(results);
			return writeText(await nextFolder(), 'quota-increase.md', text);
		},
		async exportWinningRequest(snapshot, config) {
			const recipe = recipeOf(config, snapshot);
			if (recipe === undefined || snapshot.variants.every(({items}) => items.useful === 0)) {
				throw nothingToSend();
			}
			const [results, {bestRequestText}, {firstRequestOf}] = await Promise.all([
				resultsNow(snapshot),
				import('../../reports/best-request.ts'),
				import('../../threads/sent-request.ts'),
			]);
			const text = bestRequestText(results, recipe, (choice) => firstRequestOf(results, choice, recipe));
			return writeText(await nextFolder(), 'best-request.json', text);
		},
	};
}
