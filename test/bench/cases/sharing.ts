import {countIn, type SharingScene, share, windowMs} from '../../helpers/sharing-lab.ts';
import type {BenchCase, Row} from '../helpers/bench-case.ts';

const enforcements = ['sliding', 'fixed', 'refill'] as const;
const quotas = {
	requests: {requestsPerMinute: 120, tokensPerMinute: null},
	tokens: {requestsPerMinute: null, tokensPerMinute: 60_000},
};
const minutes = 10;

/** Least and greatest part that one of two gets in a whole window from the second on. */
const partsOf = (admittedAt: readonly number[][]): readonly number[] =>
	Array.from({length: minutes - 1}, (_, index) => {
		const from = (index + 1) * windowMs;
		const [one = 0, other = 0] = admittedAt.map((times) => countIn(times, from, from + windowMs));
		return one / Math.max(1, one + other);
	});

const rowsOf = async (
	enforcement: SharingScene['enforcement'],
	limit: keyof typeof quotas,
	countFrom: 'first-byte' | 'end',
): Promise<readonly Row[]> => {
	const name = `${limit}, ${enforcement}, tokens from the ${countFrom}`;
	const {admittedAt, throttledAt} = await share({
		programs: [{startMs: 0}, {startMs: 3000}],
		minutes,
		enforcement,
		countFrom,
		phaseMs: 17_000,
		...quotas[limit],
	});
	const parts = partsOf(admittedAt);
	const throttled = throttledAt.flat().length;
	const attempts = admittedAt.flat().length + throttled;
	const firstMs = (admittedAt[1]?.[0] ?? Number.POSITIVE_INFINITY) - 3000;
	const [low, high] = [Math.min(...parts), Math.max(...parts)];
	return [
		{
			name: `part of each of two, ${name}`,
			ours: `${low.toFixed(2)} to ${high.toFixed(2)}`,
			comparison: `${parts.length} windows`,
			relation: '',
			bound: '0.40 to 0.60',
			isMet: low >= 0.4 && high <= 0.6,
			figures: {low, high},
		},
		{
			name: `throttled, ${name}`,
			ours: `${throttled}`,
			comparison: `of ${attempts}`,
			relation: `${((100 * throttled) / attempts).toFixed(2)} %`,
			bound: '<= 1 %',
			isMet: throttled / attempts <= 0.01,
			figures: {throttled, attempts},
		},
		{
			name: `first request of the later one, ${name}`,
			ours: `${Math.round(firstMs)} ms`,
			comparison: '',
			relation: '',
			bound: '<= one window',
			isMet: firstMs <= windowMs,
			figures: {firstMs},
		},
	];
};

export const sharingCase: BenchCase = {
	name: 'sharing',
	group: 'engine',
	about:
		'two programs that send all they may, started 3 s apart, 10 minutes in virtual time with the real ledger',
	async run() {
		const rows: Row[] = [];
		for (const enforcement of enforcements) {
			for (const limit of ['requests', 'tokens'] as const) {
				for (const countFrom of ['first-byte', 'end'] as const) {
					rows.push(...(await rowsOf(enforcement, limit, countFrom)));
				}
			}
		}
		return rows;
	},
};
