import type {WhatToChange} from '../account/what-to-change.ts';
import type {AccountRegion} from '../domain/account-snapshot.ts';
import type {Line} from '../text/segment.ts';
import {
	type AccountRow,
	listedRegions,
	selectedAdvice,
	selectedBucket,
} from '../view/account/account-rows.ts';
import type {ViewName} from '../view/keymap.ts';
import {accountFault, isShortRun, oncePerState, shownSnapshot} from '../view/selectors.ts';
import type {State} from '../view/state.ts';
import {listedRows} from '../view/variant-rows.ts';
import {accountDayLines, accountNoteLines, openAccountLines} from './account/account-detail.ts';
import {firstShown, panelInside} from './frame.ts';
import {computeLayout, type Layout, tierOf} from './layout.ts';
import {detailLines} from './panels/detail.ts';
import {isDayShown} from './panels/gauges.ts';
import {itemDetailLines} from './panels/items.ts';
import {logDetailLines} from './panels/notes.ts';
import {type Notice, noticeOf} from './panels/notice.ts';
import {trafficDetailLines} from './panels/traffic.ts';
import {verdictRows} from './panels/verdict.ts';

/** Where everything goes, and what decided it: the panels draw the same notice and gauges. */
type ScreenLayout = Layout & {readonly notice: Notice | undefined; readonly isDayShown: boolean};

/** The layout of a state; a frame computes it once. */
export const screenLayout = oncePerState((state): ScreenLayout => {
	const {columns, rows} = state.size;
	const tier = tierOf(columns, rows);
	const width = Math.max(1, columns - (tier === 'narrow' ? 0 : 4));
	const notice = noticeOf(state, width);
	const hasDay = isDayShown(state, tier);
	const layout = computeLayout({
		columns,
		rows,
		view: state.view,
		rowCount: listedRows(state).length,
		noticeLines: notice?.lines.length ?? 0,
		verdictLines: verdictRows(state, width, tier === 'normal' ? 1 : 2),
		isOver: shownSnapshot(state)?.phase === 'ended',
		isDetailOpen: state.isDetailOpen,
		gaugeCount: hasDay ? 3 : 2,
		isShortRun: isShortRun(state),
	});
	return {...layout, notice, isDayShown: hasDay};
});

/** The lines of the detail that can be opened in each view. */
const detailsByView: Readonly<Record<ViewName, (state: State, width: number) => readonly Line[]>> = {
	account: openAccountLines,
	dashboard: detailLines,
	variants: detailLines,
	timeline: () => [],
	quotas: () => [],
	log: logDetailLines,
	items: itemDetailLines,
	traffic: trafficDetailLines,
};

/** Lines by which the open detail can be scrolled. */
export function detailEnd(state: State): number {
	const {tier, regions} = screenLayout(state);
	const rect = regions.find(({name}) => name === 'detail' || name === 'body')?.rect;
	if (rect === undefined) {
		return 0;
	}
	const {width, height} = panelInside(rect.width, rect.height, tier, true);
	return Math.max(0, detailsByView[state.view](state, width).length - height);
}

/** A table of the account in its place. */
export type AccountTable = {
	/** The Region that the table is about; undefined: all of them. */
	readonly region: AccountRegion | undefined;
	readonly rows: readonly AccountRow[];
	/** Number of idle buckets that are folded into a line. */
	readonly folded: number;
	/** The day of each Region over all models, below the rows. */
	readonly days: readonly Line[];
	readonly width: number;
	readonly height: number;
};

/** What the Account view draws: nothing known, one bucket, or tables with notes below them. */
type AccountLayout =
	| {readonly kind: 'empty'}
	| {readonly kind: 'detail'; readonly row: AccountRow; readonly advice: WhatToChange | undefined}
	| {readonly kind: 'tables'; readonly tables: readonly AccountTable[]; readonly notes: readonly Line[]};

/** From this width on each of several Regions has its own table beside the others. */
const besideFromWidth = 76;
/** Lines for sentences below the table, where there is room for them; all that the rows leave where that is more. */
const maxNoteRows = 8;
const minTableRows = 8;
/** From this height on the day over all models has a row. */
const minHeightForDays = 12;

/** The layout of the Account view; a frame computes it once. */
export const accountLayout = oncePerState((state): AccountLayout => {
	const {regions, tier} = screenLayout(state);
	const body = regions.find(({name}) => name === 'body')?.rect;
	const listed = listedRegions(state);
	if (body === undefined || accountFault(state.account) !== undefined || listed.length === 0) {
		return {kind: 'empty'};
	}
	const rows = listed.flatMap((each) => each.rows);
	const selected = selectedBucket(state, rows);
	const advice = selectedAdvice(state);
	if (state.isDetailOpen && selected !== undefined) {
		return {kind: 'detail', row: selected, advice};
	}
	const {width, height} = body;
	const isBeside = listed.length > 1 && width / listed.length >= besideFromWidth;
	const [first] = listed;
	const tables = isBeside
		? listed
		: [
				{
					region: listed.length === 1 ? first?.region : undefined,
					rows,
					folded: listed.reduce((sum, each) => sum + each.folded, 0),
				},
			];
	const each = Math.floor(width / tables.length);
	// Header and border, the rows, and the line of the idle ones.
	const daysOf = (region: AccountRegion | undefined): readonly Line[] =>
		height < minHeightForDays
			? []
			: accountDayLines(
					region === undefined ? listed.map((found) => found.region) : [region],
					panelInside(each, height, tier).width,
				);
	const tableRows = Math.max(
		...tables.map(
			(table) =>
				1 +
				height -
				panelInside(width, height, tier).height +
				table.rows.length +
				Math.sign(table.folded) +
				daysOf(table.region).length,
		),
	);
	const notes = accountNoteLines(
		listed.map(({region}) => region),
		selected,
		advice,
		{
			width: panelInside(width, height, tier).width,
			height: Math.max(Math.min(maxNoteRows, height - minTableRows), height - tableRows),
		},
	);
	return {
		kind: 'tables',
		tables: tables.map((table, at) => ({
			region: table.region,
			folded: table.folded,
			days: daysOf(table.region),
			rows: table.rows.map((row) => (row.id === selected?.id ? {...row, isSelected: true} : row)),
			width: at === tables.length - 1 ? width - each * at : each,
			height: height - notes.length,
		})),
		notes,
	};
});

/**
 * The rows that a table of this height shows: around the selected one where not all fit.
 * @param folded Idle buckets that take a line.
 */
export function visibleBuckets(
	rows: readonly AccountRow[],
	folded: number,
	height: number,
): readonly AccountRow[] {
	const count = Math.max(1, height - (folded > 0 ? 2 : 1));
	const at = rows.findIndex(({isSelected}) => isSelected);
	const first = firstShown(at, count, rows.length);
	return rows.slice(first, first + count);
}

/** Ids of the rows in use that are on screen. */
export function visibleRowIds(state: State): readonly string[] {
	if (state.view !== 'account') {
		return [];
	}
	const layout = accountLayout(state);
	const {tier} = screenLayout(state);
	const shown =
		layout.kind === 'tables'
			? layout.tables.flatMap(({rows, folded, days, width, height}) =>
					visibleBuckets(rows, folded, panelInside(width, height, tier).height - days.length),
				)
			: [];
	return [...new Set(shown.filter(({bucket}) => bucket.activity !== 'idle').map(({id}) => id))];
}
