import type {Snapshot} from '../domain/snapshot.ts';
import {answerGraceMs} from '../domain/timeouts.ts';
import {
	formatCount,
	formatDurationMs,
	formatElapsedMs,
	formatSecondsLeft,
	quietWords,
} from '../text/numbers.ts';
import type {Tone} from '../text/segment.ts';
import {cleanText} from '../text/width.ts';
import {accountFault, accountNowMs, shownRegions} from './account/account-state.ts';
import {leaveDeadlineMs, type State} from './state.ts';

/** The state of the session in words. */
export type Status = {readonly word: string; readonly detail: string; readonly tone: Tone};

/** The status of the session, whether the view is frozen or not. */
export function statusOf(state: State): Status {
	const {stage, snapshot} = state;
	switch (stage.kind) {
		case 'preparing': {
			const waited = formatSecondsLeft(Math.floor((state.nowMs - stage.sinceMs) / 1000) * 1000);
			return {word: 'PREPARING', detail: `${cleanText(stage.step)} (${waited})`, tone: 'accent'};
		}
		case 'choosing':
			return {word: 'CHOOSING', detail: 'no model chosen: M lists what can be run', tone: 'accent'};
		case 'planned':
			return {word: 'READY', detail: 'nothing is sent before r', tone: 'accent'};
		case 'failed':
			return {word: 'FAULT', detail: cleanText(stage.fault.message), tone: 'bad'};
		case 'running':
			return runningStatus(state, snapshot);
		case 'ended':
			return endedStatus(snapshot);
	}
}

/** The title of the window: how far the run is. */
export function titleOf({stage, snapshot}: State): string {
	const {done, total} = snapshot?.progress ?? {done: 0, total: null};
	const count = total === null ? formatCount(done) : `${formatCount(done)}/${formatCount(total)}`;
	switch (stage.kind) {
		case 'running':
			return `bedrock-top ${count}`;
		case 'ended':
			return `bedrock-top: run ended, ${count}`;
		case 'failed':
			return 'bedrock-top: run failed';
		default:
			return 'bedrock-top';
	}
}

/** Since when the view is frozen; undefined while it is not. */
export function frozenStatus({frozen, nowMs, stage}: State): Status | undefined {
	if (frozen === undefined) {
		return undefined;
	}
	const detail = stage.kind === 'running' ? 'data still arriving' : 'f shows the newest';
	return {word: `FROZEN ${formatElapsedMs(nowMs - frozen.sinceMs)}`, detail, tone: 'warning'};
}

function runningStatus(state: State, snapshot: Snapshot | undefined): Status {
	if (snapshot === undefined || (snapshot.phase === 'ready' && state.asked === undefined)) {
		return {word: 'RUNNING', detail: 'starting', tone: 'good'};
	}
	if (state.asked === 'stop' || snapshot.phase === 'draining') {
		const {progress} = snapshot;
		const {inFlight, quietMs} = progress;
		const answers = `waiting for ${formatCount(inFlight)} ${inFlight === 1 ? 'answer' : 'answers'}`;
		const waiting =
			inFlight > 0
				? [answers, deadlineWords(state, snapshot), quietWords(quietMs)].filter(Boolean).join(', ')
				: progress.waitingFor === null
					? 'closing the run'
					: `waiting for ${cleanText(progress.waitingFor)}`;
		return {
			word: 'STOPPING',
			detail: state.isLeaving ? `${waiting}; q leaves at once` : waiting,
			tone: 'warning',
		};
	}
	const elapsed = formatElapsedMs(snapshot.elapsedMs);
	if (state.asked === 'pause') {
		return {word: 'PAUSING', detail: elapsed, tone: 'warning'};
	}
	if (state.asked === undefined && snapshot.phase === 'paused') {
		return {word: 'PAUSED', detail: 'nothing is being sent', tone: 'warning'};
	}
	const waiting = waitingWords(snapshot);
	// The reason for waiting says more than the time left at the earlier pace.
	const words = waiting === undefined ? [progressWords(snapshot)] : [doneWords(snapshot), waiting];
	const detail = [elapsed, ...words].join(' · ');
	return {word: 'RUNNING', detail, tone: 'good'};
}

