import type {CachingFigures, CachingSide, TurnFigures} from '../../domain/figures-schema.ts';
import type {AnsweredEvent} from '../../domain/run-event.ts';
import {RunningMean, Times} from '../statistics/distribution.ts';
import {VectorMoments} from '../statistics/vector-moments.ts';
import {measuresOf, momentCount, toVector} from './request-measures.ts';

/** Figures of parts of a cell's answers: turns of conversations apart, and cold and warm answers of a cache apart. */

/** Turns with separate figures: a preset has at most a hundred. */
const maxTurns = 100;

/** What is counted for one turn of the conversations of a cell. */
export type TurnTotals = ReturnType<typeof emptyTurn>;

const emptyTurn = () => ({
	inputTokens: new RunningMean(),
	outputTokens: new RunningMean(),
	quotaTokens: new RunningMean(),
	timeToFirstToken: new Times(),
});

/** Counts an answer for its turn; one that belongs to no conversation changes nothing. */
export function foldTurn(turns: TurnTotals[], {turn, tokens, quotaTokens, times}: AnsweredEvent): void {
	if (turn === undefined || turn >= maxTurns) {
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
}

/** The figures of the turns, as a Snapshot has them; undefined without conversations. */
export function turnFigures(turns: readonly TurnTotals[]): readonly TurnFigures[] | undefined {
	return turns.length === 0
		? undefined
		: turns.map((totals, index) => ({
				turn: index + 1,
				requests: totals.inputTokens.count,
				inputTokens: totals.inputTokens.toMean(),
				outputTokens: totals.outputTokens.toMean(),
				quotaTokens: totals.quotaTokens.toMean(),
				timeToFirstToken: totals.timeToFirstToken.toDistribution(),
			}));
}

/**
 * Answers of a variant that caches. Cold: the prompt was written to the cache and nothing was read. Warm: a part of it was
 * read, which is free of quota (AWS: quotas-token-burndown). Answers that did neither are on no side: the prompt was too
 * short, or the model does not cache.
 */
type SideTotals = ReturnType<typeof emptySide>;

const emptySide = () => ({
	inputTokens: new RunningMean(),
	quotaTokens: new RunningMean(),
	timeToFirstToken: new Times(),
});

/** What is counted for a cell whose variant caches. */
type CachingTotals = ReturnType<typeof emptyCaching>;

export function emptyCaching() {
	return {
		cold: emptySide(),
		warm: emptySide(),
		/** Determine the sustainable rate once the cache is warm. */
		warmRequests: new VectorMoments(momentCount),
	};
}

/** Counts an answer on its side; one that used no cache changes nothing. */
export function foldCaching(caching: CachingTotals, answer: AnsweredEvent): void {
	const {tokens, quotaTokens, times} = answer;
	if (tokens.cacheRead > 0) {
		caching.warmRequests.add(toVector(measuresOf(answer)));
	} else if (tokens.cacheWrite === 0) {
		return;
	}
	const side = tokens.cacheRead > 0 ? caching.warm : caching.cold;
	side.inputTokens.add(tokens.input + tokens.cacheRead + tokens.cacheWrite);
	side.quotaTokens.add(quotaTokens);
	if (times.timeToFirstToken !== undefined) {
		side.timeToFirstToken.add(times.timeToFirstToken);
	}
}

const sideFigures = ({inputTokens, quotaTokens, timeToFirstToken}: SideTotals): CachingSide => ({
	requests: quotaTokens.count,
	inputTokens: inputTokens.toMean(),
	quotaTokens: quotaTokens.toMean(),
	timeToFirstToken: timeToFirstToken.toDistribution(),
});

/** The two sides, as a Snapshot has them. */
export function cachingFigures({cold, warm}: CachingTotals): CachingFigures {
	return {
		cold: sideFigures(cold),
		warm: sideFigures(warm),
	};
}
