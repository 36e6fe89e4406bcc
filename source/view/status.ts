import {answerGraceMs} from '../domain/backend.ts';
import type {Snapshot, StoppedBy} from '../domain/snapshot.ts';
import {
	formatCount,
	formatDurationMs,
	formatElapsedMs,
	formatNumber,
	formatSecondsLeft,
	formatUsdWithin,
	quietWords,
} from '../text/numbers.ts';
import type {Tone} from '../text/segment.ts';
import {cleanText} from '../text/width.ts';
import {activeWords} from './account/account-rows.ts';
import {startText} from './history/history.ts';
import {keyOf} from './keymap.ts';
import {accountFault, accountNowMs, isPaused, shownRegions} from './selectors.ts';
import {leaveDeadlineOf, type State} from './state.ts';
import {heldWords, requestCount, leftWords as tapLeftWords, upWords} from './tap/client-rows.ts';

/** The state of the session in words. */
export type Status = {
	readonly word: string;
	readonly detail: string;
	readonly tone: Tone;
	/** What to say where the detail does not fit, the longest first. */
	readonly shorter?: readonly string[];
};

/** The status of the session, whether the view is frozen or not. */
export function statusOf(state: State): Status {
	const {stage, snapshot, earlier} = state;
	if (earlier !== undefined) {
		const {word, detail} = endedStatus(state);
		const how = `${word.toLowerCase()} ${detail.replace(/ · \S+ runs again$/, '')}`;
		return {
			word: 'EARLIER RUN',
			detail: `of ${startText(earlier.startedAt)} UTC · Esc returns · ${how}`,
			tone: 'warning',
		};
	}
	switch (stage.kind) {
		case 'preparing': {
			const waited = formatSecondsLeft(Math.floor((state.nowMs - stage.sinceMs) / 1000) * 1000);
			return {word: 'PREPARING', detail: `${cleanText(stage.step)} (${waited})`, tone: 'accent'};
		}
		case 'choosing':
			return {
				word: 'CHOOSING',
				detail: `no model chosen: ${keyOf(state, 'models')} lists what can be run`,
				tone: 'accent',
			};
		case 'planned':
			return state.plan?.refusal === undefined
				? {
						word: 'READY',
						detail: `· press ${keyOf(state, 'run')} to start; nothing has been sent`,
						tone: 'accent',
					}
				: blockedStatus(cleanText(state.plan.refusal));
		case 'failed':
			return {word: 'FAULT', detail: cleanText(stage.fault.message), tone: 'bad'};
		case 'running':
			return state.tap === undefined ? runningStatus(state, snapshot) : tapStatus(state, snapshot);
		case 'ended':
			return state.tap === undefined
				? endedStatus(state)
				: {
						word: 'ENDED',
						detail: `after ${formatDurationMs(snapshot?.elapsedMs)} · ${keyOf(state, 'quit')} quits`,
						tone: 'good',
					};
	}
}

/** The reason goes before what follows from it: `daily token quota used up: 35M of 2M, resets 00:00 UTC`. */
function blockedStatus(refusal: string): Status {
	const [reason = refusal] = refusal.split(', ');
	return {word: 'BLOCKED', detail: `· ${refusal}`, tone: 'bad', shorter: [`· ${reason}`]};
}

