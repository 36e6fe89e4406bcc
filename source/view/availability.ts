import {cleanText} from '../text/width.ts';
import {notFoldable, selectedBucket} from './account/account-rows.ts';
import {notChoosable} from './columns/columns.ts';
import {selectedItem} from './items.ts';
import {commandFor, type KeyCommand, keyOf, titleOf, viewsOfKey} from './keymap.ts';
import {currentList} from './lists.ts';
import {notAddable} from './run-commands.ts';
import {isSortable, notCopyable, rowCount} from './screen-commands.ts';
import {finalSnapshot, isPaused, isRunning, neighbourWindow, shownSnapshot} from './selectors.ts';
import type {ExportKind, State} from './state.ts';
import {notUnfoldable} from './tap/traffic-list.ts';
import {listedRows, selectedRow} from './variant-rows.ts';

function notBenchmarkable(state: State): string | undefined {
	if (isRunning(state)) {
		return `a run is under way: ${keyOf(state, 'stop')} stops it`;
	}
	if (state.stage.kind === 'preparing') {
		return 'the run is still being prepared';
	}
	const row = selectedBucket(state);
	if (row === undefined) {
		return 'no bucket to benchmark';
	}
	const {callable, quota} = row.bucket;
	if (callable === null) {
		return 'the model behind this ModelId is not known';
	}
	return [quota.requestsPerMinute, quota.tokensPerMinute].some(({state: limit}) => limit === 'blocked')
		? 'its limit is 0'
		: undefined;
}

function noBucket(state: State): string | undefined {
	return selectedBucket(state) === undefined ? 'no bucket to show' : undefined;
}

function nothingWatched({account}: State): string | undefined {
	return account.snapshot === undefined ? 'nothing to freeze yet' : undefined;
}

function noItem(state: State): string | undefined {
	return selectedItem(state) === undefined ? 'no item to show' : undefined;
}

function notTurnable({view, isDetailOpen}: State): string | undefined {
	return isDetailOpen || view === 'items' ? undefined : 'Enter opens a detail first';
}

/** Why a command has no effect at present, as half a sentence; undefined when it has one. */
export function disabledReason(state: State, command: KeyCommand): string | undefined {
	if (state.earlier !== undefined && !readingCommands.has(command)) {
		return 'an earlier run is shown: Esc returns to the present';
	}
	return (state.tap === undefined ? undefined : notInTap[command]?.(state)) ?? reasons[command]?.(state);
}

const passes: Reason = () => 'a tap passes requests as they come: bedrock-top without tap starts runs';
const sendsNothing: Reason = () => 'a tap sends nothing of its own: applications do';
const comparesNothing: Reason = () => 'a tap compares no variants';
const clientsElsewhere: Reason = (state) =>
	`this is a tap: Traffic (${keyOf(state, 'open-traffic')}) has its clients, Timeline (${keyOf(state, 'open-timeline')}) its charts`;

/** Why commands of runs do nothing in a tap. */
const notInTap: Readonly<Partial<Record<KeyCommand, Reason>>> = {
	run: sendsNothing,
	'add-requests': sendsNothing,
	'start-demo': () => 'bedrock-top tap --demo is the demo of a tap',
	models: passes,
	presets: passes,
	settings: passes,
	benchmark: passes,
	'next-method': passes,
	'next-goal': comparesNothing,
	'export-winner': comparesNothing,
	history: () => 'bedrock-top runs shows earlier runs and taps',
	'open-dashboard': clientsElsewhere,
	'open-variants': clientsElsewhere,
	'open-items': clientsElsewhere,
};

/** What can be done with an earlier run: it is read. */
const readingCommands: ReadonlySet<KeyCommand> = new Set<KeyCommand>([
	'next-goal',
	'history',
	'open-account',
	'open-dashboard',
	'open-variants',
	'open-timeline',
	'open-quotas',
	'open-log',
	'open-items',
	'next-view',
	'previous-view',
	'close',
	'up',
	'down',
	'page-up',
	'page-down',
	'home',
	'end',
	'previous',
	'next',
	'failures-only',
	'detail',
	'copy',
	'filter',
	'next-sort',
	'invert',
	'columns',
	'zoom-in',
	'zoom-out',
	'zoom-reset',
	'help',
	'redraw',
	'suspend',
	'quit',
]);

