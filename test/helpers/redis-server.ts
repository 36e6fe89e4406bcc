import {type ChildProcess, spawn, spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {once} from 'node:events';
import {connect, createServer} from 'node:net';
import {setTimeout as delay} from 'node:timers/promises';
import {createClient} from '@redis/client';
import type {ScriptStore} from '../../source/admission/fleet/redis-ledger.ts';

/** A real Redis for a test: on a free port, without files, ended by the test by its process ID. */

const program = 'redis-server';

/** Whether there is one here. */
export const hasRedis = spawnSync(program, ['--version']).status === 0;

/** For the name of what needs one: says so where it is skipped. */
export const needsRedis = hasRedis ? '' : ' (skipped: there is no redis-server here)';

export type RedisServer = {
	readonly port: number;
	/** Without a password. */
	readonly url: string;
	readonly pid: number;
	/** Sends a command and returns its answer. */
	readonly call: (...words: readonly string[]) => Promise<unknown>;
	/** Runs scripts on it. */
	readonly store: ScriptStore;
	/** Stops answering, connections stay; `resume` continues. */
	readonly pause: () => void;
	readonly resume: () => void;
	/** Ends it and starts an empty one on the same port. */
	readonly restart: () => Promise<void>;
	readonly stop: () => Promise<void>;
};

const freePort = async (): Promise<number> => {
	const server = createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	const address = server.address();
	server.close();
	await once(server, 'close');
	return typeof address === 'object' && address !== null ? address.port : 0;
};

const answers = async (port: number): Promise<boolean> =>
	new Promise((resolve) => {
		const socket = connect(port, '127.0.0.1');
		socket.once('connect', () => socket.write('PING\r\n'));
		// A server that asks for a password answers too.
		socket.once('data', () => {
			socket.destroy();
			resolve(true);
		});
		socket.once('error', () => resolve(false));
	});

const launch = async (port: number, more: readonly string[]): Promise<ChildProcess> => {
	const words = ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no', ...more];
	const child = spawn(program, words, {stdio: 'ignore'});
	for (let attempt = 0; attempt < 200; attempt++) {
		if (await answers(port)) {
			return child;
		}
		await delay(25);
	}
	child.kill('SIGKILL');
	throw new Error(`${program} did not start on port ${port}.`);
};

/** Hashes of the scripts: the text is long. */
const hashes = new Map<string, string>();
const hashOf = (script: string): string => {
	const hash = hashes.get(script) ?? createHash('sha1').update(script).digest('hex');
	hashes.set(script, hash);
	return hash;
};

/** Runs scripts by what sends commands. */
export const storeBy = (send: (words: readonly string[]) => Promise<unknown>): ScriptStore => ({
	async eval(script, keys, words) {
		const rest = [String(keys.length), ...keys, ...words];
		try {
			return await send(['EVALSHA', hashOf(script), ...rest]);
		} catch (error) {
			if (error instanceof Error && error.message.startsWith('NOSCRIPT')) {
				return send(['EVAL', script, ...rest]);
			}
			throw error;
		}
	},
});

/** Starts one. @param more Further words of its command line, such as `--requirepass`. */
export async function startRedisServer(more: readonly string[] = []): Promise<RedisServer> {
	const port = await freePort();
	const url = `redis://127.0.0.1:${port}`;
	let child: ChildProcess | undefined = await launch(port, more);
	let client: ReturnType<typeof createClient> | undefined;
	const call = async (...words: readonly string[]): Promise<unknown> => {
		if (client === undefined) {
			client = createClient({RESP: 2, url, disableOfflineQueue: true, socket: {reconnectStrategy: false}});
			client.on('error', () => {
				client = undefined;
			});
			await client.connect();
		}
		return client.sendCommand([...words]);
	};
	const end = async (): Promise<void> => {
		client?.destroy();
		client = undefined;
		const own = child;
		child = undefined;
		if (own !== undefined) {
			own.kill('SIGKILL');
			await once(own, 'exit');
		}
	};
	return {
		port,
		url,
		get pid() {
			return child?.pid ?? 0;
		},
		call,
		store: storeBy(async (words) => call(...words)),
		pause: () => {
			child?.kill('SIGSTOP');
		},
		resume: () => {
			child?.kill('SIGCONT');
		},
		async restart() {
			await end();
			child = await launch(port, more);
		},
		stop: end,
	};
}
