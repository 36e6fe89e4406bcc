import {once} from 'node:events';
import {mkdtempSync} from 'node:fs';
import {createServer as createHttpServer} from 'node:http';
import {createServer, type Server} from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {afterAll, afterEach, beforeAll, describe, expect, it} from 'vitest';
import {systemClock} from '../../source/domain/clock.ts';
import type {LedgerAddress} from '../../source/domain/run-config.ts';
import {createLedgerConnection, type LedgerConnection} from '../../source/threads/ledger-connection.ts';
import {fleetSharing} from '../../source/threads/sharing.ts';
import {hasRedis, needsRedis, type RedisServer, startRedisServer} from '../helpers/redis-server.ts';
import {targetFixture} from '../helpers/snapshot-fixture.ts';

const secret = 's3cret';
const opened: LedgerConnection[] = [];

afterEach(() => {
	for (const connection of opened.splice(0)) {
		connection.close();
	}
});

/** Open: to load the client the first time takes longer than a command may. */
const connectionTo = async (address: LedgerAddress): Promise<LedgerConnection> => {
	const connection = createLedgerConnection(address);
	opened.push(connection);
	await connection.open();
	return connection;
};

const at = (port: number, more: Partial<LedgerAddress> = {}): LedgerAddress => ({
	place: {host: '127.0.0.1', port},
	isEncrypted: false,
	database: 0,
	...more,
});

const portOf = async (server: Server): Promise<number> => {
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	return (server.address() as {port: number}).port;
};

/** Clients of an account. */
const clientsOf = (account: string | null) => ({
	owner: async () => ({name: account ?? 'key-0123456789ab', isKnown: account !== null}),
});

const target = targetFixture();
const folder = mkdtempSync(path.join(tmpdir(), 'fleet-'));

/** What a start says: its fault with the hint, or its warning. */
const startWith = async (
	address: LedgerAddress,
	rest: {readonly whenLost?: 'split' | 'stop'; readonly members?: number; readonly account?: null} = {},
): Promise<string> => {
	const warnings: string[] = [];
	const {account = '111122223333', ...more} = rest;
	const ledger = {
		name: 'redis://store:6379',
		address,
		whenLost: 'split',
		members: undefined,
		...more,
	} as const;
	try {
		const sharing = await fleetSharing(ledger, {
			clients: clientsOf(account),
			uses: {newMember: () => 'member'},
			clock: systemClock,
			program: 'run',
			targets: [target],
			warn: (text) => warnings.push(text),
			folder,
		});
		sharing.close();
		return warnings.length === 0 ? 'opened' : `warning: ${warnings.join(' ')}`;
	} catch (error) {
		const {message, hint, exitCode} = error as Error & {hint: string; exitCode: number};
		return `exit ${exitCode}: ${message} ${hint}`;
	}
};

describe('a ledger that is not there', () => {
	it('is said at start, and is an error only where nothing may be sent without it', async () => {
		const sentence = "The ledger redis://store:6379 can't be used: nothing listens there.";
		expect(await startWith(at(1))).toContain(`warning: ${sentence}`);
		expect(await startWith(at(1), {members: 3})).toContain(`warning: ${sentence}`);
		expect(await startWith(at(1), {whenLost: 'stop'})).toContain(`exit 1: ${sentence}`);
	});

	it('may be another server', async () => {
		const web = createHttpServer();
		const greeting = createServer((socket) => socket.write('SSH-2.0-OpenSSH_9\r\n'));
		for (const server of [web, greeting]) {
			const port = await portOf(server);
			expect(await startWith(at(port, {password: secret}))).toBe(
				"exit 1: The ledger redis://store:6379 can't be used: it is not a Redis or Valkey. Correct --ledger or BEDROCK_TOP_LEDGER.",
			);
			server.close();
		}
		web.closeAllConnections();
	});

	it('may close its connections, as one that takes TLS only', async () => {
		const server = createServer((socket) => socket.end());
		const port = await portOf(server);
		expect(await startWith(at(port))).toContain('it closes the connection. Write rediss://');
		server.close();
	});

	it('may be too old', async () => {
		const facts = '# Server\r\nredis_version:4.0.9\r\n';
		const server = createServer((socket) => {
			socket.on('data', () => socket.write(`$${facts.length}\r\n${facts}\r\n`));
		});
		const port = await portOf(server);
		expect(await startWith(at(port))).toContain('it is Redis 4.0.9. Use Redis 5 or newer, or Valkey.');
		server.close();
	});
});

describe.skipIf(!hasRedis)(`a Redis${needsRedis}`, () => {
	const socket = path.join(mkdtempSync(path.join(tmpdir(), 'redis-')), 'redis.sock');
	let redis: RedisServer;

	beforeAll(async () => {
		redis = await startRedisServer(['--requirepass', secret, '--unixsocket', socket, '--databases', '4']);
	});

	afterAll(async () => redis.stop());

	it('is opened over the network and over a socket, in any database', async () => {
		const address = at(redis.port, {password: secret, database: 3});
		expect(await startWith(address)).toBe('opened');
		expect(await startWith({...address, user: 'default'})).toBe('opened');
		expect(await startWith({...address, place: {path: socket}})).toBe('opened');
		await (await connectionTo(address)).send(['SET', 'here', 'yes']);
		expect(await (await connectionTo({...address, place: {path: socket}})).send(['GET', 'here'])).toBe('yes');
		expect(await (await connectionTo({...address, database: 0})).send(['GET', 'here'])).toBeNull();
	});

	it.each([
		['no password', {}, 'it asks for a password.'],
		['a wrong password', {password: 'other'}, 'it refuses the user or the password.'],
		['a wrong user', {user: 'nobody', password: secret}, 'it refuses the user or the password.'],
		['a database that is not there', {password: secret, database: 4}, 'it has no such database.'],
	])('is refused with %s', async (_, caller, reason) => {
		const said = await startWith(at(redis.port, caller));
		expect(said).toContain(`exit 1: The ledger redis://store:6379 can't be used: ${reason}`);
		expect(said).not.toContain('s3');
		expect(await startWith(at(redis.port, caller), {members: 2})).toContain(`warning: `);
	});

	it('need not let a user read what it says of itself', async () => {
		const admin = await connectionTo(at(redis.port, {password: secret}));
		const rights = ['+@read', '+@write', '+@scripting', '+time'];
		await admin.send(['ACL', 'SETUSER', 'member', 'on', `>${secret}`, '~bt:*', ...rights]);
		expect(await startWith(at(redis.port, {user: 'member', password: secret}))).toBe('opened');
	});
});
