import {leadOf} from '../../../source/metrics/decisions/pairwise-comparison.ts';
import {studentT} from '../../../source/metrics/statistics/intervals.ts';
import {type Lab, type LabEnd, runLab} from '../../helpers/contest-lab.ts';
import {quotaOf} from '../../helpers/spec-fixture.ts';

/**
 * What a decision takes without elimination and without looking early: equal interleaving, one look at a number of blocks
 * that is known in advance to find the first variant in nine of ten runs (two-sided 95 %, divided by the rivals).
 */

const power = 0.9;

const isFound = ({figures, blocksOf}: LabEnd): boolean => {
	const [blocks] = figures.blocks;
	const rivals = blocksOf.length - 1;
	if (blocks === undefined) {
		return false;
	}
	const field = {
		blocks,
		quota: quotaOf(1e6, 60_000),
		rivals,
		gateOf: () => 'none' as const,
		isAlive: () => true,
	};
	return blocksOf.every((_, rival) => {
		const lead = rival === 0 ? undefined : leadOf(field, 'throughput', 0, rival);
		return (
			rival === 0 ||
			(lead !== undefined && lead.difference > studentT(lead.count - 1, 0.025 / rivals) * lead.error)
		);
	});
};

/** Blocks at which the first variant is found in nine of ten runs. */
export function oracleBlocks(lab: Lab, runs: number): number {
	const reaches = (blocks: number): boolean => {
		const found = Array.from({length: runs}, (_, index) =>
			isFound(runLab({...lab, blocks, keepsAll: true}, 100_000 + index)),
		).filter(Boolean).length;
		return found / runs >= power;
	};
	let high = 8;
	while (!reaches(high)) {
		high *= 2;
	}
	let low = high / 2;
	while (high - low > Math.max(1, high / 40)) {
		const middle = Math.round((low + high) / 2);
		if (reaches(middle)) {
			high = middle;
		} else {
			low = middle;
		}
	}
	return high;
}
