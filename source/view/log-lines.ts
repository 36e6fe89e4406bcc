import {cleanText} from '../text/width.ts';
import {shownSnapshot} from './selectors.ts';
import type {State} from './state.ts';

/** A line of the Log view; `time` is a clock time in UTC, empty where none is known. */
export type LogLine = {readonly time: string; readonly kind: string; readonly text: string};

/** Events of the run, then what the engine logged about itself; oldest first. */
export function logLines(state: State): readonly LogLine[] {
	const events = shownSnapshot(state)?.events ?? [];
	return [
		...events.map(({at, kind, text}) => ({
			time: cleanText(at).slice(11, 19),
			kind: cleanText(kind),
			text: cleanText(text),
		})),
		...state.log.map((text) => ({time: '', kind: 'engine', text: cleanText(text)})),
	];
}