/** Whether nothing was measured for lack of an account, and the simulator can replace it. */
export function isDemoOffered(state: State): boolean {
	const {stage, models, hasDemo, isDemo} = state;
	const isStuck = stage.kind === 'failed' || (stage.kind === 'choosing' && models.kind === 'failed');
	return hasDemo && !isDemo && isStuck && finalSnapshot(state) === undefined;
}

type Reason = (state: State) => string | undefined;

const notRunnable: Reason = (state) => {
	if (isRunning(state)) {
		return 'a run is under way';
	}
	switch (state.stage.kind) {
		case 'preparing':
			return 'the run is still being prepared';
		case 'planned':
			return state.plan?.refusal;
		case 'choosing':
			return state.config.models.length > 0
				? undefined
				: `no model is chosen: ${keyOf(state, 'models')} lists what can be run`;
		default:
			return undefined;
	}
};

function betweenRuns(what: string): Reason {
	const verb = what.startsWith('the ') ? 'changes' : 'change';
	return (state) =>
		isRunning(state) ? `${what} ${verb} between runs: ${keyOf(state, 'stop')} stops this one` : undefined;
}

const notStoppable: Reason = (state) => {
	const isTap = state.tap !== undefined;
	if (!isRunning(state)) {
		return isTap ? 'the tap has ended' : 'no run is under way';
	}
	return state.asked === 'stop' || state.snapshot?.phase === 'draining'
		? isTap
			? `the tap is ending already: ${keyOf(state, 'quit')} ends it at once`
			: 'the run is stopping already'
		: undefined;
};

const notToggleable: Reason = (state) => {
	if (isRunning(state)) {
		return betweenRuns('variants')(state);
	}
	const row = selectedRow(state);
	if (row === undefined) {
		return 'no variant to choose';
	}
	const onCount = state.config.variants.length - state.switchedOff.length;
	return row.isOn && onCount <= 1 ? 'at least one variant must stay on' : undefined;
};

function notExportable(what: ExportKind): Reason {
	return (state) => {
		if (state.exporting.includes(what)) {
			return 'this is still being written';
		}
		return finalSnapshot(state) === undefined ? 'nothing has been measured yet' : undefined;
	};
}

/** Why the cursor cannot move; at the ends of a list it just stays. */
const notMovable: Reason = (state) => {
	const count = rowCount(state);
	if (state.isDetailOpen) {
		return undefined;
	}
	if (count === undefined) {
		return `nothing to move through in ${titleOf(state.view)}`;
	}
	return count === 0 ? 'the list is empty' : undefined;
};

/** Charts follow what was sent. */
const notZoomable: Reason = (state) =>
	state.view === 'dashboard' && (shownSnapshot(state)?.startedAt ?? null) === null
		? 'no chart is shown before the run'
		: undefined;

const notClosable: Reason = (state) => {
	const name = currentList(state);
	const isOpen = state.earlier !== undefined || state.isDetailOpen || state.overlay !== undefined;
	return isOpen || (name !== undefined && state.lists[name].filter !== '')
		? undefined
		: `nothing is open; ${keyOf(state, 'quit')} quits`;
};

