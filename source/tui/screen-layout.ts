import type {Line} from '../text/segment.ts';
import {isShortRun, oncePerState, shownSnapshot} from '../view/selectors.ts';
import type {State} from '../view/state.ts';
import {listedRows} from '../view/variant-rows.ts';
import {panelInside} from './frame.ts';
import {computeLayout, type Layout, tierOf} from './layout.ts';
import {detailLines} from './panels/detail.ts';
import {isDayShown} from './panels/gauges.ts';
import {itemDetailLines} from './panels/items.ts';
import {type Notice, noticeOf} from './panels/notice.ts';
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

/**
 * Lines by which the open detail can be scrolled.
 * @param accountLines Those of a bucket, at a width.
 */
export function detailEnd(
	state: State,
	accountLines: (state: State, width: number) => readonly Line[],
): number {
	const {tier, regions} = screenLayout(state);
	const rect = regions.find(({name}) => name === 'detail' || name === 'body')?.rect;
	if (rect === undefined) {
		return 0;
	}
	const linesOf =
		state.view === 'items' ? itemDetailLines : state.view === 'account' ? accountLines : detailLines;
	const {width, height} = panelInside(rect.width, rect.height, tier, true);
	return Math.max(0, linesOf(state, width).length - height);
}
