import type {Bucket} from '../admission/bucket.ts';
import {answerGraceMs, type Backend, silenceOf} from '../domain/backend.ts';
import type {AccountFigures, LedgerEntry, MinuteOfUse, SharedFigures, Use} from '../domain/bucket-usage.ts';
import type {Clock} from '../domain/clock.ts';
import type {Goal, RunSpec} from '../domain/run-config.ts';
import type {Phase, Snapshot, StoppedBy} from '../domain/snapshot.ts';
import type {Target} from '../domain/target.ts';
import type {PatternChecker} from '../prompts/checks.ts';
import {createSettlement} from './attempts/attempt-settlement.ts';
import {Attempts} from './attempts/attempts.ts';
import {
	type AnswerRecord,
	type LostRecord,
	ReplayedCount,
	type UncheckedRecord,
} from './attempts/request-records.ts';
import {memberOf, RunCore} from './run-core.ts';
import {makeSnapshot} from './run-snapshot.ts';
import {Scheduler} from './scheduling/scheduler.ts';

/** What a run needs from its surroundings. */
export type RunPorts = {
	/** Unique name of the run, which its snapshots bear; absent: none. */
	readonly id?: string;
	readonly backend: Backend;
	readonly clock: Clock;
	readonly onAnswer?: (record: AnswerRecord) => void;
	/** An answer whose check takes its time, without verdicts; it comes again when it is judged. */
	readonly onUnjudged?: (record: UncheckedRecord) => void;
	/** Checks answers by the patterns of the task; absent: in this thread. */
	readonly checker?: PatternChecker | undefined;
	/** A request got no answer: its attempts are spent, it can never be sent, or the run ended first. */
	readonly onLost?: (record: LostRecord) => void;
	/** Of each target: what other runs use of its bucket; read again when the run joins. */
	readonly initialUse?: ReadonlyArray<readonly LedgerEntry[]>;
	/** The run as a member of the bucket of a target, which other programs share; absent: it is alone. */
	readonly memberOf?: (target: Target, bucket: Bucket, hooks: RunHooks) => BucketMember;
};

/** What a member of a bucket says. */
export type MemberHooks = {
	/** There may be room now. */
	readonly onChange: () => void;
	/** Adds a sentence to the log. */
	readonly note: (text: string) => void;
	/** Another member has read the account's figures of the bucket. */
	readonly onFigures: (figures: AccountFigures) => void;
};

/** What of that a run takes. */
type RunHooks = Omit<MemberHooks, 'onFigures'>;

/** A program as a member of a bucket that others share: of this host by its disk, of a fleet by a ledger in a store. */
export type BucketMember = {
	/** After `stop` it may start again. Neither rejects. */
	readonly start: () => Promise<void>;
	readonly stop: () => Promise<void>;
	/** The minutes in which the other members had answers. */
	readonly usedElsewhere: readonly MinuteOfUse[];
	/** Of a fleet: one member reads the account's figures for all. Absent: each reads them by itself. */
	readonly figures?: SharedFigures;
};

/** The run as a member of each of its buckets, beside other runs of the user. */
type RunMembers = {
	/**
	 * Takes its part of the buckets that other runs of the user share; before the start, and again before it continues.
	 * Without it the run is alone.
	 */
	readonly join: () => Promise<void>;
	/** Leaves its last window to the others; an ended run has done so by itself. */
	readonly leave: () => Promise<void>;
	/** Of each target: the minutes in which other programs of the user had answers from its bucket. */
	readonly usedElsewhere: () => ReadonlyArray<readonly MinuteOfUse[]>;
};

