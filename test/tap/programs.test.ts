import {spawn, spawnSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {describe, expect, it, onTestFinished} from 'vitest';
import {clientSockets, Programs, programName, startOf} from '../../source/tap/programs.ts';
import {startTappedSimulator} from '../helpers/tapped-simulator.ts';
import {modelPath} from '../simulator/harness.ts';

/** Tests source/tap/programs.ts: what Linux says of connections and processes, in texts as it wrote them. */

const head =
	'  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';

/** The tap listens on 8089 (1F99). */
const tcp = `${head}
   0: 0100007F:1F99 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 22082 1 0000000005acdcc5 100 0 0 10 0
   1: 0100007F:84AC 0100007F:1F99 01 00000000:00000000 00:00000000 00000000  1000        0 2208208 2 000000004ee2bf2e 20 0 0 10 -1
   2: 0100007F:1F99 0100007F:84AC 01 00000000:00000000 00:00000000 00000000  1000        0 2208209 1 0000000016ffe567 20 0 0 10 -1
   3: 0A00000A:84AD 0A00000B:1F99 01 00000000:00000000 02:000000A0 00000000  1000        0 777 2 000000004ee2bf2f 20 0 0 10 -1
   4: 0100007F:84AE 0100007F:1F99 06 00000000:00000000 03:00000A10 00000000     0        0 0 3 000000004ee2bf30
   5: 0100007F:84AF 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 778 2 000000004ee2bf31 20 0 0 10 -1
   6: 0100007F:84B0 0100007F:1F99 01 00000000:00000000 00:00000000 00000000  1001        0 779 2 000000004ee2bf32 20 0 0 10 -1
`;

/** As Java opens them: the address of IPv4 within one of IPv6. */
const tcp6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0000000000000000FFFF00000100007F:D431 0000000000000000FFFF00000100007F:1F99 01 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0000000000000000 20 4 30 10 -1
   1: 00000000000000000000000000000001:D432 00000000000000000000000000000001:1F99 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0000000000000000 20 4 30 10 -1
`;

describe('the table of connections', () => {
	it("has the clients' ends of a port on this machine, with their users", () => {
		expect([...clientSockets(tcp, 0x1f_99)]).toEqual([
			[0x84_ac, {inode: '2208208', uid: 1000}],
			[0x84_b0, {inode: '779', uid: 1001}],
		]);
	});

	it('has those of IPv6 that are of IPv4', () => {
		expect([...clientSockets(tcp6, 0x1f_99)]).toEqual([[0xd4_31, {inode: '4711', uid: 1000}]]);
	});

	it('is read on a machine with the other byte order, and where it is empty', () => {
		expect(clientSockets(tcp.replaceAll('0100007F', '7F000001'), 0x1f_99).size).toBe(2);
		expect(clientSockets(`${head}\n`, 8089).size).toBe(0);
		expect(clientSockets('', 8089).size).toBe(0);
	});
});

it('finds the start of a process behind a name with parentheses and spaces', () => {
	const stat =
		'24239 (a) R 1 (b) S 24236 24236 20009 0 -1 4194560 3535 0 0 0 2 2 0 0 20 0 7 0 5545952 1441017856 12041 18446744073709551615 7626752';
	expect(startOf(stat)).toBe('5545952');
	expect(startOf('')).toBeUndefined();
});

describe('the name of a program', () => {
	it.each([
		['node /srv/app/worker.mjs', 'worker.mjs'],
		['/usr/bin/node --import ./register.js --max-old-space-size=512 server.js --port 80', 'server.js'],
		['node -r dotenv/config app.js', 'app.js'],
		['/usr/bin/python3.12 -u api.py', 'api.py'],
		['python3 -m uvicorn app:app --port 80', 'uvicorn'],
		['python /home/me/.venv/bin/gunicorn app:app', 'gunicorn'],
		['bun run index.ts', 'index.ts'],
		['java -Xmx2g -cp lib/a.jar:lib/b.jar com.example.Main', 'com.example.Main'],
		['java -jar /opt/service.jar', 'service.jar'],
		['/usr/local/bin/aws bedrock-runtime converse', 'aws'],
		['node', 'node'],
		['node|(worker|1)', 'node'],
		['claude', 'claude'],
	])('of %s is %s', (line, name) => {
		expect(programName(`${line.replaceAll(' ', '\0').replaceAll('|', ' ')}\0`)).toBe(name);
	});

	it.each([
		['node -e fetch("https://x/?key=SECRET")', 'node'],
		['node --eval SECRET SECRET', 'node'],
		['node -p SECRET', 'node'],
		['python3 -c SECRET SECRET', 'python3'],
		['python3 -uc SECRET', 'python3'],
		['perl -lne SECRET SECRET', 'perl'],
		['bash -c SECRET', 'bash'],
		['curl -H Authorization:SECRET https://x/SECRET', 'curl'],
		['node --title SECRET app.js SECRET', 'app.js'],
		['python3 worker.py --token SECRET', 'worker.py'],
	])('of %s has nothing of its command line but %s', (line, name) => {
		expect(programName(`${line.replaceAll(' ', '\0')}\0`)).toBe(name);
	});

	it('is none where there is nothing that may be shown', () => {
		expect(programName('')).toBeUndefined();
		expect(programName('\u001B[31m\0')).toBeUndefined();
		expect(programName(`/x/${'y'.repeat(200)}\0`)).toBeUndefined();
	});
});

/** Tests source/tap/programs.ts and source/tap/client-book.ts: which program sends, by Linux' own files and with real programs. */

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
