import {type Line, segment} from '../../text/segment.ts';
import {wrapText} from '../../text/width.ts';
import {oncePerState} from '../../view/selectors.ts';
import type {State} from '../../view/state.ts';
import {type Content, overlayRoom, panelInside} from '../frame.ts';
import {planEntries, planSummary} from '../panels/notice.ts';
import {screenLayout} from '../screen-layout.ts';

/** Below this width a number may be broken into two lines. */
const minWidth = 16;

/**
 * The plan of a run that has not been on screen yet, and the key that starts it. Where not all of it fits, requests and cost
 * stand above the rest, which scrolls.
 * @returns lines for that room; without requests and cost where these do not fit.
 */
export function startQuestion(
	state: State,
	scroll: number,
	width: number,
	height: number,
): Content & {readonly isPlanShown: boolean} {
	const {plan} = state;
	const title = [segment('Start?', 'title')];
	const note = [segment('nothing has been sent', 'muted')];
	const summary = plan === undefined ? [] : wrapText(planSummary(plan), width).map(plain);
	if (plan === undefined || width < minWidth || summary.length + 1 > height) {
		const lines = wrapText('enlarge to see the plan', Math.max(1, width)).map(plain);
		return {title, note, lines, isPlanShown: false};
	}
	const entries = planEntries(state, plan, width);
	if (entries.length < height) {
		return {title, note, lines: [...entries, keyLine(false)], isPlanShown: true};
	}
	const room = height - summary.length - 1;
	const first = Math.max(0, Math.min(scroll, entries.length - room));
	const shown = entries.slice(first, first + room);
	return {title, note, lines: [...summary, ...shown, keyLine(room > 0)], isPlanShown: true};
}

function plain(text: string): Line {
	return [segment(text)];
}

function keyLine(isScrolling: boolean): Line {
	return [
		segment('y', 'accent'),
		segment(' starts  '),
		segment('Esc', 'accent'),
		segment(' not now'),
		...(isScrolling ? [segment('  '), segment('↑ ↓', 'accent')] : []),
	];
}

/** Whether requests and cost of the current plan are in the frame of a state. */
export const isPlanShown = oncePerState((state): boolean => {
	const {stage, plan, overlay, size} = state;
	if (stage.kind !== 'planned' || plan === undefined) {
		return false;
	}
	if (overlay !== undefined) {
		const {width, height} = overlayRoom(size.columns, size.rows);
		return (
			overlay.kind === 'start-question' && startQuestion(state, overlay.scroll, width, height).isPlanShown
		);
	}
	const {notice, regions, tier} = screenLayout(state);
	const rect = regions.find(({name}) => name === 'notice')?.rect;
	if (notice?.planLines === undefined || rect === undefined) {
		return false;
	}
	return panelInside(rect.width, rect.height, tier).height >= notice.planLines;
});
