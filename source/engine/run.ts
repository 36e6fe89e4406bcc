import type {RunSpec} from '../domain/run-spec.ts';
import {answerGraceMs, silenceOf} from '../domain/silence.ts';
import {Alarm} from './alarm.ts';
import {Attempts} from './attempts/attempts.ts';
import {createOutcomes} from './attempts/outcomes.ts';
import {memberOf, RunCore} from './run-core.ts';
import {createRunMembers} from './run-members.ts';
import type {Run, RunPorts} from './run-ports.ts';
import {makeSnapshot} from './run-snapshot.ts';
import {announceLanes} from './scheduling/announce-lanes.ts';
import {Scheduler} from './scheduling/scheduler.ts';

export {maximumInFlight} from './run-core.ts';
export type {Run, RunPorts} from './run-ports.ts';

/** How long requests that failed are still tried again when the time of a run is over, in milliseconds. */
const retryGraceMs = 5000;

const lostLedgerWords = (error: unknown): string =>
	`What other programs of yours use of this quota can't be read or written (${error instanceof Error ? error.message : String(error)}): this run goes on as if it were alone.`;

/** Makes a run; nothing is sent before `start`. */
export const createRun = (spec: RunSpec, ports: RunPorts): Run => {
	const {clock} = ports;
	const core = new RunCore(spec, ports);
	const {status, time, sources} = core;
	const outcomes = createOutcomes(core, {
		onAnswer: (record) => ports.onAnswer?.(record),
		onUnjudged: (record) => ports.onUnjudged?.(record),
		checker: ports.checker,
		pump: () => alarm.within(0),
	});
	const silence = silenceOf(spec.method, spec.timeoutMs);
	const attempts = new Attempts(ports.backend, clock, silence, outcomes);
	const scheduler = new Scheduler(core, attempts);
	const alarm = new Alarm(clock, () => pump());
	const members = createRunMembers(
		core.buckets,
		ports,
		() => alarm.within(0),
		(error) => core.note('ledger', lostLedgerWords(error)),
	);
	let cancelDeadline = (): void => {};
	let deadlineAt: number | undefined;
	let onEnd = (): void => {};

	const end = (): void => {
		alarm.clear();
		attempts.close();
		cancelDeadline();
		core.sumUp();
		core.emit({type: 'ended', at: time.elapsedMs()});
		status.go('ended');
		onEnd();
	};

	/** What is in flight is waited for no longer. */
	const giveUpAnswers = (): void => {
		const count = attempts.abortAll();
		if (count > 0) {
			core.note(
				'given-up',
				`${count} ${count === 1 ? 'request' : 'requests'} in flight got no answer before the run had to end, and may be paid for all the same.`,
			);
		}
	};

	/** After this instant of the clock no answer is waited for; an earlier one stays. */
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
		if (core.waitingCount > 0) {
			core.giveUpWaiting();
		}
		return Number.POSITIVE_INFINITY;
	};

	/** Sends what may be sent, ends the run when it is over, and otherwise sees to it that it is called again. */
	const pump = (): void => {
		if (!status.isSending) {
			return;
		}
		const restMs = (spec.load.durationMs ?? Number.POSITIVE_INFINITY) - time.runningMs();
		if (restMs <= 0 || (core.conversations === 0 && sources.every((source) => source.isExhausted()))) {
			core.drain();
		}
		const limitMs = limitOvertime(restMs);
		announceLanes(sources, core.cells, spec.windowMs);
		const wakeMs = scheduler.pump(status.phase === 'running');
		if (status.phase === 'draining' && attempts.inFlight === 0 && core.waitingCount === 0) {
			end();
		} else {
			alarm.within(Math.min(wakeMs, limitMs));
		}
	};

	return {
		join: members.join,
		leave: members.leave,
		usedElsewhere: members.usedElsewhere,
		async start() {
			if (status.phase !== 'ready') {
				return;
			}
			const ended = new Promise<void>((resolve) => {
				onEnd = resolve;
			});
			time.start();
			core.emit({type: 'started', at: 0, epochMs: clock.epoch()});
			if (spec.methodNote !== undefined) {
				core.note('method', spec.methodNote);
			}
			status.go('running');
			pump();
			await ended;
			await members.leave();
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
		snapshot: () =>
			makeSnapshot(core, {
				inFlight: attempts.inFlight,
				quietMs: attempts.quietMs,
				deadlineMs: deadlineAt === undefined ? undefined : Math.max(0, deadlineAt - clock.now()),
				waiting: scheduler.waiting,
			}),
		onPhaseChange: (listener) => status.listen(listener),
		setOthersUse(target, use) {
			memberOf(core.buckets, target, 'target').limits.setOthersUse(use);
		},
		setOthersToday(target, tokens) {
			memberOf(core.buckets, target, 'target').setOthersToday(tokens);
		},
	};
};
