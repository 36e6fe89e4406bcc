import {formatCount} from '../../text/numbers.ts';
import {hangingLines, type Line, segment, type Tone} from '../../text/segment.ts';
import {cleanText} from '../../text/width.ts';
import {type LogLine, logLines} from '../../view/log-lines.ts';
import {shownSnapshot} from '../../view/selectors.ts';
import type {State} from '../../view/state.ts';
import {verdictFor} from '../../view/variant-order.ts';

/** The verdict first, then advice and failures, then the newest events; exactly what fits into `height` lines. */
export function notesLines(state: State, width: number, height: number): readonly Line[] {
	const snapshot = shownSnapshot(state);
	const advice = (snapshot?.advice ?? []).flatMap(({text}) =>
		hangingLines(segment('→ ', 'accent'), cleanText(text), width),
	);
	const failures = failureLines(state, width);
	const verdicts = snapshot === undefined || snapshot.startedAt === null ? [] : verdictLines(state, width);
	const first = [...verdicts, ...advice, ...failures].slice(0, Math.max(0, height - 1));
	const events = logLines(state).slice(-Math.max(0, height - first.length));
	return [...first, ...(height > first.length ? events.map((line) => logLine(line)) : [])];
}

/** What to use for the goal that is shown, and why. */
function verdictLines(state: State, width: number): readonly Line[] {
	const snapshot = shownSnapshot(state);
	const {goal} = state.config;
	return (snapshot?.targets ?? []).flatMap((_, target) => {
		const verdict = verdictFor(snapshot, target, goal);
		return verdict === undefined || verdict.basis === 'only'
			? []
			: hangingLines(segment('★ ', 'good'), cleanText(verdict.text), width);
	});
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
