import {cleanText} from '../text/width.ts';
import type {ViewName} from './keymap.ts';

/**
 * The lists of the screen. What `/`, `s`, `i` and the arrows set belongs to a list and stays with it while other views are
 * shown; views that show the same list share it. `list-commands.ts` has what is in each of them.
 */
const firstSorts = {
	variants: 'order',
	account: 'use',
	quotas: 'order',
	log: 'time',
	items: 'order',
	traffic: 'use',
} as const;

export type ScreenListName = keyof typeof firstSorts;

export type ListState = {
	/** Only rows that hold this text are listed; empty: all. */
	readonly filter: string;
	/** Name of the order, one of the list's own. */
	readonly sort: string;
	readonly isInverted: boolean;
	/** Key of the selected row; undefined: where the list begins. */
	readonly selected: string | undefined;
};

export type Lists = Readonly<Record<ScreenListName, ListState>>;

/** Lists as they are at first. */
export function initialLists(): Lists {
	const lists = Object.entries(firstSorts).map(([name, sort]): [string, ListState] => [
		name,
		{filter: '', sort, isInverted: false, selected: undefined},
	]);
	return Object.fromEntries(lists) as Lists;
}

const listOfView: Readonly<Record<ViewName, ScreenListName | undefined>> = {
	account: 'account',
	dashboard: 'variants',
	variants: 'variants',
	timeline: undefined,
	quotas: 'quotas',
	log: 'log',
	items: 'items',
	traffic: 'traffic',
};

/** The list that the keys of lists are about now; undefined where the view has none. */
export function currentList({view}: {readonly view: ViewName}): ScreenListName | undefined {
	return listOfView[view];
}

/** The same with a list changed. */
export function withList<Listing extends {readonly lists: Lists}>(
	state: Listing,
	name: ScreenListName,
	change: Partial<ListState>,
): Listing {
	return {...state, lists: {...state.lists, [name]: {...state.lists[name], ...change}}};
}

/** The row last chosen, or else the first one. */
export function selectedOf<Row>(
	rows: readonly Row[],
	keyOf: (row: Row) => string,
	{selected}: ListState,
): Row | undefined {
	return rows.find((row) => keyOf(row) === selected) ?? rows[0];
}

/** Whether a text holds every word of a filter. */
export function matchesFilter(text: string, filter: string): boolean {
	const searched = text.toLowerCase();
	return filter
		.toLowerCase()
		.split(/\s+/)
		.every((word) => searched.includes(word));
}

/** Order and filter in words, for the title of a list; nothing while they are as at first. */
export function listWords({lists}: {readonly lists: Lists}, name: ScreenListName): readonly string[] {
	const {filter, sort, isInverted} = lists[name];
	const isUsual = sort === firstSorts[name];
	return [
		...(isUsual ? (isInverted ? ['inverted'] : []) : [`by ${sort}${isInverted ? ', inverted' : ''}`]),
		...(filter === '' ? [] : [`/${cleanText(filter)}`]),
	];
}
