import {type ChildProcess, spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {connect, createServer} from 'node:net';
import {setTimeout as delay} from 'node:timers/promises';

/** A real Redis for a test: on a free port, without files, ended by the test. */

const program = 'redis-server';

/** Whether there is one here; tests that need it say in their names that they are skipped otherwise. */
export const hasRedis = spawnSync(program, ['--version']).status === 0;

export type RedisServer = {
	readonly port: number;
	/** Without a password. */
	readonly url: string;
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

const start = async (port: number, more: readonly string[]): Promise<ChildProcess> => {
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

/** Starts one. @param more Further words of its command line, such as `--requirepass`. */
export async function startRedis(more: readonly string[] = []): Promise<RedisServer> {
	const port = await freePort();
	let child: ChildProcess | undefined = await start(port, more);
	const stop = async (): Promise<void> => {
		const own = child;
		child = undefined;
		if (own !== undefined) {
			own.kill('SIGKILL');
			await once(own, 'exit');
		}
	};
	return {
		port,
		url: `redis://127.0.0.1:${port}`,
		pause: () => {
			child?.kill('SIGSTOP');
		},
		resume: () => {
			child?.kill('SIGCONT');
		},
		async restart() {
			await stop();
			child = await start(port, more);
		},
		stop,
	};
}
