import type {Prompt} from '../../domain/prompt.ts';
import type {BlockPlace, Broken} from '../../domain/run-event.ts';
import type {Item} from '../../domain/variant.ts';
import type {ItemRange} from '../scheduling/load/item-walk.ts';
import type {Slots} from '../scheduling/slots.ts';

/** Place in a block of a request that may be a turn of a conversation. */
export type Place = Omit<BlockPlace, 'isUnitOver'>;

/** A request that a load source wants to send next. */
export type Draft = {
	/** Cells that may carry it: one, or the same variant on several targets, or a ladder of variants. */
	readonly candidates: readonly number[];
	/** Number of the block of interleaved requests it belongs to. */
	readonly block: number;
	/** Its place there; undefined when it is not compared. */
	readonly place: Place | undefined;
	/** Of the items in their order; undefined where its cell goes its own way over them. */
	readonly items: ItemRange | undefined;
	readonly isWarmUp: boolean;
	/** Position in the sequence of items, in requests. */
	readonly position: number;
	/** Milliseconds of running time at which an open loop means to send it; undefined in a closed one. */
	readonly intendedAt: number | undefined;
	/** What it occupies until it is finished, a conversation until its last turn is. */
	readonly slots: Slots;
	/** Turns that its conversation may have; 1 where there is none. */
	readonly turns: number;
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
	readonly intendedAt: number | undefined;
	readonly slots: Slots;
	/** Number of its conversation among those of its cell. */
	readonly conversation: number;
	/** Place in its conversation, from 0. */
	readonly turn: number;
	/** Turns that its conversation may have; 1 where there is none. */
	readonly turns: number;
	/** Running time at which its first attempt was sent: in a closed loop that was when it was meant to be. */
	firstSentAtRunningMs?: number;
	/** Attempts sent so far. */
	attempts: number;
	/** What attempts whose fate is not known kept of the quota. */
	broken?: Broken;
	/** The service throttled its first attempt. */
	isFirstThrottled?: boolean;
};

/** A later turn of a conversation that was not sent yet. */
export const isUnsentTurn = ({turn, attempts}: LogicalRequest): boolean => turn > 0 && attempts === 0;
