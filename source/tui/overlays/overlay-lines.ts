import {drainMs} from '../../domain/backend.ts';
import type {Plan} from '../../domain/run-config.ts';
import type {MoreRequests} from '../../domain/snapshot.ts';
import {formatCount, formatSecondsLeft} from '../../text/numbers.ts';
import {fileSegment, fitLine, hangingLines, type Line, lineWidth, segment} from '../../text/segment.ts';
import {cleanText, wrapText} from '../../text/width.ts';
import {columnsOfView, namesOn} from '../../view/columns/columns.ts';
import {type Keymap, keyOf, titleOf} from '../../view/keymap.ts';
import {moreHint, moreQuestion, offeredMore} from '../../view/run-commands.ts';
import {oncePerState} from '../../view/selectors.ts';
import {type Setting, settings} from '../../view/settings.ts';
import type {ColumnChooser, Overlay, SettingsForm, State} from '../../view/state.ts';
import {statusOf} from '../../view/status.ts';
import {leftWords} from '../../view/tap/client-rows.ts';
import {boxed, type Content, firstShown, framed, overlayRoom, panelInside} from '../frame.ts';
import {type Rect, tierOf} from '../layout.ts';
import {planEntries, planSummary} from '../panels/notice.ts';
import {screenLayout} from '../screen-layout.ts';
import {comparisonContent, historyContent, pickerContent} from './list-overlays.ts';

/** What an overlay shows, and where; also the questions before a paid start, and what was on screen before them. */

const usualWidth = 84;
const labelWidth = 13;
const valueWidth = 20;

/** The form: the settings, then the problem with a value, or the plan of these values. */
function settingsContent(state: State, form: SettingsForm, roomWidth: number, roomHeight: number): Content {
	const width = Math.max(1, Math.min(roomWidth, usualWidth));
	const below = form.problem === undefined ? planLines(state, width) : problemLines(form.problem, width);
	const rows = settings.map((setting, index) => settingLine(state, form, setting, index === form.index));
	// What does not fit is scrolled away above the selected setting.
	const room = Math.max(1, roomHeight - 1 - below.length);
	const first = firstShown(form.index, room, rows.length);
	const lines = [...rows.slice(first, first + room), [], ...below];
	return {
		title: [segment('Settings', 'title')],
		note: [segment(longestFitting(settingsNotes, width - 18), 'muted')],
		lines: lines.map((line) => fitLine(line, width)),
	};
}

const settingsNotes = [
	'↑ ↓ move, ← → choose, Enter accepts, Esc undoes, Ctrl+S remembers',
	'↑ ↓ ← → choose, Enter accepts, Ctrl+S remembers',
	'Enter accepts, Ctrl+S remembers',
	'Enter accepts',
];

/** The first of several wordings, longest first, that has room; the last where none has. */
function longestFitting(words: readonly string[], width: number): string {
	return words.find((each) => each.length <= width) ?? words.at(-1) ?? '';
}

function settingLine(state: State, form: SettingsForm, setting: Setting, isSelected: boolean): Line {
	const value = setting.textOf(state.config);
	const typed = isSelected ? form.text : undefined;
	const shown =
		setting.choices === undefined
			? `${cleanText(typed ?? (value === '' && !isSelected ? 'none' : value))}${isSelected ? '_' : ''}`
			: isSelected
				? `‹ ${value} ›`
				: value;
	return [
		segment(isSelected ? '› ' : '  ', 'accent'),
		segment(setting.label.padEnd(labelWidth), 'muted'),
		segment(shown.padEnd(valueWidth), isSelected ? 'strong' : 'plain'),
		segment(isSelected ? ` ${setting.hint}` : '', 'muted'),
	];
}

function problemLines(problem: string, width: number): readonly Line[] {
	return wrapText(cleanText(problem), width).map((line) => [segment(line, 'bad')]);
}

/** The plan of these settings; where it is not known, the status of the session. */
function planLines(state: State, width: number): readonly Line[] {
	const {stage, plan} = state;
	if (stage.kind === 'planned' && plan !== undefined) {
		return planEntries(state, plan, width);
	}
	const {word, detail, tone} = statusOf(state);
	return [[segment(stage.kind === 'preparing' ? 'PLAN' : word, tone), segment(` ${detail}`)]];
}

