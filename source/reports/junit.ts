import {
	hasItemFailed,
	type ItemAnswer,
	type ItemCell,
	type ItemTable,
	isLost,
	itemCell,
} from '../domain/item-results.ts';
import {failureOfVerdict, type ItemVerdict} from '../domain/task.ts';
import {formatCount} from '../text/numbers.ts';
import {cleanLines, cleanText, truncateEnd} from '../text/width.ts';
import {type ComparedFigure, differenceText, type NamedRun, valueText} from './compare/comparison.ts';
import type {JudgedCondition} from './conditions.ts';
import type {Results} from './results-schema.ts';

/** Test cases in the form of JUnit, which every CI system shows: one per condition, and one per item of each variant. */

type TestCase = {
	readonly group: string;
	readonly name: string;
	/** Undefined: passed. `skipped`: not asked; `error`: no answer; `failure`: an answer that is not as wanted. */
	readonly problem?:
		| {
				readonly kind: 'failure' | 'error' | 'skipped';
				readonly type: string;
				readonly message: string;
				readonly details?: string;
		  }
		| undefined;
	/** What the case found, where it passed. */
	readonly note?: string;
};

export type TestSuite = {
	readonly name: string;
	/** ISO 8601. */
	readonly at: string;
	readonly seconds: number;
	readonly properties?: Readonly<Record<string, string>>;
	readonly cases: readonly TestCase[];
};

/** Text as XML takes it; cleaning has removed the characters that no XML may have. */
const xmlText = (text: string): string =>
	cleanLines(text)
		.replaceAll('&', '&amp;')
		.replaceAll('<', '&lt;')
		.replaceAll('>', '&gt;')
		.replaceAll('"', '&quot;');

const attributes = (values: Readonly<Record<string, string | number>>): string =>
	Object.entries(values)
		.map(([name, value]) => ` ${name}="${xmlText(cleanText(String(value)))}"`)
		.join('');

const caseXml = ({group, name, problem, note}: TestCase): readonly string[] => {
	const head = `<testcase${attributes({classname: group, name})}`;
	if (problem === undefined) {
		return note === undefined
			? [`\t\t${head}/>`]
			: [`\t\t${head}>`, `\t\t\t<system-out>${xmlText(note)}</system-out>`, '\t\t</testcase>'];
	}
	const {kind, type, message, details = ''} = problem;
	const open = `<${kind}${attributes(kind === 'skipped' ? {message} : {message, type})}`;
	return [
		`\t\t${head}>`,
		`\t\t\t${details === '' ? `${open}/>` : `${open}>${xmlText(details)}</${kind}>`}`,
		'\t\t</testcase>',
	];
};

const tally = (cases: readonly TestCase[]) => {
	const of = (kind: string): number => cases.filter(({problem}) => problem?.kind === kind).length;
	return {tests: cases.length, failures: of('failure'), errors: of('error'), skipped: of('skipped')};
};

const suiteXml = ({name, at, seconds, properties = {}, cases}: TestSuite): readonly string[] => {
	const entries = Object.entries(properties);
	const head = {name, ...tally(cases), time: seconds.toFixed(3), timestamp: at.replace(/\.\d+Z$/, '')};
	return [
		`\t<testsuite${attributes(head)}>`,
		...(entries.length === 0
			? []
			: [
					'\t\t<properties>',
					...entries.map(([key, value]) => `\t\t\t<property${attributes({name: key, value})}/>`),
					'\t\t</properties>',
				]),
		...cases.flatMap(caseXml),
		'\t</testsuite>',
	];
};

/** The file of `--junit`. */
export function junitXml(suites: readonly TestSuite[]): string {
	const {skipped: _, ...counts} = tally(suites.flatMap(({cases}) => cases));
	return `${[
		'<?xml version="1.0" encoding="UTF-8"?>',
		`<testsuites${attributes({name: 'bedrock-top', ...counts})}>`,
		...suites.filter(({cases}) => cases.length > 0).flatMap(suiteXml),
		'</testsuites>',
	].join('\n')}\n`;
}

/** @param judged Conditions as typed, with the reason where one is true. @param flag That they were typed with. */
export function conditionSuite(
	judged: readonly JudgedCondition[],
	{flag, at, seconds}: Pick<TestSuite, 'at' | 'seconds'> & {readonly flag: string},
): TestSuite {
	return {
		name: 'conditions',
		at,
		seconds,
		cases: judged.map(({text, reason}) => ({
			group: `bedrock-top.${flag}`,
			name: text,
			problem: reason === undefined ? undefined : {kind: 'failure', type: flag, message: reason},
		})),
	};
}

