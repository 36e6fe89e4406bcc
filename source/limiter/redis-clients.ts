import {createHash} from 'node:crypto';
import type {ScriptStore} from '../admission/fleet/redis-ledger.ts';
import {answerWithin, type Clock, systemClock} from '../domain/clock.ts';
import {withoutSecretForms} from '../text/secrets.ts';

/*
 * Clients of Redis and Valkey that people have, by the methods that they bring: none of them is imported. A client may queue
 * what it can't send, and send it when nobody waits for it any more; so nothing is given to one that is not connected, and
 * each answer has a time.
 */

/** `@redis/client`, also as part of `redis`: one server or a cluster. */
type NodeRedis = {
	readonly evalSha: (sha: string, options: {keys: string[]; arguments: string[]}) => Promise<unknown>;
	readonly eval: (script: string, options: {keys: string[]; arguments: string[]}) => Promise<unknown>;
	readonly isOpen: boolean;
	readonly isReady?: boolean;
};

/** `ioredis`, `iovalkey`: one server or a cluster. */
type IoRedis = {
	readonly evalsha: (sha: string, keys: number, ...words: string[]) => Promise<unknown>;
	readonly eval: (script: string, keys: number, ...words: string[]) => Promise<unknown>;
	readonly status: string;
};

/** `@valkey/valkey-glide`. */
type Glide = {readonly customCommand: (words: string[]) => Promise<unknown>};

/** What they have in common: errors of the connection are not in answers. */
type Emitter = {readonly on?: (event: 'error', listener: (error: unknown) => void) => unknown};

/** A client that the application has connected. */
export type RedisClient = (NodeRedis | IoRedis | Glide) & Emitter;

/** Why a store did not do a step. */
type StoreFault =
	| 'unreachable'
	| 'late'
	| 'password'
	| 'permission'
	| 'wrong-type'
	| 'old-server'
	| 'cluster'
	| 'read-only'
	| 'not-now'
	| 'not-a-client'
	| 'other';

/** A store did not do a step. No message has an address or a password in it. */
export class StoreError extends Error {
	override readonly name = 'StoreError';
	readonly fault: StoreFault;
	/** What to do. */
	readonly hint: string;

	constructor(fault: StoreFault, message: string, hint: string) {
		super(message);
		this.fault = fault;
		this.hint = hint;
	}
}

/** Longest wait for an answer, in milliseconds. */
const storeAnswerMs = 250;
/** Milliseconds between two questions to a client whether it is connected. */
const pollMs = 10;

const check = 'Check that it runs, and the network to it.';

/** By what client or server say: some clients put the words of the server in their own. */
const sayings: ReadonlyArray<readonly [RegExp, StoreFault, string, string]> = [
	[/NOAUTH|Authentication required/i, 'password', 'The store asks for a password.', 'Give it to the client.'],
	[
		/WRONGPASS|invalid (?:username-)?password|without any password/i,
		'password',
		'The store refuses the user or the password.',
		'Correct them where the client is made.',
	],
	[
		/NOPERM|no permissions?\b/i,
		'permission',
		'The user of the store may not do what a ledger needs.',
		'Allow it: ACL SETUSER name ~bt:* +@read +@write +@scripting +@connection +time.',
	],
	[
		/WRONGTYPE|wrong kind of value/i,
		'wrong-type',
		'A key of the ledger holds something else.',
		'Use another database, or delete the keys bt:* that are not of a ledger.',
	],
	[
		/non deterministic commands|unknown command|unknown subcommand|global '(?:cmsgpack|struct)'/i,
		'old-server',
		'The store lacks what a ledger needs.',
		'Use Redis 5 or newer, or Valkey, with scripts allowed.',
	],
	[
		/\b(?:MOVED|ASK|CROSSSLOT|CLUSTERDOWN)\b|Moved|CrossSlot/,
		'cluster',
		'The store is a node of a cluster, which this client does not follow.',
		'Make a client for clusters: createCluster, Cluster or GlideClusterClient.',
	],
	[
		/READONLY|read only replica/i,
		'read-only',
		'The store is a copy that takes no writes.',
		'Name its primary.',
	],
	[
		/MISCONF|\bOOM\b|out of memory/i,
		'not-now',
		'The store takes no writes now.',
		'Give it memory and room on its disk.',
	],
	[
		/LOADING|BUSY|TRYAGAIN|MASTERDOWN|max number of clients/i,
		'not-now',
		'The store is not ready.',
		'Wait until it is.',
	],
	[
		/ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|[Cc]onnection|[Ss]ocket|closed|offline|not connected|[Tt]imed? ?out/,
		'unreachable',
		'The store cannot be reached.',
		check,
	],
];

const saidBy = (error: unknown): string => {
	const {message = '', code = ''} = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
	return `${code} ${message}`;
};

