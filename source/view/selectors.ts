import type {AccountRegion} from '../domain/account-snapshot.ts';
import type {RunConfig} from '../domain/run-config.ts';
import type {Advice, BucketState, Gauge, Snapshot} from '../domain/snapshot.ts';
import type {AccountState} from './account/account-state.ts';
import type {State} from './state.ts';
import {usedSince} from './timeline.ts';

/** Values that the views derive from the state. */

/** Computes a value once per state: several panels ask for it in one frame. */
export function oncePerState<Value>(work: (state: State) => Value): (state: State) => Value {
	const known = new WeakMap<State, Value>();
	return (state) => {
		const value = known.get(state) ?? work(state);
		known.set(state, value);
		return value;
	};
}

/** The snapshot that is on screen: the frozen one while the view is frozen. */
export function shownSnapshot(state: State): Snapshot | undefined {
	return state.frozen?.snapshot ?? state.snapshot;
}

/**
 * The advice for the goal that is shown. Lines with a rate speak of throughput, which says nothing about what an answer
 * costs or how long it takes.
 */
export const shownAdvice = oncePerState((state): readonly Advice[] => {
	const snapshot = shownSnapshot(state);
	const {goal} = state.config;
	const all = snapshot?.adviceOfOtherGoals?.[goal] ?? snapshot?.advice ?? [];
	return goal === 'throughput' || goal === 'efficiency'
		? all
		: all.filter(({usefulPerMinute}) => usefulPerMinute === null);
});

/** Now in milliseconds since 1970, by the snapshot that is on screen; undefined where it does not say when it was made. */
export function snapshotNowMs(state: State): number | undefined {
	const at = shownSnapshot(state)?.at;
	const sinceMs = state.frozen === undefined ? state.nowMs - state.snapshotMs : 0;
	return at === undefined ? undefined : Date.parse(at) + Math.max(0, sinceMs);
}

/** The window of the limits. */
const minuteMs = 60_000;

/** Milliseconds since the service throttled by a limit; undefined: not within the last minute, or not known. */
export function throttledSinceMs(gauge: Gauge | undefined, nowMs: number | undefined): number | undefined {
	if (gauge?.throttledAt === undefined || nowMs === undefined) {
		return undefined;
	}
	const sinceMs = Math.max(0, nowMs - Date.parse(gauge.throttledAt));
	return sinceMs < minuteMs ? sinceMs : undefined;
}

/** A bucket as it is now: after the end of the run its own use leaves the last minute, and no newer figures come. */
export function bucketNow(state: State, index: number): BucketState | undefined {
	const snapshot = shownSnapshot(state);
	const bucket = snapshot?.buckets[index];
	const nowMs = snapshotNowMs(state);
	if (
		snapshot?.phase !== 'ended' ||
		snapshot.endedAt === null ||
		bucket === undefined ||
		nowMs === undefined
	) {
		return bucket;
	}
	const {timeline} = snapshot;
	const second = (snapshot.elapsedMs + Math.max(0, nowMs - Date.parse(snapshot.endedAt))) / 1000;
	const aged = (gauge: Gauge, field: 'requests' | 'quotaTokens'): Gauge => {
		const {throttledAt, others, fleet: _, ...own} = gauge;
		const isThrottled = throttledSinceMs(gauge, nowMs) !== undefined;
		const isByThrottle =
			bucket.others?.from === 'throttle' &&
			(throttledAt !== undefined || bucket.others.reportedAt === undefined);
		return {
			...own,
			used: Math.min(own.used, usedSince(timeline, index, field, second - minuteMs / 1000)),
			reserved: 0,
			// What a throttle showed holds for its minute; CloudWatch's figure is shown with its age.
			...(others === undefined || (isByThrottle && !isThrottled) ? {} : {others}),
			...(isThrottled && throttledAt !== undefined ? {throttledAt} : {}),
		};
	};
	// The program has left the fleet.
	const {others, fleet: _, ...rest} = bucket;
	const requests = aged(bucket.requests, 'requests');
	const tokens = aged(bucket.tokens, 'quotaTokens');
	const isThrottled = requests.throttledAt !== undefined || tokens.throttledAt !== undefined;
	const source =
		others?.reportedAt === undefined || isThrottled
			? others
			: ({at: others.reportedAt, from: 'cloudwatch'} as const);
	const isKnown = source !== undefined && (requests.others !== undefined || tokens.others !== undefined);
	const {output} = bucket;
	// No timeline has it: what counted at the end counts until its minute is over.
	const isOver = second - snapshot.elapsedMs / 1000 >= minuteMs / 1000;
	return {
		...rest,
		requests,
		tokens,
		...(output === undefined ? {} : {output: {...output, reserved: 0, used: isOver ? 0 : output.used}}),
		inFlight: 0,
		...(isKnown ? {others: source} : {}),
	};
}

