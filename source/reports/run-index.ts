import {closeSync, existsSync, statSync, writeSync} from 'node:fs';
import {readdir, readFile} from 'node:fs/promises';
import path from 'node:path';
import {z} from 'zod';
import type {KeptRun} from '../domain/snapshot.ts';
import {reasonOf, UserError} from '../domain/user-error.ts';
import {openPrivate, writeAtomically} from '../text/private-file.ts';
import {cleanText, truncateEnd} from '../text/width.ts';
import {defaultFolder} from './folder.ts';
import type {Results} from './results-schema.ts';
import {readResults} from './results-schema.ts';
import {uncheckedFile} from './unchecked-lines.ts';

/**
 * The index of kept runs: `index.jsonl` beside their folders, a line per run. It only saves reading every results.json:
 * the folders decide. A run without a whole line is read and gets one; a line without its folder goes.
 */

const indexName = 'index.jsonl';
/** Name of the results in the folder of a run. */
export const resultsName = 'results.json';
const answersName = 'answers.jsonl';

/** One write of this size is whole beside those of other programs. */
const longestVerdict = 400;

const lineSchema = z.object({
	run: z.string().nullable(),
	/** Its name in the folder of the index. */
	folder: z.string().regex(/^[^/\\]+$/),
	startedAt: z.iso.datetime(),
	endedAt: z.iso.datetime(),
	preset: z.string().nullable(),
	models: z.array(z.string()),
	variants: z.array(z.string()),
	requests: z.int().nonnegative(),
	outcome: z.enum(['completed', 'stopped', 'failed']),
	simulated: z.boolean(),
	costUsd: z.number().nullable(),
	verdict: z.string().nullable(),
}) satisfies z.ZodType<KeptRun>;

/** The runs of a folder, and why others in it cannot be read. */
type ListedRuns = {
	/** Newest first. */
	readonly runs: readonly KeptRun[];
	/** Sentences. */
	readonly faults: readonly string[];
};

/** What the index says about a run. */
export function keptRunOf(results: Results, folder: string): KeptRun {
	const {plan, targets, variants, verdict} = results;
	return {
		run: results.run ?? null,
		folder,
		startedAt: results.startedAt,
		endedAt: results.endedAt,
		preset: plan.preset,
		models: [...new Set(targets.map(({model}) => model))],
		variants: [...new Set(variants.map(({name}) => name))],
		requests: variants.reduce((sum, {requests}) => sum + requests.sent, 0),
		outcome: results.outcome,
		simulated: results.simulated,
		costUsd: results.costUsd ?? null,
		verdict: verdict?.[0] === undefined ? null : truncateEnd(verdict[0].text, longestVerdict),
	};
}

const lineOf = (run: KeptRun): string =>
	`${JSON.stringify({...run, folder: path.basename(run.folder)} satisfies KeptRun)}\n`;

/**
 * Adds a run whose results are on disk to the index beside its folder. An index is made in `bedrock-top-reports`; beside
 * a folder that the user named only one that is there already is continued, so that nothing lies where nobody asked for it.
 * It never fails: without the line the run is found by its folder.
 */
export function noteRun(results: Results, folder: string): void {
	const file = path.join(path.dirname(folder), indexName);
	if (path.basename(path.dirname(folder)) !== defaultFolder && !existsSync(file)) {
		return;
	}
	try {
		const descriptor = openPrivate(file, 'continue');
		try {
			writeSync(descriptor, lineOf(keptRunOf(results, folder)));
		} finally {
			closeSync(descriptor);
		}
	} catch {
		// The next list finds it.
	}
}

/**
 * Reads the results of a run back.
 * @throws UserError (exit 2) that names the file and the reason.
 */
export async function readKeptResults(folder: string): Promise<Results> {
	const file = path.join(folder, resultsName);
	let text: string;
	try {
		text = await readFile(file, 'utf8');
	} catch (error) {
		throw new UserError(`${file} cannot be read: ${reasonOf(error)}.`, {
			exitCode: 2,
			cause: error,
		});
	}
	return readResults(text, file);
}