/** A client's error in our words: what a server quotes of a command may be a password. */
const storeErrorOf = (error: unknown): StoreError => {
	if (error instanceof StoreError) {
		return error;
	}
	const said = saidBy(error);
	const [, fault, message, hint] = sayings.find(([pattern]) => pattern.test(said)) ?? [];
	if (fault !== undefined && message !== undefined && hint !== undefined) {
		return new StoreError(fault, message, hint);
	}
	const [quoted = ''] = withoutSecretForms(said.trim()).split(/, with args beginning with|[\r\n]/);
	return new StoreError(
		'other',
		`The store says: ${quoted.slice(0, 200)}`,
		'Look into the log of the store.',
	);
};

const isMissing = (error: unknown): boolean => /NOSCRIPT|NoScript/.test(saidBy(error));

/** One way to run a script, and whether it can be used now: undefined while that is not known yet. */
type Way = {
	readonly byText: (script: string, keys: readonly string[], words: readonly string[]) => Promise<unknown>;
	readonly byHash: (hash: string, keys: readonly string[], words: readonly string[]) => Promise<unknown>;
	readonly isConnected: () => boolean | undefined;
};

const has = <Name extends string>(
	value: object,
	...names: readonly Name[]
): value is Record<Name, (...words: readonly unknown[]) => unknown> =>
	names.every((name) => typeof (value as Partial<Record<Name, unknown>>)[name] === 'function');

const wayOf = (client: RedisClient): Way => {
	if (typeof client === 'object' && client !== null) {
		if (has(client, 'customCommand')) {
			const {customCommand} = client as Glide;
			const send = async (kind: string, what: string, keys: readonly string[], words: readonly string[]) =>
				customCommand.call(client, [kind, what, String(keys.length), ...keys, ...words]);
			return {
				byText: async (script, keys, words) => send('EVAL', script, keys, words),
				byHash: async (hash, keys, words) => send('EVALSHA', hash, keys, words),
				isConnected: () => true,
			};
		}
		if (has(client, 'evalSha', 'eval')) {
			const own = client as NodeRedis;
			return {
				byText: async (script, keys, words) => own.eval(script, {keys: [...keys], arguments: [...words]}),
				byHash: async (hash, keys, words) => own.evalSha(hash, {keys: [...keys], arguments: [...words]}),
				isConnected: () => (own.isOpen ? (own.isReady ?? true) || undefined : false),
			};
		}
		if (has(client, 'evalsha', 'eval') && 'status' in client) {
			const own = client as IoRedis;
			return {
				byText: async (script, keys, words) => own.eval(script, keys.length, ...keys, ...words),
				byHash: async (hash, keys, words) => own.evalsha(hash, keys.length, ...keys, ...words),
				// One that waits connects when it is first used.
				isConnected: () =>
					['ready', 'wait'].includes(own.status) || (own.status === 'end' ? false : undefined),
			};
		}
	}
	throw new StoreError(
		'not-a-client',
		'This is not a client of Redis or Valkey that is known here.',
		'Give one of @redis/client, ioredis, iovalkey or @valkey/valkey-glide, or an object with eval(script, keys, words).',
	);
};

/**
 * What a ledger needs, of a client that the application has made. Each step is answered or rejects within `storeAnswerMs`,
 * with a StoreError.
 */
export function scriptStoreOf(client: RedisClient, clock: Clock = systemClock): ScriptStore {
	const way = wayOf(client);
	/** Hashes of the scripts that the server has been sent. */
	const hashes = new Map<string, string>();
	/** Why it is not connected, as far as it says. */
	let lastError: unknown;
	client.on?.('error', (error) => {
		lastError = error;
	});

	const connected = async (until: number): Promise<void> => {
		for (;;) {
			const isConnected = way.isConnected();
			if (isConnected === true) {
				return;
			}
			if (isConnected === false || clock.now() >= until) {
				throw lastError ?? new StoreError('unreachable', 'The client of the store is not connected.', check);
			}
			await new Promise<void>((resolve) => {
				clock.after(pollMs, resolve);
			});
		}
	};

	const run = async (script: string, keys: readonly string[], words: readonly string[]): Promise<unknown> => {
		const hash = hashes.get(script);
		if (hash !== undefined) {
			try {
				return await way.byHash(hash, keys, words);
			} catch (error) {
				if (!isMissing(error)) {
					throw error;
				}
			}
		}
		const answer = await way.byText(script, keys, words);
		lastError = undefined;
		hashes.set(script, createHash('sha1').update(script).digest('hex'));
		return answer;
	};

	return {
		async eval(script, keys, words) {
			const startedAt = clock.now();
			const late = (): Error =>
				new StoreError('late', `The store did not answer within ${storeAnswerMs} ms.`, check);
			try {
				await connected(startedAt + storeAnswerMs);
				const leftMs = Math.max(1, startedAt + storeAnswerMs - clock.now());
				return await answerWithin(clock, leftMs, run(script, keys, words), late);
			} catch (error) {
				throw storeErrorOf(error);
			}
		},
	};
}
