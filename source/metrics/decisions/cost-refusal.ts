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
 * Checks a cost against its limit. `--yes` lifts a limit that was not typed.
 * @param plan Lines that precede the reason.
 * @throws UserError (exit 2) with the reason and the way out.
 */
export function assertAffordable(
	{costUsd, mark = '', limit: {maxCostUsd, isMaxCostGiven, isConfirmed}, words}: CostOffer,
	plan: readonly string[] = [],
): void {
	const fits = maxCostUsd === null || (costUsd !== null && costUsd <= maxCostUsd);
	if (fits || (isConfirmed && !isMaxCostGiven)) {
		return;
	}
	const cost =
		costUsd === null
			? 'The cost is not known'
			: `It may cost ${formatUsd(costUsd)}${mark === '' ? '' : ` ${mark}`}`;
	const reason = `${cost}, and --max-cost is ${formatUsd(maxCostUsd)}: ${words.notDone}.`;
	const first = isMaxCostGiven ? 'Raise' : `${words.start} it with --yes, raise`;
	const none = isMaxCostGiven ? ' ("none" sets no limit; --yes lifts none that was typed)' : '';
	throw new UserError([...plan, ...(plan.length === 0 ? [] : ['']), reason].join('\n'), {
		exitCode: 2,
		hint: `${first} --max-cost${none}, or lower ${words.lower}.`,
	});
}
