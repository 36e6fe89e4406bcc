import {emptyFigures} from '../metrics/figures.ts';
import {foldEvent} from '../metrics/fold-event.ts';
import type {RunEvent} from '../metrics/run-event.ts';
import type {StoppedBy} from '../metrics/snapshot.ts';
import {Alarm} from './alarm.ts';
import {announceLanes} from './announce-lanes.ts';
import {Attempts} from './attempts.ts';
import {createBuckets} from './buckets.ts';
import {CellState} from './cell-state.ts';
import {Dispatcher} from './dispatcher.ts';
import {Guards} from './guards.ts';
import {createSources} from './load/create-sources.ts';
import type {LogicalRequest} from './logical-request.ts';
import {createOutcomes} from './outcomes.ts';
import {createRandom, shuffled} from './random.ts';
import {refusal} from './refusal.ts';
import {makeRequest, mostRoom} from './request-factory.ts';
import type {Run, RunPorts} from './run-ports.ts';
import {makeSnapshot} from './run-snapshot.ts';
import type {RunSpec} from './run-spec.ts';
import {RunStatus} from './run-status.ts';
import {RunningTime} from './running-time.ts';
import {WaitingRoom} from './waiting-room.ts';

export type {Run, RunPorts} from './run-ports.ts';

/** Most requests in flight, whatever the quota allows: sockets and memory are finite. */
export const maximumInFlight = 512;

/** The member of a list that must be there: the spec was checked when it was made. */
const memberOf = <Member>(list: readonly Member[], index: number, what: string): Member => {
	const member = list[index];
	if (member === undefined) {
		throw new RangeError(`The run has no ${what} ${index}.`);
	}
	return member;
};

