import {spawn, spawnSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {describe, expect, it, onTestFinished} from 'vitest';
import {Programs} from '../../../source/tap/programs/programs.ts';
import {startTappedSimulator} from '../../helpers/tapped-simulator.ts';
import {modelPath} from '../../simulator/harness.ts';

/** Tests source/tap/programs/programs.ts and source/tap/client-book.ts: which program sends, by Linux' own files and with real programs. */

const temporaryFolder = (): string => mkdtempSync(path.join(tmpdir(), 'programs-'));

const uid = 1000;
const tapPort = 8089;

const lineOf = (port: number, inode: number, user: number): string =>
	`   1: 0100007F:${port.toString(16).toUpperCase()} 0100007F:1F99 01 00000000:00000000 00:00000000 00000000  ${user}        0 ${inode} 2 0000000000000000 20 0 0 10 -1`;

type Process = {
	readonly id: number;
	readonly start: number;
	readonly line: string;
	readonly inodes: readonly number[];
};

/** A `/proc` with these connections and processes. */
const procWith = (
	sockets: ReadonlyArray<readonly [port: number, inode: number, user: number]>,
	processes: readonly Process[],
): string => {
	const folder = temporaryFolder();
	mkdirSync(path.join(folder, 'net'));
	writeFileSync(path.join(folder, 'net/tcp'), sockets.map((each) => lineOf(...each)).join('\n'));
	writeFileSync(path.join(folder, 'net/tcp6'), '');
	for (const {id, start, line, inodes} of processes) {
		const own = path.join(folder, String(id));
		mkdirSync(path.join(own, 'fd'), {recursive: true});
		writeFileSync(path.join(own, 'stat'), `${id} (x) S ${'0 '.repeat(18)}${start} 0 0`);
		writeFileSync(path.join(own, 'cmdline'), line.replaceAll(' ', '\0'));
		for (const [file, inode] of inodes.entries()) {
			symlinkSync(`socket:[${inode}]`, path.join(own, 'fd', String(file)));
		}
	}
	return folder;
};

const worker: Process = {id: 4242, start: 7, line: 'python3 worker.py', inodes: [10, 11]};

describe('by the files of the system', () => {
	it('connections that come together are found in one look', async () => {
		const folder = procWith(
			[
				[50_000, 11, uid],
				[50_001, 20, uid],
			],
			[worker, {id: 99, start: 8, line: 'node api.mjs', inodes: [20]}],
		);
		const programs = new Programs({folder, uid});
		expect(await Promise.all([programs.find(50_000, tapPort), programs.find(50_001, tapPort)])).toEqual([
			{name: 'worker.py', run: '4242'},
			{name: 'api.mjs', run: '99'},
		]);
	});

	it('a process id that is given again is another run', async () => {
		const folder = procWith([[50_000, 11, uid]], [worker]);
		const programs = new Programs({folder, uid});
		expect(await programs.find(50_000, tapPort)).toEqual({name: 'worker.py', run: '4242'});
		writeFileSync(path.join(folder, '4242/stat'), `4242 (x) S ${'0 '.repeat(18)}9 0 0`);
		expect(await programs.find(50_000, tapPort)).toEqual({name: 'worker.py', run: '4242-2'});
	});

	it.each([
		['other users', [[50_000, 11, 1001]], [worker]],
		['containers, whose processes this one does not see', [[50_000, 77, uid]], [worker]],
		['connections that are gone', [], [worker]],
	] as const)('programs of %s are unknown', async (_of, sockets, processes) => {
		const programs = new Programs({folder: procWith(sockets, processes), uid});
		expect(await programs.find(50_000, tapPort)).toBeUndefined();
	});

	it('nothing is known where there are no such files', async () => {
		expect(await new Programs({folder: '/nowhere', uid}).find(50_000, tapPort)).toBeUndefined();
	});

	it('a search that found nothing is not begun again for each connection', async () => {
		const folder = procWith([[50_000, 77, uid]], [worker]);
		let nowMs = 0;
		// Each reading of the clock is a millisecond later.
		const programs = new Programs({folder, uid, now: () => nowMs++});
		expect(await programs.find(50_000, tapPort)).toBeUndefined();
		symlinkSync('socket:[77]', path.join(folder, '4242/fd/77'));
		expect(await programs.find(50_000, tapPort)).toBeUndefined();
		nowMs += 60_000;
		expect(await programs.find(50_000, tapPort)).toEqual({name: 'worker.py', run: '4242'});
	});
});

const nova = modelPath('us.amazon.nova-lite-v1:0', 'converse');
const body = JSON.stringify({messages: [{role: 'user', content: [{text: 'Name three rivers.'}]}]});

const inNode = `import http from 'node:http';
const agent = new http.Agent({keepAlive: true});
const [url, count, session] = process.argv.slice(2);
const once = () => new Promise((resolve, reject) => {
	const headers = {'content-type': 'application/json', 'user-agent': 'Boto3/1.43.0'};
	const named = session === undefined ? headers : {...headers, 'x-bedrock-top-session': session};
	const request = http.request(url, {method: 'POST', agent, headers: named}, (response) => response.resume().on('end', resolve));
	request.on('error', reject);
	request.end(${JSON.stringify(body)});
});
// All at once: each has a connection of its own.
await Promise.all(Array.from({length: Number(count)}, once));
process.exit(0);
`;

const inPython = `import http.client, sys
from urllib.parse import urlsplit
url = urlsplit(sys.argv[1])
connection = http.client.HTTPConnection(url.hostname, url.port)
for _ in range(int(sys.argv[2])):
    connection.request('POST', url.path, ${JSON.stringify(body)}, {'Content-Type': 'application/json', 'User-Agent': 'Boto3/1.43.0'})
    connection.getresponse().read()
`;

describe.runIf(process.platform === 'linux')('of real programs', () => {
	const start = async () => {
		const tapped = await startTappedSimulator({latencyMs: 400}, {}, {programs: new Programs()});
		onTestFinished(tapped.stop);
		const folder = temporaryFolder();
		const run = async (file: string, count: number, ...more: readonly string[]): Promise<void> => {
			const script = path.join(folder, file);
			const isNode = file.endsWith('.mjs');
			writeFileSync(script, isNode ? inNode : inPython);
			const child = spawn(
				isNode ? process.execPath : 'python3',
				[script, `${tapped.url}${nova}`, String(count), ...more],
				{stdio: ['ignore', 'ignore', 'inherit']},
			);
			await new Promise((resolve) => {
				child.once('exit', resolve);
			});
		};
		const clients = () =>
			(tapped.tap.snapshot().tap?.clients ?? []).map(({name, session, requests}) => ({
				name,
				session,
				requests,
			}));
		return {run, clients, variants: () => tapped.tap.snapshot().variants};
	};

	it('two on one SDK are two clients, and two runs of one are two sessions', async () => {
		const {run, clients, variants} = await start();
		await run('worker.mjs', 3);
		// Nobody else says this product: it is name enough.
		expect(clients()).toEqual([{name: 'Boto3', session: null, requests: 3}]);
		await run('api.mjs', 2);
		expect(clients()).toEqual([
			{name: 'Boto3 worker.mjs', session: null, requests: 3},
			{name: 'Boto3 api.mjs', session: null, requests: 2},
		]);
		await run('worker.mjs', 4);
		expect(clients()).toEqual([
			{name: 'Boto3 worker.mjs', session: expect.stringMatching(/^\d+$/), requests: 3},
			{name: 'Boto3 api.mjs', session: null, requests: 2},
			{name: 'Boto3 worker.mjs', session: expect.stringMatching(/^\d+$/), requests: 4},
		]);
		await run('worker.mjs', 1, 'my session');
		expect(clients()[3]).toEqual({name: 'Boto3 worker.mjs', session: 'my session', requests: 1});
		expect(variants().map(({name, requests}) => [name, requests.attempts])).toEqual([
			['Boto3 worker.mjs', 8],
			['Boto3 api.mjs', 2],
		]);
	});

	it('that open 100 connections at once are known for each of them', async () => {
		const {run, clients} = await start();
		await Promise.all([run('worker.mjs', 100), run('api.mjs', 100)]);
		expect(clients().toSorted((one, other) => one.name.localeCompare(other.name))).toEqual([
			{name: 'Boto3 api.mjs', session: null, requests: 100},
			{name: 'Boto3 worker.mjs', session: null, requests: 100},
		]);
	});

	it.runIf(spawnSync('python3', ['--version']).status === 0)(
		'in Python are named by their script',
		async () => {
			const {run, clients} = await start();
			await run('worker.mjs', 1);
			await run('nightly.py', 2);
			expect(clients()[1]).toEqual({name: 'Boto3 nightly.py', session: null, requests: 2});
		},
	);
});