/** One run, from ready to ended. */
export type Run = RunMembers & {
	/** Sends until the load ends, the run is stopped or a guard holds; resolves when the last answer is in. */
	readonly start: () => Promise<void>;
	/**
	 * Sends more after the end: what was measured stays. Resolves when the last answer is in.
	 * @throws RangeError where the last snapshot offers nothing.
	 */
	readonly sendMore: () => Promise<void>;
	/** Nothing new is sent; what is in flight continues. */
	readonly pause: () => void;
	readonly resume: () => void;
	/** Nothing new is sent; what is in flight after `deadlineMs` is cut off. */
	readonly stop: (stoppedBy: StoppedBy, deadlineMs: number) => void;
	/** Another goal decides from here on; variants that were out may come back. */
	readonly setGoal: (goal: Goal) => void;
	readonly snapshot: () => Snapshot;
	/** Calls back after each change of the phase; returns a function that ends it. */
	readonly onPhaseChange: (listener: (phase: Phase) => void) => () => void;
	/**
	 * What other applications are known to use of the bucket of a target, by the account monitor.
	 * @param at When they did, in milliseconds since 1970; absent: now.
	 */
	readonly setOthersUse: (target: number, use: Use, at?: number) => void;
	/** Quota tokens of the day that are used without this run, by the account monitor. */
	readonly setOthersToday: (target: number, tokens: number) => void;
};

/** How long failed requests are still retried when the time of a run is over, in milliseconds. */
const retryGraceMs = 5000;

