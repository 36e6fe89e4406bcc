import type {BenchCase} from '../helpers/bench-case.ts';
import {runChild} from '../helpers/child.ts';
import {milliseconds} from '../helpers/format.ts';
import {median} from '../helpers/statistics.ts';

const mostMs = 0.1;
/** Of 100 calls each. */
const rounds = 200;

export const limiterCase: BenchCase = {
	name: 'limiter',
	group: 'engine',
	about: 'processor time of the plugin of bedrock-top/limiter for each call',
	async run({isQuick}) {
		const times: number[] = [];
		for (let run = 0; run < (isQuick ? 3 : 9); run++) {
			const {cpuMs, counted} = await runChild<{cpuMs: number; counted: boolean}>('limiter-calls', [
				String(rounds),
			]);
			if (!counted) {
				throw new Error('The plugin did not count each call.');
			}
			times.push(cpuMs);
		}
		const value = median(times);
		return [
			{
				name: 'processor time a call, 100 at once',
				ours: milliseconds(value, 3),
				comparison: '',
				relation: '',
				bound: `<= ${milliseconds(mostMs, 1)}`,
				isMet: value <= mostMs,
				figures: {cpuMs: value},
			},
		];
	},
};
