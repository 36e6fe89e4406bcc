import {wilsonInterval} from '../../../source/metrics/statistics/intervals.ts';
import {
	type Lab,
	type LabEnd,
	logNormal,
	runLab,
	type Source,
	shareOf,
	variantWith,
} from '../../helpers/contest-lab.ts';
import type {BenchCase, BenchOptions, Row} from '../helpers/bench-case.ts';
import {percent} from '../helpers/format.ts';
import {oracleBlocks} from '../helpers/oracle.ts';

/*
 * How often the decision is wrong, and what it costs: the real decision code on drawn answers with fixed seeds, looked at
 * after every block. "Wrong" is a winner among equals.
 */

const gate = 0.9;

/** A row for a share that must stay within a bound. */
const shareRow = (name: string, share: number, bound: number, runs: number, isMost = true): Row => ({
	name,
	ours: percent(share),
	comparison: `${runs} runs`,
	relation: '',
	bound: `${isMost ? '<=' : '>='} ${percent(bound)}`,
	isMet: isMost ? share <= bound : share >= bound,
	figures: {share, runs},
});

const isWinner = ({decided}: LabEnd): boolean => decided === 'winner';

const equals = (count: number, usefulShare: number, sigma: number, more: Partial<Lab> = {}): Lab => ({
	sources: () => Array.from({length: count}, () => variantWith(logNormal(200, sigma), usefulShare)),
	blocks: 500,
	...more,
});

const equalRows = (runs: number): readonly Row[] => {
	const cases = [2, 4].flatMap((count) =>
		[0.02, 0.1, 0.5, 1].flatMap((useful) => [0.3, 0.6, 1].map((sigma) => [count, useful, sigma] as const)),
	);
	const worst = (of: readonly (readonly [string, number])[]): readonly [string, number] =>
		of.reduce((most, each) => (each[1] > most[1] ? each : most), ['none', 0] as const);
	const plain = worst(
		cases.map(([count, useful, sigma]) => [
			`${count}, useful ${useful}, sigma ${sigma}`,
			shareOf(equals(count, useful, sigma), runs, isWinner),
		]),
	);
	const gated = worst(
		[0.85, 0.88, 0.9, 0.92, 0.95].map((quality) => [
			`true quality ${quality}`,
			shareOf(equals(2, quality, 0.6, {minQuality: gate}), runs, isWinner),
		]),
	);
	const heavy = worst(
		[2, 4].map((count) => [
			`${count} variants`,
			shareOf(
				{
					sources: () =>
						Array.from({length: count}, () => variantWith(logNormal(200, 0.6, {longShare: 0.05}), 1)),
					blocks: 500,
				},
				2 * runs,
				isWinner,
			),
		]),
	);
	return [
		shareRow(`equal variants: wrong, worst of ${cases.length} (${plain[0]})`, plain[1], 0.06, runs),
		shareRow(`the same at minQuality ${gate}, worst of 5 (${gated[0]})`, gated[1], 0.06, runs),
		shareRow(`5 % of answers 20 times longer: wrong, worst of 2 (${heavy[0]})`, heavy[1], 0.08, 2 * runs),
	];
};

const gateRow = (runs: number): Row => {
	const lab = equals(2, 0.92, 0.6, {minQuality: gate, keepsAll: true});
	const failed = shareOf(lab, runs, ({contest}) => contest.gateOf(0) === 'failed');
	return shareRow('true quality 0.92 at gate 0.9, 500 blocks: failed', failed, 0.02, runs);
};

/** Of a population of items 0.7 are useful; whichever 12 are asked, the answers are the same each time. */
const population = 0.7;
const repeated = (): Lab => ({
	sources: (random) =>
		[0, 1].map((): Source => {
			const natures = Array.from({length: 12}, () => ({
				tokens: Math.round(50 + 300 * random()),
				isUseful: random() < population,
			}));
			return (_random, item) => ({...(natures[item] ?? {tokens: 0, isUseful: false}), text: `${item}`});
		}),
	blocks: 240,
	items: 12,
});

const repeatedRows = (runs: number): readonly Row[] => {
	const held = shareOf({...repeated(), keepsAll: true}, runs, ({figures}) => {
		const {count = 0, passed = 0} = figures.quality[0] ?? {};
		const {low = 1, high = 0} = wilsonInterval(passed, count) ?? {};
		return low <= population && high >= population;
	});
	return [
		shareRow('12 items, same answers, 240 requests: wrong', shareOf(repeated(), runs, isWinner), 0.06, runs),
		shareRow('the same: 95 % interval of quality holds the truth', held, 0.93, runs, false),
	];
};

/** What the decision costs against equal interleaving that knows in advance how many requests it needs. */
const costRows = (
	name: string,
	lab: Lab,
	runs: number,
	bounds: {readonly requests: number; readonly tokens?: number; readonly wrong: number},
): readonly Row[] => {
	const ends = Array.from({length: runs}, (_, index) => runLab(lab, index + 1));
	const blocks = oracleBlocks(lab, runs);
	const oracle = runLab({...lab, blocks, keepsAll: true}, 1);
	const mean = (of: (end: LabEnd) => number): number =>
		ends.reduce((sum, end) => sum + of(end), 0) / ends.length;
	const wrong = ends.filter(({decided, left}) => decided === 'winner' && left[0] !== 0).length / runs;
	const decided = ends.filter((end) => end.decided === 'winner' || end.decided === 'tie').length / runs;
	const ratioRow = (what: string, ours: number, theirs: number, bound: number): Row => ({
		name: `${name}: ${what} to the decision`,
		ours: ours.toFixed(0),
		comparison: `oracle ${theirs.toFixed(0)}`,
		relation: (ours / theirs).toFixed(2),
		bound: `<= ${bound}`,
		isMet: ours / theirs <= bound,
		figures: {ours, theirs, ratio: ours / theirs, decided},
	});
	return [
		ratioRow(
			'requests',
			mean(({requests}) => requests),
			oracle.requests,
			bounds.requests,
		),
		...(bounds.tokens === undefined
			? []
			: [
					ratioRow(
						'tokens',
						mean(({tokens}) => tokens),
						oracle.tokens,
						bounds.tokens,
					),
				]),
		shareRow(`${name}: wrong winner`, wrong, bounds.wrong, runs),
		shareRow(`${name}: decided`, decided, 0.95, runs, false),
	];
};

const run = async ({isQuick}: BenchOptions): Promise<readonly Row[]> => {
	const runs = isQuick ? 60 : 400;
	// Of all quota tokens, input included: 200 and 15 % more, and two that are far behind.
	const near: Lab = {
		sources: () => [111, 141, 311, 511].map((mean) => variantWith(logNormal(mean, 0.6), 0.9)),
		blocks: 4000,
	};
	const far: Lab = {
		sources: () => [60, 111, 200, 380].map((mean) => variantWith(logNormal(mean, 0.5), 1)),
		blocks: 2000,
	};
	return [
		...equalRows(runs),
		gateRow(runs),
		...repeatedRows(runs),
		...costRows('two 15 % apart, two far behind, 90 % useful', near, Math.ceil(runs / 2), {
			requests: 0.45,
			tokens: 0.3,
			wrong: 0.01,
		}),
		...costRows('four far apart', far, Math.ceil(runs / 2), {requests: 0.75, wrong: 0.01}),
	];
};

export const decisionsCase: BenchCase = {
	name: 'decisions',
	group: 'decisions',
	about: 'false winners among equals, quality gates, and what a decision costs, simulated with the real code',
	run,
};
