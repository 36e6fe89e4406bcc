import type {Advice} from '../../domain/snapshot.ts';
import {formatPercent} from '../../text/numbers.ts';
import type {Figures} from '../figures/figures.ts';

const whole = (value: number): string => value.toLocaleString('en-US');

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/**
 * What a loop that fires and drops what is throttled would have lost: the requests whose first attempt the service
 * throttled, counted from the attempts of this run. It is the least: such a loop does not slow down either.
 */
export const naiveLoss = ({variants}: Pick<Figures, 'variants'>): readonly Advice[] => {
	const sent = sum(variants.map(({requests}) => requests.sent));
	const lost = sum(variants.map(({firstThrottled}) => firstThrottled.requests));
	const rescued = sum(variants.map(({firstThrottled}) => firstThrottled.rescued));
	if (lost === 0) {
		return [];
	}
	const text =
		`A naive loop, which drops what is throttled, would have lost at least ${whole(lost)} of ${whole(sent)} requests ` +
		`(${formatPercent(lost / sent)}): so many first attempts were throttled here. Tried again, ${whole(rescued)} of them were answered.`;
	return [{kind: 'retries', text, usefulPerMinute: null}];
};
