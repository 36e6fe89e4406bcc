import {type ItemCell, type ItemColumn, isLost, itemCell} from '../../domain/item-results.ts';
import {formatCount} from '../../text/numbers.ts';
import {hangingLines, type Line, segment, type Tone} from '../../text/segment.ts';
import {cleanText, fitText} from '../../text/width.ts';
import {
	itemCounts,
	type ListedItem,
	listedItems,
	selectedItem,
	shownColumn,
	shownItems,
} from '../../view/items.ts';
import {listWords} from '../../view/lists.ts';
import {shownSnapshot} from '../../view/selectors.ts';
import type {State} from '../../view/state.ts';
import {type FrameTitle, firstShown, scrolledLines} from '../frame.ts';

/** Items by variants: which failed, and below the list or in its place all about the selected one. */

type Place = {readonly index: number; readonly column: ItemColumn; readonly width: number};

/** Which columns there is room for, and how wide each part is. */
type Plan = {
	readonly number: number;
	readonly text: number;
	readonly expected: number;
	readonly variants: readonly Place[];
};

const minTextWidth = 14;
const expectedWidth = 12;
const widest = 14;
const narrowest = 5;

/** The text of the item takes what is left; where that is little the expected answer goes, then variants from the end, the selected one last. */
function planOf(state: State, width: number): Plan {
	const {items, columns} = shownItems(state);
	const selected = shownColumn(state);
	const number = String((items.at(-1)?.index ?? 0) + 1).length;
	const all = columns.map((column, index): Place => {
		const name = nameOf(state, column);
		return {index, column, width: Math.max(narrowest, Math.min(widest, name.length))};
	});
	const fixed = 2 + number + 1;
	const needed = (variants: readonly Place[]) =>
		variants.reduce((sum, place) => sum + place.width + 2, fixed);
	const order = [
		...all.filter(({index}) => index === selected),
		...all.filter(({index}) => index !== selected),
	];
	let count = order.length;
	while (count > 1 && needed(order.slice(0, count)) + minTextWidth > width) {
		count -= 1;
	}
	// As in every table from left to right, but the selected one first where not all fit.
	const variants = count === order.length ? all : order.slice(0, count);
	const left = width - needed(variants);
	const hasExpected = items.some(({expected}) => expected !== undefined);
	const expected = hasExpected && left >= 2 * minTextWidth + expectedWidth ? expectedWidth : 0;
	return {
		number,
		expected,
		variants,
		text: Math.max(0, left - (expected === 0 ? 0 : expected + 2)),
	};
}

/** A variant, with its model where there are several. */
function nameOf(state: State, {variant, target}: ItemColumn): string {
	const targets = shownSnapshot(state)?.targets ?? [];
	const model = targets.length > 1 ? ` · ${targets[target]?.model ?? ''}` : '';
	return cleanText(`${variant}${model}`);
}

/** A mark, with the share where an item was asked more than once; the class of failure where nothing was answered. */
function cellText({passed, answered, outcome}: ItemCell): {readonly text: string; readonly tone: Tone} {
	if (outcome === undefined) {
		return {text: '·', tone: 'muted'};
	}
	if (answered === 0) {
		return {text: `! ${outcome}`, tone: 'throttled'};
	}
	const share = answered > 1 ? ` ${passed}/${answered}` : '';
	return passed === answered ? {text: `✓${share}`, tone: 'good'} : {text: `✗${share}`, tone: 'bad'};
}

function headerLine(state: State, {number, text, expected, variants}: Plan): Line {
	const selected = shownColumn(state);
	return [
		segment(`  ${fitText('#', number, 'right')} ${fitText('Item', text)}`, 'muted'),
		...(expected === 0 ? [] : [segment(`  ${fitText('Expected', expected)}`, 'muted')]),
		...variants.flatMap(({index, column, width}) => [
			segment('  '),
			segment(
				fitText(nameOf(state, column), width, 'left', 'middle'),
				index === selected ? 'accent' : 'muted',
			),
		]),
	];
}