/** Makes a run; nothing is sent before `start`. */
export const createRun = (spec: RunSpec, ports: RunPorts): Run => {
	const {clock} = ports;
	const random = createRandom(spec.seed);
	const time = new RunningTime(clock);
	const status = new RunStatus();
	const guards = new Guards(spec);
	const figures = emptyFigures(spec.cells, spec.targets.length);
	const buckets = createBuckets(spec, clock, ports.initialUse);
	const cells = spec.cells.map(
		({target}, index) => new CellState(spec, index, memberOf(buckets, target, 'target')),
	);
	const order = shuffled(spec.task.items, random);
	const rooms = {high: new WaitingRoom(), normal: new WaitingRoom(), low: new WaitingRoom()};
	const isLimited = buckets.some((bucket) => bucket.isLimited);
	const sources = createSources({
		spec,
		random,
		isAlive: (cell) => cells[cell]?.isAlive ?? false,
		// Without any quota only the concurrency asked for keeps a saturating load in bounds.
		inFlightLimit: () => (isLimited ? maximumInFlight : spec.load.concurrency),
	});
	let done = 0;
	let cancelDeadline = (): void => {};
	let onEnd = (): void => {};

	const emit = (event: RunEvent): void => foldEvent(figures, event);
	const note = (kind: string, text: string): void => emit({type: 'noted', at: time.elapsedMs(), kind, text});
	const cellOf = ({cell}: LogicalRequest): CellState => memberOf(cells, cell, 'cell');

	const finish = (request: LogicalRequest): void => {
		request.slots.release();
		done += request.isWarmUp || request.isFollowUp ? 0 : 1;
	};

	const clearRooms = (): void => {
		const givenUp = Object.values(rooms).flatMap((room) => room.clear());
		for (const request of givenUp) {
			finish(request);
		}
		if (givenUp.length > 0) {
			note('given-up', `${givenUp.length} requests that were to be tried again were given up.`);
		}
	};

	/** A stop from within: what is in flight may end in its own time. */
	const stopSending = (stoppedBy: StoppedBy, keepsRetries = false): void => {
		status.stopBy(stoppedBy);
		status.go('draining');
		if (!keepsRetries) {
			clearRooms();
		}
	};

	const end = (): void => {
		alarm.clear();
		cancelDeadline();
		emit({type: 'ended', at: time.elapsedMs()});
		status.go('ended');
		onEnd();
	};

	const attempts: Attempts = new Attempts(
		ports.backend,
		clock,
		createOutcomes({
			spec,
			clock,
			random,
			guards,
			elapsedMs: () => time.elapsedMs(),
			emit,
			onAnswer: (record) => ports.onAnswer?.(record),
			sendAgain(request, readyAt) {
				if (status.stoppedBy === undefined || status.stoppedBy === 'requests') {
					rooms[cellOf(request).cell.lane].add(request, readyAt);
				} else {
					finish(request);
				}
			},
			finish,
			stopForDay: () => stopSending('day'),
			checkCells() {
				if (!cells.some((cell) => cell.isAlive)) {
					stopSending('fault');
				}
			},
			pump: () => pump(),
		}),
	);

	const dispatcher = new Dispatcher({
		sources,
		rooms,
		cellOf,
		now: () => clock.now(),
		runningMs: () => time.runningMs(),
		choose: ({candidates}, lane, isBlocked) =>
			mostRoom(
				candidates.map((cell) => memberOf(cells, cell, 'cell')),
				lane,
				isBlocked,
			),
		prepare: (draft, cell) => makeRequest(draft, cell, order),
		mayStart({prompt, attempts: attemptsSoFar}, cell) {
			const verdict = guards.ask(cell.mostCostUsd(prompt) ?? 0, attemptsSoFar === 0);
			if (typeof verdict === 'string') {
				return verdict;
			}
			stopSending(verdict.stoppedBy, verdict.stoppedBy === 'requests');
			return 'over';
		},
		send(request, cell, reservation) {
			const mostUsd = cell.mostCostUsd(request.prompt) ?? 0;
			const isFirst = request.attempts === 0;
			if (isFirst) {
				request.slots.take();
			}
			request.attempts++;
			guards.sent(mostUsd, isFirst);
			emit({
				type: 'sent',
				at: time.elapsedMs(),
				cell: cell.index,
				target: cell.cell.target,
				isCounted: !request.isWarmUp,
				isFirst,
				items: Math.max(1, request.items.length),
				reservedTokens: reservation.tokens,
				prompt: request.prompt,
			});
			attempts.send({
				request,
				cell,
				reservation,
				mostUsd,
				maxTokens: cell.maxTokens,
				sentAt: clock.now(),
				sentAtRunningMs: time.runningMs(),
				firstTokenAt: undefined,
			});
		},
		refuse(request, cell, reason) {
			const failure = refusal(reason, cell);
			const at = time.elapsedMs();
			emit({
				type: 'lost',
				at,
				cell: cell.index,
				block: request.block,
				failure,
				wasSent: request.attempts > 0,
			});
			cell.giveUp();
			if (!cells.some((each) => each.isAlive)) {
				stopSending('fault');
			}
		},
		stopForDay: () => stopSending('day'),
		isOpen: () => status.isSending && attempts.inFlight < maximumInFlight,
	});

	const alarm = new Alarm(clock, () => pump());

	const pump = (): void => {
		if (!status.isSending) {
			return;
		}
		const restMs = (spec.load.durationMs ?? Number.POSITIVE_INFINITY) - time.runningMs();
		if (restMs <= 0 || sources.every((source) => source.isExhausted())) {
			status.go('draining');
		}
		announceLanes(sources, cells, spec.windowMs);
		const wakeMs = dispatcher.pump(status.phase === 'running');
		const isWaiting = Object.values(rooms).some((room) => room.size > 0);
		if (attempts.inFlight === 0 && !isWaiting && status.phase === 'draining') {
			end();
		} else {
			alarm.within(status.phase === 'running' ? Math.min(wakeMs, restMs) : wakeMs);
		}
	};

	return {
		async start() {
			if (status.phase !== 'ready') {
				return;
			}
			const ended = new Promise<void>((resolve) => {
				onEnd = resolve;
			});
			time.start();
			emit({type: 'started', at: 0, epochMs: clock.epoch()});
			status.go('running');
			pump();
			await ended;
		},
		pause() {
			if (status.phase === 'running') {
				time.pause();
				emit({type: 'paused', at: time.elapsedMs()});
				status.go('paused');
			}
		},
		resume() {
			if (status.phase === 'paused') {
				time.resume();
				emit({type: 'resumed', at: time.elapsedMs()});
				status.go('running');
				pump();
			}
		},
		stop(stoppedBy, deadlineMs) {
			if (status.phase === 'ended') {
				return;
			}
			time.resume();
			stopSending(stoppedBy);
			cancelDeadline();
			cancelDeadline = clock.after(deadlineMs, () => {
				attempts.abortAll();
				pump();
			});
			pump();
		},
		snapshot: () =>
			makeSnapshot({
				spec,
				status,
				time,
				figures,
				cells,
				buckets,
				done,
				inFlight: attempts.inFlight,
				waiting: dispatcher.waiting,
				now: clock.now(),
			}),
		onPhaseChange: (listener) => status.listen(listener),
		exportUse: () => buckets.map((bucket) => bucket.ledger.exportEntries()),
		setOthersUse(target, use) {
			memberOf(buckets, target, 'target').setOthersUse(use);
		},
	};
};
