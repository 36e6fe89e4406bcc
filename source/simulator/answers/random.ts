import {hash} from 'node:crypto';

/** Numbers from 0 up to 1, always the same ones for a seed (mulberry32). */
export type Random = () => number;

export function createRandom(seed: number): Random {
	let index = 0;
	return () => randomAt(seed, index++);
}

/** One number of that sequence, without making the ones before it. */
export function randomAt(seed: number, index: number): number {
	const state = (seed + Math.imul(index + 1, 0x6d2b79f5)) >>> 0;
	let mixed = Math.imul(state ^ (state >>> 15), state | 1);
	mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
	return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
}

/** A sample of a log-normal distribution, given by its median. */
export function logNormal(random: Random, median: number, sigma: number): number {
	return median * Math.exp(sigma * normal(random));
}

/** A sample of a normal distribution with mean 0 and deviation 1 (Box-Muller). */
function normal(random: Random): number {
	return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** One of the values. */
export function pick<T>(random: Random, values: readonly T[]): T {
	return values[Math.floor(random() * values.length)] as T;
}

/** A version 4 UUID. */
export function uuid(random: Random): string {
	const variant = pick(random, ['8', '9', 'a', 'b']);
	return `${hex(random, 8)}-${hex(random, 4)}-4${hex(random, 3)}-${variant}${hex(random, 3)}-${hex(random, 12)}`;
}

const hex = (random: Random, length: number): string => {
	let text = '';
	while (text.length < length) {
		text += Math.floor(random() * 0x1_0000_0000)
			.toString(16)
			.padStart(8, '0');
	}
	return text.slice(0, length);
};

const identifierAlphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz123456789';

/** An identifier of letters and digits, as behind `msg_bdrk_`. */
export function identifier(random: Random, length: number): string {
	return Array.from({length}, () => pick(random, [...identifierAlphabet])).join('');
}

/** 32 bits of a text's MD5. */
export function hashText(text: string | Uint8Array): number {
	return Number.parseInt(hash('md5', text, 'hex').slice(0, 8), 16);
}

const rememberedRequests = 20_000;

/**
 * Random numbers for each request: from the seed, the request's bytes and how often the same bytes came before, so
 * that a run repeats in any order of requests.
 */
export function createRequestRandom(seed: number): (path: string, body: Uint8Array) => Random {
	const counts = new Map<number, number>();
	return (path, body) => {
		const key = hashText(body) ^ hashText(path);
		const count = counts.get(key) ?? 0;
		if (counts.size >= rememberedRequests) {
			counts.clear();
		}
		counts.set(key, count + 1);
		return createRandom((key ^ Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(count, 0x85ebca6b)) >>> 0);
	};
}
