/** Seeded random numbers: the same seed gives the same run, block by block and delay by delay. */

/** Gives the next number, uniform over [0, 1). */
export type Random = () => number;

/**
 * A generator with 32 bits of state (mulberry32, Tommy Ettinger 2017, public domain): short, fast, and good
 * enough to shuffle blocks and to jitter delays; not for secrets.
 * @param seed Any integer; only its low 32 bits count.
 */
export function createRandom(seed: number): Random {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}

/** A copy of the values in random order (Fisher-Yates). */
export function shuffled<Value>(values: readonly Value[], random: Random): Value[] {
	const result = [...values];
	for (let last = result.length - 1; last > 0; last--) {
		const other = Math.floor(random() * (last + 1));
		const moved = result[last] as Value;
		result[last] = result[other] as Value;
		result[other] = moved;
	}
	return result;
}

/** An exponentially distributed interval with the given mean: the gaps of a Poisson process. */
export function exponential(mean: number, random: Random): number {
	return -mean * Math.log(1 - random());
}