const columnNotes = [
	'Space on or off, Backspace the usual ones, Enter keeps, Ctrl+S remembers',
	'Space on or off, Enter keeps, Ctrl+S remembers',
	'Space on/off, Enter keeps',
	'Enter keeps',
];

/** The columns of a view with what they show, those that are on marked; the list is scrolled around the selected one. */
function columnsContent(
	state: State,
	{view, index}: ColumnChooser,
	roomWidth: number,
	roomHeight: number,
): Content {
	const all = columnsOfView(view);
	const on = namesOn(state, view);
	const nameWidth = Math.max(...all.map(([name]) => name.length));
	const wordsWidth = Math.max(...all.map(([, words]) => words.length));
	const width = Math.max(1, Math.min(roomWidth, 6 + nameWidth + 2 + wordsWidth));
	// The table behind the box is to be seen.
	const count = Math.min(roomHeight, 14);
	const first = firstShown(index, count, all.length);
	const rows = all.slice(first, first + count).map(([name, words], at): Line => {
		const isSelected = first + at === index;
		const isOn = on.includes(name);
		return [
			segment(isSelected ? '› ' : '  ', 'accent'),
			segment(isOn ? '✓ ' : '  ', 'accent'),
			segment(name.padEnd(nameWidth + 2), isSelected ? 'strong' : isOn ? 'plain' : 'muted'),
			segment(first + at === 0 ? `${words}; stays` : words, 'muted'),
		];
	});
	return {
		title: [segment('Columns', 'title'), segment(` · ${titleOf(view)}`)],
		note: [segment(longestFitting(columnNotes, roomWidth - titleOf(view).length - 20), 'muted')],
		lines: rows.map((line) => fitLine(line, width)),
	};
}

/** An overlay with its place: as large as it needs to be, in the middle of what is free. */
type PlacedOverlay = {readonly rect: Rect; readonly lines: readonly Line[]};

/** Places an overlay between header and footer. */
export function placeOverlay(state: State, overlay: Overlay, columns: number, rows: number): PlacedOverlay {
	const room = overlayRoom(columns, rows);
	const {title, note, lines} = overlayContent(state, overlay, room.width, room.height);
	if (tierOf(columns, rows) === 'tiny') {
		return {
			rect: {left: 0, top: 0, width: columns, height: rows},
			lines: boxed(lines.slice(scrollOf(overlay, lines.length, rows)), columns, rows),
		};
	}
	const roomWidth = Math.max(1, columns - 2);
	const roomHeight = Math.max(1, rows - 1);
	const wanted = Math.max(
		lineWidth(title) + lineWidth(note) + 10,
		...lines.map((line) => lineWidth(line) + 4),
	);
	const width = Math.min(roomWidth, wanted);
	const height = Math.min(roomHeight, lines.length + 2);
	const scroll = scrollOf(overlay, lines.length, height - 2);
	return {
		rect: {
			left: Math.max(0, Math.floor((columns - width) / 2)),
			top: Math.max(0, Math.floor((rows - height) / 2)),
			width,
			height,
		},
		lines: framed({title, note}, lines.slice(scroll), width, height),
	};
}

/** Lines that are scrolled away above those shown. */
function scrollOf(overlay: Overlay, lines: number, height: number): number {
	return overlay.kind === 'help' ? Math.min(overlay.scroll, Math.max(0, lines - height)) : 0;
}

function overlayContent(state: State, overlay: Overlay, width: number, height: number): Content {
	switch (overlay.kind) {
		case 'picker':
			return pickerContent(state, overlay, width, height);
		case 'settings':
			return settingsContent(state, overlay, width, height);
		case 'columns':
			return columnsContent(state, overlay, width, height);
		case 'help':
			return {
				title: [segment('Keys', 'title')],
				note: [segment('↑ ↓ scroll, Esc closes', 'muted')],
				lines: helpLines(state.keymap, width),
			};
		case 'history':
			return historyContent(state, overlay, width, height);
		case 'comparison':
			return comparisonContent(overlay, width, height);
		case 'more-question':
			return {
				title: [segment('More requests?', 'warning')],
				note: [],
				lines: moreLines(state, width, height),
			};
		case 'quit-question':
			return {title: [segment('Quit?', 'warning')], note: [], lines: questionLines(state, width, height)};
		case 'tap-question':
			return {
				title: [segment(tapQuestions[overlay.of].title, 'warning')],
				note: [],
				lines: tapQuestionLines(state, overlay.of, width, height),
			};
		case 'start-question':
			return startQuestion(state, overlay.scroll, width, height);
		case 'exported':
			return {
				title: [segment('Written', 'good')],
				note: [segment(`${keyOf(state, 'copy')} copies; the next key closes it and acts`, 'muted')],
				lines: overlay.files.flatMap((file) =>
					wrapText(cleanText(file), Math.max(1, width)).map((line): Line => [fileSegment(file, line)]),
				),
			};
	}
}