const reasons: Readonly<Partial<Record<KeyCommand, Reason>>> = {
	run: notRunnable,
	'start-demo': (state) =>
		isDemoOffered(state)
			? undefined
			: `${keyOf(state, 'start-demo')} works only when no account is available`,
	models: betweenRuns('models'),
	presets: betweenRuns('the preset'),
	settings: betweenRuns('settings'),
	'add-requests': notAddable,
	stop: notStoppable,
	'toggle-pause': notStoppable,
	'next-method': betweenRuns('the method'),
	history: ({history}) =>
		history === undefined ? 'no runs are kept (--no-reports, or the folder cannot be written)' : undefined,
	'next-goal': ({config, earlier}) =>
		earlier !== undefined || config.variants.length > 1
			? undefined
			: 'one variant: there is nothing to choose between',
	'toggle-variant': notToggleable,
	benchmark: notBenchmarkable,
	'fold-idle': (state) => (state.view === 'traffic' ? notUnfoldable(state) : notFoldable(state)),
	'open-traffic': ({tap}) => (tap === undefined ? 'no tap runs here: bedrock-top tap starts one' : undefined),
	'toggle-freeze': (state) =>
		state.view === 'account'
			? nothingWatched(state)
			: state.snapshot === undefined
				? 'nothing to freeze yet'
				: undefined,
	previous: notTurnable,
	next: notTurnable,
	'failures-only': ({items}) => (items.table === undefined ? 'nothing has been answered yet' : undefined),
	detail: (state) =>
		state.view === 'account'
			? noBucket(state)
			: state.view === 'items'
				? noItem(state)
				: state.view === 'log' || state.view === 'traffic'
					? notMovable(state)
					: listedRows(state).length === 0
						? 'no variant to show'
						: undefined,
	export: notExportable('charts'),
	'export-increase': notExportable('increase'),
	'export-winner': notExportable('winner'),
	close: notClosable,
	up: notMovable,
	down: notMovable,
	'page-up': notMovable,
	'page-down': notMovable,
	home: notMovable,
	end: notMovable,
	copy: notCopyable,
	columns: notChoosable,
	'next-sort': (state) =>
		isSortable(state)
			? undefined
			: `${titleOf(state.view)} has one order, by time: ${keyOf(state, 'invert')} inverts it`,
	'zoom-in': (state) =>
		notZoomable(state) ??
		(neighbourWindow(state, -1) === undefined ? 'this is the shortest window' : undefined),
	'zoom-out': (state) =>
		notZoomable(state) ??
		(neighbourWindow(state, 1) === undefined ? 'this is the longest window' : undefined),
	'zoom-reset': notZoomable,
};

/** Why a key without a command here does nothing. */
export function refusalWords(state: State, keyName: string): string {
	const {overlay, isTyping, view, keymap} = state;
	const key = cleanText(keyName);
	if (overlay?.kind === 'quit-question') {
		return `${keyOf(state, 'quit')} stops the run and quits, Esc continues`;
	}
	if (overlay !== undefined || isTyping) {
		return `${key} does nothing here`;
	}
	const places = commandFor(keyName, view, keymap) === undefined ? viewsOfKey(keyName, keymap) : undefined;
	return places === undefined
		? `${key} does nothing; ${keyOf(state, 'help')} lists the keys`
		: `${key} works in ${places}`;
}

/** What a key does now, in a word for the footer; undefined where that is its usual word. */
export function wordNow(state: State, command: KeyCommand): string | undefined {
	switch (command) {
		case 'run':
			return state.stage.kind === 'ended'
				? 'Run again'
				: state.stage.kind === 'failed'
					? 'Try again'
					: undefined;
		case 'toggle-pause':
			return isPaused(state) ? 'Resume' : wordInTap(state, command);
		case 'toggle-freeze':
			return (state.view === 'account' ? state.account.frozen : state.frozen) === undefined
				? undefined
				: 'Unfreeze';
		case 'toggle-variant':
			return selectedRow(state)?.isOn === false ? 'On' : 'Off';
		case 'detail':
			return state.isDetailOpen ? 'Close' : undefined;
		default:
			return wordInTap(state, command);
	}
}

function wordInTap({tap, view}: State, command: KeyCommand): string | undefined {
	switch (tap === undefined ? undefined : command) {
		case 'toggle-pause':
			return 'Hold';
		case 'stop':
			return 'End tap';
		case 'fold-idle':
			return view !== 'traffic' ? undefined : tap?.isFolded ? 'Sessions' : 'Fold';
		default:
			return undefined;
	}
}
