import type {Answer} from '../domain/backend.ts';
import type {Check, Item, ItemVerdict, Task, Variant} from '../domain/variant.ts';
import {checksOf, isPattern, meetsCheck} from './checks.ts';
import {unpackAnswers} from './packing.ts';

/** What an answer is judged by. */
export type Judged = Pick<Answer, 'text' | 'isTruncated' | 'isRefused' | 'unfit'>;

/** Whether a variant offers tools: then calling one is an answer. */
export const hasTools = ({parameters}: Pick<Variant, 'parameters'>): boolean =>
	['toolConfig', 'tools', 'tool_config'].some((key) => key in parameters);

/** Why nothing of an answer is useful, whatever its text; undefined where it is whole. */
const flawOf = (
	{isRefused, isTruncated, unfit}: Judged,
	variant: Pick<Variant, 'parameters'>,
): ItemVerdict['kind'] | undefined => {
	if (isRefused) {
		return 'refused';
	}
	if (isTruncated) {
		return 'truncated';
	}
	return unfit === 'tool-call' && hasTools(variant) ? undefined : unfit;
};

/** What the patterns of a task say of a text. */
export type PatternResult = {
	readonly isMet: boolean;
	/** Why the text was not checked to the end, where it was not: then it is not met. */
	readonly reason?: string | undefined;
};

/** Checks texts by the patterns of a task, elsewhere and in bounded time. It always answers, in the order of the texts. */
export type PatternChecker = {
	readonly check: (texts: readonly string[]) => Promise<readonly PatternResult[]>;
	readonly close: () => void;
};

/** An answer that is judged, or what patterns have to be asked before it is. */
export type Judgement =
	| {readonly kind: 'judged'; readonly verdicts: readonly ItemVerdict[]}
	| {
			readonly kind: 'open';
			/** What the patterns are asked about. */
			readonly texts: readonly string[];
			/** @param results One for each text. */
			readonly conclude: (results: readonly PatternResult[]) => readonly ItemVerdict[];
	  };

/** Judges by all that takes no longer than the answer is long. */
const judgeItem = (answer: string, task: Pick<Task, 'checks'>, item: Item | undefined): ItemVerdict => {
	const checks = checksOf(task.checks, item);
	const hasPassed =
		answer.trim() !== '' && checks.every((check) => isPattern(check) || meetsCheck(answer, check));
	return {item, kind: hasPassed ? 'useful' : 'check-failed', answer, checked: checks.length > 0};
};

const judgeItems = (
	answer: Judged,
	task: Pick<Task, 'checks'>,
	items: readonly Item[],
	variant: Pick<Variant, 'parameters'>,
): readonly ItemVerdict[] => {
	const flaw = flawOf(answer, variant);
	const withFlaw = (verdict: ItemVerdict): ItemVerdict =>
		flaw === undefined ? verdict : {...verdict, kind: flaw};
	if (items.length <= 1) {
		return [withFlaw(judgeItem(answer.text, task, items[0]))];
	}
	const answers = unpackAnswers(answer.text, items.length);
	return items.map((item, index) => {
		const part = answers[index];
		const isMissing = part === undefined && flaw !== 'refused';
		return isMissing
			? {item, kind: 'unparsed', answer: undefined, checked: checksOf(task.checks, item).length > 0}
			: withFlaw(judgeItem(part ?? '', task, item));
	});
};

const isUseful = ({kind}: ItemVerdict): boolean => kind === 'useful';

/**
 * Judges the answer to one request, item by item, as far as that takes no pattern. An empty, refused, truncated or
 * malformed answer is never useful, and no pattern is asked about it.
 */
export const beginJudgement = (
	answer: Judged,
	task: Pick<Task, 'checks'>,
	items: readonly Item[],
	variant: Pick<Variant, 'parameters'>,
): Judgement => {
	const verdicts = judgeItems(answer, task, items, variant);
	const open = task.checks.some(isPattern) ? verdicts.filter(isUseful) : [];
	if (open.length === 0) {
		return {kind: 'judged', verdicts};
	}
	return {
		kind: 'open',
		texts: open.map((verdict) => verdict.answer ?? ''),
		conclude(results) {
			const rest = [...results];
			return verdicts.map((verdict) => {
				const result = isUseful(verdict) ? rest.shift() : undefined;
				return result === undefined || result.isMet
					? verdict
					: {
							...verdict,
							kind: 'check-failed',
							...(result.reason === undefined ? {} : {reason: result.reason}),
						};
			});
		},
	};
};

/** Whether a text meets all patterns among some checks, in this thread: it may take any time. */
export const meetsPatterns = (text: string, checks: readonly Check[]): boolean =>
	checks.filter(isPattern).every((check) => meetsCheck(text, check));

/** Judges an answer at once, patterns included: they may take any time. */
export const judgeAnswer = (
	answer: Judged,
	task: Pick<Task, 'checks'>,
	items: readonly Item[],
	variant: Pick<Variant, 'parameters'>,
): readonly ItemVerdict[] => {
	const judgement = beginJudgement(answer, task, items, variant);
	return judgement.kind === 'judged'
		? judgement.verdicts
		: judgement.conclude(judgement.texts.map((text) => ({isMet: meetsPatterns(text, task.checks)})));
};
