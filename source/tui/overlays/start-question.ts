import type {Plan} from '../../domain/run-config.ts';
import type {MoreRequests} from '../../domain/snapshot.ts';
import {type Line, segment} from '../../text/segment.ts';
import {wrapText} from '../../text/width.ts';
import {keyOf} from '../../view/keymap.ts';
import {moreHint, moreQuestion, offeredMore} from '../../view/run-commands.ts';
import {oncePerState} from '../../view/selectors.ts';
import type {State} from '../../view/state.ts';
import {type Content, overlayRoom, panelInside} from '../frame.ts';
import {planEntries, planSummary} from '../panels/notice.ts';
import {screenLayout} from '../screen-layout.ts';

/** The questions before a paid start, and what was on screen before it. */

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

/** The question whether requests are added to the run that has ended. */
export function moreLines(state: State, width: number, height: number): readonly Line[] {
	const offer = offeredMore(state);
	const words = offer === undefined ? ['Nothing can be added.'] : moreQuestion(offer);
	const sentences = (texts: readonly string[]) =>
		texts.flatMap((text) => wrapText(text, Math.max(1, width)).map((line): Line => [segment(line)]));
	const whole = sentences(words);
	const key: Line = [
		segment(keyOf(state, 'add-requests'), 'accent'),
		segment(' adds them   '),
		segment('Esc', 'accent'),
		segment(' goes back'),
	];
	// Where there is no room for more, what it costs and the key.
	return whole.length < height || offer === undefined
		? [...whole, key]
		: sentences([`${keyOf(state, 'add-requests')} ${moreHint(offer, state.isDemo)}, Esc goes back`]);
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

/** The plan, or what could be added to a run, whose requests and cost are in the frame of a state. */
export const planInFrame = oncePerState((state): Plan | MoreRequests | undefined => {
	const {stage, plan, overlay, size} = state;
	const {width, height} = overlayRoom(size.columns, size.rows);
	if (overlay?.kind === 'more-question') {
		const isShown = width >= minWidth && moreLines(state, width, height).length <= height;
		return isShown ? offeredMore(state) : undefined;
	}
	if (stage.kind !== 'planned' || plan === undefined) {
		return undefined;
	}
	const isShown =
		overlay === undefined
			? isInNotice(state)
			: overlay.kind === 'start-question' && startQuestion(state, overlay.scroll, width, height).isPlanShown;
	return isShown ? plan : undefined;
});

function isInNotice(state: State): boolean {
	const {notice, regions, tier} = screenLayout(state);
	const rect = regions.find(({name}) => name === 'notice')?.rect;
	return (
		notice?.planLines !== undefined &&
		rect !== undefined &&
		panelInside(rect.width, rect.height, tier).height >= notice.planLines
	);
}
