import type {BenchCase} from '../helpers/bench-case.ts';
import {runChild} from '../helpers/child.ts';
import {count, megabytes, signed} from '../helpers/format.ts';

const mostGrowthBytes = 5e6;
const early = 10_000;

export const memoryCase: BenchCase = {
	name: 'memory',
	group: 'engine',
	about: 'heap after a million requests through a backend in the same process',
	async run({isQuick}) {
		const late = isQuick ? 200_000 : 1_000_000;
		const {heaps, seconds} = await runChild<{heaps: [number, number]; seconds: number}>(
			'memory',
			[String(early), String(late)],
			['--expose-gc'],
		);
		const [atEarly, atLate] = heaps;
		const growth = atLate - atEarly;
		return [
			{
				name: `heap after ${count(late)} requests`,
				ours: megabytes(atLate),
				comparison: `after ${count(early)}: ${megabytes(atEarly)}`,
				relation: signed(megabytes(growth), growth),
				bound: `<= +${megabytes(mostGrowthBytes)}`,
				isMet: growth <= mostGrowthBytes,
				figures: {atEarly, atLate, growth, requestsPerSecond: late / seconds},
			},
		];
	},
};
