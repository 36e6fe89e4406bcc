import {type Played, play, rateOf, type Scene} from '../../helpers/stamping-lab.ts';
import type {BenchCase, BenchOptions, Row} from '../helpers/bench-case.ts';

const enforcements = ['sliding', 'fixed', 'refill'] as const;

const scenesOf = (kind: Pick<Scene, 'enforcement' | 'countFrom'>, isQuick: boolean): readonly Scene[] =>
	[5000, 11_000, 31_000].flatMap((answerMs) =>
		[300, 1000].flatMap((firstByteMs) =>
			Array.from({length: isQuick ? 12 : 60}, (_, phase) => ({
				...kind,
				answerMs,
				firstByteMs,
				// Half of them off the grid of a second.
				phaseMs: phase * (isQuick ? 5000 : 1000) + (phase % 2) * 537,
				minutes: 20,
				jitter: phase % 3 === 0 ? 0 : 0.15,
				seed: phase + 1,
			})),
		),
	);

const late = ({refusedAt, learntAt = Number.POSITIVE_INFINITY}: Played): number =>
	refusedAt.filter((at) => at > learntAt).length;

const refusals = (kind: Pick<Scene, 'enforcement' | 'countFrom'>, isQuick: boolean): readonly Row[] => {
	const rhythm = {loadMs: 200_000, pauseMs: 110_000};
	return [undefined, rhythm].map((pauses): Row => {
		const played = scenesOf(kind, isQuick).map((scene) =>
			play(pauses === undefined ? scene : {...scene, rhythm: pauses}),
		);
		const most = Math.max(...played.map(({refusedAt}) => refusedAt.length));
		const after = Math.max(...played.map(late));
		const allowed = kind.countFrom === 'end' && kind.enforcement !== 'refill' ? 1 : 0;
		return {
			name: `refusals while learning, ${kind.enforcement}, tokens from the ${kind.countFrom}${pauses === undefined ? '' : ', with pauses'}`,
			ours: `${most}, ${after} after`,
			comparison: `${played.length} runs`,
			relation: '',
			bound: `<= ${allowed}, 0 after`,
			isMet: most <= allowed && after === 0,
			figures: {most, after, runs: played.length},
		};
	});
};

/** Throughput of the last 10 of 20 minutes against a client that takes tokens to count from the end, as ours did before. */
const gains = (isQuick: boolean): readonly Row[] =>
	[
		[5000, 1],
		[11_000, 1.14],
		[31_000, 1.35],
	].map(([answerMs = 0, least = 0]) => {
		const seeds = Array.from({length: isQuick ? 2 : 10}, (_, index) => index + 1);
		const ratios = seeds.map((seed) => {
			const scene: Scene = {
				enforcement: 'sliding',
				countFrom: 'first-byte',
				answerMs,
				firstByteMs: 500,
				phaseMs: 0,
				minutes: 20,
				seed,
			};
			return rateOf(play(scene), 10, 20) / rateOf(play({...scene, known: 'end'}), 10, 20);
		});
		const low = Math.min(...ratios);
		return {
			name: `rate against counting from the end, answers of ${answerMs / 1000} s`,
			ours: low.toFixed(3),
			comparison: `least of ${seeds.length}`,
			relation: '',
			bound: `>= ${least}`,
			isMet: low >= least,
			figures: {low, runs: seeds.length},
		};
	});

export const learningCase: BenchCase = {
	name: 'learning',
	group: 'engine',
	about: 'learning where tokens count from: refusals in each phase of the minute, and the rate that it gains',
	async run({isQuick}: BenchOptions) {
		const rows = enforcements.flatMap((enforcement) =>
			(['first-byte', 'end'] as const).flatMap((countFrom) => refusals({enforcement, countFrom}, isQuick)),
		);
		return [...rows, ...gains(isQuick)];
	},
};
