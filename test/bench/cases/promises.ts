import {type PromiseScene, promise} from '../../helpers/promise-lab.ts';
import type {BenchCase, BenchOptions, Row} from '../helpers/bench-case.ts';

const enforcements = ['sliding', 'fixed', 'refill'] as const;
const answersMs = [1000, 5000, 11_000, 31_000];
const maxTokens = [300, 1000, 4096];
/** What the reached rate may differ from the promised one by. */
const bound = 0.05;

type Kind = Pick<PromiseScene, 'enforcement' | 'countsAtEnd'>;

const scenesOf = (kind: Kind, isQuick: boolean): readonly PromiseScene[] =>
	answersMs.flatMap((answerMs) =>
		maxTokens.flatMap((most) =>
			(isQuick ? [1] : [1, 5]).map((burndown) => ({
				...kind,
				answerMs,
				firstByteMs: 500,
				maxTokens: most,
				burndown,
				minutes: 20,
			})),
		),
	);

const rowsOf = async (kind: Kind, {isQuick}: BenchOptions): Promise<readonly Row[]> => {
	const ratios: number[] = [];
	let throttled = 0;
	let misordered = 0;
	let before: {promised: number; reached: number} | undefined;
	for (const scene of scenesOf(kind, isQuick)) {
		const played = await promise(scene);
		ratios.push(played.reached / played.promised);
		throttled = Math.max(throttled, played.throttled);
		if (before !== undefined) {
			misordered = Math.max(
				misordered,
				Math.abs(Math.log(before.promised / played.promised / (before.reached / played.reached))),
			);
		}
		before = played;
	}
	const [low, high] = [Math.min(...ratios), Math.max(...ratios)];
	const name = `${kind.enforcement}, tokens from the ${kind.countsAtEnd ? 'end' : 'first byte'}`;
	return [
		{
			name: `reached / promised, ${name}`,
			ours: `${low.toFixed(3)} to ${high.toFixed(3)}`,
			comparison: `${ratios.length} settings`,
			relation: '',
			bound: `within ${100 * bound} %`,
			isMet: low >= 1 - bound && high <= 1 + bound,
			figures: {low, high, settings: ratios.length, misordered},
		},
		{
			name: `throttled, ${name}`,
			ours: `${throttled}`,
			comparison: '',
			relation: '',
			bound: kind.countsAtEnd ? '<= 1' : '0',
			isMet: throttled <= (kind.countsAtEnd ? 1 : 0),
			figures: {throttled},
		},
	];
};

export const promisesCase: BenchCase = {
	name: 'promises',
	group: 'engine',
	about:
		'the promised rate against what saturate reaches in minutes 3 to 18, in virtual time with the real engine',
	async run(options) {
		const rows: Row[] = [];
		for (const enforcement of enforcements) {
			for (const countsAtEnd of [false, true]) {
				rows.push(...(await rowsOf({enforcement, countsAtEnd}, options)));
			}
		}
		return rows;
	},
};
