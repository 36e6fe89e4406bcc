import {type ChildProcess, spawn} from 'node:child_process';
import {connect, createServer, type Socket} from 'node:net';
import path from 'node:path';
import {setTimeout} from 'node:timers/promises';
import {newFolder} from '../../helpers/built-program.ts';
import {type RedisServer, startRedisServer} from '../../helpers/redis-server.ts';
import type {BenchCase, Row} from '../helpers/bench-case.ts';
import {count, percent} from '../helpers/format.ts';
import {environmentFor, throttlesOf, unlimited, withServer} from '../helpers/simulated.ts';

/*
 * Eight processes with the limiter's plugin share one quota by one Redis, against a server that enforces it: whatever
 * exceeds the quota is throttled and counted there.
 */

const worker = path.resolve(import.meta.dirname, '../children/fleet-worker.ts');
const processes = 8;
const workersEach = 20;
const latencyMs = 1000;
const minuteMs = 60_000;

/** What a process printed. Instants in milliseconds since 1970. */
type Printed = {
	readonly ok: number;
	readonly failed: number;
	readonly attempts: number;
	readonly longestMs: number;
	readonly sent: ReadonlyArray<{readonly at: number; readonly reserved: number; readonly settled: number}>;
	readonly failures: Readonly<Record<string, number>>;
};

type Enforcement = 'sliding' | 'fixed' | 'refill';

type Scene = {
	readonly name: string;
	readonly enforcement: Enforcement;
	readonly limit: {readonly requests?: number; readonly tokens?: number};
	/** What happens meanwhile; times from the start of the processes. */
	readonly meanwhile?: (fleet: Fleet) => Promise<void>;
	/** Part of the formula's rate that is reached at least, over the minutes that count. */
	readonly least: number;
	/** Minutes that count for the rate: a quota can be spent in the first second of the first. */
	readonly minutes: readonly [from: number, to: number];
	/** A member that was cut off or killed has no fair part. */
	readonly isFair: boolean;
};

type Fleet = {
	readonly redis: RedisServer;
	readonly children: readonly ChildProcess[];
	/** The way of the last process to the store. */
	readonly way: Way;
};

/** A relay to the store that can be cut: what is sent is kept waiting, as in a network that lost its way. */
type Way = {
	readonly port: number;
	readonly cut: () => void;
	readonly mend: () => void;
	readonly stop: () => void;
};

