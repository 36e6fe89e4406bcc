import {closeSync, existsSync, ftruncateSync} from 'node:fs';
import {readdir, readFile, rename} from 'node:fs/promises';
import path from 'node:path';
import {readUtf8} from '../../config/input/text-file.ts';
import type {FlagValues} from '../../config/parse-arguments.ts';
import type {OutputConfig} from '../../config/resolve-output.ts';
import {readInteger} from '../../config/values.ts';
import type {RunConfig} from '../../domain/run-config.ts';
import type {Item} from '../../domain/task.ts';
import {UserError} from '../../domain/user-error.ts';
import {itemFingerprint, variantFingerprint} from '../../engine/attempts/request-records.ts';
import {
	type Answered,
	type AnsweredLine,
	type AskedLine,
	answeredRows,
	partsOf,
	readAnswerLines,
	readAskedLines,
} from '../../reports/answer-lines.ts';
import {type Results, readResults} from '../../reports/results-schema.ts';
import {readUncheckedLines, uncheckedFile} from '../../reports/unchecked-lines.ts';
import {textFault, textOfBytes} from '../../text/as-written.ts';
import {formatCount} from '../../text/numbers.ts';
import {openPrivate} from '../../text/private-file.ts';
import {checkUnchecked, refuse, uncheckedChanges} from './resume-unchecked.ts';

/** `run --resume DIR`: asks the items without an answer in DIR/answers.jsonl or answers-unchecked.jsonl, once per variant and model. */
export type Resumption = {
	readonly folder: string;
	/** Of the missing requests only. */
	readonly config: RunConfig;
	/** Whether no answer is missing. */
	readonly isComplete: boolean;
	/** A sentence for the results. */
	readonly note: string;
	/** What has changed since, one sentence each. */
	readonly changes: readonly string[];
	/** Checks the answers that were paid for and not checked; returns warnings. */
	readonly check: (signal: AbortSignal, requestsFile: string | undefined) => Promise<readonly string[]>;
	/** Drops a line that was cut off, and renames the earlier results. */
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
			'it has no answers.jsonl to continue from',
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

/** Results of the run and of earlier resumptions; none where it was killed before it wrote any. */
const earlierResults = async (folder: string): Promise<readonly Results[]> => {
	const names = (await readdir(folder)).filter((name) => resultsName.test(name)).toSorted();
	return Promise.all(names.map(async (name) => readResults(await readUtf8(path.join(folder, name)), name)));
};

/** Renames the earlier results to the first free name. */
export async function renameResults(folder: string): Promise<void> {
	const names = await readdir(folder);
	let number = 1;
	while (names.includes(`results-${number}.json`)) {
		number += 1;
	}
	if (names.includes('results.json')) {
		await rename(path.join(folder, 'results.json'), path.join(folder, `results-${number}.json`));
	}
}

/** Drops an incomplete last line, which a kill leaves. A missing file needs nothing. */
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

export async function dropCutLines(folder: string): Promise<void> {
	await dropCutLine(path.join(folder, answersName));
	await dropCutLine(path.join(folder, 'requests.csv'));
}

/** The missing items, and the variants and models that miss any of them. */
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
 * Reads the answers of a run and reduces the configuration to what is missing.
 * @param requests Upper bound per variant (`--requests`); undefined for all that are missing.
 * @throws UserError (exit 2) with the reason when the folder belongs to another run, or the load is not itemwise.
 */
export async function resumeRun(
	folder: string,
	config: RunConfig,
	requests: number | undefined,
): Promise<Resumption> {
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
	const maxItems = Math.max(0, ...missing.map((each) => each.items.length));
	const needed = Math.ceil(maxItems / perRequest);
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
			await renameResults(folder);
		},
	};
}

/** The folder that `--resume` names; undefined without the flag. */
function resumedFolder(flags: FlagValues, output: OutputConfig): string | undefined {
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
		throw refuse(folder, `${clash} does not go with it`, 'A resumed run continues in its own folder.');
	}
	return path.resolve(folder);
}

/** Reads `--resume`. @returns undefined without the flag. */
export async function resumptionOf(
	flags: FlagValues,
	output: OutputConfig,
	config: RunConfig,
): Promise<Resumption | undefined> {
	const folder = resumedFolder(flags, output);
	const requests = flags.text('requests');
	return folder === undefined
		? undefined
		: resumeRun(
				folder,
				config,
				requests === undefined ? undefined : readInteger('requests', requests, {min: 1, max: 100_000_000}),
			);
}

/** Checks that the load asks each item once. @throws UserError (exit 2). */
function assertItemwise(folder: string, {load, task, variants, isBalanced}: RunConfig): void {
	if (load.shape !== 'measure' || isBalanced) {
		throw refuse(
			folder,
			`a ${isBalanced ? 'balanced' : load.shape} load does not ask the items one by one`,
			'Resume with --load measure.',
		);
	}
	if (task.chat !== undefined) {
		throw refuse(folder, 'a conversation cannot be resumed', 'Run it again into another folder.');
	}
	if (task.items.length === 0) {
		throw refuse(folder, 'this task has no items', 'Name the preset that the run was made with.');
	}
	const sizes = new Set(variants.map(({itemsPerRequest}) => itemsPerRequest));
	if (sizes.size > 1) {
		throw refuse(
			folder,
			'its variants carry different numbers of items per request',
			'Resume them one by one with --variants.',
		);
	}
}

