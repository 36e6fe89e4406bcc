import {
	emptyItemBook,
	hasItemFailed,
	type ItemEntries,
	type ItemTable,
	itemCell,
	itemColumns,
	withEntries,
} from '../domain/item-results.ts';
import type {RunConfig} from '../domain/run-config.ts';
import type {Effect, Transition} from './actions.ts';
import {type ListState, matchesFilter, selectedOf} from './lists.ts';
import {oncePerState} from './selectors.ts';
import type {ItemsState, State} from './state.ts';
import {selectedRow} from './variant-rows.ts';

/** The Items view: which items failed with which variant. Texts of answers are read from disk for the selected item alone. */

export type ListedItem = ItemTable['items'][number];

/** The items of a configuration; a task without any is one item. */
function itemsOf({task}: RunConfig): readonly ListedItem[] {
	return task.items.length > 0
		? task.items
		: [{index: 0, text: task.content ?? task.task, expected: undefined}];
}

function newTable(state: State, config: RunConfig, file: string | null): ItemTable {
	const cells = state.snapshot?.variants.map(({name, target}) => ({variant: name, target}));
	const columns = itemColumns(cells ?? config.variants.map(({name}) => ({variant: name, target: 0})));
	// What an earlier run was asked is in its folder alone.
	const items = state.earlier === undefined ? itemsOf(config) : [];
	return {columns, items, book: emptyItemBook(columns.length), file};
}

/** Takes in what became of some items of the run. */
export function takeItems(
	state: State,
	{run, file, entries}: {readonly run: string; readonly file: string | null; readonly entries: ItemEntries},
): State {
	if (state.stage.kind === 'preparing' || state.stage.kind === 'failed') {
		return state;
	}
	const {items} = state;
	const isNew = items.run !== run || items.table === undefined;
	const table = isNew ? newTable(state, state.startedConfig ?? state.config, file) : items.table;
	return {...state, items: {...items, run, table: {...table, book: withEntries(table.book, entries)}}};
}

/** The table that is shown: as it was when the view was frozen, or of the run that is prepared. */
export const shownItems = oncePerState(
	(state): ItemTable => state.frozen?.items ?? state.items.table ?? newTable(state, state.config, null),
);

/** The selected column, as far as there are that many. */
export function shownColumn(state: State): number {
	return Math.max(0, Math.min(state.items.column, shownItems(state).columns.length - 1));
}

/** Of some items, the rows of the newest list: a cursor that moves changes none of them. */
const newestLists = new WeakMap<object, {readonly key: string; readonly rows: readonly ListedItem[]}>();

function listed(of: object, key: string, list: () => readonly ListedItem[]): readonly ListedItem[] {
	const newest = newestLists.get(of);
	if (newest?.key === key) {
		return newest.rows;
	}
	const rows = list();
	newestLists.set(of, {key, rows});
	return rows;
}

/** Columns in which an item failed. */
function failureCount({book, columns}: ItemTable, {index}: ListedItem): number {
	let count = 0;
	for (let column = 0; column < columns.length; column++) {
		count += hasItemFailed(book, index, column) ? 1 : 0;
	}
	return count;
}

function sorted(table: ItemTable, rows: readonly ListedItem[], {sort, isInverted}: ListState) {
	const counts =
		sort === 'failures' ? new Map(rows.map((row) => [row, failureCount(table, row)])) : undefined;
	const ordered =
		counts === undefined
			? rows
			: rows.toSorted((one, other) => (counts.get(other) ?? 0) - (counts.get(one) ?? 0));
	return isInverted ? ordered.toReversed() : ordered;
}

/** The items as they are listed: by the filter, by `!`, in the order of the list. */
export const listedItems = oncePerState((state): readonly ListedItem[] => {
	const table = shownItems(state);
	const list = state.lists.items;
	const {isFailuresOnly} = state.items;
	const {filter, sort, isInverted} = list;
	return listed(table.book, JSON.stringify([filter, sort, isInverted, isFailuresOnly]), () => {
		const matching =
			filter === ''
				? table.items
				: listed(table.items, filter, () =>
						table.items.filter(({text, expected = ''}) => matchesFilter(`${text} ${expected}`, filter)),
					);
		const failed = isFailuresOnly ? matching.filter((item) => failureCount(table, item) > 0) : matching;
		return sorted(table, failed, list);
	});
});

export function itemKey({index}: ListedItem): string {
	return String(index);
}

export function selectedItem(state: State): ListedItem | undefined {
	return selectedOf(listedItems(state), itemKey, state.lists.items);
}

/** Items of the shown table, those that failed with any variant, and those that wait for an answer of any. */
export const itemCounts = oncePerState((state) => {
	const table = shownItems(state);
	const counts = {total: table.items.length, failed: 0, pending: 0};
	for (const item of table.items) {
		counts.failed += failureCount(table, item) > 0 ? 1 : 0;
		counts.pending += table.columns.some(
			(_, column) => itemCell(table.book, item.index, column).outcome === undefined,
		)
			? 1
			: 0;
	}
	return counts;
});

/** Opens the Items view with the column of the selected variant. */
export function openItemsOfVariant(state: State): State {
	const row = selectedRow(state);
	const column = shownItems(state).columns.findIndex(
		({variant, target}) => variant === row?.variant && target === row.targetIndex,
	);
	return {
		...state,
		view: 'items',
		isDetailOpen: false,
		detailScroll: 0,
		items: {...state.items, column: Math.max(0, column)},
	};
}

/** The column some steps further, as far as there are any. */
export function moveColumn(state: State, steps: number): State {
	const last = shownItems(state).columns.length - 1;
	const column = Math.max(0, Math.min(last, shownColumn(state) + steps));
	return {...state, items: {...state.items, column}};
}

/** What has to be read for the selected item; undefined where nothing is kept, or the view is another. */
function wantedAnswers(state: State): (Effect & {readonly type: 'read-answers'}) | undefined {
	if (state.view !== 'items') {
		return undefined;
	}
	const {book, columns, file} = shownItems(state);
	const item = selectedItem(state);
	if (file === null || item === undefined) {
		return undefined;
	}
	const offsets = columns.map((_, column) => itemCell(book, item.index, column).offset);
	return offsets.every((offset) => offset < 0)
		? undefined
		: {type: 'read-answers', key: `${file} ${item.index} ${offsets}`, file, item: item.index, offsets};
}

/** Asks for the answers to the selected item where they are others than those that are there. */
export function withReading({state, effects}: Transition): Transition {
	const wanted = wantedAnswers(state);
	const {reading} = state.items;
	if (wanted === undefined || wanted.key === reading?.key) {
		return {state, effects};
	}
	// What is known of the same item stays until the new is there.
	const answers = reading?.item === wanted.item ? reading.answers : undefined;
	const asked = {key: wanted.key, item: wanted.item, answers, problem: undefined};
	return {
		state: {...state, items: {...state.items, reading: asked}},
		effects: [...effects, wanted],
	};
}

/** Takes in answers that were read, unless others are wanted by now. */
export function takeAnswers(
	state: State,
	key: string,
	read: Pick<NonNullable<ItemsState['reading']>, 'answers' | 'problem'>,
): State {
	const {reading} = state.items;
	return reading?.key === key ? {...state, items: {...state.items, reading: {...reading, ...read}}} : state;
}
