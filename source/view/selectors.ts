import type {RunConfig} from '../domain/run-config.ts';
import type {Snapshot} from '../domain/snapshot.ts';
import {isAccountLoading} from './account/account-state.ts';
import type {State} from './state.ts';

/** What the views read out of the state. */

/** The snapshot that is on screen: the frozen one while the view is frozen. */
export function shownSnapshot(state: State): Snapshot | undefined {
	return state.frozen?.snapshot ?? state.snapshot;
}

/** The configuration of the next run: without the variants that are switched off. */
export function activeConfig({config, switchedOff}: State): RunConfig {
	if (switchedOff.length === 0) {
		return config;
	}
	const isOn = (name: string) => !switchedOff.includes(name);
	return {
		...config,
		variants: config.variants.filter(({name}) => isOn(name)),
		lanes: config.lanes.map((lane) => ({...lane, variants: lane.variants.filter((name) => isOn(name))})),
	};
}

/** Whether requests are being sent or answered. */
export function isRunning({stage}: State): boolean {
	return stage.kind === 'running';
}

/** What the session leaves behind: the newest run in which something was sent. */
export function finalSnapshot({snapshot, lastRun}: State): Snapshot | undefined {
	return snapshot !== undefined && snapshot.startedAt !== null ? snapshot : lastRun;
}

/** Milliseconds until time alone changes what is shown; undefined while it does not: then nothing ticks. */
export function nextTickMs(state: State): number | undefined {
	const ticks = [
		...(state.flash === undefined ? [] : [Math.max(1, state.flash.untilMs - state.nowMs)]),
		...(isWaiting(state) ? [1000] : []),
		...(isAgeing(state) ? [ageingMs] : []),
	];
	return ticks.length === 0 ? undefined : Math.min(...ticks);
}

/** How often the age of the account's figures is shown anew, in milliseconds. */
const ageingMs = 10_000;

function isAgeing({view, account}: State): boolean {
	return view === 'account' && account.snapshot !== undefined;
}

function isWaiting({stage, frozen, isLeaving, stoppedMs, models, presets, account}: State): boolean {
	const isListing = models.kind === 'loading' || presets.kind === 'loading';
	const isStopping = stoppedMs !== undefined && stage.kind === 'running';
	return (
		isListing ||
		isStopping ||
		isAccountLoading(account) ||
		stage.kind === 'preparing' ||
		isLeaving ||
		(frozen !== undefined && stage.kind === 'running')
	);
}
