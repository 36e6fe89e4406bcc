import {createRandom, type Random} from '../../../source/domain/clock.ts';
import {
	hopelessNatures,
	type LabEnd,
	labRun,
	type Nature,
	plantedNatures,
} from '../../helpers/optimize-lab.ts';
import type {BenchCase, BenchOptions, Row} from '../helpers/bench-case.ts';
import {percent} from '../helpers/format.ts';

/*
 * Whole optimisations with the real decisions, a drawn rewriter and drawn answers, fixed seeds: 600 items, margin 0.1, 5% of
 * the items differ between two good prompts.
 */

const requests = 900;
/** Part of the planted saving of 40% that counts as found. */
const foundSaving = 0.8 * 0.4;

const ends = async (
	runs: number,
	natures: (random: Random) => readonly Nature[],
): Promise<readonly LabEnd[]> => {
	const all: LabEnd[] = [];
	for (let seed = 1; seed <= runs; seed++) {
		all.push(await labRun({seed, requests, natures: natures(createRandom(seed))}));
	}
	return all;
};

const shareRow = (
	name: string,
	all: readonly LabEnd[],
	is: (end: LabEnd) => boolean,
	bound: readonly ['>=' | '<=', number],
): Row => {
	const share = all.filter(is).length / all.length;
	const [relation, value] = bound;
	return {
		name,
		ours: percent(share),
		comparison: `${all.length} runs`,
		relation: '',
		bound: `${relation} ${percent(value)}`,
		isMet: relation === '>=' ? share >= value : share <= value,
		figures: {share, runs: all.length},
	};
};

const countRow = (name: string, all: readonly LabEnd[], of: (end: LabEnd) => number): Row => {
	const count = all.reduce((sum, end) => sum + of(end), 0);
	return {
		name,
		ours: String(count),
		comparison: `${all.length} runs`,
		relation: '',
		bound: '0',
		isMet: count === 0,
		figures: {count, runs: all.length},
	};
};

/** Select and held-out items whose text is in a prompt to the rewriter. */
const leaksOf = ({prompts, setup: {split, task}}: LabEnd): number => {
	const hidden = new Set([...split.select, ...split.heldOut]);
	const text = prompts.join('\n');
	return task.items.filter((item) => hidden.has(item.index) && text.includes(item.text)).length;
};

const run = async ({isQuick}: BenchOptions): Promise<readonly Row[]> => {
	const runs = isQuick ? 40 : 200;
	const planted = await ends(runs, (random) => [
		...plantedNatures(random),
		{saving: 0.9, loss: 0, trap: 'placeholder'},
		{saving: 0.9, loss: 0, trap: 'leak'},
	]);
	const worse = await ends(runs, (random) => hopelessNatures(random, 0.2));
	const hopeless = await ends(runs, (random) => hopelessNatures(random, undefined));
	const all = [...planted, ...worse, ...hopeless];
	return [
		shareRow(
			'40% planted among 12: 80% of it is found and proven',
			planted,
			({proven}) => proven !== undefined && proven.saving >= foundSaving && proven.loss < 0.1,
			['>=', 0.9],
		),
		shareRow(
			'40% cheaper and 20 points worse: "as good" is claimed',
			worse,
			({proven}) => (proven?.loss ?? 0) >= 0.2,
			['<=', 0.05],
		),
		shareRow('nothing is better: none is proven', hopeless, ({proven}) => proven === undefined, ['>=', 0.95]),
		countRow('select and held-out items that reached the rewriter', all, leaksOf),
		countRow('requests above the budget', all, (end) => Math.max(0, end.requests - requests)),
		countRow(
			'rewrites that lost a placeholder, or hold an item, and were tried',
			all,
			({state}) => state.candidates.filter(({variant}) => !/\{\{item\}\}$/.test(variant.instruction)).length,
		),
	];
};

export const optimizeCase: BenchCase = {
	name: 'optimize',
	group: 'decisions',
	about: 'rewrites that are found and proven, false claims, leaks and budget, simulated with the real code',
	run,
};
