import {Agent, request} from 'node:http';
import {loadavg} from 'node:os';
import type {BenchCase, Row} from '../helpers/bench-case.ts';
import {runChild} from '../helpers/child.ts';
import {count, megabytes, milliseconds, signed} from '../helpers/format.ts';
import {quantile} from '../helpers/statistics.ts';
import {type Tapped, withTap} from '../helpers/tapped.ts';

/** What a tap adds: to the first byte, to an abort, to memory; and whether its account is the service's. */

const perSecond = 50;
const mostAbortMs = 50;
const mostGrowthBytes = 20e6;
const target = '/model/us.amazon.nova-lite-v1%3A0/converse-stream';

const bodyOf = (bytes: number): Buffer =>
	Buffer.from(
		JSON.stringify({
			messages: [{role: 'user', content: [{text: 'Lorem ipsum dolor sit amet. '.repeat(bytes / 28)}]}],
			inferenceConfig: {maxTokens: 100},
		}),
	);

const agent = new Agent({keepAlive: true, maxSockets: 512});

type Call = {
	readonly firstByteMs: number;
	/** Leaves. */
	readonly abort: () => void;
	readonly ended: Promise<void>;
};

const call = (base: string, body: Buffer, kind: 'answer' | 'hang'): Promise<Call> =>
	new Promise((resolve, reject) => {
		const startedAt = performance.now();
		const ended = Promise.withResolvers<void>();
		const sent = request(`${base}${target}`, {
			method: 'POST',
			agent,
			headers: {'content-type': 'application/json', 'content-length': body.length, 'x-bench': kind},
		});
		sent.on('error', reject);
		sent.on('response', (response) => {
			response.once('data', () => {
				resolve({
					firstByteMs: performance.now() - startedAt,
					abort: () => sent.destroy(),
					ended: ended.promise,
				});
			});
			response.on('error', () => ended.resolve());
			response.on('end', () => ended.resolve());
		});
		sent.end(body);
	});

const wait = (ms: number): Promise<void> =>
	new Promise((resolve) => void setTimeout(resolve, Math.max(0, ms)));

/** Times to the first byte, through the tap and without it in turn, each at so many per second. */
const interleaved = async ({direct, tap}: Tapped, bytes: number, seconds: number) => {
	const body = bodyOf(bytes);
	const times: {readonly direct: number[]; readonly tap: number[]} = {direct: [], tap: []};
	const startedAt = performance.now();
	const calls: Array<Promise<void>> = [];
	for (let index = 0; index < seconds * perSecond * 2; index++) {
		await wait(startedAt + (index * 1000) / (perSecond * 2) - performance.now());
		const way = index % 2 === 0 ? 'direct' : 'tap';
		calls.push(
			call(way === 'direct' ? direct : tap, body, 'answer').then(async ({firstByteMs, ended}) => {
				times[way].push(firstByteMs);
				await ended;
			}),
		);
	}
	await Promise.all(calls);
	return times;
};

const latencyRow = async (tapped: Tapped, bytes: number, mostMs: number, seconds: number): Promise<Row> => {
	await interleaved(tapped, bytes, 2);
	const {direct, tap} = await interleaved(tapped, bytes, seconds);
	const at = (share: number) => quantile(tap, share) - quantile(direct, share);
	const [addedMs, p99Ms] = [at(0.5), at(0.99)];
	return {
		name: `added to the first byte, ${count(bytes / 1000)} kB at ${perSecond} per second`,
		ours: `p50 ${milliseconds(quantile(tap, 0.5), 2)}`,
		comparison: `direct ${milliseconds(quantile(direct, 0.5), 2)}; load ${loadavg()[0]?.toFixed(1)}`,
		relation: `${signed(milliseconds(addedMs, 2), addedMs)}, p99 ${signed(milliseconds(p99Ms, 2), p99Ms)}`,
		bound: `p50 <= +${milliseconds(mostMs)}`,
		isMet: addedMs <= mostMs,
		figures: {addedMs, p99Ms, bytes, load: loadavg()[0] ?? null},
	};
};

const abortRow = async ({direct, tap}: Tapped, aborts: number): Promise<Row> => {
	const left: number[] = [];
	for (let index = 0; index < aborts; index++) {
		const {abort} = await call(tap, bodyOf(2000), 'hang');
		left.push(performance.timeOrigin + performance.now());
		abort();
		await wait(20);
	}
	await wait(500);
	const closed = (await (await fetch(`${direct}/closed`)).json()) as readonly number[];
	const times = left.map((at, index) => (closed[index] ?? Number.POSITIVE_INFINITY) - at);
	const worstMs = Math.max(...times);
	return {
		name: `${count(aborts)} aborts passed on`,
		ours: `p50 ${milliseconds(quantile(times, 0.5), 1)}`,
		comparison: '',
		relation: `worst ${milliseconds(worstMs, 1)}`,
		bound: `<= ${milliseconds(mostAbortMs)}`,
		isMet: worstMs <= mostAbortMs,
		figures: {worstMs, p50Ms: quantile(times, 0.5)},
	};
};

const memoryRow = async ({tap, memory}: Tapped, streams: number): Promise<Row> => {
	const body = bodyOf(2000);
	const run = async (number: number): Promise<void> => {
		let left = number;
		await Promise.all(
			Array.from({length: 32}, async () => {
				while (left-- > 0) {
					await (await call(tap, body, 'answer')).ended;
				}
			}),
		);
	};
	// Young objects fill the heap up to its first size.
	await run(streams / 4);
	const before = await memory();
	await run(streams);
	const after = await memory();
	const growth = after - before;
	return {
		name: `memory after ${count(streams)} streams`,
		ours: megabytes(after),
		comparison: `before ${megabytes(before)}`,
		relation: signed(megabytes(growth), growth),
		bound: `<= +${megabytes(mostGrowthBytes)}`,
		isMet: growth <= mostGrowthBytes,
		figures: {before, after, growth},
	};
};

type Account = {
	readonly requests: number;
	readonly clients: ReadonlyArray<{
		readonly name: string;
		readonly differences: Readonly<Record<string, number>>;
		readonly isEstimated: boolean;
	}>;
};

const accountRow = async (requests: number): Promise<Row> => {
	const {clients} = await runChild<Account>('tap-account', [String(requests)]);
	const off = clients.flatMap(({name, differences}) =>
		Object.entries(differences)
			.filter(([, difference]) => difference !== 0)
			.map(([figure, difference]) => `${name}: ${figure} ${difference}`),
	);
	return {
		name: `the account of ${count(requests)} mixed requests`,
		ours: off.length === 0 ? 'equal' : off.join(', '),
		comparison: clients.map(({name}) => name).join(', '),
		relation: '',
		bound: 'equal',
		isMet: off.length === 0,
		figures: {requests, different: off.length},
	};
};

export const tapCase: BenchCase = {
	name: 'tap',
	group: 'engine',
	about:
		'what a tap adds to the first byte, to an abort and to memory, and whether its account is the service’s',
	async run({isQuick}) {
		const seconds = isQuick ? 6 : 20;
		const rows = await withTap(async (tapped) => [
			await latencyRow(tapped, 2000, 2, seconds),
			await latencyRow(tapped, 800_000, 6, seconds),
			await abortRow(tapped, isQuick ? 20 : 100),
			await memoryRow(tapped, isQuick ? 2000 : 10_000),
		]);
		agent.destroy();
		return [...rows, await accountRow(isQuick ? 1000 : 10_000)];
	},
};