function itemLine(state: State, item: ListedItem, isSelected: boolean, plan: Plan): Line {
	const {book} = shownItems(state);
	const tone = isSelected ? 'strong' : 'plain';
	return [
		segment(isSelected ? '› ' : '  ', 'accent'),
		segment(`${fitText(String(item.index + 1), plan.number, 'right')} `, 'muted'),
		segment(fitText(cleanText(item.text.slice(0, 2 * plan.text)), plan.text), tone),
		...(plan.expected === 0
			? []
			: [segment(`  ${fitText(cleanText(item.expected ?? ''), plan.expected)}`, 'muted')]),
		...plan.variants.flatMap(({index, width}) => {
			const cell = cellText(itemCell(book, item.index, index));
			return [segment('  '), segment(fitText(cell.text, width), cell.tone)];
		}),
	];
}

function emptyWords({lists, items, earlier}: State): string {
	if (earlier !== undefined && (items.table?.items.length ?? 0) === 0) {
		return items.table === undefined ? 'answers.jsonl is being read' : 'this run kept no answers';
	}
	const filter = lists.items.filter === '' ? '' : ` matches "${cleanText(lists.items.filter)}"`;
	return items.isFailuresOnly
		? `no failed item${filter}; ! lists all items`
		: `no item${filter}; Esc clears the filter`;
}

/** Of what has no outcome: once the run is over it stays without one. */
function openWord({stage}: State, whom = ''): string {
	return stage.kind === 'ended' || stage.kind === 'failed' ? `not asked${whom}` : 'pending';
}

/** A header and the rows that fit, the selected one among them. */
export function itemListLines(state: State, width: number, height: number): readonly Line[] {
	const rows = listedItems(state);
	if (rows.length === 0) {
		return [[segment(emptyWords(state), 'muted')]];
	}
	const selected = selectedItem(state);
	const count = Math.max(1, height - 1);
	const first = firstShown(selected === undefined ? 0 : rows.indexOf(selected), count, rows.length);
	const plan = planOf(state, width);
	return [
		headerLine(state, plan),
		...rows.slice(first, first + count).map((row) => itemLine(state, row, row === selected, plan)),
	];
}

export function itemListTitle(state: State, width: number): FrameTitle {
	const {total, failed, pending} = itemCounts(state);
	const rows = listedItems(state);
	const hidden = shownItems(state).columns.length - planOf(state, width).variants.length;
	const words = [
		formatCount(total),
		`${formatCount(failed)} failed`,
		...(pending === 0 ? [] : [`${formatCount(pending)} ${openWord(state, ' of all')}`]),
		...(state.items.isFailuresOnly ? ['failures only'] : []),
		...listWords(state, 'items'),
		...(rows.length === total ? [] : [`${formatCount(rows.length)} listed`]),
	];
	return {
		title: [segment('Items', 'title'), segment(` · ${words.join(' · ')}`)],
		note:
			hidden > 0
				? [segment(`← → ${hidden} more ${hidden === 1 ? 'variant' : 'variants'}`, 'muted')]
				: [segment(`✓ passed  ✗ failed  · ${openWord(state)}`, 'muted')],
	};
}

const labelWidth = 10;

function entry(label: string, text: string, width: number, tone: Tone = 'plain'): readonly Line[] {
	return hangingLines(segment(label.padEnd(labelWidth), 'muted'), cleanText(text), width, tone);
}

const kindWords: Readonly<Record<string, string>> = {
	useful: 'passed',
	'check-failed': 'failed a check',
	unparsed: 'not found in the packed reply',
	refused: 'refused',
	truncated: 'cut off at max tokens',
	malformed: 'malformed',
	'tool-call': 'called a tool instead of answering',
};

type DetailSize = {
	readonly width: number;
	/** Of each answer at most, and of the input. */
	readonly answerLines: number;
};

/** The first lines; the last of them says that there are more. */
function atMost(lines: readonly Line[], count: number): readonly Line[] {
	const last = lines[count - 1];
	return last === undefined || lines.length <= count
		? lines
		: [...lines.slice(0, count - 1), [...last, segment(' …', 'muted')]];
}

type Answers = NonNullable<State['items']['reading']>['answers'];

