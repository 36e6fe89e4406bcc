import type {Answer} from '../../domain/backend.ts';
import type {Clock} from '../../domain/clock.ts';
import type {Item, ItemVerdict, Task, Variant} from '../../domain/variant.ts';
import {beginJudgement, judgeAnswer, type PatternChecker, type PatternResult} from '../../prompts/judge.ts';

/** What an answer gets whose check was not over when the run had to end. */
const givenUp: PatternResult = {isMet: false, reason: 'the run ended before its check did'};

/** Milliseconds after which an answer whose check goes on is put where nothing can lose it. */
const slowMs = 100;

/** The answers that are here and not yet judged. Each is judged exactly once, however its check ends. */
export class Judging {
	readonly #task: Task;
	readonly #checker: PatternChecker | undefined;
	readonly #clock: Clock;
	readonly #open = new Set<() => void>();

	/** @param checker Undefined: patterns are checked in this thread. */
	constructor(task: Task, checker: PatternChecker | undefined, clock: Clock) {
		this.#task = task;
		this.#clock = clock;
		this.#checker = checker;
	}

	/** Answers whose checks are not over. */
	get count(): number {
		return this.#open.size;
	}

	/**
	 * Judges an answer.
	 * @param onJudged Called at once where no pattern has to be asked.
	 * @param onSlow Called before it, where the check takes its time, with the verdicts as they will be if all patterns are met.
	 */
	judge(
		{items, variant}: {readonly items: readonly Item[]; readonly variant: Variant},
		answer: Answer,
		onJudged: (verdicts: readonly ItemVerdict[]) => void,
		onSlow: (verdicts: readonly ItemVerdict[]) => void,
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
				cancelSlow();
				onJudged(conclude(results));
			}
		};
		const giveUp = (): void => end(texts.map(() => givenUp));
		const cancelSlow = this.#clock.after(slowMs, () => onSlow(conclude(texts.map(() => ({isMet: true})))));
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
