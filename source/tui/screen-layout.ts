import {isShortRun, oncePerState} from '../view/selectors.ts';
import {listedRows} from '../view/variant-rows.ts';
import {computeLayout, type Layout, tierOf} from './layout.ts';
import {isDayShown} from './panels/gauges.ts';
import {type Notice, noticeOf} from './panels/notice.ts';

/** Where everything goes, and what decided it: the panels draw the same notice and gauges. */
type ScreenLayout = Layout & {readonly notice: Notice | undefined; readonly isDayShown: boolean};

/** The layout of a state; a frame computes it once. */
export const screenLayout = oncePerState((state): ScreenLayout => {
	const {columns, rows} = state.size;
	const tier = tierOf(columns, rows);
	const notice = noticeOf(state, Math.max(1, columns - (tier === 'narrow' ? 0 : 4)));
	const hasDay = isDayShown(state, tier);
	const layout = computeLayout({
		columns,
		rows,
		view: state.view,
		rowCount: listedRows(state).length,
		noticeLines: notice?.lines.length ?? 0,
		isDetailOpen: state.isDetailOpen,
		gaugeCount: hasDay ? 3 : 2,
		isShortRun: isShortRun(state),
	});
	return {...layout, notice, isDayShown: hasDay};
});