/** What became of the item with one variant: the mark, why it failed, and the answer. */
function variantLines(
	state: State,
	item: ListedItem,
	index: number,
	column: ItemColumn,
	answers: Answers,
	{width, answerLines}: DetailSize,
): readonly Line[] {
	const {book, file, columns} = shownItems(state);
	const cell = itemCell(book, item.index, index);
	const names = columns.map((each) => nameOf(state, each).length);
	const label = segment(
		`${fitText(nameOf(state, column), Math.min(widest, Math.max(labelWidth - 2, ...names)), 'left', 'middle')}  `,
		'strong',
	);
	const mark = cellText(cell);
	const {outcome} = cell;
	if (outcome === undefined) {
		return hangingLines(label, `· ${openWord(state)}`, width, 'muted');
	}
	if (isLost(outcome)) {
		const words = `! no answer: ${outcome === 'stopped' ? 'the run ended first' : outcome}`;
		return hangingLines(label, words, width, 'throttled');
	}
	const answer = answers?.[index];
	const failed = answer?.failed;
	const why =
		outcome === 'useful'
			? 'passed'
			: failed === undefined
				? (answer?.reason ?? kindWords[outcome] ?? outcome)
				: `failed ${failed.check}: ${failed.why.replace(/^expected: /, '')}`;
	const judged = answer?.judged === undefined ? '' : ` (judged: ${answer.judged.join(', ')})`;
	const share = cell.answered > 1 ? ` (${cell.passed} of ${cell.answered} answers passed)` : '';
	const packed = (answer?.ofItems ?? 1) > 1 ? `, one of ${answer?.ofItems} items in its request` : '';
	const text =
		answer !== undefined
			? answer.answer === ''
				? '(empty)'
				: answer.answer
			: file === null || cell.offset < 0
				? 'not kept: this run writes no answers (--answers keeps them, --no-reports writes nothing)'
				: (state.items.reading?.problem ?? 'being read');
	return [
		...hangingLines(
			label,
			cleanText(`${mark.text.slice(0, 1)} ${why}${judged}${share}${packed}`),
			width,
			mark.tone,
		),
		...atMost(entry('  answer', text, width, answer === undefined ? 'muted' : 'plain'), answerLines),
	];
}

/** Input, right answer, and what each variant made of them: the selected variant first, then those that failed. */
export function itemDetailLines(
	state: State,
	width: number,
	answerLines = Number.POSITIVE_INFINITY,
): readonly Line[] {
	const item = selectedItem(state);
	if (item === undefined) {
		return [];
	}
	const {columns, book} = shownItems(state);
	const {reading} = state.items;
	const answers = reading?.item === item.index ? reading.answers : undefined;
	const selected = shownColumn(state);
	const rank = (index: number) =>
		index === selected ? 0 : itemCell(book, item.index, index).outcome === 'useful' ? 2 : 1;
	const order = columns
		.map((column, index) => ({column, index}))
		.toSorted((one, other) => rank(one.index) - rank(other.index));
	const text = answers?.find((answer) => answer?.text !== undefined)?.text ?? item.text;
	return [
		...atMost(entry('input', text, width), answerLines),
		...(item.expected === undefined ? [] : entry('expected', item.expected, width)),
		...order.flatMap(({column, index}) =>
			variantLines(state, item, index, column, answers, {width, answerLines}),
		),
	];
}

/** Of each text below the list. */
const previewLines = 2;

/** The detail of the selected item as far as it is on screen; below the list without most of its texts. */
export function itemPanel(
	state: State,
	width: number,
	height: number,
): {readonly title: FrameTitle; readonly lines: readonly Line[]} {
	const item = selectedItem(state);
	const {isDetailOpen, detailScroll} = state;
	const {lines, position} = scrolledLines(
		itemDetailLines(state, width, isDetailOpen ? undefined : previewLines),
		height,
		isDetailOpen ? detailScroll : 0,
	);
	const words = isDetailOpen ? ['← → items', 'Esc closes'] : ['Enter enlarges'];
	return {
		title: {
			title: [segment(item === undefined ? 'no item' : `Item ${item.index + 1}`, 'title')],
			note: [segment(words.join(' · '), 'muted')],
			position,
		},
		lines,
	};
}
