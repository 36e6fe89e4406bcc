import {hash} from 'node:crypto';
import type {Bucket} from '../../admission/bucket.ts';
import {estimatedTokens, settledTokens} from '../../domain/accounting.ts';
import type {JudgeFigures} from '../../domain/figures-schema.ts';
import type {RunSpec} from '../../domain/run-config.ts';
import type {ItemVerdict, JudgeCheck, JudgeVerdict, Task, Variant} from '../../domain/task.ts';
import {judgesOf} from '../../prompts/checks.ts';
import {
	judgeMaxTokens,
	judgeQuestions,
	judgeSystem,
	typicalQuestion,
	verdictOf,
	verdictWhy,
} from '../../prompts/judge.ts';
import {Cell} from '../cells/cell.ts';
import {ConcurrencyLimiter} from '../scheduling/concurrency-limiter.ts';
import type {JudgeReply, LogicalRequest} from './attempts.ts';

/** Checks by an LLM as requests of the run: admitted, paid and limited like all others, and counted apart. */

const judgeVariant = (check: JudgeCheck, task: Task): Variant => ({
	name: 'judge',
	// Of the usual size, from which the first requests are estimated; braces would be filled in.
	instruction: typicalQuestion(check, task).replaceAll('{{', '{ {'),
	system: judgeSystem(check),
	maxTokens: judgeMaxTokens,
	stop: [],
	parameters: {},
	itemsPerRequest: 1,
	cache: false,
	compress: [],
});

/** The run with its judges as further cells behind its own, each on a target of its own. */
export function withJudges(spec: RunSpec): RunSpec {
	const {judges = [], task, targets, variants, cells} = spec;
	const added = judgesOf(task.checks).map((check) => judgeVariant(check, task));
	return {
		...spec,
		isMaxTokensAuto: false,
		task: {...task, items: [], chat: undefined, recorded: undefined},
		targets: [...targets, ...judges.map(({target}) => target)],
		variants: [...variants, ...added],
		cells: [
			...cells,
			...judges.map(({price, method}, index) => {
				const {system = '', instruction = ''} = added[index] ?? {};
				return {
					variant: variants.length + index,
					target: targets.length + index,
					lane: 'normal' as const,
					ratePerMinute: null,
					inputTokens: {value: estimatedTokens(system.length + instruction.length), isEstimated: true},
					maxTokens: judgeMaxTokens,
					price,
					...(method === undefined ? {} : {method}),
				};
			}),
		],
	};
}

/** Judge requests occupy no slot of a load. */
const freeSlots = new ConcurrencyLimiter(() => Number.POSITIVE_INFINITY);

/** Verdicts that are remembered, so that memory stays flat. */
const maxRemembered = 20_000;

/** A verdict, or those who wait for it. */
type Known = JudgeVerdict | Array<(verdict: JudgeVerdict) => void>;

type Totals = {
	readonly verdicts: Record<JudgeVerdict, number>;
	fromCache: number;
	readonly agreement: {same: number; of: number};
	requests: number;
	readonly tokens: {input: number; output: number; quota: number};
	costUsd: number;
	isPriced: boolean;
};

const noTotals = (): Totals => ({
	verdicts: {passed: 0, failed: 0, tie: 0, none: 0},
	fromCache: 0,
	agreement: {same: 0, of: 0},
	requests: 0,
	tokens: {input: 0, output: 0, quota: 0},
	costUsd: 0,
	isPriced: true,
});

/** Whether the answer was right by its item's expected value; undefined where there is none, or another check failed. */
const isExpected = ({item, kind, failed}: ItemVerdict): boolean | undefined => {
	if (item?.expected === undefined) {
		return undefined;
	}
	return kind === 'useful' ? true : failed?.check === 'expected' ? false : undefined;
};

/** An answer that judges are asked about: all other checks hold, or its right answer alone is missed. */
const isAsked = (verdict: ItemVerdict): boolean =>
	verdict.kind === 'useful' || (verdict.kind === 'check-failed' && isExpected(verdict) === false);

/** The verdict on an item with what judges said. */
const withVerdicts = (
	verdict: ItemVerdict,
	judged: readonly JudgeVerdict[],
	checks: readonly JudgeCheck[],
): ItemVerdict => {
	const failing = judged.findIndex((each) => each !== 'passed');
	const check = checks[failing];
	const said = judged[failing];
	if (verdict.kind !== 'useful' || check === undefined || said === undefined) {
		return {...verdict, judged};
	}
	const why = verdictWhy(said, check);
	return {
		...verdict,
		kind: 'check-failed',
		judged,
		...(said === 'none' ? {reason: why} : {failed: {check: 'judge', why}}),
	};
};

/** Asks the judges of a task about answers; the same answer to the same item once. */
export class Judges {
	/** One for each judge; their indexes follow those of the run's own cells. */
	readonly cells: readonly Cell[];
	readonly #task: Task;
	readonly #send: (request: LogicalRequest) => void;
	readonly #checks: readonly JudgeCheck[];
	readonly #totals: readonly Totals[];
	readonly #known = new Map<string, Known>();
	#open = 0;

