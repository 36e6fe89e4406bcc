import type {GateState} from '../../domain/verdict.ts';
import {logShareEvidence} from '../statistics/evidence.ts';

/** The quality gate (`minQuality`), by evidence that may be looked at whenever one likes. */

/** Evidence at which a variant fails: 2.5 % of those that are exactly at the gate do. */
const failsAt = Math.log(40);
/** Evidence at which it passes: 5 %. */
const passesAt = Math.log(20);
/** More items than these are asked of nobody to prove a quality. */
const mostWorthWhile = 5000;

/** Items that were checked, and how many of them passed; an item that was asked several times counts as its mean. */
export type Checked = {readonly count: number; readonly passed: number};

/** Whether the quality is proven to be above or below the gate. */
export function gateState({count, passed}: Checked, gate: number | null): GateState {
	if (gate === null || gate <= 0) {
		return 'none';
	}
	if (count === 0) {
		return 'unproven';
	}
	const share = passed / count;
	const evidence = logShareEvidence(count, passed, gate);
	if (share < gate && evidence >= failsAt) {
		return 'failed';
	}
	// No count of items proves that all of them pass; that all of so many do is what can be asked.
	const above =
		gate >= 1 ? passed === count && count >= mostWorthWhile : share > gate && evidence >= passesAt;
	return above ? 'passed' : 'unproven';
}

/** How many more items would prove the quality, one way or the other, if the share stays as it is; undefined where too many. */
export function itemsToProve({count, passed}: Checked, gate: number): number | undefined {
	if (count === 0) {
		return undefined;
	}
	const isProven = (items: number): boolean =>
		gateState({count: items, passed: (passed / count) * items}, gate) !== 'unproven';
	let high = count;
	while (!isProven(high)) {
		high *= 2;
		if (high > 2 * mostWorthWhile) {
			return undefined;
		}
	}
	let low = Math.floor(high / 2);
	while (high - low > 1) {
		const middle = Math.floor((low + high) / 2);
		if (isProven(middle)) {
			high = middle;
		} else {
			low = middle;
		}
	}
	return Math.max(1, high - count);
}