/** Makes a run; nothing is sent before `start`. */
export function createRun(spec: RunSpec, ports: RunPorts): Run {
	const {clock} = ports;
	const core = new RunCore(spec, {...ports, onWake: pump});
	const {status, time, sources} = core;
	const replayed = new ReplayedCount();
	const silence = silenceOf(spec.method, spec.timeoutMs);
	const attempts = new Attempts(ports.backend, clock, silence, createSettlement(core, {...ports, replayed}));
	const scheduler = new Scheduler(core, attempts);
	const members = createRunMembers(core, ports.memberOf);
	let cancelDeadline = (): void => {};
	let deadlineAt: number | undefined;
	let onEnd = (): void => {};

	const end = (): void => {
		core.stopWaking();
		attempts.close();
		cancelDeadline();
		const text = replayed.toText();
		if (text !== undefined) {
			core.note('replay', text);
		}
		core.sumUp();
		core.emit({type: 'ended', at: time.elapsedMs()});
		// Until it continues, if ever.
		time.pause();
		status.go('ended');
		onEnd();
	};

	const untilEnd = async (begin: () => void): Promise<void> => {
		const ended = new Promise<void>((resolve) => {
			onEnd = resolve;
		});
		begin();
		pump();
		await ended;
		await members.leave();
	};

	const {id} = ports;
	const snapshot = (): Snapshot => ({
		...(id === undefined ? {} : {run: id}),
		...makeSnapshot(core, {
			inFlight: attempts.inFlight,
			quietMs: attempts.quietMs,
			deadlineMs: deadlineAt === undefined ? undefined : Math.max(0, deadlineAt - clock.now()),
			blockedOn: scheduler.blockedOn,
		}),
	});

	/** Cuts off what is in flight. */
	const giveUpAnswers = (): void => {
		const count = attempts.abortAll();
		if (count > 0) {
			core.note(
				'given-up',
				`${count} ${count === 1 ? 'request' : 'requests'} in flight got no answer before the run had to end, and may still be billed.`,
			);
		}
	};

	/** After this instant of the clock no answer is awaited; an earlier deadline stays. */
	const waitUntil = (at: number): void => {
		if (deadlineAt !== undefined && deadlineAt <= at) {
			return;
		}
		deadlineAt = at;
		cancelDeadline();
		cancelDeadline = clock.after(at - clock.now(), () => {
			giveUpAnswers();
			pump();
		});
	};

	/**
	 * Beyond the duration of the run retries get a moment, not another window of the quota, and answers twice that.
	 * @param restMs Left of the duration; negative when it is over.
	 * @returns Milliseconds until the time of the run, or that moment, is over.
	 */
	const limitOvertime = (restMs: number): number => {
		if (restMs > 0) {
			return restMs;
		}
		waitUntil(clock.now() + restMs + answerGraceMs);
		const graceMs = restMs + retryGraceMs;
		if (graceMs > 0) {
			return graceMs;
		}
		if (core.retries.size > 0) {
			core.giveUpWaiting();
		}
		return Number.POSITIVE_INFINITY;
	};

	let heldTarget = -1;
	/** Says since when requests of a target wait for room, and until when. */
	const noteHold = (): void => {
		const {heldBy} = scheduler;
		const target =
			heldBy === undefined
				? heldTarget
				: heldBy === null
					? -1
					: (core.cells.find(({bucket}) => bucket === heldBy)?.spec.target ?? -1);
		if (target !== heldTarget) {
			const at = time.elapsedMs();
			if (heldTarget !== -1) {
				core.emit({type: 'held', at, target: heldTarget, count: 0});
			}
			if (target !== -1) {
				core.emit({type: 'held', at, target, count: 1});
			}
			heldTarget = target;
		}
	};

	/** Sends what may be sent now, ends the run when it is over, and otherwise has itself called again. */
	function pump(): void {
		if (!status.isSending) {
			return;
		}
		const restMs = (spec.load.durationMs ?? Number.POSITIVE_INFINITY) - time.runningMs();
		if (restMs <= 0 || (core.conversations === 0 && sources.every((source) => source.isExhausted()))) {
			core.drain();
		}
		const limitMs = limitOvertime(restMs);
		const wakeMs = scheduler.pump(status.phase === 'running');
		noteHold();
		if (status.phase === 'draining' && attempts.inFlight === 0 && core.retries.size === 0) {
			end();
		} else {
			core.wake(Math.min(wakeMs, limitMs));
		}
	}

	return {
		...members,
		async start() {
			if (status.phase !== 'ready') {
				return;
			}
			await untilEnd(() => {
				time.start();
				core.emit({type: 'started', at: 0, epochMs: clock.epoch()});
				if (spec.methodNote !== undefined) {
					core.note('method', spec.methodNote);
				}
				status.go('running');
			});
		},
		async sendMore() {
			const {more} = snapshot();
			if (more?.kind !== 'offered') {
				throw new RangeError(`Nothing can be added to the run: ${more?.reason ?? `it is ${status.phase}`}.`);
			}
			cancelDeadline();
			deadlineAt = undefined;
			await untilEnd(() => core.continueWithMore(more));
		},
		pause() {
			if (status.phase === 'running') {
				time.pause();
				core.emit({type: 'paused', at: time.elapsedMs()});
				status.go('paused');
			}
		},
		resume() {
			if (status.phase === 'paused') {
				time.resume();
				core.emit({type: 'resumed', at: time.elapsedMs()});
				status.go('running');
				pump();
			}
		},
		stop(stoppedBy, deadlineMs) {
			if (status.phase === 'ended') {
				return;
			}
			time.resume();
			core.stopSending(stoppedBy);
			waitUntil(clock.now() + deadlineMs);
			pump();
		},
		setGoal(goal) {
			core.setGoal(goal);
			pump();
		},
		snapshot,
		onPhaseChange: (listener) => status.listen(listener),
		setOthersUse(target, use, at = clock.epoch()) {
			memberOf(core.buckets, target, 'target').limits.setOthersUse(use, at);
			const {requests: requestsPerMinute, tokens: quotaTokensPerMinute} = use;
			core.others.add({target, requestsPerMinute, quotaTokensPerMinute}, at);
		},
		setOthersToday(target, tokens) {
			memberOf(core.buckets, target, 'target').day.others = tokens;
		},
	};
}

/** Of each bucket once: targets may share one. */
function createRunMembers(core: RunCore, memberOf: RunPorts['memberOf']): RunMembers {
	const {buckets, targets} = core;
	const hooks: RunHooks = {
		onChange: () => core.wake(),
		note: (text) => core.note('ledger', text),
	};
	const members = [...new Set(buckets)]
		.filter(({isLimited}) => isLimited)
		.flatMap((bucket) => {
			const target = targets[buckets.indexOf(bucket)];
			const member = target && memberOf?.(target, bucket, hooks);
			return member === undefined ? [] : [{bucket, member}];
		});
	return {
		async join() {
			await Promise.all(
				members.map(async ({bucket, member}) => {
					// A run that continues keeps what it used itself.
					if (core.status.phase === 'ready') {
						bucket.clear();
					}
					await member.start();
				}),
			);
		},
		async leave() {
			await Promise.all(members.map(async ({member}) => member.stop()));
		},
		usedElsewhere: () =>
			buckets.map((bucket) => members.find((each) => each.bucket === bucket)?.member.usedElsewhere ?? []),
	};
}
