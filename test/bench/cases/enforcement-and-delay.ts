import type {BenchCase, BenchOptions, Row} from '../helpers/bench-case.ts';
import {
	idealMs,
	loopRow,
	ourRow,
	type Race,
	raceLoops,
	raceOurs,
	requestsRace,
	serviceMs,
	tokensRace,
} from '../helpers/race.ts';

const enforcements = ['sliding', 'fixed', 'refill'] as const;
const delaysMs = [0, 20, 200] as const;

/** Two round trips, two service times and half a second. */
const allowanceMs = (delayMs: number): number => 2 * 2 * delayMs + 2 * serviceMs + 500;

const rowsOf = async (race: Race, options: BenchOptions): Promise<readonly Row[]> => {
	const ours = await raceOurs(race, options);
	const loops = await raceLoops(race, options);
	const ideal = idealMs(race, ours, options);
	return [
		ourRow(race.name, ours, ideal, ideal + allowanceMs(race.delayMs)),
		...loops.map((loop) => loopRow(loop, ours)),
	];
};

export const enforcementAndDelayCase: BenchCase = {
	name: 'enforcement-and-delay',
	group: 'engine',
	about: 'both races under each way of counting and with 0, 20 and 200 ms of network one way',
	async run(options) {
		const rows: Row[] = [];
		for (const enforcement of enforcements) {
			for (const delayMs of delaysMs) {
				for (const race of [requestsRace, tokensRace]) {
					const name = `${race.name}, ${enforcement}, ${delayMs} ms one way`;
					rows.push(...(await rowsOf({...race, name, enforcement, delayMs}, options)));
				}
			}
		}
		return rows;
	},
};
