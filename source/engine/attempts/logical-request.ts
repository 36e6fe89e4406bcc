import type {Answer} from '../../domain/backend.ts';
import type {BlockPlace, Broken} from '../../domain/run-event.ts';
import type {Item, Prompt, Recorded} from '../../domain/task.ts';
import type {Cell} from '../cells/cell.ts';
import type {ConcurrencyLimiter} from '../scheduling/concurrency-limiter.ts';

/** Items of a request, as a range of the order in which items are asked. */
export type ItemRange = {readonly from: number; readonly count: number};

/** Position of a request in a block; in a conversation its last turn completes it. */
type Place = Omit<BlockPlace, 'isUnitOver'>;

/** A request that a load source wants to send next. */
export type Draft = {
	/** Cells that may carry it: one, or the same variant on several targets, or a ladder of variants. */
	readonly candidates: readonly number[];
	/** Number of the block of interleaved requests it belongs to. */
	readonly block: number;
	/** Its place there; undefined when it is not compared. */
	readonly place: Place | undefined;
	/** Range of the items in their order; undefined where its cell has its own order. */
	readonly items: ItemRange | undefined;
	readonly isWarmUp: boolean;
	/** Position in the sequence of items, in requests. */
	readonly position: number;
	/** Running time at which an open loop intends to send it, in milliseconds; undefined in a closed loop. */
	readonly intendedAt: number | undefined;
	/** Holds one of these slots until it is finished, a conversation until its last turn is. */
	readonly slots: ConcurrencyLimiter;
	/** Turns that its conversation may have; 1 where there is none. */
	readonly turns: number;
	/** In a replay: what it stands for. */
	readonly recorded?: Recorded;
};

/** One logical call with all its attempts. */
export type LogicalRequest = {
	readonly cell: number;
	readonly items: readonly Item[];
	readonly prompt: Prompt;
	/** Undefined when it is not compared within a block. */
	readonly block: Place | undefined;
	readonly isWarmUp: boolean;
	/** An earlier request or a part of it, asked for again on its own. */
	readonly isFollowUp: boolean;
	/** Its answer was cut off at right-sized max tokens: this time it has all that were configured. */
	readonly hasFullLimit?: boolean;
	/** In a replay: the recorded output, which its answer is cut at. */
	readonly maxTokens?: number | undefined;
	readonly intendedAt: number | undefined;
	readonly slots: ConcurrencyLimiter;
	/** Number of its conversation among those of its cell. */
	readonly conversation: number;
	/** Place in its conversation, from 0. */
	readonly turn: number;
	/** Turns that its conversation may have; 1 where there is none. */
	readonly turns: number;
	/** Running time at which its first attempt was sent: the intended start in a closed loop. */
	firstSentAtRunningMs?: number;
	/** Attempts sent so far. */
	attempts: number;
	/** What attempts of unknown fate kept of the quota. */
	broken?: Broken;
	/** The service throttled its first attempt. */
	isFirstThrottled?: boolean;
};

/** Whether it is a later turn of a conversation that was not sent yet. */
export function isUnsentTurn({turn, attempts}: LogicalRequest): boolean {
	return turn > 0 && attempts === 0;
}

/**
 * The next turn of a conversation, asked with the answer that the one before got. It stays with the cell that the
 * conversation began on, and keeps its place in a closed loop.
 * @param intendedAt Milliseconds of running time at which it is meant to be sent; counted in an open loop only.
 * @returns Undefined when the conversation is over: it has no more turns, nothing else can be sent to this cell, or the
 * answer was refused or is empty, which no model takes as a part of a conversation.
 */
export function nextTurn(
	request: LogicalRequest,
	cell: Cell,
	answer: Answer,
	intendedAt: number,
): LogicalRequest | undefined {
	const turn = request.turn + 1;
	if (turn >= request.turns || answer.isRefused || answer.text.trim() === '' || !cell.isAlive) {
		return undefined;
	}
	const {broken: _, firstSentAtRunningMs: __, ...rest} = request;
	return {
		...rest,
		turn,
		prompt: cell.composeTurn(turn, request.prompt, answer),
		intendedAt: request.intendedAt === undefined ? undefined : intendedAt,
		attempts: 0,
		isFirstThrottled: false,
	};
}
