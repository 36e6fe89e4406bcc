import type {Item, ItemVerdict, Task} from '../domain/variant.ts';
import {checksOf, meetsCheck} from './checks.ts';
import {unpackAnswers} from './packing.ts';

const judgeItem = (answer: string, task: Pick<Task, 'checks'>, item: Item | undefined): ItemVerdict => {
	const checks = checksOf(task.checks, item);
	const hasPassed = answer.trim() !== '' && checks.every((check) => meetsCheck(answer, check));
	return {item, kind: hasPassed ? 'useful' : 'check-failed', answer, checked: checks.length > 0};
};

/**
 * Judges the answer to one request, item by item. An empty answer is not useful.
 * Truncated and refused answers are the caller's to sort out: they are never useful.
 */
export const judgeAnswer = (
	text: string,
	task: Pick<Task, 'checks'>,
	items: readonly Item[],
): readonly ItemVerdict[] => {
	if (items.length <= 1) {
		return [judgeItem(text, task, items[0])];
	}
	const answers = unpackAnswers(text, items.length);
	return items.map((item, index) => {
		const answer = answers[index];
		return answer === undefined
			? {item, kind: 'unparsed', answer: undefined, checked: checksOf(task.checks, item).length > 0}
			: judgeItem(answer, task, item);
	});
};
