import type {Answer} from '../domain/backend.ts';
import type {Item, ItemVerdict, Task, Variant} from '../domain/variant.ts';
import {checksOf, meetsCheck} from './checks.ts';
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

const judgeItem = (answer: string, task: Pick<Task, 'checks'>, item: Item | undefined): ItemVerdict => {
	const checks = checksOf(task.checks, item);
	const hasPassed = answer.trim() !== '' && checks.every((check) => meetsCheck(answer, check));
	return {item, kind: hasPassed ? 'useful' : 'check-failed', answer, checked: checks.length > 0};
};

/** Judges the answer to one request, item by item. An empty, refused, truncated or malformed answer is never useful. */
export const judgeAnswer = (
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