/** Milliseconds until the gauges change by time alone; undefined while they do not. */
function gaugeTickMs(state: State): number | undefined {
	const snapshot = shownSnapshot(state);
	const nowMs = snapshotNowMs(state);
	const isLive = snapshot?.phase !== 'ended' && snapshot?.phase !== 'ready';
	if (nowMs === undefined || state.view === 'account' || isLive || state.frozen !== undefined) {
		return undefined;
	}
	const buckets = snapshot.buckets.flatMap((_, index) => bucketNow(state, index) ?? []);
	const isAgeing =
		snapshot.phase === 'ended' &&
		buckets.some(({requests, tokens}) =>
			[requests, tokens].some(({used, throttledAt}) => used > 0 || throttledAt !== undefined),
		);
	// The age of others' use is shown in whole minutes.
	const ages = buckets.flatMap(({others}) =>
		others === undefined ? [] : [minuteMs - (Math.max(0, nowMs - Date.parse(others.at)) % minuteMs)],
	);
	return isAgeing ? 1000 : ages.length === 0 ? undefined : Math.max(1000, Math.min(...ages));
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

/** Whether nothing is being sent, or that was asked for. */
export function isPaused({asked, snapshot}: State): boolean {
	return asked === undefined ? snapshot?.phase === 'paused' : asked === 'pause';
}

/** The newest run in which something was sent. */
export function finalSnapshot({snapshot, lastRun}: State): Snapshot | undefined {
	return snapshot !== undefined && snapshot.startedAt !== null ? snapshot : lastRun;
}

/** Milliseconds until time alone changes the screen; undefined while it does not, and nothing ticks. */
export function nextTickMs(state: State): number | undefined {
	const gaugeMs = gaugeTickMs(state);
	const ticks = [
		...(gaugeMs === undefined ? [] : [gaugeMs]),
		...(state.flash === undefined ? [] : [Math.max(1, state.flash.untilMs - state.nowMs)]),
		...(isWaiting(state) ? [1000] : []),
		...(isAgeing(state) ? [ageingMs] : []),
	];
	return ticks.length === 0 ? undefined : Math.min(...ticks);
}

/** Milliseconds after which the age of the account's figures is updated. */
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

/** Time windows of the charts, in seconds. */
export const chartWindows = [15, 30, 60, 120, 300, 900, 3600, 14_400] as const;

/** The longest window that is chosen automatically. */
const usualWindowSeconds = 120;

/** The window in force: the one chosen, or the shortest usual one that holds the run so far. */
export function shownWindowSeconds(state: State): number {
	const elapsedSeconds = (shownSnapshot(state)?.elapsedMs ?? 0) / 1000;
	const fitting = chartWindows.find((seconds) => seconds >= elapsedSeconds) ?? usualWindowSeconds;
	return state.windowSeconds ?? Math.min(usualWindowSeconds, fitting);
}

/** Limits are over a minute: in a shorter run their curves only grow, and say what the gauges say. */
const shortRunMs = 60_000;

/** Whether a run is too short for curves of a minute; not where a window was chosen, which asks for curves. */
export function isShortRun(state: State): boolean {
	const snapshot = shownSnapshot(state);
	return (
		state.windowSeconds === undefined &&
		snapshot !== undefined &&
		snapshot.startedAt !== null &&
		snapshot.elapsedMs < shortRunMs
	);
}

/** The window some steps longer (positive) or shorter; undefined beyond the ends. */
export function neighbourWindow(state: State, steps: number): number | undefined {
	const shown = shownWindowSeconds(state);
	const windows: readonly number[] = chartWindows;
	return windows[windows.indexOf(shown) + steps];
}

/** Whether the first report is still outstanding. */
function isAccountLoading(account: AccountState): boolean {
	return account.isWatched && (account.snapshot?.regions ?? []).every(({phase}) => phase === 'loading');
}

/** Now by the service's clock: that of the newest report, and the time since. */
export function accountNowMs({
	account,
	nowMs,
}: {
	readonly account: AccountState;
	readonly nowMs: number;
}): number {
	return (
		Math.max(0, ...(account.snapshot?.regions ?? []).map(({at}) => at)) +
		Math.max(0, nowMs - account.receivedMs)
	);
}

/** The Regions that the view shows: the frozen ones while it is frozen. */
export function shownRegions({snapshot, frozen}: AccountState): readonly AccountRegion[] {
	return (frozen ?? snapshot)?.regions ?? [];
}

/** Why nothing is known about the account; undefined while something is. */
export function accountFault(account: AccountState): AccountRegion | undefined {
	const regions = shownRegions(account);
	return regions.length > 0 && regions.every(({phase}) => phase === 'failed') ? regions[0] : undefined;
}
