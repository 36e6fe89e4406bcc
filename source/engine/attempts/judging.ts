import type {Answer} from '../../domain/backend.ts';
import type {ItemVerdict, Task} from '../../domain/variant.ts';
import {beginJudgement, judgeAnswer, type PatternChecker, type PatternResult} from '../../prompts/judge.ts';
import type {Attempt} from './attempts.ts';

/** What an answer gets whose check was not over when the run had to end. */
const givenUp: PatternResult = {isMet: false, reason: 'the run ended before its check did'};

/** The answers that are here and not yet judged. Each is judged exactly once, however its check ends. */
export class Judging {
	readonly #task: Task;
	readonly #checker: PatternChecker | undefined;
	readonly #open = new Set<() => void>();

	/** @param checker Undefined: patterns are checked in this thread. */
	constructor(task: Task, checker: PatternChecker | undefined) {
		this.#task = task;
		this.#checker = checker;
	}

	/** Answers whose checks are not over. */
	get count(): number {
		return this.#open.size;
	}

	/**
	 * Judges an answer.
	 * @param onJudged Called at once where no pattern has to be asked.
	 */
	judge(
		{request: {items}, cell: {variant}}: Attempt,
		answer: Answer,
		onJudged: (verdicts: readonly ItemVerdict[]) => void,
	): void {
		if (this.#checker === undefined) {
			onJudged(judgeAnswer(answer, this.#task, items, variant));
			return;
		}
		const judgement = beginJudgement(answer, this.#task, items, variant);
		if (judgement.kind === 'judged') {
			onJudged(judgement.verdicts);
			return;
		}
		const {texts, conclude} = judgement;
		const end = (results: readonly PatternResult[]): void => {
			if (this.#open.delete(giveUp)) {
				onJudged(conclude(results));
			}
		};
		const giveUp = (): void => end(texts.map(() => givenUp));
		this.#open.add(giveUp);
		void this.#checker.check(texts).then(end);
	}

	/** What is still open failed its check: the run ends. */
	giveUp(): void {
		for (const giveUp of [...this.#open]) {
			giveUp();
		}
	}
}
