import type {Bucket} from '../../admission/bucket.ts';
import type {Reservation} from '../../admission/ledger.ts';
import {type Lane, lanes} from '../../domain/bucket-usage.ts';
import {shuffled} from '../../domain/clock.ts';
import type {Item} from '../../domain/task.ts';
import {type Attempts, type Draft, isUnsentTurn, type LogicalRequest} from '../attempts/attempts.ts';
import {lostEvent} from '../attempts/request-records.ts';
import {type Refusal, type RetryQueue, refusal} from '../attempts/retries.ts';
import type {Cell} from '../cells/cell.ts';
import {maximumInFlight, memberOf, type RunCore} from '../run-core.ts';
import type {BlockedOn} from '../run-words.ts';
import {announceLanes, type Source} from './load-sources.ts';
import {createAdaptiveChoice, isAdaptive} from './variant-order.ts';

/** With more requests waiting to be sent again, no new ones are started. */
const maxWaiting = 1000;

type Step = 'sent' | 'refused' | 'blocked' | 'over';

/**
 * Decides what is sent next, and sends it. Lanes are served from the highest: a bucket that has no room for a lane is closed
 * to the lanes below it, so a lane never waits behind a lower one, and `low` gets what is left. Within a lane requests that
 * were sent before come first, then the sources take turns.
 *
 * The path of a request: a source's draft -> `#cellFor` (which variant and target) -> `#requestOf` (its text) -> `#try`
 * (guards, then the bucket) -> `#send`.
 */
export class Scheduler {
	readonly #core: RunCore;
	readonly #attempts: Attempts;
	readonly #order: readonly Item[];
	readonly #pickAmong: (cells: readonly Cell[], lane: Lane) => Cell | undefined;

	/** Buckets without room in this turn, for the lane that was refused and all below it. */
	readonly #blocked = new Set<Bucket>();
	#blockedOn: BlockedOn | undefined;
	#wakeMs = Number.POSITIVE_INFINITY;
	#pumpedAt = 0;
	#hasSent = false;
	/** A guard ended the run in this turn. */
	#isOver = false;
	#turn = 0;

	constructor(core: RunCore, attempts: Attempts) {
		this.#core = core;
		this.#attempts = attempts;
		this.#order = itemOrder(core);
		this.#pickAmong = pickerOf(core);
	}

	/** What the first waiting request waits for; undefined while none waits. */
	get blockedOn(): BlockedOn | undefined {
		const delayMs = this.#blockedOn?.delayMs;
		return this.#blockedOn === undefined || delayMs === undefined
			? this.#blockedOn
			: {...this.#blockedOn, delayMs: Math.max(0, delayMs - (this.#core.clock.now() - this.#pumpedAt))};
	}

	/** The bucket that the first waiting request waits for room in; null while none does, undefined after one was sent. */
	get heldBy(): Bucket | null | undefined {
		const {reason, bucket} = this.#blockedOn ?? {};
		const isForRoom = reason === 'requests' || reason === 'tokens' || reason === 'fleet';
		return isForRoom && bucket !== undefined ? bucket : this.#hasSent ? undefined : null;
	}

	/**
	 * Sends the next request that may be sent now. One at a time, then the event loop gets its turn: preparing a request takes
	 * longer than reading an answer, and after a burst the answers, whose latency is being measured, would wait for all of it.
	 * @param canStart Whether new requests may be drawn from the sources; otherwise only those already sent before.
	 * @returns Milliseconds until it should be called again; infinite when only an answer can change something.
	 */
	pump(canStart: boolean): number {
		this.#blocked.clear();
		this.#blockedOn = undefined;
		this.#pumpedAt = this.#core.clock.now();
		this.#wakeMs = Number.POSITIVE_INFINITY;
		this.#hasSent = false;
		this.#isOver = false;
		this.#turn++;
		announceLanes(this.#core.sources, this.#core.cells, this.#core.spec.windowMs);
		for (const lane of lanes) {
			this.#pumpRetries(this.#core.retries.of(lane), lane);
			if (canStart) {
				this.#pumpSources(lane);
			}
		}
		return this.#wakeMs;
	}

	/** False while the run is paused or over, too much is in flight, or something was sent in this turn. */
	get #isOpen(): boolean {
		if (!this.#core.status.isSending || this.#attempts.inFlight >= maximumInFlight) {
			return false;
		}
		// That changed the run: the rest is tried in the next turn.
		if (this.#hasSent || this.#isOver) {
			this.#wakeMs = 0;
			return false;
		}
		return true;
	}

	/** Requests that were sent before: retries and next turns. */
	#pumpRetries(queue: RetryQueue, lane: Lane): void {
		if (queue.size === 0) {
			return;
		}
		const now = this.#core.clock.now();
		for (const request of queue.ready(now)) {
			const cell = this.#core.cellOf(request);
			if (!this.#isOpen) {
				return;
			}
			if (!this.#blocked.has(cell.bucket)) {
				const step = this.#try(request, cell, lane);
				if (step === 'sent' || step === 'refused') {
					queue.remove(request);
				}
				if (step === 'refused') {
					// Its conversation may have been the last one that the run waited for.
					this.#wakeMs = 0;
				}
				if (step === 'over') {
					return;
				}
			}
		}
		const next = queue.next();
		const nextAt = queue.nextAt();
		if (next !== undefined && nextAt !== undefined) {
			this.#wait(isUnsentTurn(next) ? 'turn' : 'retry', nextAt - now, undefined);
		}
	}

