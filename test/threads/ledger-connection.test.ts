import {afterAll, afterEach, beforeAll, describe, expect, it} from 'vitest';
import type {LedgerAddress} from '../../source/domain/run-config.ts';
import {createLedgerConnection, type LedgerConnection} from '../../source/threads/ledger-connection.ts';
import {hasRedis, needsRedis, type RedisServer, startRedisServer} from '../helpers/redis-server.ts';

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

describe.skipIf(!hasRedis)(`a connection to the store of a ledger${needsRedis}`, () => {
	let redis: RedisServer;

	beforeAll(async () => {
		redis = await startRedisServer(['--requirepass', secret]);
	});

	afterAll(async () => redis.stop());

	it('is given up after 250 ms while it does not answer, and used again when it does', async () => {
		const connection = await connectionTo(at(redis.port, {password: secret}));
		expect(await connection.send(['PING'])).toBe('PONG');
		redis.pause();
		await expect(connection.send(['PING'])).rejects.toThrow('no answer within 250 ms');
		await expect(connection.send(['PING'])).rejects.toThrow('no answer within 250 ms');
		redis.resume();
		await connection.open();
		expect(await connection.send(['PING'])).toBe('PONG');
	});

	it('is connected again after it was restarted', async () => {
		const connection = await connectionTo(at(redis.port, {password: secret}));
		await redis.restart();
		let answer: unknown;
		// The first call may find the old connection, the next ones come before another attempt.
		while (answer !== 'PONG') {
			answer = await connection.send(['PING']).catch(() => undefined);
			await new Promise((resolve) => {
				setTimeout(resolve, 20);
			});
		}
		expect(answer).toBe('PONG');
	});

	it('is not called any more once the connection is closed', async () => {
		const connection = await connectionTo(at(redis.port, {password: secret}));
		connection.close();
		await expect(connection.send(['PING'])).rejects.toThrow('closed');
	});
});
