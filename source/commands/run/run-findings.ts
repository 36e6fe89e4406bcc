import {
	hasItemFailed,
	type ItemAnswer,
	type ItemTable,
	isLost,
	itemCell,
	itemColumns,
} from '../../domain/item-results.ts';
import type {Item} from '../../domain/task.ts';
import {openItems, readItemAnswers} from '../../reports/answer-lines.ts';
import {type JudgedCondition, metSentences} from '../../reports/conditions.ts';
import {conditionSuite, itemSuites, junitXml, type RunItems} from '../../reports/junit.ts';
import {type FailedItem, pullRequestPage} from '../../reports/pull-request.ts';
import type {Results} from '../../reports/results-schema.ts';
import {verdictSentences} from '../../reports/verdict.ts';
import type {CiFindings} from '../../terminal/ci.ts';

/** What a run has for a CI system; the items are read from answers.jsonl when they are first asked for. */

/** Answers that are shown whole: a run with more failures than these has them in answers.jsonl. */
const maxAnswers = 1000;

type Found = {
	readonly results: Results;
	readonly judged: readonly JudgedCondition[];
	/** Other reasons why the run fails. */
	readonly errors: readonly string[];
	/** answers.jsonl; undefined where answers are not kept. */
	readonly answersFile: string | undefined;
	/** Of the preset. */
	readonly items: readonly Item[];
};

type Failures = {readonly table: ItemTable; readonly answers: ReadonlyMap<string, ItemAnswer>};

const keyOf = (item: number, column: number): string => `${item} ${column}`;

const readFailures = async ({results, answersFile}: Found): Promise<Failures | undefined> => {
	if (answersFile === undefined) {
		return undefined;
	}
	const columns = itemColumns(results.variants.map(({name, target}) => ({variant: name, target})));
	const models = results.targets.map(({model}) => model);
	const table = await openItems(answersFile, columns, models);
	const answers = new Map<string, ItemAnswer>();
	for (const [column] of columns.entries()) {
		for (const {index} of table.items) {
			const {outcome, offset} = itemCell(table.book, index, column);
			const isShown = outcome !== undefined && !isLost(outcome) && answers.size < maxAnswers;
			if (isShown && hasItemFailed(table.book, index, column)) {
				const [answer] = await readItemAnswers(answersFile, index, [offset]);
				if (answer !== undefined) {
					answers.set(keyOf(index, column), answer);
				}
			}
		}
	}
	return {table, answers};
};

const failedItems = ({table, answers}: Failures): readonly FailedItem[] =>
	table.columns.flatMap(({variant}, column) =>
		table.items.flatMap(({index, text, expected}) => {
			const answer = answers.get(keyOf(index, column));
			return answer === undefined
				? []
				: [
						{
							variant,
							item: text === '' ? String(index + 1) : text,
							expected: expected ?? '',
							answer: answer.answer,
							why: answer.failed?.why ?? answer.reason ?? answer.kind,
						},
					];
		}),
	);

export function runFindings(found: Found): CiFindings {
	const {results, judged, errors, items} = found;
	const {startedAt, endedAt} = results;
	let reading: Promise<Failures | undefined> | undefined;
	const failures = async (): Promise<Failures | undefined> => {
		reading ??= readFailures(found);
		return reading;
	};
	const [verdict] = verdictSentences({...results, goal: results.plan.goal});
	return {
		errors: [...metSentences(judged), ...errors],
		notices: verdict === undefined ? [] : [`${results.simulated ? 'SIMULATED: ' : ''}${verdict}`],
		async page() {
			const known = await failures();
			return pullRequestPage(results, judged, known === undefined ? [] : failedItems(known));
		},
		async junit() {
			const known = await failures();
			const seconds = (Date.parse(endedAt) - Date.parse(startedAt)) / 1000;
			const run: RunItems | undefined = known && {
				table: known.table,
				all: items,
				answerTo: (item, column) => known.answers.get(keyOf(item, column)),
			};
			return junitXml([
				conditionSuite(judged, {flag: 'fail-if', at: startedAt, seconds}),
				...(run === undefined ? [] : itemSuites(results, run)),
			]);
		},
	};
}