	#pumpSources(lane: Lane): void {
		let active = this.#inTurn(this.#core.sources.filter((source) => source.lane === lane));
		while (active.length > 0 && this.#isOpen && this.#core.retries.of(lane).size < maxWaiting) {
			active = active.filter((source) => this.#isOpen && this.#pumpSource(source, lane));
		}
	}

	/** Rotated, so that each source comes first in its turn. */
	#inTurn(sources: readonly Source[]): readonly Source[] {
		const offset = sources.length < 2 ? 0 : this.#turn % sources.length;
		return offset === 0 ? sources : [...sources.slice(offset), ...sources.slice(0, offset)];
	}

	/** One request of a source. Returns whether it may have another. */
	#pumpSource(source: Source, lane: Lane): boolean {
		const runningMs = this.#core.time.runningMs();
		const draft = source.peek(runningMs);
		if (draft === undefined) {
			const nextAt = source.nextAt();
			if (nextAt !== undefined) {
				this.#wait('arrival', Math.max(0, nextAt - runningMs), undefined);
			}
			return false;
		}
		const cell = this.#cellFor(draft, lane);
		if (cell === undefined) {
			return false;
		}
		const step = this.#try(this.#requestOf(draft, cell), cell, lane, () => {
			source.take();
		});
		// A balanced draft may find room in another bucket.
		return step === 'sent' || step === 'refused' || (step === 'blocked' && draft.candidates.length > 1);
	}

	/** The cell of a draft in the open bucket with the most room for the lane; undefined when all are blocked or given up. */
	#cellFor({candidates}: Draft, lane: Lane): Cell | undefined {
		const open = candidates
			.map((cell) => memberOf(this.#core.cells, cell, 'cell'))
			.filter((cell) => cell.isAlive && !this.#blocked.has(cell.bucket));
		if (open.length <= 1) {
			return open[0];
		}
		const [roomiest] = [...new Set(open.map(({bucket}) => bucket))]
			.map((bucket) => ({bucket, room: bucket.roomLeft(lane)}))
			.sort((first, second) => second.room - first.room);
		return this.#pickAmong(
			open.filter(({bucket}) => bucket === roomiest?.bucket),
			lane,
		);
	}

	/** Makes the request of a draft without sending it. */
	#requestOf(draft: Draft, cell: Cell): LogicalRequest {
		const {items: range} = draft;
		const items =
			range === undefined || cell.isChat || cell.hasOwnItems
				? cell.itemsAt(draft.position, this.#order)
				: this.#order.slice(range.from, range.from + range.count);
		return {
			cell: cell.index,
			items,
			prompt: draft.recorded === undefined ? cell.compose(items) : cell.composeRecorded(draft.recorded),
			maxTokens: draft.recorded?.outputTokens,
			// Only requests that could not go elsewhere are compared in pairs.
			block: draft.candidates.length > 1 ? undefined : draft.place,
			isWarmUp: draft.isWarmUp,
			isFollowUp: false,
			intendedAt: draft.intendedAt,
			slots: draft.slots,
			conversation: draft.block,
			turn: 0,
			turns: draft.turns,
			attempts: 0,
		};
	}

	/** @param take Takes a draft from its source; undefined for what waits in a retry queue. */
	#try(request: LogicalRequest, cell: Cell, lane: Lane, take?: () => void): Step {
		const verdict = this.#core.guards.ask(cell.maxCostUsd(request) ?? 0, request.attempts === 0);
		if (verdict === 'wait') {
			this.#wait('cost', undefined, cell.bucket);
			this.#blocked.add(cell.bucket);
			return 'blocked';
		}
		if (verdict !== 'pass') {
			this.#core.stopSending(verdict.stoppedBy);
			return this.#end();
		}
		const admission = cell.bucket.admit(cell.cost(request), lane);
		switch (admission.kind) {
			case 'admitted':
				take?.();
				this.#hasSent = true;
				this.#send(request, cell, admission.reservation);
				return 'sent';
			case 'never':
				take?.();
				this.#refuse(request, cell, admission);
				return 'refused';
			case 'day':
				this.#blocked.add(cell.bucket);
				if (!this.#core.giveUpForDay(cell)) {
					return this.#end();
				}
				// A draft is drawn again without this target; a queued request is lost.
				this.#wakeMs = 0;
				if (take !== undefined) {
					return 'blocked';
				}
				this.#refuse(request, cell, admission);
				return 'refused';
			case 'wait':
				this.#blocked.add(cell.bucket);
				this.#wait(admission.reason, admission.delayMs, cell.bucket);
				return 'blocked';
		}
	}

	#send(request: LogicalRequest, cell: Cell, reservation: Reservation): void {
		const {clock, time, guards} = this.#core;
		const maxUsd = cell.maxCostUsd(request) ?? 0;
		const isFirst = request.attempts === 0;
		if (isFirst) {
			this.#core.begin(request);
		}
		request.attempts++;
		request.firstSentAtRunningMs ??= time.runningMs();
		guards.sent(maxUsd, isFirst);
		this.#core.emit({
			type: 'sent',
			at: time.elapsedMs(),
			cell: cell.index,
			target: cell.spec.target,
			isCounted: !request.isWarmUp,
			isFirst,
			turn: cell.isChat ? request.turn : undefined,
			items: Math.max(1, request.items.length),
			reservedTokens: reservation.tokens,
			prompt: request.prompt,
		});
		this.#attempts.send({
			request,
			cell,
			reservation,
			maxUsd,
			maxTokens: cell.maxTokensOf(request),
			sentAt: clock.now(),
			sentAtRunningMs: time.runningMs(),
			firstTokenAt: undefined,
		});
	}

	/** Gives up a request that can never be sent. */
	#refuse(request: LogicalRequest, cell: Cell, reason: Refusal): void {
		const core = this.#core;
		const failure = refusal(reason, cell);
		if (request.onReply !== undefined) {
			core.lose(request, failure);
			return;
		}
		const wasSent = request.attempts > 0;
		core.emit(lostEvent(request, failure, core.time.elapsedMs()));
		core.noteLost(request, failure);
		if (wasSent) {
			core.finish(request);
		} else if (isUnsentTurn(request)) {
			// Its history outgrew the bucket; the first turns of other conversations still fit.
			core.drop(request);
			return;
		}
		if (request.isFollowUp) {
			// It is larger than the request before it; others of the cell still fit.
			return;
		}
		cell.giveUp();
		core.stopIfHopeless();
	}

	#end(): 'over' {
		this.#isOver = true;
		this.#wakeMs = 0;
		return 'over';
	}

	#wait(reason: BlockedOn['reason'], delayMs: number | undefined, bucket: Bucket | undefined): void {
		const isIdle = reason === 'retry' || reason === 'turn' || reason === 'arrival';
		if (this.#blockedOn === undefined || (!isIdle && this.#blockedOn.bucket === undefined)) {
			this.#blockedOn = {reason, delayMs, bucket};
		}
		this.#wakeMs = Math.min(this.#wakeMs, delayMs ?? Number.POSITIVE_INFINITY);
	}
}

/** The items in the order in which the run asks them. */
function itemOrder({spec, random}: RunCore): readonly Item[] {
	const items = shuffled(spec.task.items, random);
	const from = (spec.itemsFrom ?? 0) % Math.max(1, items.length);
	return [...items.slice(from), ...items.slice(0, from)];
}

/** Chooses among the cells of one bucket. */
function pickerOf(core: RunCore): (cells: readonly Cell[], lane: Lane) => Cell | undefined {
	return isAdaptive(core.spec)
		? createAdaptiveChoice({
				spec: core.spec,
				figures: () => core.figures,
				onSwitch: (text) => core.note('adaptive', text),
			})
		: ([first]) => first;
}
