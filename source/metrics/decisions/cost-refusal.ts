import type {Guards} from '../../domain/run-config.ts';
import type {Target} from '../../domain/target.ts';
import {UserError} from '../../domain/user-error.ts';
import {formatUsd} from '../../text/numbers.ts';
import {cleanText} from '../../text/width.ts';

/** Refuses to start what may cost too much. A typed limit is a promise: `--yes` does not lift it. */

type Limit = Pick<Guards, 'maxCostUsd' | 'isMaxCostGiven' | 'isConfirmed'>;

/** The limit, and the words of the command that checks it. */
type CostOffer = {
	/** Upper bound in USD; null where it is not known. */
	readonly costUsd: number | null;
	/** Of the bound: "(batch price assumed)". */
	readonly mark?: string;
	readonly limit: Limit;
	readonly words: {readonly notDone: string; readonly start: string; readonly lower: string};
};

/**
 * A typed limit cannot be kept where a price is not known.
 * @param unpriced Targets without a known price.
 * @throws UserError (exit 2) that names model and tier.
 */
export function assertPriced(
	unpriced: ReadonlyArray<Pick<Target, 'model' | 'tier'>>,
	{maxCostUsd, isMaxCostGiven}: Limit,
	what = '',
): void {
	if (unpriced.length === 0 || maxCostUsd === null || !isMaxCostGiven) {
		return;
	}
	const names = unpriced.map(({model, tier}) => cleanText(`${model} (tier ${tier ?? 'default'}${what})`));
	throw new UserError(
		`The price of ${names.join(', ')} is not known, so --max-cost ${maxCostUsd} cannot be kept: nothing was sent.`,
		{
			exitCode: 2,
			hint: 'Only --max-cost none goes past a price that is not known (--yes does not), or name a model and tier with a known price.',
		},
	);
}

/**
 * Why a cost does not fit its limit, and the way out; undefined where it fits, or where no limit was typed and `--yes`
 * was given.
 */
export function costRefusal({
	costUsd,
	mark = '',
	limit: {maxCostUsd, isMaxCostGiven, isConfirmed},
	words,
}: CostOffer): {readonly text: string; readonly hint: string} | undefined {
	const fits = maxCostUsd === null || (costUsd !== null && costUsd <= maxCostUsd);
	if (fits || (isConfirmed && !isMaxCostGiven)) {
		return undefined;
	}
	const cost =
		costUsd === null
			? 'The cost is not known'
			: `It may cost ${formatUsd(costUsd)}${mark === '' ? '' : ` ${mark}`}`;
	const first = isMaxCostGiven ? 'Raise' : `${words.start} it with --yes, raise`;
	return {
		text: `${cost}, and --max-cost is ${formatUsd(maxCostUsd)}: ${words.notDone}.`,
		hint: `${first} --max-cost${isMaxCostGiven ? ' ("none" sets no limit; --yes lifts none that was typed)' : ''}, or lower ${words.lower}.`,
	};
}
