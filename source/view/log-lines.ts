import {cleanText} from '../text/width.ts';
import {matchesFilter} from './lists.ts';
import {oncePerState, shownSnapshot} from './selectors.ts';
import type {State} from './state.ts';

/** A line of the Log view; `time` is a clock time in UTC, empty where none is known. */
export type LogLine = {
	readonly key: string;
	readonly time: string;
	readonly kind: string;
	readonly text: string;
};

/** Events of the run, then what the engine logged about itself; oldest first. */
export const logLines = oncePerState((state): readonly LogLine[] => {
	const events = shownSnapshot(state)?.events ?? [];
	return [
		...events.map(({at, kind, text}, index) => ({
			key: `event ${index}`,
			time: cleanText(at).slice(11, 19),
			kind: cleanText(kind),
			text: cleanText(text),
		})),
		...state.log.map((text, index) => ({
			key: `engine ${index}`,
			time: '',
			kind: 'engine',
			text: cleanText(text),
		})),
	];
});

/** The lines in the order and with the search text of the list. */
export const listedLog = oncePerState((state): readonly LogLine[] => {
	const {filter, isInverted} = state.lists.log;
	const matching = logLines(state).filter(({time, kind, text}) =>
		matchesFilter(`${time} ${kind} ${text}`, filter),
	);
	return isInverted ? matching.toReversed() : matching;
});

/** Where the cursor stands in the listed lines: at the newest one until another is chosen; -1 where there is none. */
export function logCursor(state: State): number {
	const lines = listedLog(state);
	const {selected, isInverted} = state.lists.log;
	const chosen = lines.findIndex(({key}) => key === selected);
	return chosen >= 0 || lines.length === 0 ? chosen : isInverted ? 0 : lines.length - 1;
}
