import {estimatedTokens} from '../../domain/accounting.ts';
import type {RunSpec} from '../../domain/run-spec.ts';
import {judgesOf} from '../../prompts/checks.ts';
import {judgeMaxTokens, judgeSystem, typicalQuestion} from '../../prompts/judge.ts';
import {formatCount, formatUsd} from '../../text/numbers.ts';

/** What the checks by an LLM of a run are asked and cost at most, for its plan. */
type JudgePlan = {
	readonly model: string;
	/** Null where only the quota ends the run. */
	readonly requests: number | null;
	/** Null where no price is known. */
	readonly costUsd: number | null;
};

/** @param max Requests of the run at most; null where only the quota ends it. */
export function judgePlans(spec: RunSpec, max: number | null): readonly JudgePlan[] {
	const {judges = [], task, variants} = spec;
	const orders = task.items.some(({expected}) => expected !== undefined) ? 2 : 1;
	const each = orders * Math.max(...variants.map(({itemsPerRequest}) => itemsPerRequest));
	const requests = max === null ? null : Math.ceil(max * each);
	return judgesOf(task.checks).flatMap((check, index) => {
		const price = judges[index]?.price;
		const answer = Math.max(0, ...spec.cells.map(({maxTokens}) => maxTokens));
		const asked = judgeSystem(check).length + typicalQuestion(check, task).length;
		const usd = price && (estimatedTokens(asked) + answer) * price.input + judgeMaxTokens * price.output;
		return [
			{
				model: check.model,
				requests,
				costUsd: requests === null || usd === null || usd === undefined ? null : requests * usd,
			},
		];
	});
}

/** Sentences for the plan. */
export function judgeRemarks(plans: readonly JudgePlan[]): readonly string[] {
	return plans.map(({model, requests, costUsd}) => {
		const most = requests === null ? '' : ` with up to ${formatCount(requests)} further requests`;
		const cost = costUsd === null ? '' : `, about ${formatUsd(costUsd)} of the cost at most`;
		return `The judge ${model} grades the answers${most}${cost}; the same answer to the same item once. Inputs and answers are sent to it.`;
	});
}
