import {evidentT} from '../statistics/evidence.ts';
import {type Lead, levelOf, practicallyEqual} from './contest.ts';

/** More blocks than these are asked of nobody to tell two variants apart. */
export const mostWorthWhile = 1000;

/**
 * How many more blocks would decide between a leader and a rival, whichever way, if the difference and the spread stay as
 * they are.
 * @param rivals Variants that were configured, less one.
 * @returns Undefined where more than a thousand would be needed.
 */
export function moreBlocks({difference, error, count}: Lead, rivals: number): number | undefined {
	const level = levelOf(rivals);
	const decides = (blocks: number): boolean => {
		const half = evidentT(blocks, level) * error * Math.sqrt(count / blocks);
		return difference > half || Math.abs(difference) + half <= Math.log1p(practicallyEqual);
	};
	for (let more = 1; more <= mostWorthWhile; more = Math.ceil(more * 1.1)) {
		if (decides(count + more)) {
			return more;
		}
	}
	return undefined;
}