/** The whole lines of the index by the name of their folder, the last of each; undefined where there is no index. */
const readIndex = async (place: string): Promise<Map<string, KeptRun> | undefined> => {
	const text = await readFile(path.join(place, indexName), 'utf8').catch(() => undefined);
	if (text === undefined) {
		return undefined;
	}
	const lines = new Map<string, KeptRun>();
	for (const line of text.split('\n')) {
		const run = lineSchema.safeParse(parsed(line)).data;
		if (run !== undefined) {
			lines.set(run.folder, {...run, folder: path.join(place, run.folder)});
		}
	}
	return lines;
};

const parsed = (line: string): unknown => {
	try {
		return JSON.parse(line);
	} catch {
		return undefined;
	}
};

/** The run in a folder; a sentence where its results are missing or cannot be read, undefined where there was none. */
const runIn = async (folder: string): Promise<KeptRun | string | undefined> => {
	if (!existsSync(path.join(folder, resultsName))) {
		const hasAnswers = [answersName, uncheckedFile(answersName)].some(
			(name) => (statSync(path.join(folder, name), {throwIfNoEntry: false})?.size ?? 0) > 0,
		);
		return hasAnswers
			? cleanText(
					`${folder} has answers but no results: its run was killed, or is under way. --resume continues it.`,
				)
			: undefined;
	}
	try {
		return keptRunOf(await readKeptResults(folder), folder);
	} catch (error) {
		return cleanText(reasonOf(error));
	}
};

const folderNamesIn = async (place: string): Promise<readonly string[]> =>
	(await readdir(place, {withFileTypes: true})).filter((entry) => entry.isDirectory()).map(({name}) => name);

/** Where the folder is itself that of a run: it, and the later runs of its session beside it (`DIR-2`). */
const ownFolders = async (place: string): Promise<readonly string[]> => {
	const {dir, base} = path.parse(place);
	if (!existsSync(path.join(place, resultsName))) {
		return [];
	}
	const beside = await folderNamesIn(dir).catch(() => []);
	const isLater = (name: string): boolean =>
		name.startsWith(`${base}-`) && /^\d+$/.test(name.slice(base.length + 1));
	return [place, ...beside.filter(isLater).map((name) => path.join(dir, name))];
};

/** Writes the index as it should be. A folder that cannot be written is listed all the same. */
const mend = async (place: string, runs: readonly KeptRun[]): Promise<void> => {
	const inOrder = runs.toSorted((one, other) => one.startedAt.localeCompare(other.startedAt));
	await writeAtomically(path.join(place, indexName), inOrder.map(lineOf).join(''), {isLasting: false}).catch(
		() => {},
	);
};

/**
 * The runs kept in a folder, from its index; what the index lacks is read from the results and added to it.
 * @param place A folder of runs, or the folder of a run.
 * @param underWay The folder of a run that is known to be under way.
 * @throws UserError (exit 2) for a folder that is not there or cannot be read.
 */
export async function listRuns(place: string, underWay?: string): Promise<ListedRuns> {
	let names: readonly string[];
	try {
		names = await folderNamesIn(place);
	} catch (error) {
		throw new UserError(`${place} cannot be read: ${reasonOf(error)}.`, {
			exitCode: 2,
			hint: 'Name a folder of runs; without one it is bedrock-top-reports.',
			cause: error,
		});
	}
	const index = await readIndex(place);
	const runs: KeptRun[] = [];
	const faults: string[] = [];
	let isWhole = true;
	const take = async (folder: string): Promise<void> => {
		const run = await runIn(folder);
		if (typeof run === 'string') {
			faults.push(...(folder === underWay ? [] : [run]));
		} else if (run !== undefined) {
			runs.push(run);
			isWhole = false;
		}
	};
	for (const name of names) {
		const known = index?.get(name);
		if (known === undefined) {
			await take(path.join(place, name));
		} else {
			runs.push(known);
		}
	}
	if (!isWhole || (index !== undefined && index.size !== runs.length)) {
		await mend(place, runs);
	}
	for (const folder of await ownFolders(place)) {
		await take(folder);
	}
	return {runs: runs.toSorted((one, other) => other.startedAt.localeCompare(one.startedAt)), faults};
}
