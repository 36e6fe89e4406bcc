import type {Reservation} from '../../admission/ledger.ts';
import {shuffled} from '../../domain/random.ts';
import type {Attempts} from '../attempts/attempts.ts';
import {isUnsentTurn, type LogicalRequest} from '../attempts/logical-request.ts';
import {lostEvent} from '../attempts/lost-record.ts';
import {refusal} from '../attempts/refusal.ts';
import type {CellState} from '../cells/cell-state.ts';
import {maximumInFlight, memberOf, type RunCore} from '../run-core.ts';
import {createAdaptiveChoice, isAdaptive} from './adaptive.ts';
import {Dispatcher} from './dispatcher.ts';
import {chooseCell, makeRequest} from './request-factory.ts';

/** Makes the dispatcher of a run: it draws from the run's sources and sends by its attempts. */
export const createDispatcher = (core: RunCore, attempts: Attempts): Dispatcher => {
	const {spec, clock, time, guards} = core;
	const shuffledItems = shuffled(spec.task.items, core.random);
	const from = (spec.itemsFrom ?? 0) % Math.max(1, shuffledItems.length);
	const order = [...shuffledItems.slice(from), ...shuffledItems.slice(0, from)];
	const pick = isAdaptive(spec)
		? createAdaptiveChoice({
				spec,
				figures: () => core.figures,
				onSwitch: (text) => core.note('adaptive', text),
			})
		: ([first]: readonly CellState[]): CellState | undefined => first;

	const send = (request: LogicalRequest, cell: CellState, reservation: Reservation): void => {
		const mostUsd = cell.mostCostUsd(request) ?? 0;
		const isFirst = request.attempts === 0;
		if (isFirst) {
			core.begin(request);
		}
		request.attempts++;
		request.firstSentAtRunningMs ??= time.runningMs();
		guards.sent(mostUsd, isFirst);
		core.emit({
			type: 'sent',
			at: time.elapsedMs(),
			cell: cell.index,
			target: cell.cell.target,
			isCounted: !request.isWarmUp,
			isFirst,
			turn: cell.isChat ? request.turn : undefined,
			items: Math.max(1, request.items.length),
			reservedTokens: reservation.tokens,
			prompt: request.prompt,
		});
		attempts.send({
			request,
			cell,
			reservation,
			mostUsd,
			maxTokens: cell.maxTokensOf(request),
			sentAt: clock.now(),
			sentAtRunningMs: time.runningMs(),
			firstTokenAt: undefined,
		});
	};

	return new Dispatcher({
		sources: core.sources,
		rooms: core.rooms,
		cellOf: (request) => core.cellOf(request),
		now: () => clock.now(),
		runningMs: () => time.runningMs(),
		choose: ({candidates}, lane, isBlocked) =>
			chooseCell(
				candidates.map((cell) => memberOf(core.cells, cell, 'cell')),
				lane,
				isBlocked,
				pick,
			),
		prepare: (draft, cell) => makeRequest(draft, cell, order),
		mayStart(request, cell) {
			const verdict = guards.ask(cell.mostCostUsd(request) ?? 0, request.attempts === 0);
			if (typeof verdict === 'string') {
				return verdict;
			}
			core.stopSending(verdict.stoppedBy);
			return 'over';
		},
		send,
		refuse(request, cell, reason) {
			const failure = refusal(reason, cell);
			const wasSent = request.attempts > 0;
			core.emit(lostEvent(request, failure, time.elapsedMs()));
			core.noteLost(request, failure);
			if (wasSent) {
				core.finish(request);
			} else if (isUnsentTurn(request)) {
				// Its history outgrew the bucket; the first turns of other conversations still fit.
				core.drop(request);
				return;
			}
			if (request.isFollowUp) {
				// It is larger than what it follows; others like that still fit.
				return;
			}
			cell.giveUp();
			core.stopIfHopeless();
		},
		giveUpForDay: (cell) => core.giveUpForDay(cell),
		isOpen: () => core.status.isSending && attempts.inFlight < maximumInFlight,
	});
};