function questionLines(state: State, width: number, height: number): readonly Line[] {
	const {snapshot} = state;
	const inFlight = snapshot?.progress.inFlight ?? 0;
	const sentence = (text: string) => wrapText(text, width).map((line): Line => [segment(line)]);
	const first = sentence('A run that costs money is under way.');
	const more = sentence(`${formatCount(inFlight)} requests are in flight; what was measured is kept.`);
	const quits: Line = [segment(keyOf(state, 'quit'), 'accent'), segment(' stops it and quits')];
	const goesOn: Line = [segment('Esc', 'accent'), segment(' continues')];
	const joined: Line = [...quits, segment('   '), ...goesOn];
	const keys = lineWidth(joined) <= width ? [joined] : [quits, goesOn];
	return first.length + more.length + keys.length <= height
		? [...first, ...more, ...keys]
		: [...first, ...keys];
}

const tapQuestions = {
	hold: {title: 'Hold new requests?', command: 'toggle-pause', yes: 'holds them'},
	end: {title: 'End the tap?', command: 'stop', yes: 'ends it'},
	quit: {title: 'Quit, and end the program?', command: 'quit', yes: 'quits'},
} as const;

/** What applications will meet. */
function tapQuestionLines(
	state: State,
	of: (Overlay & {kind: 'tap-question'})['of'],
	width: number,
	height: number,
): readonly Line[] {
	const left = leftWords(state.snapshot);
	const {command, yes} = tapQuestions[of];
	const key = keyOf(state, command);
	const program =
		of === 'quit' && state.tap?.program !== undefined
			? ` ${cleanText(state.tap.program)} is then ended.`
			: '';
	const words =
		of === 'hold'
			? `New requests get 503 with Retry-After until ${key} is pressed again. ${left}: they go on.`
			: `New requests get 503 with Retry-After. ${left}: they have ${formatSecondsLeft(drainMs)} to finish.${program}`;
	const sentence = wrapText(words, width).map((line): Line => [segment(line)]);
	const keys: Line = [
		segment(key, 'accent'),
		segment(` ${yes}   `),
		segment('Esc', 'accent'),
		segment(' goes back'),
	];
	return sentence.length < height ? [...sentence, keys] : [keys];
}

const twoColumnWidth = 104;
const columnGap = 3;

/** The keys by group; in two columns where there is room. */
function helpLines({groups}: Keymap, width: number): readonly Line[] {
	const isDouble = width >= twoColumnWidth;
	const blockWidth = isDouble ? Math.floor((width - columnGap) / 2) : width;
	const blocks = groups.map(({title, entries}): readonly Line[] => [
		[segment(title, 'title')],
		...entries.flatMap(({keys, description}) =>
			hangingLines(segment(`${keys.join(' ').padEnd(10)} `, 'accent'), description, blockWidth),
		),
	]);
	if (!isDouble) {
		return stacked(blocks);
	}
	const half = Math.ceil(blocks.length / 2);
	const left = stacked(blocks.slice(0, half));
	const right = stacked(blocks.slice(half));
	return Array.from({length: Math.max(left.length, right.length)}, (_, index) => [
		...fitLine(left[index] ?? [], blockWidth + columnGap),
		...(right[index] ?? []),
	]);
}

/** Blocks below each other with an empty line between them. */
function stacked(blocks: ReadonlyArray<readonly Line[]>): readonly Line[] {
	return blocks.flatMap((block, index) => (index === 0 ? block : [[], ...block]));
}

/** Below this width a number may be broken into two lines. */
const minWidth = 16;

/**
 * The plan of a run that has not been on screen yet, and the key that starts it. Where not all of it fits, requests and cost
 * stand above the rest, which scrolls.
 * @returns lines for that room; without requests and cost where these do not fit.
 */
function startQuestion(
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
function moreLines(state: State, width: number, height: number): readonly Line[] {
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
