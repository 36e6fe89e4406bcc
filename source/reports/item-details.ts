import {open} from 'node:fs/promises';
import path from 'node:path';
import {
	hasItemFailed,
	type ItemAnswer,
	type ItemTable,
	itemCell,
	itemColumns,
} from '../domain/item-results.ts';
import {formatCount} from '../text/numbers.ts';
import {cleanText, truncateEnd} from '../text/width.ts';
import {openItems, readItemAnswers} from './answer-lines.ts';
import {type Block, type PageSection, type PlainBlock, sectionOf} from './page.ts';
import {htmlBytes} from './page-html.ts';
import type {Results} from './results-schema.ts';

/** What became of each item, for report.html: the failed ones first, whole while they fit, then in a table. */

/** Characters that are shown of a text; the file has all of it. */
const maxItemText = 3000;
const maxAnswer = 1500;
const summaryCells = 110;
/** Part of the room that items with their texts take at most. */
const detailsShare = 0.65;

type Item = ItemTable['items'][number];

/**
 * @param file answers.jsonl; where it is missing there are no sections.
 * @param maxBytes Of the sections in the page.
 */
export async function itemSections(
	file: string | undefined,
	results: Results,
	maxBytes: number,
): Promise<readonly PageSection[]> {
	if (file === undefined) {
		return [];
	}
	const {variants, targets} = results;
	const columns = itemColumns(variants.map(({name, target}) => ({variant: name, target})));
	const models = targets.map(({model}) => model);
	const table = await openItems(file, columns, models).catch(() => undefined);
	const [first, ...others] = table?.items ?? [];
	if (table === undefined || first === undefined || (others.length === 0 && first.text === '')) {
		return [];
	}
	const labels = columns.map(({variant, target}) =>
		models.length > 1 ? `${variant} on ${models[target]}` : variant,
	);
	const hasFailed = ({index}: Item): boolean =>
		labels.some((_, column) => hasItemFailed(table.book, index, column));
	const failed = table.items.filter(hasFailed);
	const inOrder = [...failed, ...table.items.filter((item) => !hasFailed(item))];
	const details = await detailsWithin(inOrder, {table, file, labels}, maxBytes * detailsShare);
	const rest = rowsWithin(inOrder.slice(details.length), {table, labels}, maxBytes - htmlBytes(details));
	const left = inOrder.length - details.length - rest.rows.length;
	const intro =
		failed.length === 0
			? `All ${formatCount(inOrder.length)} items passed with every variant.`
			: `${formatCount(failed.length)} of ${formatCount(inOrder.length)} items failed with at least one variant; they come first.`;
	const beside = `${left === 0 ? 'All texts and answers are' : `${formatCount(left)} more items, and all texts and answers, are`} in ${path.basename(file)}, beside this file.`;
	return sectionOf('Items', {type: 'lines', lines: [intro, beside]}, ...details, {
		type: 'table',
		header: ['Item', 'Text', 'Expected', ...labels],
		rows: rest.rows,
	});
}

type Shown = {readonly table: ItemTable; readonly file: string; readonly labels: readonly string[]};

/** Items with their texts and answers, as many as fit. */
async function detailsWithin(
	items: readonly Item[],
	{table, file, labels}: Shown,
	maxBytes: number,
): Promise<readonly Block[]> {
	const details: Block[] = [];
	let bytes = 0;
	const answersFile = await open(file, 'r');
	try {
		for (const item of items) {
			const offsets = labels.map((_, column) => itemCell(table.book, item.index, column).offset);
			const answers = await readItemAnswers(answersFile, item.index, offsets);
			const block = itemBlock(item, {table, labels}, answers);
			bytes += htmlBytes([block]);
			if (bytes > maxBytes) {
				break;
			}
			details.push(block);
		}
	} finally {
		await answersFile.close();
	}
	return details;
}

function itemBlock(
	item: Item,
	{table, labels}: Pick<Shown, 'table' | 'labels'>,
	answers: ReadonlyArray<ItemAnswer | undefined>,
): Block {
	const bad = labels.filter((_, column) => hasItemFailed(table.book, item.index, column));
	const known = answers.find((answer) => answer?.text !== undefined);
	const expected = item.expected ?? known?.expected;
	const words = truncateEnd(cleanText(item.text), summaryCells);
	return {
		type: 'details',
		isBad: bad.length > 0,
		summary: `${bad.length === 0 ? '✓' : '✗'} ${item.index + 1} · ${words}${bad.length === 0 ? '' : ` · failed: ${bad.join(', ')}`}`,
		blocks: [
			{type: 'quote', label: 'item', text: cut(known?.text ?? item.text, maxItemText)},
			...(expected === undefined
				? []
				: [{type: 'quote', label: 'expected', text: cut(expected, maxAnswer)} as const]),
			...labels.flatMap((label, column) => answerBlock(label, table, {item, column}, answers[column])),
		],
	};
}

function answerBlock(
	label: string,
	{book}: ItemTable,
	{item, column}: {readonly item: Item; readonly column: number},
	answer: ItemAnswer | undefined,
): readonly PlainBlock[] {
	const {outcome, passed, answered} = itemCell(book, item.index, column);
	if (outcome === undefined) {
		return [];
	}
	const isBad = hasItemFailed(book, item.index, column);
	const often = answered > 1 ? ` (${formatCount(passed)} of ${formatCount(answered)} passed)` : '';
	const failed = answer?.failed === undefined ? '' : `: ${answer.failed.check}, ${answer.failed.why}`;
	const kind = isBad ? ` ${outcome}${failed}` : '';
	return [
		answer === undefined
			? {type: 'lines', lines: [`${label} ${isBad ? '✗' : '✓'}${kind}${often}`]}
			: {
					type: 'quote',
					label: `${label} ${isBad ? '✗' : '✓'}${kind}${often}`,
					text: cut(answer.answer, maxAnswer) || '(empty)',
					isBad,
				},
	];
}

/** Items in one line each, as many as fit. */
function rowsWithin(
	items: readonly Item[],
	{table, labels}: Pick<Shown, 'table' | 'labels'>,
	maxBytes: number,
): {readonly rows: ReadonlyArray<readonly string[]>} {
	const rows: Array<readonly string[]> = [];
	let bytes = 0;
	for (const item of items) {
		const row = [
			String(item.index + 1),
			truncateEnd(cleanText(item.text), summaryCells),
			truncateEnd(cleanText(item.expected ?? ''), 40),
			...labels.map((_, column) => mark(table, item, column)),
		];
		bytes += htmlBytes([{type: 'table', header: [], rows: [row]}]);
		if (bytes > maxBytes) {
			break;
		}
		rows.push(row);
	}
	return {rows};
}

function mark({book}: ItemTable, {index}: Item, column: number): string {
	const {outcome, passed, answered} = itemCell(book, index, column);
	if (outcome === undefined) {
		return '';
	}
	const often = answered > 1 ? ` ${formatCount(passed)} of ${formatCount(answered)}` : '';
	return hasItemFailed(book, index, column) ? `✗ ${outcome}${often}` : `✓${often}`;
}

/** The beginning of a text, and how much more there is. */
export function cut(text: string, length: number): string {
	return text.length <= length
		? text
		: `${text.slice(0, length).toWellFormed()}… (${formatCount(text.length - length)} more characters)`;
}