/** Checks that the folder belongs to this preset, task, variants and models. @throws UserError (exit 2). */
function assertSame(
	folder: string,
	config: RunConfig,
	earlier: readonly Results[],
	answered: {readonly variants: readonly string[]; readonly models: readonly string[]},
): void {
	for (const {plan} of earlier) {
		if (plan.preset !== config.preset || plan.task !== config.task.task) {
			const name = plan.preset ?? 'a task of the command line';
			throw refuse(folder, `it was made with ${name}, or with another task`, 'Repeat its command line.');
		}
	}
	const compare = (word: string, known: readonly string[], asked: readonly string[]): void => {
		const foreign = asked.find((name) => !known.includes(name));
		if (known.length > 0 && foreign !== undefined) {
			const list = [...new Set(known)].join(', ');
			throw refuse(folder, `the ${word} "${foreign}" was not part of it`, `It has: ${list}.`);
		}
	};
	const names = config.variants.map(({name}) => name);
	const variants = earlier.flatMap((results) => results.variants.map(({name}) => name));
	const models = earlier.flatMap((results) => results.targets.map(({model}) => model));
	compare('variant', variants, names);
	compare('model', models, config.models);
	if (earlier.length === 0) {
		compare('variant', names, answered.variants);
		compare('model', config.models, answered.models);
	}
}

/** Answers that give only the position of their item may belong to any row by now. @throws UserError (exit 2). */
function assertRecognised(folder: string, {unknown}: Answered): void {
	if (unknown > 0) {
		throw refuse(
			folder,
			'answers.jsonl does not say which item each answer belongs to (an older version wrote only positions)',
			'Run it again into another folder: by position alone a row could be asked twice or skipped.',
		);
	}
}

/** Refuses a variant whose prompt has changed since: answers of both would be mixed. @throws UserError (exit 2). */
function assertSameVariants(
	folder: string,
	config: RunConfig,
	lines: readonly AnsweredLine[],
	asked: readonly AskedLine[],
): void {
	for (const [name, parts] of Object.entries(partsOf(config))) {
		const own = variantFingerprint(parts);
		const others = lines.filter(
			(line) =>
				line.variant === name && line.variantFingerprint !== undefined && line.variantFingerprint !== own,
		);
		if (others.length > 0) {
			const before = asked.findLast(({variants}) => variants[name] !== undefined)?.variants[name] ?? {};
			const changed = Object.keys(parts).filter((part) => before[part] !== parts[part]);
			throw refuse(
				folder,
				`the variant "${name}" has changed since its ${others.length} ${others.length === 1 ? 'answer' : 'answers'} (${changed.join(', ') || 'its prompt'})`,
				'Undo the change, or run it into another folder.',
			);
		}
	}
}

const shownRows = 3;

const rowsText = (count: number, indexes: readonly number[], word: string): readonly string[] => {
	const rows = indexes.slice(0, shownRows).map((index) => index + 1);
	const more = indexes.length > shownRows ? ', ...' : '';
	const where = rows.length === 0 ? '' : ` (${rows.length === 1 ? 'row' : 'rows'} ${rows.join(', ')}${more})`;
	return count === 0 ? [] : [`${formatCount(count)} ${word}${where}`];
};

/** How the items have changed since, in sentences; none where nothing has. */
function changesOf(
	items: readonly Item[],
	answered: Answered,
	asked: readonly AskedLine[],
): readonly string[] {
	const now = new Map(items.map((item) => [itemFingerprint(item), item.index]));
	const before = new Map(
		asked.flatMap((line) => line.items.map(([index, print]) => [print, index] as const)),
	);
	const gone = [...new Set([...before.keys(), ...answered.fingerprints])].filter((print) => !now.has(print));
	const goneRows = new Set(gone.map((print) => before.get(print)));
	// Without a record of what was asked, an item without an answer may be new or not.
	const fresh = before.size === 0 ? [] : [...now].filter(([print]) => !before.has(print));
	const changed = fresh.filter(([, index]) => goneRows.has(index)).map(([, index]) => index);
	const added = fresh.filter(([, index]) => !goneRows.has(index)).map(([, index]) => index);
	const parts = [
		...rowsText(added.length, added, 'new'),
		...rowsText(changed.length, changed, 'changed'),
		...rowsText(gone.length - changed.length, [], 'gone'),
	];
	const isKept = gone.some((print) => answered.fingerprints.has(print));
	return [
		...(parts.length === 0 ? [] : [`The items have changed since: ${parts.join(', ')}.`]),
		...(isKept ? ['Their answers stay in answers.jsonl.'] : []),
		...(answered.byText === 0
			? []
			: [
					`Answers without a fingerprint (an older version wrote them) were matched by their text: ${formatCount(answered.byText)}.`,
				]),
	];
}