const openWay = async (to: number): Promise<Way> => {
	const sockets = new Set<Socket>();
	let isCut = false;
	const server = createServer((near) => {
		const far = connect(to, '127.0.0.1');
		for (const [from, into] of [
			[near, far],
			[far, near],
		] as const) {
			sockets.add(from);
			from.on('error', () => {});
			from.on('data', (bytes) => into.write(bytes));
			from.on('close', () => {
				sockets.delete(from);
				into.destroy();
			});
			if (isCut) {
				from.pause();
			}
		}
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const address = server.address();
	const each = (change: (socket: Socket) => void): void => {
		for (const socket of sockets) {
			change(socket);
		}
	};
	return {
		port: typeof address === 'object' && address !== null ? address.port : 0,
		cut() {
			isCut = true;
			each((socket) => socket.pause());
		},
		mend() {
			isCut = false;
			each((socket) => socket.resume());
		},
		stop() {
			each((socket) => socket.destroy());
			server.close();
		},
	};
};

const startProcess = (
	url: string,
	store: string,
	{limit}: Scene,
	seconds: number,
	seed: number,
): {readonly child: ChildProcess; readonly printed: Promise<Printed | undefined>} => {
	const child = spawn(
		process.execPath,
		[
			worker,
			store,
			String(seconds),
			String(workersEach),
			String(limit.requests ?? 0),
			String(limit.tokens ?? 0),
			String(seed),
		],
		{
			cwd: newFolder(),
			env: {...environmentFor(url), PATH: process.env.PATH ?? '', HOME: newFolder()},
			stdio: ['ignore', 'pipe', process.env.BENCH_FLEET_LOG === undefined ? 'ignore' : 'inherit'],
		},
	);
	let text = '';
	child.stdout?.setEncoding('utf8').on('data', (part: string) => {
		text += part;
	});
	const printed = new Promise<Printed | undefined>((resolve) => {
		child.on('close', () => resolve(text === '' ? undefined : (JSON.parse(text) as Printed)));
	});
	return {child, printed};
};

const mean = (values: readonly number[]): number =>
	values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

/** Requests per minute that the quota allows in steady state (README, How each number is defined). */
const formulaOf = ({requests, tokens}: Scene['limit'], sent: Printed['sent']): number => {
	const serviceMs = latencyMs;
	const setAside = mean(sent.map(({reserved}) => reserved));
	const settled = mean(sent.map(({settled: each}) => each));
	// Without a stream the first byte comes with the end.
	const occupied = setAside * serviceMs + settled * minuteMs;
	return Math.min(
		requests === undefined
			? Number.POSITIVE_INFINITY
			: ((requests - 0.5) * minuteMs) / (minuteMs + serviceMs),
		tokens === undefined ? Number.POSITIVE_INFINITY : ((tokens - setAside / 2) * minuteMs) / occupied,
	);
};

const measure = async (scene: Scene): Promise<readonly Row[]> => {
	const redis = await startRedisServer();
	const way = await openWay(redis.port);
	try {
		return await withServer(
			{
				enforcement: scene.enforcement,
				requestsPerMinute: scene.limit.requests ?? unlimited,
				tokensPerMinute: scene.limit.tokens ?? unlimited,
				latencyMs,
			},
			async ({url, stats}) => {
				const seconds = scene.minutes[1] * 60 + 2;
				const from = Date.now();
				const started = Array.from({length: processes}, (_, index) =>
					startProcess(
						url,
						`redis://127.0.0.1:${index === processes - 1 ? way.port : redis.port}`,
						scene,
						seconds,
						index + 1,
					),
				);
				const done = Promise.all(started.map(async ({printed}) => printed));
				await scene.meanwhile?.({redis, children: started.map(({child}) => child), way});
				const printed = (await done).filter((each) => each !== undefined);
				return rowsOf(scene, printed, from, await stats());
			},
		);
	} finally {
		way.stop();
		await redis.stop();
	}
};

const rowsOf = (
	scene: Scene,
	printed: readonly Printed[],
	from: number,
	stats: Parameters<typeof throttlesOf>[0] & {
		readonly log: ReadonlyArray<{readonly endedAt: number; readonly status: number}>;
	},
): readonly Row[] => {
	const {name, minutes, least, isFair} = scene;
	const sent = printed.flatMap((each) => each.sent);
	const isCounted = (at: number): boolean =>
		at >= from + minutes[0] * minuteMs && at < from + minutes[1] * minuteMs;
	// By the server's log: processes that were killed count too.
	const answered = stats.log.filter(({endedAt, status}) => status === 200 && isCounted(endedAt)).length;
	const perMinute = answered / (minutes[1] - minutes[0]);
	const formula = formulaOf(scene.limit, sent);
	const throttled = throttlesOf(stats);
	const failed = printed.reduce((sum, each) => sum + each.failed, 0);
	const use = printed.map((each) =>
		each.sent
			.filter(({at}) => isCounted(at))
			.reduce((sum, {settled}) => sum + (scene.limit.tokens === undefined ? 1 : settled), 0),
	);
	const fair = mean(use);
	const unfair = Math.max(...use.map((each) => Math.abs(each / fair - 1)));
	return [
		{
			name: `rate, ${name}`,
			ours: `${count(perMinute)} per minute`,
			comparison: `${count(formula)} by the formula`,
			relation: percent(perMinute / formula),
			bound: `>= ${percent(least)}`,
			isMet: perMinute / formula >= least,
			figures: {perMinute, formula},
		},
		{
			name: `throttled and failed, ${name}`,
			ours: `${count(throttled)} and ${count(failed)}`,
			comparison: `${count(stats.ok)} answered`,
			relation: Object.entries(
				Object.assign({}, ...printed.map(({failures}) => failures)) as Printed['failures'],
			)
				.map(([what, times]) => `${times} x ${what}`)
				.join('; '),
			bound: '0 and 0, one refused probe aside',
			isMet: throttled <= 1 && failed === 0 && stats.ok > 0,
			figures: {throttled, failed},
		},
		...(isFair
			? [
					{
						name: `farthest from its fair part, ${name}`,
						ours: percent(unfair),
						comparison: `${printed.length} members`,
						relation: '',
						bound: '<= 20 %',
						isMet: printed.length > 1 && unfair <= 0.2,
						figures: {unfair},
					},
				]
			: []),
		{
			name: `longest call, ${name}`,
			ours: `${(Math.max(...printed.map(({longestMs}) => longestMs)) / 1000).toFixed(1)} s`,
			comparison: `${processes * workersEach} workers`,
			relation: '',
			bound: '',
			isMet: undefined,
			figures: {longestMs: Math.max(...printed.map(({longestMs}) => longestMs))},
		},
	];
};

const requests = {requests: 1200};
const tokens = {tokens: 400_000};

const killTwo = async ({children}: Fleet): Promise<void> => {
	await setTimeout(45_000);
	children[0]?.kill('SIGKILL');
	children[1]?.kill('SIGKILL');
};

const scenes: readonly Scene[] = [
	...(['sliding', 'fixed', 'refill'] as const).flatMap((enforcement): readonly Scene[] =>
		([requests, tokens] as const).map((limit) => ({
			name: `two of 8 killed, ${'tokens' in limit ? 'tokens' : 'requests'}, ${enforcement}`,
			enforcement,
			limit,
			meanwhile: killTwo,
			least: 0.97,
			minutes: [2, 4],
			isFair: true,
		})),
	),
	{
		name: 'store stopped for 30 s',
		enforcement: 'sliding',
		limit: requests,
		async meanwhile({redis}) {
			await setTimeout(60_000);
			redis.pause();
			await setTimeout(30_000);
			redis.resume();
		},
		least: 0.6,
		minutes: [1, 2],
		isFair: false,
	},
	{
		name: 'store flushed',
		enforcement: 'sliding',
		limit: tokens,
		async meanwhile({redis}) {
			await setTimeout(60_000);
			await redis.call('FLUSHALL');
		},
		least: 0.6,
		minutes: [1, 3],
		isFair: false,
	},
	{
		name: 'one member cut off for 40 s',
		enforcement: 'sliding',
		limit: requests,
		async meanwhile({way}) {
			await setTimeout(60_000);
			way.cut();
			await setTimeout(40_000);
			way.mend();
		},
		least: 0.6,
		minutes: [1, 3],
		isFair: false,
	},
];

export const fleetCase: BenchCase = {
	name: 'fleet',
	group: 'engine',
	about:
		'eight processes with one quota by one Redis, killed, cut off, the store lost; 40 minutes, with --quick 4',
	async run({isQuick}) {
		const rows: Row[] = [];
		const wanted = process.env.BENCH_FLEET_SCENE;
		const chosen = wanted === undefined ? scenes : scenes.filter(({name}) => name.includes(wanted));
		for (const scene of isQuick && wanted === undefined ? scenes.slice(0, 1) : chosen) {
			rows.push(...(await measure(scene)));
		}
		return rows;
	},
};
