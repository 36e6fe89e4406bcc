import {readdir, readFile, rename, truncate} from 'node:fs/promises';
import path from 'node:path';
import type {FlagValues} from '../../config/parse-arguments.ts';
import type {OutputConfig} from '../../config/resolve-output.ts';
import {readInteger} from '../../config/values.ts';
import type {RunConfig} from '../../domain/run-config.ts';
import {answeredKey, answeredKeys, readAnswerLines} from '../../reports/answer-lines.ts';
import {readResults} from '../../reports/read-results.ts';
import type {Results} from '../../reports/results-schema.ts';
import {assertItemwise, assertSame, refuse} from './resume-checks.ts';

/** `run --resume DIR`: asks what DIR/answers.jsonl has no answer for, each item once of each variant on each model. */
export type Resumption = {
	readonly folder: string;
	/** Only what is missing. */
	readonly config: RunConfig;
	/** Items that no answer is missing of. */
	readonly isComplete: boolean;
	/** What the results say of themselves. */
	readonly note: string;
	/** Drops a line that was cut off, and keeps the earlier results under another name. */
	readonly makeReady: () => Promise<void>;
};

const readAnswers = async (folder: string): Promise<string> => {
	const file = path.join(folder, 'answers.jsonl');
	try {
		return await readFile(file, 'utf8');
	} catch (error) {
		throw refuse(
			folder,
			'there is no answers.jsonl to go on from',
			'Name the report folder of a run.',
			error,
		);
	}
};

const resultsName = /^results(?:-\d+)?\.json$/;

/** Results of the run and of what was resumed since; none where it was killed before it could write any. */
const earlierResults = async (folder: string): Promise<readonly Results[]> => {
	const names = (await readdir(folder)).filter((name) => resultsName.test(name)).toSorted();
	return Promise.all(
		names.map(async (name) => readResults(await readFile(path.join(folder, name), 'utf8'), name)),
	);
};

/** The first name that is free for the results before this resumption. */
const keepResults = async (folder: string): Promise<void> => {
	const names = await readdir(folder);
	let number = 1;
	while (names.includes(`results-${number}.json`)) {
		number += 1;
	}
	if (names.includes('results.json')) {
		await rename(path.join(folder, 'results.json'), path.join(folder, `results-${number}.json`));
	}
};

/** Drops what a kill left behind the last whole line; a file that is not there needs nothing. */
const dropCutLine = async (file: string): Promise<void> => {
	const content = await readFile(file).catch(() => Buffer.alloc(0));
	const wholeBytes = content.lastIndexOf('\n') + 1;
	if (wholeBytes < content.length) {
		await truncate(file, wholeBytes);
	}
};

/** What is missing: items, and the variants and models that miss any of them. */
const missingIn = (config: RunConfig, answered: ReadonlySet<string>) => {
	const pairs = config.models.flatMap((model) => config.variants.map(({name}) => ({model, name})));
	const isMissing = (item: number, {model, name}: (typeof pairs)[number]): boolean =>
		!answered.has(answeredKey(model, name, item));
	const items = config.task.items.filter(({index}) => pairs.some((pair) => isMissing(index, pair)));
	const open = pairs.filter((pair) => items.some(({index}) => isMissing(index, pair)));
	return {
		items,
		variants: config.variants.filter(({name}) => open.some((pair) => pair.name === name)),
		models: config.models.filter((model) => open.some((pair) => pair.model === model)),
		missing: open.map((pair) => ({
			model: pair.model,
			variant: pair.name,
			items: items.map(({index}) => index).filter((index) => isMissing(index, pair)),
		})),
	};
};

/**
 * Reads what a run has left behind and cuts the configuration down to what is missing.
 * @param requests `--requests`: at most so many of each variant; undefined for all that are missing.
 * @throws UserError (exit 2) with the reason when the folder belongs to another run, or the load has no such end.
 */
export const resumeRun = async (
	folder: string,
	config: RunConfig,
	requests: number | undefined,
): Promise<Resumption> => {
	assertItemwise(folder, config);
	const text = await readAnswers(folder);
	const {lines, foreign} = readAnswerLines(text);
	if (foreign.length > 0) {
		throw refuse(folder, `line ${foreign[0]} of answers.jsonl is no answer`, 'Remove that line.');
	}
	const earlier = await earlierResults(folder);
	assertSame(folder, config, earlier, {
		variants: lines.map(({variant}) => variant),
		models: lines.map(({model}) => model),
	});
	const {items, variants, models, missing} = missingIn(config, answeredKeys(lines));
	const perRequest = variants[0]?.itemsPerRequest ?? 1;
	const most = Math.max(0, ...missing.map((each) => each.items.length));
	const needed = Math.ceil(most / perRequest);
	const answers = missing.reduce((sum, each) => sum + each.items.length, 0);
	return {
		folder,
		config: {
			...config,
			task: {...config.task, items},
			variants,
			models,
			missing,
			load: {...config.load, requests: Math.min(needed, requests ?? needed), durationMs: null},
		},
		isComplete: items.length === 0,
		note: `Resumed after ${lines.length} answers: ${answers} were missing, of ${items.length} items. These results cover only the requests sent since.`,
		async makeReady() {
			await dropCutLine(path.join(folder, 'answers.jsonl'));
			await dropCutLine(path.join(folder, 'requests.csv'));
			await keepResults(folder);
		},
	};
};

/** The folder that `--resume` names; undefined without the flag. */
export const resumedFolder = (flags: FlagValues, output: OutputConfig): string | undefined => {
	const folder = flags.text('resume');
	if (folder === undefined) {
		return undefined;
	}
	const clash =
		output.folder !== undefined
			? '--out'
			: !output.isWritingReports
				? '--no-reports'
				: output.isWritingAnswers === false
					? '--no-answers'
					: undefined;
	if (clash !== undefined) {
		throw refuse(folder, `${clash} does not go with it`, 'A resumed run goes on in its own folder.');
	}
	return path.resolve(folder);
};

/** What is to be resumed; undefined without `--resume`. */
export const resumptionOf = async (
	flags: FlagValues,
	output: OutputConfig,
	config: RunConfig,
): Promise<Resumption | undefined> => {
	const folder = resumedFolder(flags, output);
	const requests = flags.text('requests');
	return folder === undefined
		? undefined
		: resumeRun(
				folder,
				config,
				requests === undefined ? undefined : readInteger('requests', requests, {min: 1, max: 100_000_000}),
			);
};
