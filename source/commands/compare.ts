import type {Arguments} from '../config/parse-arguments.ts';
import {type OutputConfig, resolveOutput} from '../config/resolve-output.ts';
import {UserError} from '../domain/user-error.ts';
import {
	type ComparedFigure,
	compareRuns,
	differenceText,
	type FigureKey,
	figureKeys,
	mismatchesOf,
	type NamedRun,
	runNames,
	valueText,
} from '../reports/compare/comparison.ts';
import {comparisonLines, comparisonMarkdown} from '../reports/compare/comparison-table.ts';
import {type JudgedCondition, metSentences} from '../reports/conditions.ts';
import {comparisonSuites, conditionSuite, junitXml} from '../reports/junit.ts';
import {conditionLines, pageOf} from '../reports/pull-request.ts';
import {assertCiWritable, type CiFindings, isForCi, writeForCi} from '../terminal/ci.ts';
import {columnsOf, type Io, writeLines} from '../terminal/io.ts';
import {didYouMean} from '../text/nearest-name.ts';
import {toAscii} from '../text/themes.ts';
import {writeReports} from '../threads/reports-handle.ts';
import {claimReportFolder, printJsonOr, readResultsFile} from './report.ts';

/** Conditions of `compare --fail-if`: `worse` for any figure, `worse:cost` for one. */

type Worse = {
	/** As typed. */
	readonly text: string;
	/** Undefined: any figure. */
	readonly key: FigureKey | undefined;
};

/** Reads a condition. @throws UserError (exit 2) that lists the figures. */
export function readWorse(text: string): Worse {
	const [, name] = /^worse(?::(.+))?$/.exec(text.trim()) ?? [];
	if (!/^worse(?::|$)/.test(text.trim())) {
		throw new UserError(`--fail-if: compare takes worse or worse:FIGURE, not "${text}".`, {
			exitCode: 2,
			hint: `Figures: ${figureKeys.join(', ')}.`,
		});
	}
	const key = figureKeys.find((each) => each === name);
	if (name !== undefined && key === undefined) {
		throw new UserError(`--fail-if "${text}": "${name}" is not a figure that runs are compared by.`, {
			exitCode: 2,
			hint: `${didYouMean(name, figureKeys)}Figures: ${figureKeys.join(', ')}.`,
		});
	}
	return {text, key};
}

/** How each later run of a row is worse than the first one: the interval of the difference is on the bad side. */
const reasonsIn = (row: ComparedFigure, runs: readonly NamedRun[]): readonly string[] =>
	row.differences.flatMap((difference, index) => {
		if (difference?.verdict !== 'worse') {
			return [];
		}
		const [first, ...rest] = row.values;
		const [from, to] = [first, rest[index]].map((value) => valueText(value, row.format));
		const words = differenceText(difference, row).replace(/: worse$/, '');
		return [
			`${row.figure} of ${row.variant} went from ${from} to ${to} in ${runs[index + 1]?.name} (${words})`,
		];
	});

/**
 * Holds conditions against a comparison. One that names a figure is true as well where that is not known for any variant.
 */
export function judgeWorse(
	conditions: readonly Worse[],
	runs: readonly NamedRun[],
): readonly JudgedCondition[] {
	const rows = compareRuns(runs);
	return conditions.map(({text, key}) => {
		const own = rows.filter((row) => key === undefined || row.key === key);
		const isKnown = own.some(({differences}) => differences.some((each) => each !== undefined));
		const reasons = own.flatMap((row) => reasonsIn(row, runs));
		const unknown = key !== undefined && !isKnown ? `${key} is not known in both runs` : undefined;
		return {text, reason: reasons.length > 0 ? reasons.join('; ') : unknown};
	});
}

const readRuns = async (files: readonly string[]): Promise<readonly NamedRun[]> => {
	const names = runNames(files);
	const runs: NamedRun[] = [];
	for (const [index, file] of files.entries()) {
		runs.push({name: names[index] ?? file, results: await readResultsFile(file)});
	}
	return runs;
};

/** Digits behind which a figure is only the noise of its arithmetic. */
const significantDigits = 6;

const rounded = <Value>(value: Value): Value =>
	JSON.parse(JSON.stringify(value), (_key, each: unknown) =>
		typeof each === 'number' ? Number(each.toPrecision(significantDigits)) : each,
	);

/** The comparison as data: figures and differences by variant. */
const jsonOf = (runs: readonly NamedRun[], judged: readonly JudgedCondition[]) => ({
	runs: runs.map(({name, results}) => ({
		name,
		startedAt: results.startedAt,
		simulated: results.simulated,
	})),
	remarks: mismatchesOf(runs),
	conditions: judged.map(({text, reason}) => ({
		condition: text,
		isTrue: reason !== undefined,
		reason: reason ?? null,
	})),
	figures: rounded(
		compareRuns(runs).map(({variant, key, figure, values, differences}) => ({
			variant,
			key,
			figure,
			values,
			differences: differences.map((difference) => difference ?? null),
		})),
	),
});

const findingsOf = (runs: readonly NamedRun[], judged: readonly JudgedCondition[]): CiFindings => ({
	errors: metSentences(judged),
	notices: [],
	async page() {
		const [, , ...lines] = comparisonMarkdown(runs).split('\n');
		return pageOf('bedrock-top: runs side by side', [...conditionLines(judged), ...lines]);
	},
	async junit() {
		const at = runs[0]?.results.startedAt ?? '';
		return junitXml([
			conditionSuite(judged, {flag: 'fail-if', at, seconds: 0}),
			...comparisonSuites(runs, compareRuns(runs)),
		]);
	},
});

const print = async (
	runs: readonly NamedRun[],
	judged: readonly JudgedCondition[],
	output: OutputConfig,
	io: Pick<Io, 'stdout'>,
): Promise<void> => {
	// Markdown that is alone on stdout is written with what else a CI system reads.
	const table = output.isStdoutTaken ? [] : comparisonLines(runs, columnsOf(io.stdout));
	await printJsonOr(jsonOf(runs, judged), output.isAscii ? table.map(toAscii) : table, output.json, io);
};

/**
 * The command `compare`: runs side by side, each compared with the first. A table on stdout, and with `--out` also
 * `compare.md` and `compare.svg`; with `--html` `compare.html` beside them.
 * @returns Exit code: 3 where a condition of `--fail-if` is true.
 * @throws UserError exit 2 for a condition, a file that is missing or not a results file, or a folder in use; exit 1 when
 * something cannot be written.
 */
export async function compare(
	{words, flags}: Arguments,
	io: Pick<Io, 'stdout' | 'stderr' | 'environment'>,
): Promise<number> {
	const output = resolveOutput(flags, io.environment);
	const conditions = flags.texts('fail-if').map(readWorse);
	await assertCiWritable(output);
	const runs = await readRuns(words);
	const hasHtml = flags.isSet('html') ?? false;
	const folder = output.folder === undefined && !hasHtml ? undefined : await claimReportFolder(output);
	const judged = judgeWorse(conditions, runs);
	await print(runs, judged, output, io);
	const faults = isForCi(output, io) ? await writeForCi(output, findingsOf(runs, judged), io) : [];
	if (folder !== undefined) {
		const files = await writeReports({type: 'compare', runs, folder, hasHtml});
		await writeLines(io.stdout, output.isStdoutTaken ? [] : ['', ...files]);
	}
	const failed = metSentences(judged);
	await writeLines(io.stderr, [...faults, ...failed]);
	return failed.length > 0 ? 3 : faults.length > 0 ? 1 : 0;
}
