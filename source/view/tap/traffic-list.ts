import {noEffect, type Transition, withEffects} from '../actions.ts';
import {matchesFilter, selectedOf, withList} from '../lists.ts';
import {oncePerState, shownSnapshot} from '../selectors.ts';
import type {Overlay, State} from '../state.ts';
import {type ClientRow, clientName, clientRows, foldedClientRows} from './client-rows.ts';

/** The Traffic view: which clients are listed in which order, and what its keys do. */

/** A row without a request for so long is idle. */
const idleMs = 300_000;

/** Orders of the rows, the greatest first; rows without the figure come last. */
const sorts = {
	use: ({tokens}: ClientRow) => tokens.quota,
	requests: ({requests}: ClientRow) => requests,
	'in flight': ({inFlight, held}: ClientRow) => inFlight + held,
	throttles: ({throttled}: ClientRow) => throttled,
	'time to first token': ({timeToFirstToken}: ClientRow) => timeToFirstToken.p50,
	cost: ({costUsd}: ClientRow) => costUsd,
	client: undefined,
} as const;

export const trafficSorts: readonly string[] = Object.keys(sorts);

function sorted(rows: readonly ClientRow[], sort: string, isInverted: boolean): readonly ClientRow[] {
	const value = sorts[sort as keyof typeof sorts];
	const direction = isInverted ? -1 : 1;
	return rows.toSorted((one, other) => {
		if (value === undefined) {
			return direction * nameOf(one).localeCompare(nameOf(other), 'en');
		}
		const [left, right] = [value(one), value(other)];
		return left === null || right === null
			? Number(left === null) - Number(right === null)
			: direction * (right - left);
	});
}

const nameOf = ({name, model, session}: ClientRow): string => JSON.stringify([name, model, session]);

type Listed = {
	readonly rows: readonly ClientRow[];
	/** Idle rows that are not among them. */
	readonly folded: number;
};

const none: Listed = {rows: [], folded: 0};

/** The clients as they are listed: folded, filtered and in the order of the list. */
export const listedTraffic = oncePerState((state): Listed => {
	const snapshot = shownSnapshot(state);
	if (state.tap === undefined || snapshot === undefined) {
		return none;
	}
	const {filter, sort, isInverted} = state.lists.traffic;
	const {isFolded} = state.tap;
	const rows = isFolded ? foldedClientRows(snapshot) : clientRows(snapshot);
	const busy = rows.filter((row) => !isIdle(row, snapshot.at));
	// A filter finds idle ones too; where all are idle, there is nothing to make room for.
	const hidesIdle = isFolded && filter === '' && busy.length > 0;
	const shown = hidesIdle ? busy : rows.filter((row) => matchesFilter(searchText(row), filter));
	return {rows: sorted(shown, sort, isInverted), folded: hidesIdle ? rows.length - busy.length : 0};
});

function isIdle({inFlight, held, lastAt}: ClientRow, at: string | undefined): boolean {
	return inFlight + held === 0 && at !== undefined && Date.parse(at) - Date.parse(lastAt) >= idleMs;
}

function searchText(row: ClientRow): string {
	const sessions = row.sessions.map(({session}) => session ?? '').join(' ');
	return `${clientName(row)} ${row.agent ?? ''} ${row.model} ${sessions}`;
}

export function trafficKey({key}: ClientRow): string {
	return key;
}

/** The selected client: the one last chosen, or the first while that one is not listed. */
export function selectedClient(state: State): ClientRow | undefined {
	return selectedOf(listedTraffic(state).rows, trafficKey, state.lists.traffic);
}

/** Why sessions and idle rows cannot be folded or shown; undefined where they can. */
export function notUnfoldable(state: State): string | undefined {
	const clients = shownSnapshot(state)?.tap?.clients ?? [];
	return clients.length === 0 ? 'no request so far' : undefined;
}

/** Sessions of a client in one row and idle rows in one line, or all of them; the cursor stays with its client. */
export function foldTraffic(state: State): Transition {
	const {tap} = state;
	if (tap === undefined) {
		return noEffect(state);
	}
	const folded: State = {...state, tap: {...tap, isFolded: !tap.isFolded}};
	const [session] = selectedClient(state)?.sessions ?? [];
	const row = listedTraffic(folded).rows.find(({sessions}) => sessions.some((each) => each === session));
	const isChosen = state.lists.traffic.selected !== undefined;
	return noEffect(isChosen ? withList(folded, 'traffic', {selected: row?.key}) : folded);
}

/** Asks before applications notice it. */
export function askInTap(state: State, of: (Overlay & {kind: 'tap-question'})['of']): Transition {
	return noEffect({...state, overlay: {kind: 'tap-question', of}});
}

/** The question was answered with yes. @param deadlineMs For requests in flight. */
export function acceptInTap(
	state: State,
	of: (Overlay & {kind: 'tap-question'})['of'],
	deadlineMs: number,
): Transition {
	const answered: State = {...state, overlay: undefined};
	switch (of) {
		case 'hold':
			return withEffects({...answered, asked: 'pause'}, {type: 'pause'});
		case 'end':
		case 'quit':
			return withEffects(
				{...answered, asked: 'stop', stoppedMs: state.nowMs, isLeaving: of === 'quit'},
				{type: 'stop', deadlineMs},
			);
	}
}
