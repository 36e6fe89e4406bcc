import {accountSorts, listedBuckets, selectedBucket} from './account/account-rows.ts';
import {noEffect, type Transition} from './actions.ts';
import {itemKey, listedItems, selectedItem} from './items.ts';
import {currentList, type ScreenListName, withList} from './lists.ts';
import {listedLog, logCursor} from './log-lines.ts';
import {listedQuotas, quotaSorts, selectedQuota} from './quota-table.ts';
import type {State} from './state.ts';
import {listedTraffic, selectedClient, trafficKey, trafficSorts} from './tap/traffic-list.ts';
import {variantSorts} from './variant-order.ts';
import {listedRows, selectedRow} from './variant-rows.ts';

/** What the commands of lists need to know about one. */
type List = {
	/** Its orders, the usual one first. */
	readonly sorts: readonly string[];
	/** Keys of the rows as they are listed. */
	readonly keys: (state: State) => readonly string[];
	/** Key of the row that has the cursor. */
	readonly cursor: (state: State) => string | undefined;
	/** New rows come at its end, and the cursor stays there until it is moved away. */
	readonly isFollowed?: boolean;
};

/** To add a list: its name in `lists.ts`, and what is in it here. */
const lists: Readonly<Record<ScreenListName, List>> = {
	variants: {
		sorts: variantSorts,
		keys: (state) => listedRows(state).map(({key}) => key),
		cursor: (state) => selectedRow(state)?.key,
	},
	account: {
		sorts: accountSorts,
		keys: (state) => listedBuckets(state).map(({id}) => id),
		cursor: (state) => selectedBucket(state)?.id,
	},
	quotas: {
		sorts: quotaSorts,
		keys: (state) => listedQuotas(state).map(({key}) => key),
		cursor: (state) => selectedQuota(state)?.key,
	},
	log: {
		sorts: ['time'],
		keys: (state) => listedLog(state).map(({key}) => key),
		cursor: (state) => listedLog(state)[logCursor(state)]?.key,
		isFollowed: true,
	},
	items: {
		sorts: ['order', 'failures'],
		keys: (state) => listedItems(state).map(itemKey),
		cursor: (state) => {
			const item = selectedItem(state);
			return item && itemKey(item);
		},
	},
	traffic: {
		sorts: trafficSorts,
		keys: (state) => listedTraffic(state).rows.map(trafficKey),
		cursor: (state) => selectedClient(state)?.key,
	},
};

/** Moves the cursor of the current list by a number of rows; positive is down. */
export function move(state: State, rows: number): Transition {
	const name = currentList(state);
	if (name === undefined) {
		return noEffect(state);
	}
	const {keys, cursor, isFollowed = false} = lists[name];
	const listed = keys(state);
	const index = listed.indexOf(cursor(state) ?? '');
	const next = Math.min(listed.length - 1, Math.max(0, index + rows));
	const newest = state.lists[name].isInverted ? 0 : listed.length - 1;
	return noEffect(
		withList(state, name, {selected: isFollowed && next === newest ? undefined : listed[next]}),
	);
}

/** The cursor of the current list stays at its row, whatever comes after it. */
export function withCursorKept(state: State): State {
	const name = currentList(state);
	return name === undefined ? state : withList(state, name, {selected: lists[name].cursor(state)});
}

/** Sorts the current list by its next order, around the end. */
export function nextSort(state: State): Transition {
	const name = currentList(state);
	if (name === undefined) {
		return noEffect(state);
	}
	const {sorts} = lists[name];
	const sort = sorts[(sorts.indexOf(state.lists[name].sort) + 1) % sorts.length];
	return noEffect(sort === undefined ? state : withList(state, name, {sort}));
}

export function invert(state: State): Transition {
	const name = currentList(state);
	return noEffect(
		name === undefined ? state : withList(state, name, {isInverted: !state.lists[name].isInverted}),
	);
}

/** Whether the current list has more than one order. */
export function isSortable(state: State): boolean {
	const name = currentList(state);
	return name !== undefined && lists[name].sorts.length > 1;
}

/** Rows that the current list shows; undefined where the view has no list. */
export function rowCount(state: State): number | undefined {
	const name = currentList(state);
	return name === undefined ? undefined : lists[name].keys(state).length;
}

/** Text typed into the filter of the current list; where there is none, it goes nowhere. */
export function typeFilter(state: State, change: (filter: string) => string): State {
	const name = currentList(state);
	return name === undefined
		? state
		: withList(state, name, {filter: change(state.lists[name].filter).slice(0, 80)});
}