/** The title of the window: how far the run is. */
export function windowTitle({stage, snapshot, tap}: State): string {
	if (tap !== undefined) {
		const requests = snapshot === undefined ? 0 : requestCount(snapshot);
		return `bedrock-top tap${stage.kind === 'running' ? '' : ' ended'}, ${formatCount(requests)} requests`;
	}
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
export function frozenStatus(state: State): Status | undefined {
	const {frozen, nowMs, stage} = state;
	if (frozen === undefined) {
		return undefined;
	}
	const detail = stage.kind === 'running' ? 'data still arriving' : newestWords(state);
	return {word: `FROZEN ${formatElapsedMs(nowMs - frozen.sinceMs)}`, detail, tone: 'warning'};
}

function newestWords(state: State): string {
	return `${keyOf(state, 'toggle-freeze')} shows the newest`;
}

function runningStatus(state: State, snapshot: Snapshot | undefined): Status {
	if (snapshot === undefined || (snapshot.phase === 'ready' && state.asked === undefined)) {
		return {word: 'RUNNING', detail: 'starting', tone: 'good'};
	}
	if (state.asked === 'stop' || snapshot.phase === 'draining') {
		return stoppingStatus(state, snapshot);
	}
	const elapsed = formatElapsedMs(snapshot.elapsedMs);
	if (state.asked === 'pause') {
		return {word: 'PAUSING', detail: elapsed, tone: 'warning'};
	}
	if (state.asked === undefined && snapshot.phase === 'paused') {
		return {word: 'PAUSED', detail: 'nothing is being sent', tone: 'warning'};
	}
	const done = doneWords(snapshot);
	const left = leftWords(snapshot);
	const waiting = waitingWords(snapshot);
	if (waiting === undefined) {
		const detail = `${elapsed} · ${[done, left].filter(Boolean).join(', ')}`;
		return {word: 'RUNNING', detail, tone: 'good'};
	}
	// What it waits for must not be cut off.
	const soon = left?.replace(/ left.*/, ' left');
	const [detail = '', ...shorter] = [
		[elapsed, done, waiting, left],
		[elapsed, done, waiting, soon],
		[done, waiting, soon],
		[done, waiting],
		[waiting],
		[waiting.split(' · ').at(-1)],
	].map((words) => words.filter(Boolean).join(' · '));
	return {word: 'RUNNING', detail, tone: 'good', shorter};
}

/** The state of a tap, what its requests wait for before anything else. */
function tapStatus(state: State, snapshot: Snapshot | undefined): Status {
	const requests = snapshot === undefined ? 0 : requestCount(snapshot);
	if (state.asked === 'stop' || snapshot?.phase === 'draining') {
		const left = snapshot === undefined ? undefined : deadlineWords(state, snapshot);
		const words = [tapLeftWords(snapshot), left].filter(Boolean).join(', ');
		return {
			word: 'ENDING',
			detail: `${words} · ${keyOf(state, 'quit')} ends at once`,
			tone: 'warning',
			shorter: [words],
		};
	}
	if (isPaused(state)) {
		const detail = `new requests are held · ${keyOf(state, 'toggle-pause')} resumes`;
		return {word: 'PAUSED', detail, tone: 'warning', shorter: ['new requests are held']};
	}
	if (snapshot === undefined || requests === 0) {
		return {word: 'SERVING', detail: 'no request so far', tone: 'good'};
	}
	const held = heldWords(snapshot);
	const count = `${formatCount(requests)} ${requests === 1 ? 'request' : 'requests'}`;
	const inFlight = `${formatCount(snapshot.progress.inFlight)} in flight`;
	const {costUsd, costUsdWithin} = snapshot;
	const cost = costUsd === null ? '' : `cost ${formatUsdWithin(costUsd, costUsdWithin)}`;
	const [detail = '', ...shorter] = [
		[upWords(snapshot.elapsedMs), count, inFlight, held, cost],
		[upWords(snapshot.elapsedMs), count, inFlight, held],
		[count, inFlight, held],
		[held || count],
	].map((words) => words.filter(Boolean).join(' · '));
	return {word: 'SERVING', detail, tone: 'good', shorter};
}

/** Nothing new is sent: the run came to its end, or something stopped it. */
function stoppingStatus(state: State, snapshot: Snapshot): Status {
	const {progress} = snapshot;
	const {inFlight, quietMs} = progress;
	const answers = `${formatCount(inFlight)} ${inFlight === 1 ? 'request' : 'requests'} still in flight`;
	const waiting =
		inFlight > 0
			? [answers, deadlineWords(state, snapshot), quietWords(quietMs)].filter(Boolean).join(', ')
			: cleanText(progress.waitingFor ?? '') || 'closing the run';
	const isNatural = state.asked !== 'stop' && !state.isLeaving && snapshot.stoppedBy === null;
	// Who pressed a key knows it; a guard has to say so.
	const reason = snapshot.stoppedBy === null || snapshot.stoppedBy === 'key' ? '' : ` ${stopWords(snapshot)}`;
	return {
		word: isNatural ? 'FINISHING' : 'STOPPING',
		detail: `${reason} · ${waiting}${state.isLeaving ? '; q leaves at once' : ''}`.trim(),
		tone: 'warning',
	};
}

/** How long answers are still waited for; undefined where the run reached its requests, which has no deadline. */
function deadlineWords({stoppedMs, nowMs, isLeaving, tap}: State, snapshot: Snapshot): string | undefined {
	const {spec, progress} = snapshot;
	const ownMs = spec.load.durationMs === null ? null : progress.remainingMs;
	const deadlineMs = isLeaving || tap !== undefined ? leaveDeadlineOf({tap}) : answerGraceMs;
	const leftMs =
		stoppedMs === undefined ? (ownMs ?? 0) : deadlineMs - Math.floor((nowMs - stoppedMs) / 1000) * 1000;
	return leftMs > 0 ? `${formatSecondsLeft(leftMs)} left` : undefined;
}

/** Time left, by what rate where the free part of the quota sets it: `25m 40s left at 3 per minute`; undefined: not known. */
export function leftWords({progress: {remainingMs, freePerMinute, isSlower}}: Snapshot): string | undefined {
	if (remainingMs === null) {
		return undefined;
	}
	const rate = freePerMinute === undefined ? '' : ` at ${formatNumber(freePerMinute)} per minute`;
	return `${formatSecondsLeft(remainingMs)} left${rate}${isSlower ? ', slower than before' : ''}`;
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
		return [cleanText(progress.waitingFor), quiet].filter(Boolean).join(', ');
	}
	if (quiet !== undefined) {
		return quiet;
	}
	return progress.done === 0 && progress.inFlight > 0
		? `waiting for the first answer (${formatSecondsLeft(Math.floor(elapsedMs / 1000) * 1000)})`
		: undefined;
}

