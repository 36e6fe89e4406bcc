import {formatCount} from '../../text/numbers.ts';
import {hangingLines, type Line, segment, type Tone} from '../../text/segment.ts';
import {cleanText, wrapText} from '../../text/width.ts';
import {type LogLine, listedLog, logCursor, logLines} from '../../view/log-lines.ts';
import {shownAdvice, shownSnapshot} from '../../view/selectors.ts';
import type {State} from '../../view/state.ts';
import {type FrameTitle, firstShown} from '../frame.ts';

/** Advice for the goal that is shown and failures first, then the newest events; exactly what fits into `height` lines. */
export function notesLines(state: State, width: number, height: number): readonly Line[] {
	const advice = shownAdvice(state).flatMap(({text}) =>
		hangingLines(segment('→ ', 'accent'), cleanText(text), width),
	);
	// The newest event keeps a line, unless advice would have hardly any.
	const most = height < 3 ? height : height - 1;
	const first = [...advice, ...failureLines(state, width)].slice(0, Math.max(0, most));
	const room = height - first.length;
	const events = room > 0 ? logLines(state).slice(-room) : [];
	const rows = events.flatMap((line) => logRows(line, width, kindWidthOf(events)));
	return room > 0 ? [...first, ...rows.slice(-room)] : first;
}

/** Classes of failures, most recent counts, with what can be done about each. */
export function failureLines(state: State, width: number): readonly Line[] {
	return (shownSnapshot(state)?.failures ?? []).flatMap(({class: name, count, advice, message}) =>
		hangingLines(
			segment(
				`${formatCount(count)}x ${name} `,
				name.startsWith('throttled') || name === 'overloaded' ? 'throttled' : 'bad',
			),
			cleanText(advice === '' ? message : advice),
			width,
		),
	);
}

const tonesByKind: Readonly<Record<string, Tone>> = {
	throttled: 'throttled',
	overloaded: 'throttled',
	failed: 'bad',
	fault: 'bad',
};

/** Cells of the kinds, so that the texts are below each other. */
function kindWidthOf(lines: readonly LogLine[]): number {
	return Math.min(maxKindWidth, Math.max(10, ...lines.map(({kind}) => kind.length)));
}

const maxKindWidth = 18;

/** A line of the log, whole, in as many rows as it takes. */
function logRows({time, kind, text}: LogLine, width: number, kindWidth: number, mark = ''): readonly Line[] {
	const label = `${mark}${time} `;
	const head = segment(label, 'muted');
	const tone = tonesByKind[kind.split(' ')[0] ?? ''] ?? 'accent';
	const first = `${kind.slice(0, kindWidth).padEnd(kindWidth)} `;
	const rows = hangingLines(segment(`${label}${first}`), text, width);
	return rows.map((row, index) => (index === 0 ? [head, segment(first, tone), ...row.slice(1)] : row));
}

/** The selected line of the log in full. */
export function logDetailLines(state: State, width: number): readonly Line[] {
	const line = listedLog(state)[logCursor(state)];
	return wrapText(line?.text ?? '', Math.max(1, width)).map((text): Line => [segment(text)]);
}

/** Title of that line, with the rows of it that are on screen where not all are. */
export function logDetailTitle(state: State, position: string | undefined): FrameTitle {
	const {time = '', kind = ''} = listedLog(state)[logCursor(state)] ?? {};
	return {
		title: [segment('Log', 'title'), segment(` · ${time} UTC · ${kind}`)],
		note: [segment('← → lines · Esc closes', 'muted')],
		position,
	};
}

/** The rows of the log around its cursor that fit, and how many lines are below them. */
export function logWindow(
	lines: readonly LogLine[],
	cursor: number,
	width: number,
	height: number,
): {readonly shown: readonly Line[]; readonly below: number} {
	const from = Math.max(0, cursor - height);
	const near = lines.slice(from, cursor + height + 1);
	const kindWidth = kindWidthOf(lines);
	const blocks = near.map((line, index) =>
		logRows(line, width, kindWidth, from + index === cursor ? '› ' : '  '),
	);
	const rows = blocks.flatMap((block, index) => block.map((row) => ({row, line: from + index})));
	const first = firstShown(
		rows.findLastIndex(({line}) => line === cursor),
		height,
		rows.length,
	);
	const shown = rows.slice(first, first + height);
	return {
		shown: shown.map(({row}) => row),
		below: Math.max(0, lines.length - 1 - (shown.at(-1)?.line ?? lines.length - 1)),
	};
}