/** How long answers are still waited for; undefined where the run reached its requests, which has no deadline. */
function deadlineWords({stoppedMs, nowMs, isLeaving}: State, snapshot: Snapshot): string | undefined {
	const {spec, progress} = snapshot;
	const ownMs = spec.load.durationMs === null ? null : progress.remainingMs;
	const deadlineMs = isLeaving ? leaveDeadlineMs : answerGraceMs;
	const leftMs =
		stoppedMs === undefined ? (ownMs ?? 0) : deadlineMs - Math.floor((nowMs - stoppedMs) / 1000) * 1000;
	return leftMs > 0 ? `${formatSecondsLeft(leftMs)} left` : undefined;
}

/** How far a run is: `82/160, 64 s left`. */
function progressWords(snapshot: Snapshot): string {
	const {progress} = snapshot;
	const done = doneWords(snapshot);
	return progress.remainingMs === null ? done : `${done}, ${formatSecondsLeft(progress.remainingMs)} left`;
}

function doneWords({progress}: Snapshot): string {
	if (progress.total === null) {
		return `${formatCount(progress.done)} done`;
	}
	const likely = progress.likely === undefined ? '' : `~${formatCount(progress.likely)}, at most `;
	return `${formatCount(progress.done)}/${likely}${formatCount(progress.total)}`;
}

/** Why nothing moves, in words; undefined while it does. */
function waitingWords({progress, elapsedMs}: Snapshot): string | undefined {
	const quiet = quietWords(progress.quietMs);
	if (progress.waitingFor !== null) {
		return [`waiting for ${cleanText(progress.waitingFor)}`, quiet].filter(Boolean).join(', ');
	}
	if (quiet !== undefined) {
		return quiet;
	}
	return progress.done === 0 && progress.inFlight > 0
		? `waiting for the first answer (${formatSecondsLeft(Math.floor(elapsedMs / 1000) * 1000)})`
		: undefined;
}

const stopWords = {
	key: 'by key',
	signal: 'by a signal',
	requests: 'at the maximum of requests',
	cost: 'at the maximum cost',
	day: 'by the daily quota',
	fault: 'by a fault',
} as const;

function endedStatus(snapshot: Snapshot | undefined): Status {
	const duration = formatDurationMs(snapshot?.elapsedMs);
	const by = snapshot?.stoppedBy == null ? '' : ` ${stopWords[snapshot.stoppedBy]}`;
	switch (snapshot?.outcome) {
		case 'stopped':
			return {word: 'STOPPED', detail: `${by.trim()} after ${duration}`.trim(), tone: 'warning'};
		case 'failed':
			return {word: 'FAILED', detail: `${by.trim()} after ${duration}`.trim(), tone: 'bad'};
		default:
			return {word: 'COMPLETED', detail: `in ${duration} · r runs again`, tone: 'good'};
	}
}

/** The state of the account monitor in words. */
export function accountStatus(state: State): Status {
	const {account} = state;
	const regions = shownRegions(account);
	const fault = accountFault(account);
	if (fault !== undefined) {
		return {word: 'NO ACCOUNT', detail: fault.remarks[0] ?? '', tone: 'bad'};
	}
	const [first] = regions;
	if (first === undefined || regions.every(({phase}) => phase === 'loading')) {
		const waited = formatSecondsLeft(Math.floor((state.nowMs - account.askedMs) / 1000) * 1000);
		return {word: 'WATCHING', detail: `asking what the account uses (${waited})`, tone: 'accent'};
	}
	const active = regions.flatMap(({buckets}) => buckets.filter(({activity}) => activity === 'active')).length;
	const minute = Math.max(...regions.map((region) => region.minute ?? 0));
	const age = minute === 0 ? 0 : Math.max(0, accountNowMs(state) - minute - 60_000);
	const words = [
		`${formatCount(active)} active`,
		...(minute === 0
			? []
			: [`minute ${new Date(minute).toISOString().slice(11, 16)} UTC, ${formatDurationMs(age)} old`]),
		...(regions.every(({isComplete}) => isComplete) ? [] : ['incomplete']),
	];
	return account.frozen === undefined
		? {word: 'WATCHING', detail: words.join(' · '), tone: 'good'}
		: {word: 'FROZEN', detail: `${words.join(' · ')} · f shows the newest`, tone: 'warning'};
}
