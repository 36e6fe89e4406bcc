import {answerWithin, type Clock, systemClock} from '../domain/clock.ts';
import type {LedgerAddress} from '../domain/run-config.ts';
import {reasonOf} from '../domain/user-error.ts';

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
class LateError extends Error {
	override readonly name = 'LateError';
	readonly code = 'ETIMEDOUT';
}

/** What answers does not speak the protocol of Redis. */
class StrangeError extends Error {
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
		const own = {client: Promise.race([answerWithin(clock, connectMs, opening, limit), ended]), ended};
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
				return await answerWithin(clock, answerMs, ask(), () => late);
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

/** Why a ledger can't be used, in words. */
export type LedgerFault = {
	/** Without an end of sentence. */
	readonly reason: string;
	/** What to do. */
	readonly hint: string;
	/** It stays so until somebody changes something: waiting does not help. */
	readonly isLasting: boolean;
};

type Words = Omit<LedgerFault, 'isLasting'>;

const lasting = (reason: string, hint: string): LedgerFault => ({reason, hint, isLasting: true});
const passing = (reason: string, hint: string): LedgerFault => ({reason, hint, isLasting: false});

const nameUrl = 'Correct --ledger or BEDROCK_TOP_LEDGER.';

/** By the code of the operating system or of TLS. */
const byCode: ReadonlyArray<readonly [RegExp, Words]> = [
	[/^ECONNREFUSED$/, {reason: 'nothing listens there', hint: `Start Redis or Valkey there. ${nameUrl}`}],
	[/^(?:ENOTFOUND|EAI_AGAIN)$/, {reason: 'its name cannot be found', hint: `Check the network. ${nameUrl}`}],
	[/^(?:EHOSTUNREACH|ENETUNREACH|ENETDOWN)$/, {reason: 'no network leads there', hint: 'Check the network.'}],
	[/^ENOENT$/, {reason: 'there is no such socket', hint: `Start Redis or Valkey. ${nameUrl}`}],
	[/^(?:EACCES|EPERM)$/, {reason: 'its socket may not be used', hint: 'Allow it: unixsocketperm of Redis.'}],
	[
		/^ETIMEDOUT$/,
		{
			reason: 'it does not answer',
			hint: 'Check the network and its firewalls; write redis:// where the store takes no TLS.',
		},
	],
	[
		/^(?:ECONNRESET|EPIPE)$/,
		{reason: 'it closes the connection', hint: 'Write rediss:// where the store takes TLS only.'},
	],
];

/** TLS that fails does so until it is mended. */
const byTls: ReadonlyArray<readonly [RegExp, Words]> = [
	[
		/^ERR_TLS_CERT_ALTNAME_INVALID$/,
		{reason: 'its certificate is made out to another name', hint: `Name the host as it does. ${nameUrl}`},
	],
	[
		/^CERT_(?:HAS_EXPIRED|NOT_YET_VALID)$/,
		{
			reason: 'its certificate is not valid today',
			hint: 'Renew it, or correct the clock of this machine.',
		},
	],
	[
		/CERT|SELF_SIGNED|UNABLE_|DEPTH_ZERO/,
		{
			reason: 'its certificate is not trusted',
			hint: 'Name the file of its authority in NODE_EXTRA_CA_CERTS.',
		},
	],
	[/^(?:EPROTO|ERR_SSL)/, {reason: 'it does not speak TLS', hint: 'Write redis:// instead of rediss://.'}],
];

/** By what the store says. */
const bySaying: ReadonlyArray<readonly [RegExp, LedgerFault]> = [
	[
		/^NOAUTH\b/,
		lasting(
			'it asks for a password',
			'Write it before the host (:password@ or user:password@), better in BEDROCK_TOP_LEDGER than on the command line.',
		),
	],
	[/^WRONGPASS\b|invalid password/, lasting('it refuses the user or the password', nameUrl)],
	[/AUTH .*without any password/, lasting('it has no password', `Leave the password out. ${nameUrl}`)],
	[
		/^NOPERM\b/,
		lasting(
			'its user may not do what a ledger needs',
			'Allow it in Redis: ACL SETUSER name ~bt:* +@read +@write +@scripting +time +select.',
		),
	],
	[
		/^WRONGTYPE\b/,
		lasting(
			'a key of the ledger holds something else',
			'Name another database (/N in the URL), or delete the keys bt:* that are not of a ledger.',
		),
	],
	[/^READONLY\b/, lasting('it is a copy that takes no writes', `Name its primary. ${nameUrl}`)],
	[
		/^(?:MOVED|ASK|CROSSSLOT)\b/,
		lasting(
			'it is a node of a cluster, which --ledger does not follow',
			'Name a store without cluster mode.',
		),
	],
	[/DB index is out of range/, lasting('it has no such database', `Leave /N out. ${nameUrl}`)],
	[
		/unknown command/i,
		lasting(
			'it lacks commands that a ledger needs',
			'Use Redis 5 or newer, or Valkey, with scripts allowed.',
		),
	],
	[
		/^DENIED\b/,
		lasting('it takes connections of its own host only', 'Set a password in Redis, then name it in the URL.'),
	],
	[/^(?:MISCONF|OOM)\b/, passing('it takes no writes now', 'Give it memory and room on its disk.')],
	[
		/^(?:LOADING|BUSY|TRYAGAIN|MASTERDOWN|CLUSTERDOWN)\b|max number of clients/,
		passing('it is not ready', 'Wait until it is, or raise maxclients of Redis.'),
	],
	[/^Socket closed unexpectedly$/, passing('it closes the connection', byCode.at(-1)?.[1].hint ?? nameUrl)],
	[/^Connection timeout$/, passing('it does not answer', byCode.at(-2)?.[1].hint ?? nameUrl)],
];

const wordsFor = (
	table: ReadonlyArray<readonly [RegExp, Words]>,
	code: string | undefined,
): Words | undefined => (code === undefined ? undefined : table.find(([pattern]) => pattern.test(code))?.[1]);

/** Why a ledger can't be used, from what its connection failed with. */
export function ledgerFaultOf(error: unknown): LedgerFault {
	const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
	if (error instanceof StrangeError) {
		return lasting('it is not a Redis or Valkey', nameUrl);
	}
	const tls = wordsFor(byTls, code);
	if (tls !== undefined) {
		return {...tls, isLasting: true};
	}
	const network = wordsFor(byCode, error instanceof LateError ? error.code : code);
	if (network !== undefined) {
		return {...network, isLasting: false};
	}
	const message = reasonOf(error);
	return (
		bySaying.find(([pattern]) => pattern.test(message))?.[1] ??
		passing(message.replace(/\.$/, ''), 'Look into the log of the store.')
	);
}
