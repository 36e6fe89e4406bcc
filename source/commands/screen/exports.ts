import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import type {RunConfig} from '../../domain/run-config.ts';
import type {Snapshot} from '../../domain/snapshot.ts';
import {UserError} from '../../domain/user-error.ts';
import {environmentOf} from '../../reports/environment.ts';
import type {Results} from '../../reports/results-schema.ts';
import {writeReports} from '../../threads/reports-handle.ts';
import {type RunPlace, recipeOf} from '../run/keep-results.ts';

/**
 * Files that the screen writes on a key into the folder of the run that they are about; each function returns their
 * absolute paths. Written again they are replaced: the newer one of the same run says all that the older one said.
 */
type Exports = {
	/** `e`: the charts of the current snapshot. */
	readonly exportReports: (snapshot: Snapshot) => Promise<readonly string[]>;
	/** `u`: quota-increase.md. */
	readonly exportIncrease: (snapshot: Snapshot) => Promise<readonly string[]>;
	/** `w`: best-request.json, from the configuration of the snapshot's run. */
	readonly exportWinningRequest: (snapshot: Snapshot, config: RunConfig) => Promise<readonly string[]>;
};

/** @throws UserError where the run is not kept. */
const folderOf = ({folder}: Pick<RunPlace, 'folder'>): string => {
	if (folder === undefined) {
		throw new UserError('This run has no folder to write into.', {
			exitCode: 1,
			hint: 'Name one with --out DIR.',
		});
	}
	return folder;
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

/** @param placeOf The folder of a run. */
export function createExports(placeOf: (snapshot: Snapshot) => Pick<RunPlace, 'folder'>): Exports {
	return {
		async exportReports(snapshot) {
			const folder = folderOf(placeOf(snapshot));
			const results = await resultsNow(snapshot);
			return writeReports({type: 'write', results, folder, answersFile: undefined, isExport: true});
		},
		async exportIncrease(snapshot) {
			const folder = folderOf(placeOf(snapshot));
			const [results, {quotaIncreaseMarkdown}] = await Promise.all([
				resultsNow(snapshot),
				import('../../reports/quota-increase-markdown.ts'),
			]);
			const text = quotaIncreaseMarkdown(results);
			return writeText(folder, 'quota-increase.md', text);
		},
		async exportWinningRequest(snapshot, config) {
			const folder = folderOf(placeOf(snapshot));
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
			return writeText(folder, 'best-request.json', text);
		},
	};
}
