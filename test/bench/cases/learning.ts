import {type EnforcementScene, everyRule, judgeFit, playEnforcement} from '../../helpers/enforcement-lab.ts';
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

type Misfit = Pick<EnforcementScene, 'others' | 'enforced'>;

/** Services as they are taken to be; then with others of whom nobody knows, and with another limit than the quota says. */
const misfits: ReadonlyArray<{readonly name: string; readonly of: Misfit; readonly mostWrong: number}> = [
	{name: 'alone', of: {}, mostWrong: 0.01},
	{name: '10 % taken by others unseen', of: {others: 0.1}, mostWrong: 0.05},
	{name: '30 % taken by others unseen', of: {others: 0.3}, mostWrong: 0.05},
	{name: '70 % of the quota enforced', of: {enforced: 0.7}, mostWrong: 0.05},
	{name: '140 % of the quota enforced', of: {enforced: 1.4}, mostWrong: 0.05},
];

/** What throttles say of window, reservation and stamping: how often that is something else than what is enforced. */
const conclusions = (isQuick: boolean): readonly Row[] =>
	misfits.flatMap(({name, of, mostWrong}): readonly Row[] => {
		const judged = everyRule.flatMap((rule) =>
			(['steady', 'bursts', 'retries'] as const).flatMap((load) =>
				Array.from({length: isQuick ? 1 : 8}, (_, index) =>
					judgeFit(rule, playEnforcement({...rule, ...of, load, seed: 17 * index + 3, minutes: 10})),
				),
			),
		);
		const share = (isTrue: (each: ReturnType<typeof judgeFit>) => boolean): number =>
			judged.filter(isTrue).length / judged.length;
		const wrong = share(({isWrong}) => isWrong);
		const figures = {
			wrong,
			stated: share(({isStated}) => isStated),
			window: share(({decided}) => decided.window),
			setAside: share(({decided}) => decided.setAside),
			countsFrom: share(({decided}) => decided.countsFrom),
			runs: judged.length,
		};
		const percent = (part: number): string => `${(100 * part).toFixed(1)} %`;
		const row: Row = {
			name: `how it is enforced, ${name}: wrong`,
			ours: percent(wrong),
			comparison: `${judged.length} runs, ${percent(figures.stated)} stated, one window ${percent(figures.window)}`,
			relation: '',
			bound: `<= ${percent(mostWrong)}`,
			isMet: wrong <= mostWrong,
			figures,
		};
		return [row];
	});

export const learningCase: BenchCase = {
	name: 'learning',
	group: 'engine',
	about:
		'learning where tokens count from: refusals in each phase of the minute, and the rate that it gains; what throttles say of how a limit is enforced',
	async run({isQuick}: BenchOptions) {
		const rows = enforcements.flatMap((enforcement) =>
			(['first-byte', 'end'] as const).flatMap((countFrom) => refusals({enforcement, countFrom}, isQuick)),
		);
		return [...rows, ...gains(isQuick), ...conclusions(isQuick)];
	},
};
