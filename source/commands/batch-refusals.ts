import {UserError} from '../config/user-error.ts';
import type {SplitFault} from '../prompts/batch/split.ts';
import {formatCount, formatUsd} from '../text/numbers.ts';
import type {Makings} from './batch-submit.ts';

/** Why a batch is not submitted, before anything is uploaded. */

/** A batch that cannot be split into jobs. */
export const faultError = (fault: SplitFault, {limits, batch}: Makings): UserError => {
	switch (fault.kind) {
		case 'too-few': {
			const isAssumed = limits.assumed.includes('leastRecords');
			return new UserError(
				`A batch job needs at least ${formatCount(fault.needed)} records${isAssumed ? " (AWS's default, assumed)" : ''}; this one has ${formatCount(fault.records)}.`,
				{
					exitCode: 2,
					hint: `Add ${formatCount(fault.needed - fault.records)} requests: more items, more variants (${batch.variants.length} now) or fewer items per request. "run" has no such minimum.`,
				},
			);
		}
		case 'too-large':
			return new UserError(
				`Record ${fault.index + 1} has ${formatCount(fault.bytes)} bytes; a file may have ${formatCount(fault.most)}.`,
				{exitCode: 2, hint: 'Shorten that item, or put fewer items into a request.'},
			);
	}
};

/** An estimate, as elsewhere. */
const charactersPerToken = 4;

/** Against an account a batch is submitted only when its cost is known to fit, or `--yes` is given. */
export const assertAffordable = (
	{config, batch, price}: Makings,
	records: number,
	characters: number,
): void => {
	const {maxCostUsd, isConfirmed} = config.guards;
	if (isConfirmed || config.connection.simulatorUrl !== undefined) {
		return;
	}
	const output = batch.variants.reduce((sum, variant) => sum + (variant.maxTokens ?? config.maxTokens), 0);
	const outputTokens = (output / batch.variants.length) * records;
	const inputTokens = Math.ceil(characters / charactersPerToken);
	const cost = price === null ? null : inputTokens * price.input + outputTokens * price.output;
	if (cost !== null && cost <= maxCostUsd) {
		return;
	}
	throw new UserError(
		`${cost === null ? 'The cost is not known' : `It may cost up to ${formatUsd(cost)} (batch price assumed)`}, and --max-cost is ${formatUsd(maxCostUsd)}: nothing was uploaded.`,
		{exitCode: 2, hint: 'Submit it with --yes, raise --max-cost, or lower --max-tokens.'},
	);
};