	/**
	 * @param whole The run with its judges.
	 * @param buckets Of its targets.
	 * @param send Sends a request as soon as there is room.
	 */
	constructor(
		{task, cells}: RunSpec,
		whole: RunSpec,
		buckets: readonly Bucket[],
		send: (request: LogicalRequest) => void,
	) {
		this.#task = task;
		this.#send = send;
		this.#checks = judgesOf(task.checks);
		this.#totals = this.#checks.map(noTotals);
		this.cells = whole.cells.slice(cells.length).flatMap(({target}, index) => {
			const bucket = buckets[target];
			return bucket === undefined ? [] : [new Cell(whole, cells.length + index, bucket)];
		});
	}

	/** Answers that wait for a verdict. */
	get count(): number {
		return this.#open;
	}

	/** Undefined without a judge. */
	get figures(): readonly JudgeFigures[] | undefined {
		return this.#checks.length === 0
			? undefined
			: this.#checks.map((check, index) => {
					const {agreement, costUsd, isPriced, ...totals} = this.#totals[index] ?? noTotals();
					return {
						...check,
						...totals,
						agreement: agreement.of === 0 ? null : agreement,
						costUsd: isPriced ? costUsd : null,
					};
				});
	}

	/** Has the answers to the items of a request judged. @param onJudged Called at once where there is nothing to ask. */
	judge(
		verdicts: readonly ItemVerdict[],
		onJudged: (verdicts: readonly ItemVerdict[]) => void,
		turn?: string,
	): void {
		const asked = this.#checks.length === 0 ? [] : verdicts.filter(isAsked);
		if (asked.length === 0) {
			onJudged(verdicts);
			return;
		}
		const said = new Map(asked.map((verdict): [ItemVerdict, JudgeVerdict[]] => [verdict, []]));
		let left = asked.length * this.#checks.length;
		this.#open++;
		for (const verdict of asked) {
			for (const [index] of this.#checks.entries()) {
				this.#ask(index, verdict, turn, (judged) => {
					const own = said.get(verdict) ?? [];
					own[index] = judged;
					this.#count(index, verdict, judged);
					left--;
					if (left === 0) {
						this.#open--;
						onJudged(
							verdicts.map((each) => {
								const about = said.get(each);
								return about === undefined ? each : withVerdicts(each, about, this.#checks);
							}),
						);
					}
				});
			}
		}
	}

	#count(index: number, verdict: ItemVerdict, judged: JudgeVerdict): void {
		const totals = this.#totals[index];
		const expected = isExpected(verdict);
		if (totals === undefined) {
			return;
		}
		totals.verdicts[judged]++;
		if (expected !== undefined && (judged === 'passed' || judged === 'failed')) {
			totals.agreement.of++;
			totals.agreement.same += expected === (judged === 'passed') ? 1 : 0;
		}
	}

	#ask(
		index: number,
		{item, answer = ''}: ItemVerdict,
		turn: string | undefined,
		onVerdict: (verdict: JudgeVerdict) => void,
	): void {
		const check = this.#checks[index];
		const totals = this.#totals[index];
		if (check === undefined || totals === undefined) {
			return;
		}
		const questions = judgeQuestions(check, this.#task, item, answer, turn);
		const key = hash('sha256', JSON.stringify([index, questions]));
		const known = this.#known.get(key);
		if (known !== undefined) {
			totals.fromCache++;
			if (typeof known === 'string') {
				onVerdict(known);
			} else {
				known.push(onVerdict);
			}
			return;
		}
		const waiting = [onVerdict];
		this.#known.set(key, waiting);
		this.#request(index, check, questions, (verdict) => {
			// What was not answered may be asked again.
			if (verdict === 'none' || this.#known.size > maxRemembered) {
				this.#known.delete(key);
			} else {
				this.#known.set(key, verdict);
			}
			for (const each of waiting) {
				each(verdict);
			}
		});
	}

	#request(
		index: number,
		check: JudgeCheck,
		questions: readonly string[],
		onVerdict: (verdict: JudgeVerdict) => void,
	): void {
		const cell = this.cells[index];
		const replies: Array<string | undefined> = questions.map(() => undefined);
		let left = questions.length;
		if (cell === undefined) {
			onVerdict('none');
			return;
		}
		for (const [place, user] of questions.entries()) {
			const request: LogicalRequest = {
				cell: cell.index,
				items: [],
				prompt: {system: judgeSystem(check), user},
				block: undefined,
				isWarmUp: false,
				isFollowUp: true,
				intendedAt: undefined,
				slots: freeSlots,
				conversation: 0,
				turn: 0,
				turns: 1,
				attempts: 0,
				onReply: (reply) => {
					this.#addUse(index, cell, request, reply);
					replies[place] = reply?.text;
					left--;
					if (left === 0) {
						onVerdict(verdictOf(replies, check));
					}
				},
			};
			this.#send(request);
		}
	}

	#addUse(
		index: number,
		{target}: Cell,
		{attempts, broken}: LogicalRequest,
		reply: JudgeReply | undefined,
	): void {
		const totals = this.#totals[index];
		if (totals === undefined) {
			return;
		}
		totals.requests += attempts > 0 ? 1 : 0;
		totals.costUsd += broken?.costUsd ?? 0;
		totals.tokens.quota += broken?.quotaTokens ?? 0;
		if (reply !== undefined) {
			const {usage, costUsd} = reply;
			totals.tokens.input += usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens;
			totals.tokens.output += usage.outputTokens;
			totals.tokens.quota += settledTokens(usage, target.burndown.value);
			totals.costUsd += costUsd ?? 0;
			totals.isPriced &&= costUsd !== undefined;
		}
	}
}
