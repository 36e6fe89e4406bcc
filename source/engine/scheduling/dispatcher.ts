import type {Admission, Bucket, WaitReason} from '../../admission/bucket.ts';
import type {Reservation} from '../../admission/ledger.ts';
import {type Lane, lanes} from '../../domain/lane.ts';
import {type Draft, isUnsentTurn, type LogicalRequest} from '../attempts/logical-request.ts';
import type {CellState} from '../cells/cell-state.ts';
import type {Source} from './load/source.ts';
import type {WaitingRoom} from './waiting-room.ts';

/** Requests waiting to be sent again beyond which no new ones are started. */
const mostWaiting = 1000;

/** Why nothing is sent right now. */
export type Waiting = {
	readonly reason: WaitReason | 'cost' | 'retry' | 'turn' | 'arrival';
	readonly bucket: Bucket | undefined;
	/** Milliseconds until it is tried again; undefined when that depends on answers. */
	readonly delayMs: number | undefined;
};

/** What the dispatcher asks of the run. */
export type DispatcherPorts = {
	readonly sources: readonly Source[];
	readonly rooms: Readonly<Record<Lane, WaitingRoom>>;
	readonly now: () => number;
	readonly runningMs: () => number;
	readonly cellOf: (request: LogicalRequest) => CellState;
	/** The cell that is to carry a draft, out of those whose bucket is not blocked. */
	readonly choose: (
		draft: Draft,
		lane: Lane,
		isBlocked: (bucket: Bucket) => boolean,
	) => CellState | undefined;
	/** Makes the request of a draft without sending it. */
	readonly prepare: (draft: Draft, cell: CellState) => LogicalRequest;
	/** Whether the run may send it: `wait` for answers, or the run is over (then it stops by itself). */
	readonly mayStart: (request: LogicalRequest, cell: CellState) => 'pass' | 'wait' | 'over';
	readonly send: (request: LogicalRequest, cell: CellState, reservation: Reservation) => void;
	/** It can never be sent. */
	readonly refuse: (
		request: LogicalRequest,
		cell: CellState,
		reason: Extract<Admission, {kind: 'never' | 'day'}>,
	) => void;
	/** The day's quota of its bucket is used up. Returns whether the run goes on with other targets. */
	readonly giveUpForDay: (cell: CellState) => boolean;
	/** False while the run is paused or over, or too much is in flight. */
	readonly isOpen: () => boolean;
};

type Step = 'sent' | 'refused' | 'blocked' | 'over';

/**
 * Decides what is sent next. Lanes are served from the highest: a bucket that has no room for a lane is closed to the
 * lanes below it, so a lane never waits behind a lower one, and `low` gets what is left. Within a lane requests that were
 * sent before come first, then the sources take turns.
 */
export class Dispatcher {
	readonly #ports: DispatcherPorts;
	readonly #blocked = new Set<Bucket>();
	#waiting: Waiting | undefined;
	#wakeMs = Number.POSITIVE_INFINITY;
	#pumpedAt = 0;
	#hasSent = false;
	/** A guard ended the run in this turn. */
	#isOver = false;
	#turn = 0;

	constructor(ports: DispatcherPorts) {
		this.#ports = ports;
	}

	/** What the first request that had to wait waits for; undefined when everything flows. */
	get waiting(): Waiting | undefined {
		const delayMs = this.#waiting?.delayMs;
		return this.#waiting === undefined || delayMs === undefined
			? this.#waiting
			: {...this.#waiting, delayMs: Math.max(0, delayMs - (this.#ports.now() - this.#pumpedAt))};
	}

	/**
	 * Sends the next request that may be sent now. One at a time, then the event loop gets its turn: preparing a request takes
	 * longer than reading an answer, and in a burst the answers, whose clocks are running, would wait behind all of them.
	 * @param canStart Whether new requests may be drawn from the sources; otherwise only those already sent before.
	 * @returns Milliseconds until it should be called again; infinite when only an answer can change something.
	 */
	pump(canStart: boolean): number {
		this.#blocked.clear();
		this.#waiting = undefined;
		this.#pumpedAt = this.#ports.now();
		this.#wakeMs = Number.POSITIVE_INFINITY;
		this.#hasSent = false;
		this.#isOver = false;
		this.#turn++;
		for (const lane of lanes) {
			this.#pumpRoom(this.#ports.rooms[lane], lane);
			if (canStart) {
				this.#pumpSources(lane);
			}
		}
		return this.#wakeMs;
	}

	get #isOpen(): boolean {
		if (!this.#ports.isOpen()) {
			return false;
		}
		// The run is another one after that: what still waits is looked at in the next turn.
		if (this.#hasSent || this.#isOver) {
			this.#wakeMs = 0;
			return false;
		}
		return true;
	}

