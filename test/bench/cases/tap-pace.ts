import {execFile} from 'node:child_process';
import path from 'node:path';
import {promisify} from 'node:util';
import {newFolder, program} from '../../helpers/built-program.ts';
import type {BenchCase, Row} from '../helpers/bench-case.ts';
import {count, percent} from '../helpers/format.ts';
import {environmentFor, throttlesOf, withServer} from '../helpers/simulated.ts';

const workers = path.resolve(import.meta.dirname, '../children/tapped-workers.ts');

/** What the application printed. */
type Counts = {
	readonly ok: number;
	readonly failed: number;
	readonly attempts: number;
	readonly perMinute: number;
};

type Scene = {
	readonly enforcement: 'sliding' | 'fixed' | 'refill';
	readonly client: 'sdk' | 'fetch';
	readonly requestsPerMinute: number;
};

const latencyMs = 2000;
const seconds = 180;

const runIn = async (url: string, argv: readonly string[]): Promise<Counts> => {
	const {stdout} = await promisify(execFile)(process.execPath, [...argv], {
		cwd: newFolder(),
		env: {
			...environmentFor(url),
			PATH: process.env.PATH ?? '',
			HOME: newFolder(),
			BEDROCK_TOP_CONFIG: '',
		},
	});
	return JSON.parse(stdout) as Counts;
};

const measure = async ({enforcement, client, requestsPerMinute}: Scene, isTapped: boolean) =>
	withServer({enforcement, requestsPerMinute, latencyMs}, async ({url, stats}) => {
		const own = [workers, client, '200', String(seconds)];
		const argv = isTapped ? [program, 'tap', '--pace', '--no-reports', '--', process.execPath, ...own] : own;
		return {counts: await runIn(url, argv), throttled: throttlesOf(await stats())};
	});

const rowsOf = async (scene: Scene): Promise<readonly Row[]> => {
	const tapped = await measure(scene, true);
	const direct = await measure(scene, false);
	// Requests count until one window after their first byte, which without a stream is the end.
	const formula = (scene.requestsPerMinute * 60_000) / (60_000 + latencyMs);
	const name = `200 workers by ${scene.client}, ${scene.requestsPerMinute} RPM, ${scene.enforcement}`;
	const directName = `${count(direct.counts.perMinute)} per minute, ${count(direct.throttled)} throttled, ${count(direct.counts.failed)} failed without the tap`;
	return [
		{
			name: `rate, ${name}`,
			ours: `${count(tapped.counts.perMinute)} per minute`,
			comparison: directName,
			relation: percent(tapped.counts.perMinute / formula),
			bound: '>= 95 % of the formula',
			isMet: tapped.counts.perMinute / formula >= 0.95,
			figures: {tapped: tapped.counts.perMinute, direct: direct.counts.perMinute, formula},
		},
		{
			name: `throttled and failed, ${name}`,
			ours: `${count(tapped.throttled)} and ${count(tapped.counts.failed)}`,
			comparison: `${count(direct.throttled)} and ${count(direct.counts.failed)}`,
			relation: '',
			bound: '0 and 0',
			isMet: tapped.throttled === 0 && tapped.counts.failed === 0,
			figures: {
				throttled: tapped.throttled,
				failed: tapped.counts.failed,
				directThrottled: direct.throttled,
				directFailed: direct.counts.failed,
			},
		},
	];
};

const scenes: readonly Scene[] = [
	...(['sliding', 'fixed', 'refill'] as const).flatMap((enforcement): readonly Scene[] => [
		{enforcement, client: 'sdk', requestsPerMinute: 600},
		{enforcement, client: 'fetch', requestsPerMinute: 600},
		{enforcement, client: 'sdk', requestsPerMinute: 200},
	]),
];

export const tapPaceCase: BenchCase = {
	name: 'tap-pace',
	group: 'engine',
	about: 'an application behind tap --pace, and the same without it; an hour, with --quick seven minutes',
	async run({isQuick}) {
		const rows: Row[] = [];
		for (const scene of isQuick ? scenes.slice(0, 1) : scenes) {
			rows.push(...(await rowsOf(scene)));
		}
		return rows;
	},
};
