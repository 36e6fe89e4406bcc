import type {FleetLedger, LedgerAddress} from '../domain/run-config.ts';
import {UserError} from '../domain/user-error.ts';
import {quotedUrl} from '../text/secrets.ts';
import type {FlagValues} from './parse-arguments.ts';
import {readChoice, readInteger} from './values.ts';

/** The ledger that a fleet shares, as it is typed: a URL that may hold a password, which no message repeats. */

/** Names the URL where the flag does not. */
const variable = 'BEDROCK_TOP_LEDGER';

/** What a member does while it can't reach the ledger. */
const waysWhenLost = ['split', 'stop'] as const;

/** Most members that a fleet is thought to have. */
const maxMembers = 100_000;

const usualPort = 6379;

/** Reads the parts of one URL; each fault says where the URL comes from, quotes it, and says how it is written. */
class LedgerUrl {
	readonly #source: string;
	readonly #url: string;

	constructor(source: string, url: string) {
		this.#source = source;
		this.#url = url;
	}

	/** @throws UserError (exit 2). */
	read(): LedgerAddress {
		const [, scheme = '', rest = ''] = /^([a-z][a-z\d+.-]*):\/\/(.*)$/is.exec(this.#url) ?? [];
		switch (scheme.toLowerCase()) {
			case 'redis':
			case 'rediss':
				return this.#onNetwork(scheme.toLowerCase() === 'rediss', rest);
			case 'unix':
				return this.#onSocket(rest);
			default:
				throw this.#fault(
					scheme === '' ? 'is not a URL' : `has the scheme "${scheme}"`,
					'Write redis://host, rediss://host for TLS, or unix:///path/of/the/socket; Valkey takes the same.',
				);
		}
	}

	#fault(what: string, hint: string): UserError {
		return new UserError(`${this.#source}: "${quotedUrl(this.#url)}" ${what}.`, {exitCode: 2, hint});
	}

	#onNetwork(isEncrypted: boolean, rest: string): LedgerAddress {
		const [, authority = '', path = '', other = ''] = /^([^/?#]*)(\/[^?#]*)?(.*)$/s.exec(rest) ?? [];
		if (`${path}${other}`.includes('@')) {
			throw this.#fault(
				'has a sign in its user or password that ends the host',
				'Write these signs of a password as their codes: / as %2F, ? as %3F, # as %23, @ as %40.',
			);
		}
		if (other !== '') {
			throw this.#fault(
				'has more than a database behind its host',
				'The ledger takes no parameters: rediss:// is for TLS, /N names the database.',
			);
		}
		const at = authority.lastIndexOf('@');
		const [, host = '', port] =
			/^(\[[\da-f:.]+(?:%[\w.-]+)?\]|[\w.-]*)(?::(.*))?$/is.exec(authority.slice(at + 1)) ?? [];
		if (host === '') {
			throw this.#fault('names no host', 'Write it as in redis://ledger.internal:6379 or redis://127.0.0.1.');
		}
		return {
			place: {host: host.replace(/^\[(.*)\]$/s, '$1'), port: this.#port(port)},
			isEncrypted,
			...this.#caller(authority.slice(0, Math.max(0, at))),
			database: this.#database(path.slice(1)),
		};
	}

	#onSocket(rest: string): LedgerAddress {
		const [, caller = '', path = '', query = ''] = /^(?:([^/?#]*)@)?(\/[^?#]+)(?:\?(.*))?$/s.exec(rest) ?? [];
		const [, database = ''] = /^(?:db=(.*))?$/s.exec(query) ?? [undefined, query];
		if (path === '') {
			throw this.#fault(
				'names no socket',
				'Write the path of the socket behind unix://, as in unix:///run/redis/redis.sock?db=1.',
			);
		}
		return {
			place: {path: this.#decoded(path)},
			isEncrypted: false,
			...this.#caller(caller),
			database: this.#database(database),
		};
	}

	#port(text: string | undefined): number {
		const port = text === undefined ? usualPort : /^\d{1,5}$/.test(text) ? Number(text) : 0;
		if (port < 1 || port > 65_535) {
			throw this.#fault(
				'has no valid port',
				'A port is a number from 1 to 65535; user and password stand before the host (user:password@).',
			);
		}
		return port;
	}

	#database(text: string): number {
		if (!/^\d{0,4}$/.test(text)) {
			throw this.#fault(
				'names no database',
				'A database is a number such as 0, as in redis://host:6379/0 or unix:///run/redis.sock?db=0.',
			);
		}
		return Number(text);
	}

	#caller(text: string): Pick<LedgerAddress, 'user' | 'password'> {
		const [, user = '', password] = /^([^:]*)(?::(.*))?$/s.exec(text) ?? [];
		return {
			...(user === '' ? {} : {user: this.#decoded(user)}),
			...(password === undefined || password === '' ? {} : {password: this.#decoded(password)}),
		};
	}

	#decoded(text: string): string {
		try {
			return decodeURIComponent(text);
		} catch {
			throw this.#fault('has a % that begins no code', 'Write % itself as %25.');
		}
	}
}

/** A place as it may be shown: it never has a user or a password. */
const nameOf = ({place, isEncrypted, database}: LedgerAddress): string => {
	const suffix = (before: string): string => (database === 0 ? '' : `${before}${database}`);
	if ('path' in place) {
		return `unix://${place.path}${suffix('?db=')}`;
	}
	const {host, port} = place;
	const shownHost = host.includes(':') ? `[${host}]` : host;
	return `redis${isEncrypted ? 's' : ''}://${shownHost}:${port}${suffix('/')}`;
};

/** @throws UserError (exit 2) for what only a ledger can use. */
const assertLedger = (flags: FlagValues): void => {
	const name = (['ledger-down', 'members'] as const).find((each) => flags.typed(each).length > 0);
	if (name !== undefined) {
		throw new UserError(`--${name} needs --ledger.`, {
			exitCode: 2,
			hint: `Name the store that the fleet shares: --ledger redis://host:6379, or ${variable} in the environment.`,
		});
	}
};

/**
 * The ledger that a fleet shares: as typed, else as the environment names it, else as the configuration keeps it. A demo
 * joins only one that was typed.
 * @returns Undefined where none is named: the programs of this host share theirs on disk.
 * @throws UserError (exit 2) that quotes the offending value without its secrets.
 */
export function resolveLedger(
	flags: FlagValues,
	environment: Readonly<Record<string, string | undefined>> = process.env,
): FleetLedger | undefined {
	const typed = flags.typed('ledger').at(-1);
	const isDemo = flags.isSet('demo') ?? false;
	const fromEnvironment = isDemo ? undefined : environment[variable]?.trim() || undefined;
	const kept = isDemo ? undefined : flags.text('ledger');
	const url = typed ?? fromEnvironment ?? kept;
	if (url === undefined) {
		assertLedger(flags);
		return undefined;
	}
	const source = typed === undefined && fromEnvironment !== undefined ? variable : '--ledger';
	const address = new LedgerUrl(source, url.trim()).read();
	const down = flags.text('ledger-down');
	const members = flags.text('members');
	return {
		name: nameOf(address),
		address,
		whenLost: down === undefined ? 'split' : readChoice('ledger-down', down, waysWhenLost),
		members: members === undefined ? undefined : readInteger('members', members, {min: 1, max: maxMembers}),
	};
}
