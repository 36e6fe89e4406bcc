import type {Answer} from '../../domain/backend.ts';
import type {CellState} from '../cells/cell-state.ts';
import type {LogicalRequest} from './logical-request.ts';

/**
 * The next turn of a conversation, asked with the answer that the one before got. It stays with the cell that the
 * conversation began on, and keeps its place in a closed loop.
 * @param intendedAt Milliseconds of running time at which it is meant to be sent; counted in an open loop only.
 * @returns Undefined when the conversation is over: it has no more turns, nothing else can be sent to this cell, or the
 * answer was refused or is empty, which no model takes as a part of a conversation.
 */
export const nextTurn = (
	request: LogicalRequest,
	cell: CellState,
	answer: Answer,
	intendedAt: number,
): LogicalRequest | undefined => {
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
};
