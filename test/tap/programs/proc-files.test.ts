import {describe, expect, it} from 'vitest';
import {clientSockets, programName, startOf} from '../../../source/tap/programs/proc-files.ts';

/** Tests source/tap/programs/proc-files.ts: what Linux says of connections and processes, in texts as it wrote them. */

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
