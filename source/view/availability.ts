import {notFoldable, selectedBucket} from './account/listed-buckets.ts';
import {type KeyCommand, titleOf} from './keymap.ts';
import {isSortable} from './list-commands.ts';
import {notAddable} from './more-requests.ts';
import {finalSnapshot, isRunning, neighbourWindow} from './selectors.ts';
import type {State} from './state.ts';
import {listedRows, selectedRow} from './variant-rows.ts';

function notBenchmarkable(state: State): string | undefined {
	if (isRunning(state)) {
		return 'a run is under way: x stops it';
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

/** Why a command has no effect at present, as half a sentence; undefined when it has one. */
export function disabledReason(state: State, command: KeyCommand): string | undefined {
	return reasons[command]?.(state);
}

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
		case 'choosing':
			return state.config.models.length > 0 ? undefined : 'no model is chosen: M lists what can be run';
		default:
			return undefined;
	}
};

function betweenRuns(what: string): Reason {
	const verb = what.startsWith('the ') ? 'changes' : 'change';
	return (state) => (isRunning(state) ? `${what} ${verb} between runs: x stops this one` : undefined);
}

const notStoppable: Reason = (state) => {
	if (!isRunning(state)) {
		return 'no run is under way';
	}
	return state.asked === 'stop' || state.snapshot?.phase === 'draining'
		? 'the run is stopping already'
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

const notExportable: Reason = (state) => {
	if (state.isExporting) {
		return 'the files are still being written';
	}
	return finalSnapshot(state) === undefined ? 'nothing has been measured yet' : undefined;
};

const reasons: Readonly<Partial<Record<KeyCommand, Reason>>> = {
	run: notRunnable,
	'start-demo': (state) => (isDemoOffered(state) ? undefined : 'the demo is for when no account can be used'),
	models: betweenRuns('models'),
	presets: betweenRuns('the preset'),
	settings: betweenRuns('settings'),
	'add-requests': notAddable,
	stop: notStoppable,
	'toggle-pause': notStoppable,
	'next-method': betweenRuns('the method'),
	'toggle-variant': notToggleable,
	benchmark: notBenchmarkable,
	'fold-idle': notFoldable,
	'toggle-freeze': (state) =>
		state.view === 'account'
			? nothingWatched(state)
			: state.snapshot === undefined
				? 'nothing to freeze yet'
				: undefined,
	detail: (state) =>
		state.view === 'account'
			? noBucket(state)
			: listedRows(state).length === 0
				? 'no variant to show'
				: undefined,
	export: notExportable,
	'export-increase': notExportable,
	'export-winner': notExportable,
	'next-sort': (state) =>
		isSortable(state) ? undefined : `${titleOf(state.view)} has one order, by time: i inverts it`,
	'zoom-in': (state) =>
		neighbourWindow(state, -1) === undefined ? 'this is the shortest window' : undefined,
	'zoom-out': (state) => (neighbourWindow(state, 1) === undefined ? 'this is the longest window' : undefined),
};
