import {cleanText} from '../text/width.ts';
import {matchesFilter} from './lists.ts';
import {oncePerState, shownSnapshot} from './selectors.ts';
import {settings} from './settings.ts';
import {keptLogLines, type State} from './state.ts';

/** A line of the Log view; `time` is a clock time in UTC, empty where none is known. */
export type LogLine = {
	readonly key: string;
	readonly time: string;
	readonly kind: string;
	readonly text: string;
};

/** Kinds of events in words, where these differ. */
const kindWords: Readonly<Record<string, string>> = {
	surprise: 'shared quota',
	even: 'pacing',
	'given-up': 'gave up',
	lost: 'no answer',
	continued: 'more',
	tier: 'service tier',
};

/** Events of the run and what the screen added, oldest first. */
export const logLines = oncePerState((state): readonly LogLine[] => {
	const events = (shownSnapshot(state)?.events ?? []).map(({at, kind, text}, index) => ({
		key: `event ${index}`,
		at: cleanText(at),
		kind: cleanText(kindWords[kind] ?? kind.replaceAll('-', ' ')),
		text: cleanText(kind === 'started' ? (startedText(state) ?? text) : text),
	}));
	const own = state.log.map(({id, atMs, kind, text}) => ({
		key: `own ${id}`,
		at: new Date(state.epochMs + atMs).toISOString(),
		kind,
		text: cleanText(text),
	}));
	return [...events, ...own]
		.toSorted((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0))
		.map(({at, ...rest}) => ({...rest, time: at.slice(11, 19)}));
});

const startedText = ({tap, startedWords}: State): string | undefined =>
	tap === undefined ? startedWords : `The tap listens at ${tap.address}.`;

/** The state with a line added to its log. */
export function withLog(state: State, kind: string, ...texts: readonly string[]): State {
	const first = (state.log.at(-1)?.id ?? 0) + 1;
	const added = texts.map((text, index) => ({id: first + index, atMs: state.nowMs, kind, text}));
	return texts.length === 0 ? state : {...state, log: [...state.log, ...added].slice(-keptLogLines)};
}

/** What has changed between two states in the settings of the next run, in words. */
export function changedSettings(before: State, after: State): readonly string[] {
	const named = (state: State): ReadonlyArray<readonly [string, string]> => [
		['preset', state.config.preset ?? 'own task'],
		['model', state.config.models.join(', ')],
		...settings.map(({label, textOf}) => [label.toLowerCase(), textOf(state.config)] as const),
		['off', state.switchedOff.join(', ')],
	];
	const old = new Map(named(before));
	return named(after)
		.filter(([label, value]) => old.get(label) !== value)
		.map(([label, value]) => `${label} ${value === '' ? 'none' : value}`);
}

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