/** Characters of an item that name its case. */
const nameCharacters = 80;

/** What `--junit` knows of a run beside its results. */
export type RunItems = {
	readonly table: ItemTable;
	/** Items of the preset that nobody may have been asked about. */
	readonly all: ReadonlyArray<{readonly index: number; readonly text: string}>;
	/** The failed answer to an item; undefined where it is not kept. */
	readonly answerTo: (item: number, column: number) => ItemAnswer | undefined;
};

const detailsOf = (answer: ItemAnswer | undefined): string =>
	answer === undefined
		? ''
		: [
				...(answer.text === undefined ? [] : [`item: ${answer.text}`]),
				...(answer.expected === undefined ? [] : [`expected: ${answer.expected}`]),
				`answer: ${answer.answer}`,
			].join('\n');

const problemOf = (
	{outcome, passed, answered}: ItemCell,
	answer: ItemAnswer | undefined,
): TestCase['problem'] => {
	if (outcome === undefined) {
		return {
			kind: 'skipped',
			type: 'skipped',
			message: 'not asked: the run ended, or the variant was out, before',
		};
	}
	if (isLost(outcome)) {
		return {kind: 'error', type: outcome, message: `no answer: ${outcome}`};
	}
	const failure =
		answer === undefined
			? undefined
			: failureOfVerdict({
					kind: outcome as ItemVerdict['kind'],
					failed: answer.failed as ItemVerdict['failed'],
					reason: answer.reason,
				});
	const why = [failure?.of ?? outcome, failure?.why ?? ''].filter((part) => part !== '').join(': ');
	const times =
		answered > 1 ? `${formatCount(answered - passed)} of ${formatCount(answered)} answers failed: ` : '';
	return {
		kind: 'failure',
		type: failure?.of ?? outcome,
		message: `${times}${why}`,
		details: detailsOf(answer),
	};
};

/** One suite for each variant on each model: a case for each item. */
export function itemSuites(results: Results, {table, all, answerTo}: RunItems): readonly TestSuite[] {
	const {plan, targets, startedAt, endedAt} = results;
	const preset = plan.preset ?? 'task';
	const texts = new Map([...table.items, ...all].map(({index, text}) => [index, text]));
	const indexes = [...texts.keys()].toSorted((one, other) => one - other);
	return table.columns.map(({variant, target}, column) => {
		const model = targets[target]?.model ?? '';
		const where = targets.length > 1 ? ` on ${model}` : '';
		return {
			name: `${preset} · ${variant}${where}`,
			at: startedAt,
			seconds: (Date.parse(endedAt) - Date.parse(startedAt)) / 1000,
			properties: {model, simulated: String(results.simulated)},
			cases: indexes.map((item) => {
				const cell = itemCell(table.book, item, column);
				const hasFailed = cell.outcome === undefined || hasItemFailed(table.book, item, column);
				const text = truncateEnd(cleanText(texts.get(item) ?? ''), nameCharacters);
				return {
					group: `${preset}.${variant}${where}`,
					name: text === '' ? `answer ${item + 1}` : `item ${item + 1}: ${text}`,
					problem: hasFailed ? problemOf(cell, answerTo(item, column)) : undefined,
				};
			}),
		};
	});
}

/** One suite for each variant of a comparison: a case for each figure, which fails where a later run is worse. */
export function comparisonSuites(
	runs: readonly NamedRun[],
	rows: readonly ComparedFigure[],
): readonly TestSuite[] {
	const [first] = runs;
	const groups = Map.groupBy(rows, ({variant}) => variant);
	return [...groups].map(([variant, own]) => ({
		name: variant,
		at: first?.results.startedAt ?? '',
		seconds: 0,
		cases: own.flatMap((row) =>
			row.differences.map((difference, index): TestCase => {
				const name = runs[index + 1]?.name ?? '';
				const [from, to] = [row.values[0], row.values[index + 1]].map((value) =>
					valueText(value, row.format),
				);
				const words = `${from} to ${to}: ${differenceText(difference, row)}`;
				const isWorse = difference?.verdict === 'worse';
				return {
					group: `compare.${variant}`,
					name: runs.length > 2 ? `${row.figure} (${name})` : row.figure,
					note: words,
					problem: isWorse ? {kind: 'failure', type: 'worse', message: words} : undefined,
				};
			}),
		),
	}));
}
