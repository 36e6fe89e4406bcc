import type {Cell} from '../../domain/run-spec.ts';
import type {Task} from '../../domain/variant.ts';
import {chatInLane} from '../../prompts/chat-in-lane.ts';

/** About four characters a token: nothing better is known of text that was not counted. */
const charactersPerToken = 4;

/**
 * Mean input tokens of a request before anything is sent. In a chat each turn sends again what was said before it, so
 * the mean is over the turns of a whole conversation in which every answer is as long as given; estimated.
 */
export const meanInputTokens = (task: Task, {inputTokens, lane}: Cell, answerTokens: number): number => {
	const chat = chatInLane(task, lane);
	if (chat === undefined) {
		return inputTokens.value;
	}
	let input = inputTokens.value;
	let sum = input;
	for (const turn of chat.turns.slice(1)) {
		input += answerTokens + Math.ceil(turn.length / charactersPerToken);
		sum += input;
	}
	return sum / chat.turns.length;
};
