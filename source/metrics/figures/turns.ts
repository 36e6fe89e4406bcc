import type {TurnFigures} from '../../domain/figures-schema.ts';
import type {Answered} from '../../domain/run-event.ts';
import {Times} from '../statistics/distribution.ts';
import {RunningMean} from '../statistics/running-mean.ts';

/** Turns whose figures are kept apart: a preset has at most a hundred. */
const mostTurns = 100;

/** What is counted for one turn of the conversations of a cell. */
export type TurnTotals = ReturnType<typeof emptyTurn>;

const emptyTurn = () => ({
	inputTokens: new RunningMean(),
	outputTokens: new RunningMean(),
	quotaTokens: new RunningMean(),
	timeToFirstToken: new Times(),
});

/** Counts an answer for its turn; one that belongs to no conversation changes nothing. */
export const foldTurn = (turns: TurnTotals[], {turn, tokens, quotaTokens, times}: Answered): void => {
	if (turn === undefined || turn >= mostTurns) {
		return;
	}
	while (turns.length <= turn) {
		turns.push(emptyTurn());
	}
	const totals = turns[turn];
	totals?.inputTokens.add(tokens.input + tokens.cacheRead + tokens.cacheWrite);
	totals?.outputTokens.add(tokens.output);
	totals?.quotaTokens.add(quotaTokens);
	if (times.timeToFirstToken !== undefined) {
		totals?.timeToFirstToken.add(times.timeToFirstToken);
	}
};

/** The figures of the turns as they stand in a Snapshot; undefined where there is no conversation. */
export const turnFigures = (turns: readonly TurnTotals[]): readonly TurnFigures[] | undefined =>
	turns.length === 0
		? undefined
		: turns.map((totals, index) => ({
				turn: index + 1,
				requests: totals.inputTokens.count,
				inputTokens: totals.inputTokens.toMean(),
				outputTokens: totals.outputTokens.toMean(),
				quotaTokens: totals.quotaTokens.toMean(),
				timeToFirstToken: totals.timeToFirstToken.toDistribution(),
			}));
