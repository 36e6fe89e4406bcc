import type {BatchLimits} from '../domain/batch-limits.ts';
import {UserError} from '../domain/user-error.ts';
import {assertPriced, costRefusal} from '../metrics/decisions/cost-refusal.ts';
import {formatCount} from '../text/numbers.ts';
import {batchPriceShare} from './batch-price.ts';
import type {Makings} from './batch-setup.ts';
import type {SplitFault} from './split.ts';

/** Why a batch is not submitted, before anything is uploaded. */

type TooFew = Extract<SplitFault, {kind: 'too-few'}>;

/** What is wrong with the number of records; where they make more than one job, each of those has a minimum. */
const tooFewWords = ({records, jobs, leastRecords}: TooFew, limits: BatchLimits): string => {
	const mark = limits.assumed.includes('leastRecords') ? " (AWS's default, assumed)" : '';
	const least = `A batch job needs at least ${formatCount(leastRecords)} records${mark}`;
	return jobs === 1
		? `${least}; this one has ${formatCount(records)}.`
		: `${least}, and these ${formatCount(records)} are too many for ${jobs === 2 ? 'one job' : `${formatCount(jobs - 1)} jobs`} and too few for ${formatCount(jobs)}.`;
};

const tooFewHint = ({records, jobs, leastRecords, enough}: TooFew, variants: number): string => {
	if (enough === null) {
		return `More of them would not do: ${formatCount(leastRecords)} such records are more than a job may hold. Shorten the items, or put fewer into a request. "run" has no such minimum.`;
	}
	const inAll = jobs === 1 ? '' : `, ${formatCount(enough)} in all`;
	return `Add ${formatCount(enough - records)} requests${inAll}: more items, more variants (${variants} now) or fewer items per request. "run" has no such minimum.`;
};

/** A batch that cannot be split into jobs. */
export const faultError = (fault: SplitFault, {limits, batch}: Makings): UserError => {
	switch (fault.kind) {
		case 'too-few':
			return new UserError(tooFewWords(fault, limits), {
				exitCode: 2,
				hint: tooFewHint(fault, batch.variants.length),
			});
		case 'too-large':
			return new UserError(
				`Record ${fault.index + 1} has ${formatCount(fault.bytes)} bytes; a file may have ${formatCount(fault.most)}.`,
				{exitCode: 2, hint: 'Shorten that item, or put fewer items into a request.'},
			);
	}
};

/**
 * Against an account a batch is submitted only when its cost is known to fit, or `--yes` is given and no limit was typed:
 * nothing stops a job at a cost once it runs, so the most that it can cost has to fit.
 * @param bytes Of all prompts in UTF-8: no text has more tokens.
 */
export const assertAffordable = (
	{config, batch, price, target}: Makings,
	records: number,
	bytes: number,
): void => {
	const limit = config.guards;
	if (config.connection.simulatorUrl !== undefined && !limit.isMaxCostGiven) {
		return;
	}
	assertPriced(price === null ? [target] : [], limit, ', batch');
	const output = batch.variants.reduce((sum, variant) => sum + (variant.maxTokens ?? config.maxTokens), 0);
	const outputTokens = (output / batch.variants.length) * records;
	const refusal = costRefusal({
		costUsd: price === null ? null : (bytes * price.input + outputTokens * price.output) / batchPriceShare,
		mark: '(at most: the on-demand price, for the batch price is assumed)',
		limit,
		words: {notDone: 'nothing was uploaded', start: 'Submit', lower: '--max-tokens'},
	});
	if (refusal !== undefined) {
		throw new UserError(refusal.text, {exitCode: 2, hint: refusal.hint});
	}
};
