import {type Clock, promisesSettled, systemClock} from '../domain/clock.ts';
import type {LedgerAddress} from '../domain/run-config.ts';

/** The connection to the store of a fleet's ledger. Nothing that is asked of it takes longer than it is given. */
export type LedgerConnection = {
	/** Sends a command. Rejects when there is no answer in time, and with what the store says against it. */
	readonly send: (words: readonly string[]) => Promise<unknown>;
	/** Waits for the connection, at most for `connectMs`. Rejects with the reason why there is none. */
	readonly open: () => Promise<void>;
	readonly close: () => void;
};

/** What is used of a client of Redis. */
type Client = {
	readonly sendCommand: (words: string[]) => Promise<unknown>;
	readonly destroy: () => void;
};

/** Longest wait for an answer, in milliseconds. */
const answerMs = 250;
/** Longest time that a connection takes, TLS and sign-in included. */
const connectMs = 2000;
/** After a connection that failed no command has the next one tried earlier. */
const pauseMs = 100;

/** There was no answer in time. */
export class LateError extends Error {
	override readonly name = 'LateError';
	readonly code = 'ETIMEDOUT';
}

/** What answers does not speak the protocol of Redis. */
export class StrangeError extends Error {
	override readonly name = 'StrangeError';
}

const isStrange = (error: unknown): boolean =>
	error instanceof Error && error.message.startsWith('Unknown RESP type');

/** Loads the client when it is first needed: programs without a fleet do without it. */
const connect = async (address: LedgerAddress, onEnd: (error: unknown) => void): Promise<Client> => {
	const {createClient} = await import('@redis/client');
	const {place, user, password, database, isEncrypted} = address;
	const client = createClient({
		RESP: 2,
		...(user === undefined ? {} : {username: user}),
		...(password === undefined ? {} : {password}),
		database,
		// What can't be sent now is refused now.
		disableOfflineQueue: true,
		disableClientInfo: true,
		maintNotifications: 'disabled',
		socket: {
			...('path' in place ? {path: place.path} : {...place, ...(isEncrypted ? {tls: true as const} : {})}),
			connectTimeout: connectMs,
			reconnectStrategy: false,
		},
	});
	client.on('error', (error: unknown) => {
		onEnd(isStrange(error) ? new StrangeError('another protocol', {cause: error}) : error);
		client.destroy();
	});
	await client.connect();
	return client;
};

/** Rejects with what `late` makes after `ms`. An answer that waits to be read while this program was busy is not late. */
const within = async <Value>(
	clock: Clock,
	ms: number,
	answer: Promise<Value>,
	late: () => Error,
): Promise<Value> =>
	new Promise((resolve, reject) => {
		const cancel = clock.after(ms, () => {
			void promisesSettled()
				.then(promisesSettled)
				.then(() => reject(late()));
		});
		answer.then(resolve, reject).finally(cancel);
	});

/**
 * A connection that is made when it is first used, and again when it is used after it broke. One that does not answer is
 * replaced: what is lost on the way may come much later than the network is back.
 */
export function createLedgerConnection(address: LedgerAddress, clock: Clock = systemClock): LedgerConnection {
	type Link = {readonly client: Promise<Client>; readonly ended: Promise<never>};
	let link: Link | undefined;
	let failure: {readonly error: unknown; readonly at: number} | undefined;
	let isClosed = false;

	const drop = (own: Link, error: unknown): void => {
		if (link === own) {
			link = undefined;
			failure = {error, at: clock.now()};
		}
		own.client.then(
			(client) => client.destroy(),
			() => {},
		);
	};

	const current = (): Link => {
		if (link !== undefined) {
			return link;
		}
		if (isClosed) {
			throw new Error('The connection is closed.');
		}
		const {promise: ended, reject: end} = Promise.withResolvers<never>();
		ended.catch(() => {});
		const opening = connect(address, end);
		const limit = (): Error => new LateError(`no connection within ${connectMs} ms`);
		const own = {client: Promise.race([within(clock, connectMs, opening, limit), ended]), ended};
		link = own;
		ended.catch((error: unknown) => drop(own, error));
		own.client.catch((error: unknown) => {
			drop(own, error);
			opening.then(
				(client) => client.destroy(),
				() => {},
			);
		});
		return own;
	};

	return {
		async send(words) {
			if (link === undefined && failure !== undefined && clock.now() - failure.at < pauseMs) {
				throw failure.error;
			}
			const own = current();
			let isOpen = false;
			const ask = async (): Promise<unknown> => {
				const client = await own.client;
				isOpen = true;
				return Promise.race([client.sendCommand([...words]), own.ended]);
			};
			const late = new LateError(`no answer within ${answerMs} ms`);
			try {
				return await within(clock, answerMs, ask(), () => late);
			} catch (error) {
				if (error === late && isOpen) {
					drop(own, error);
				}
				throw error;
			}
		},
		async open() {
			await current().client;
		},
		close() {
			isClosed = true;
			if (link !== undefined) {
				drop(link, new Error('The connection is closed.'));
			}
		},
	};
}
