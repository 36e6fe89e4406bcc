import {formatCount} from '../../text/numbers.ts';
import {hangingLines, type Line, segment, type Tone} from '../../text/segment.ts';
import {cleanText} from '../../text/width.ts';
import {type LogLine, logLines} from '../../view/log-lines.ts';
import {shownAdvice, shownSnapshot} from '../../view/selectors.ts';
import type {State} from '../../view/state.ts';

/** Advice for the goal that is shown and failures first, then the newest events; exactly what fits into `height` lines. */
export function notesLines(state: State, width: number, height: number): readonly Line[] {
	const advice = shownAdvice(state).flatMap(({text}) =>
		hangingLines(segment('→ ', 'accent'), cleanText(text), width),
	);
	const first = [...advice, ...failureLines(state, width)].slice(0, Math.max(0, height - 1));
	const events = logLines(state).slice(-Math.max(0, height - first.length));
	return [...first, ...(height > first.length ? events.map((line) => logLine(line)) : [])];
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

/** A line of the log, behind the mark of the cursor. */
export function logLine({time, kind, text}: LogLine, mark = ''): Line {
	return [
		segment(mark, 'strong'),
		segment(`${time.padEnd(8)} `, 'muted'),
		segment(`${kind.padEnd(10)} `, tonesByKind[kind] ?? 'accent'),
		segment(text),
	];
}
