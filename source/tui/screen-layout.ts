import type {Line} from '../text/segment.ts';
import type {ViewName} from '../view/keymap.ts';
import {isShortRun, oncePerState, shownSnapshot} from '../view/selectors.ts';
import type {State} from '../view/state.ts';
import {listedRows} from '../view/variant-rows.ts';
import {openAccountLines} from './account/account-detail.ts';
import {panelInside} from './frame.ts';
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
