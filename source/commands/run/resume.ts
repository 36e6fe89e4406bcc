import {closeSync, existsSync, ftruncateSync} from 'node:fs';
import {readdir, readFile, rename} from 'node:fs/promises';
import path from 'node:path';
import {readUtf8} from '../../config/input/text-file.ts';
import type {FlagValues} from '../../config/parse-arguments.ts';
import type {OutputConfig} from '../../config/resolve-output.ts';
import {readInteger} from '../../config/values.ts';
import type {RunConfig} from '../../domain/run-config.ts';
import {UserError} from '../../domain/user-error.ts';
import {type Answered, type AnsweredLine, answeredRows, readAnswerLines} from '../../reports/answer-lines.ts';
import {readAskedLines} from '../../reports/asked-lines.ts';
import {readResults} from '../../reports/read-results.ts';
import type {Results} from '../../reports/results-schema.ts';
import {readUncheckedLines, uncheckedFile} from '../../reports/unchecked-lines.ts';
import {openPrivate} from '../../text/private-file.ts';
import {textFault, textOfBytes} from '../../text/utf8.ts';
import {changesOf} from './resume-changes.ts';
import {assertItemwise, assertRecognised, assertSame, assertSameVariants, refuse} from './resume-checks.ts';
import {checkUnchecked, uncheckedChanges} from './resume-unchecked.ts';

/** `run --resume DIR`: asks what DIR/answers.jsonl and DIR/answers-unchecked.jsonl have no answer for, each item once of each variant on each model. */
export type Resumption = {
	readonly folder: string;
	/** Only what is missing. */
	readonly config: RunConfig;
	/** Items that no answer is missing of. */
	readonly isComplete: boolean;
	/** What the results say of themselves. */
	readonly note: string;
	/** What is not as it was, one sentence each. */
	readonly changes: readonly string[];
	/** Checks the answers that were paid for and not checked, all that a complete run still needs; gives warnings. */
	readonly check: (signal: AbortSignal, requestsFile: string | undefined) => Promise<readonly string[]>;
	/** Drops a line that was cut off, and keeps the earlier results under another name. */
	readonly makeReady: () => Promise<void>;
};

const lineEnd = 10;

/** The whole lines of a file in a folder; a kill may have cut the last one within a character. */
const readWhole = async (folder: string, name: string): Promise<string> => {
	const bytes = await readFile(path.join(folder, name));
	const whole = bytes.subarray(0, bytes.lastIndexOf(lineEnd) + 1);
	const fault = textFault(whole);
	if (fault !== undefined) {
		throw refuse(folder, `${name} is ${fault.reason}`, fault.hint);
	}
	return textOfBytes(whole);
};

const answersName = 'answers.jsonl';
const uncheckedName = uncheckedFile(answersName);

const isThere = (folder: string, name: string): boolean => existsSync(path.join(folder, name));

/** A program that was killed at its first check has left only what is not checked. */
const readAnswers = async (folder: string): Promise<string> => {
	try {
		const isOnlyUnchecked = !isThere(folder, answersName) && isThere(folder, uncheckedName);
		return isOnlyUnchecked ? '' : await readWhole(folder, answersName);
	} catch (error) {
		if (error instanceof UserError) {
			throw error;
		}
		throw refuse(
			folder,
			'there is no answers.jsonl to go on from',
			'Name the report folder of a run.',
			error,
		);
	}
};

const assertNoForeign = (folder: string, name: string, [first]: readonly number[]): void => {
	if (first !== undefined) {
		throw refuse(
			folder,
			`line ${first} of ${name} is not an answer`,
			'Repair that line, or remove it: its item is asked again then.',
		);
	}
};

const resultsName = /^results(?:-\d+)?\.json$/;

/** Results of the run and of what was resumed since; none where it was killed before it could write any. */
const earlierResults = async (folder: string): Promise<readonly Results[]> => {
	const names = (await readdir(folder)).filter((name) => resultsName.test(name)).toSorted();
	return Promise.all(names.map(async (name) => readResults(await readUtf8(path.join(folder, name)), name)));
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
		const descriptor = openPrivate(file, 'continue');
		try {
			ftruncateSync(descriptor, wholeBytes);
		} finally {
			closeSync(descriptor);
		}
	}
};

const dropCutLines = async (folder: string): Promise<void> => {
	await dropCutLine(path.join(folder, answersName));
	await dropCutLine(path.join(folder, 'requests.csv'));
};

/** What is missing: items, and the variants and models that miss any of them. */
const missingIn = ({task, models, variants}: RunConfig, answered: Answered) => {
	const missing = models
		.flatMap((model) => variants.map(({name}) => ({model, variant: name})))
		.map((pair) => {
			const isAnswered = answered.of(pair.model, pair.variant);
			return {
				...pair,
				items: task.items.filter((item) => !isAnswered(item)).map(({index}) => index),
			};
		})
		.filter(({items}) => items.length > 0);
	const indexes = new Set(missing.flatMap((each) => each.items));
	return {
		items: task.items.filter(({index}) => indexes.has(index)),
		variants: variants.filter(({name}) => missing.some(({variant}) => variant === name)),
		models: models.filter((name) => missing.some(({model}) => model === name)),
		missing,
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
	const checked = readAnswerLines(text);
	assertNoForeign(folder, answersName, checked.foreign);
	const hasUnchecked = isThere(folder, uncheckedName);
	const unchecked = readUncheckedLines(hasUnchecked ? await readWhole(folder, uncheckedName) : '', text);
	assertNoForeign(folder, uncheckedName, unchecked.foreign);
	const lines: readonly AnsweredLine[] = [...checked.lines, ...unchecked.lines];
	const asked = readAskedLines(await readUtf8(path.join(folder, 'asked.jsonl')).catch(() => ''));
	const answered = answeredRows(lines, config.task.items);
	const earlier = await earlierResults(folder);
	assertSame(folder, config, earlier, {
		variants: lines.map(({variant}) => variant),
		models: lines.map(({model}) => model),
	});
	assertRecognised(folder, answered);
	assertSameVariants(folder, config, lines, asked);
	const changes = [
		...uncheckedChanges(unchecked.lines.length),
		...changesOf(config.task.items, answered, asked),
	];
	const {items, variants, models, missing} = missingIn(config, answered);
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
			remarks: [...(config.remarks ?? []), ...changes],
			load: {...config.load, requests: Math.min(needed, requests ?? needed), durationMs: null},
		},
		isComplete: items.length === 0,
		changes,
		note: [
			`Resumed after ${lines.length} answers: ${answers} were missing, of ${items.length} items.`,
			...changes,
			'These results cover only the requests sent since.',
		].join(' '),
		async check(signal, requestsFile) {
			if (!hasUnchecked) {
				return [];
			}
			await dropCutLines(folder);
			return checkUnchecked(
				{folder, requestsFile, lines: unchecked.lines, checks: config.task.checks},
				signal,
			);
		},
		async makeReady() {
			await dropCutLines(folder);
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