/** For results that were kept without their figures. */
const stoppedByWords: Readonly<Record<StoppedBy, string>> = {
	key: 'by you',
	signal: 'by a signal',
	requests: 'at --max-requests',
	cost: 'at --max-cost',
	day: 'daily token quota used up',
	fault: 'no variant could go on',
};

/** The end of a run, as it is on the screen and in results. */
type RunEnd = {
	readonly stoppedBy: StoppedBy | null;
	readonly stopReason?: string;
	readonly failures: ReadonlyArray<{
		readonly class: string;
		readonly message: string;
		readonly count: number;
	}>;
};

/** What stopped a run, with the figures that say why: `at --max-cost $1.00`; empty where it came to its end. */
export function stopWords({stoppedBy, stopReason, failures}: RunEnd): string {
	if (stoppedBy === 'fault') {
		const lasting = failures.filter(
			({class: name}) => !name.startsWith('throttled') && name !== 'overloaded',
		);
		const [most] = lasting.sort((first, second) => second.count - first.count);
		return `· ${cleanText(most?.message ?? stoppedByWords.fault).replace(/\.$/, '')}`;
	}
	const reason = stoppedBy === null ? '' : cleanText(stopReason ?? stoppedByWords[stoppedBy]);
	return stoppedBy === 'day' ? `· ${reason}` : reason;
}

function endedStatus(state: State): Status {
	const {snapshot} = state;
	const duration = formatDurationMs(snapshot?.elapsedMs);
	const by = snapshot === undefined ? '' : stopWords(snapshot);
	switch (snapshot?.outcome) {
		case 'stopped':
			return {
				word: 'STOPPED',
				detail: snapshot.stoppedBy === 'day' ? by : `${by} after ${duration}`.trim(),
				tone: 'warning',
			};
		case 'failed':
			return {word: 'FAILED', detail: by || `after ${duration}`, tone: 'bad'};
		default:
			return {word: 'COMPLETED', detail: `in ${duration} · ${keyOf(state, 'run')} runs again`, tone: 'good'};
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
	const minute = Math.max(...regions.map((region) => region.minute ?? 0));
	const age = minute === 0 ? 0 : Math.max(0, accountNowMs(state) - minute - 60_000);
	const words = [
		`${activeWords(regions.flatMap(({buckets}) => buckets))} active`,
		...(minute === 0
			? []
			: [`minute ${new Date(minute).toISOString().slice(11, 16)} UTC, ${formatDurationMs(age)} old`]),
		...(regions.every(({isComplete}) => isComplete) ? [] : ['incomplete']),
	];
	return account.frozen === undefined
		? {word: 'WATCHING', detail: words.join(' · '), tone: 'good'}
		: {word: 'FROZEN', detail: `${words.join(' · ')} · ${newestWords(state)}`, tone: 'warning'};
}
