import {takeCoverage} from 'node:v8';

/**
 * Goes a way some times, as the argument says, and then twice as often. V8 starts to count again with each coverage that
 * is taken, so the program leaves three: of its start with the first time, of the few, of the many.
 */
export async function goTwice(go: () => unknown): Promise<never> {
	const count = Number(process.argv[2]);
	await go();
	for (const times of [count, count * 2]) {
		takeCoverage();
		for (let time = 0; time < times; time++) {
			await go();
		}
	}
	process.exit(0);
}