	#pumpRoom(room: WaitingRoom, lane: Lane): void {
		if (room.size === 0) {
			return;
		}
		const now = this.#ports.now();
		for (const request of room.ready(now)) {
			const cell = this.#ports.cellOf(request);
			if (!this.#isOpen) {
				return;
			}
			if (!this.#blocked.has(cell.bucket)) {
				const step = this.#try(request, cell, lane);
				if (step === 'sent' || step === 'refused') {
					room.remove(request);
				}
				if (step === 'refused') {
					// Its conversation may have been the last thing that the run waited for.
					this.#wakeMs = 0;
				}
				if (step === 'over') {
					return;
				}
			}
		}
		const next = room.next();
		const nextAt = room.nextAt();
		if (next !== undefined && nextAt !== undefined) {
			this.#wait(isUnsentTurn(next) ? 'turn' : 'retry', nextAt - now, undefined);
		}
	}

	#pumpSources(lane: Lane): void {
		let active = this.#inTurn(this.#ports.sources.filter((source) => source.lane === lane));
		while (active.length > 0 && this.#isOpen && this.#ports.rooms[lane].size < mostWaiting) {
			active = active.filter((source) => this.#isOpen && this.#pumpSource(source, lane));
		}
	}

	/** Another one comes first each time. */
	#inTurn(sources: readonly Source[]): readonly Source[] {
		const offset = sources.length < 2 ? 0 : this.#turn % sources.length;
		return offset === 0 ? sources : [...sources.slice(offset), ...sources.slice(0, offset)];
	}

	/** One request of a source. Returns whether it may have another. */
	#pumpSource(source: Source, lane: Lane): boolean {
		const runningMs = this.#ports.runningMs();
		const draft = source.peek(runningMs);
		if (draft === undefined) {
			const nextAt = source.nextAt();
			if (nextAt !== undefined) {
				this.#wait('arrival', Math.max(0, nextAt - runningMs), undefined);
			}
			return false;
		}
		const cell = this.#ports.choose(draft, lane, (bucket) => this.#blocked.has(bucket));
		if (cell === undefined) {
			return false;
		}
		const step = this.#try(this.#ports.prepare(draft, cell), cell, lane, () => {
			source.take();
		});
		// A balanced draft may find room in another bucket.
		return step === 'sent' || step === 'refused' || (step === 'blocked' && draft.candidates.length > 1);
	}

	/** @param take Takes a draft from its source; undefined for what waits in a room. */
	#try(request: LogicalRequest, cell: CellState, lane: Lane, take?: () => void): Step {
		const verdict = this.#ports.mayStart(request, cell);
		if (verdict !== 'pass') {
			if (verdict === 'wait') {
				this.#wait('cost', undefined, cell.bucket);
			}
			this.#blocked.add(cell.bucket);
			return verdict === 'wait' ? 'blocked' : this.#end();
		}
		const admission = cell.bucket.admit(cell.cost(request), lane);
		switch (admission.kind) {
			case 'admitted':
				take?.();
				this.#hasSent = true;
				this.#ports.send(request, cell, admission.reservation);
				return 'sent';
			case 'never':
				take?.();
				this.#ports.refuse(request, cell, admission);
				return 'refused';
			case 'day':
				this.#blocked.add(cell.bucket);
				if (!this.#ports.giveUpForDay(cell)) {
					return this.#end();
				}
				// A draft is drawn again without this target; what waits to be sent is lost.
				this.#wakeMs = 0;
				if (take !== undefined) {
					return 'blocked';
				}
				this.#ports.refuse(request, cell, admission);
				return 'refused';
			case 'wait':
				this.#blocked.add(cell.bucket);
				this.#wait(admission.reason, admission.delayMs, cell.bucket);
				return 'blocked';
		}
	}

	#end(): 'over' {
		this.#isOver = true;
		this.#wakeMs = 0;
		return 'over';
	}

	#wait(reason: Waiting['reason'], delayMs: number | undefined, bucket: Bucket | undefined): void {
		const isIdle = reason === 'retry' || reason === 'turn' || reason === 'arrival';
		if (this.#waiting === undefined || (!isIdle && this.#waiting.bucket === undefined)) {
			this.#waiting = {reason, delayMs, bucket};
		}
		this.#wakeMs = Math.min(this.#wakeMs, delayMs ?? Number.POSITIVE_INFINITY);
	}
}
