import {type Exchange, ServiceError} from './exchange.ts';

/** Who may call the simulator: programs of this machine, but no page in a browser. */

/** Values of `--host` for every interface: they ask to be reached by any name. */
const everywhere: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

const ownNames: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost']);

/** A page can only send this after the server allowed it, which this one never does. */
export const resetHeader = 'x-bedrock-top-reset';

const withoutBrackets = (name: string): string =>
	name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name;

/** Whether a host that was typed stands for all addresses of the machine. */
export function isEverywhere(host: string): boolean {
	return everywhere.has(withoutBrackets(host));
}

/** The name in a Host header, without its port; undefined where it has none. */
const nameIn = (host: string | undefined): string | undefined => {
	const match = /^(\[[\d:a-f.]+\]|[^\s:/@]+)(?::\d+)?$/i.exec(host ?? '');
	return match?.[1] === undefined ? undefined : withoutBrackets(match[1]).toLowerCase();
};

const one = (value: string | readonly string[] | undefined): string | undefined =>
	typeof value === 'string' ? value : value?.[0];

const denied = (message: string): ServiceError => new ServiceError('AccessDeniedException', message);

/**
 * Admits a request from a program that means this simulator. Refused are names that somebody else made lead here (DNS
 * rebinding) and pages of other sites, which send their origin.
 * @param allowed Host that was typed; undefined: those of this machine only.
 * @throws ServiceError that names the wrong header and the way to be admitted.
 */
export function assertWelcome({headers}: Pick<Exchange, 'headers'>, allowed: string | undefined): void {
	const host = one(headers[':authority']) ?? headers.host;
	const name = nameIn(host);
	const isOpen = allowed !== undefined && isEverywhere(allowed);
	const isKnown =
		name !== undefined && (ownNames.has(name) || name === withoutBrackets(allowed ?? '').toLowerCase());
	if (!isOpen && !isKnown) {
		throw denied(
			`The simulator answers to 127.0.0.1, [::1] and localhost, not to the host ${JSON.stringify(host ?? '')}. Start it with --host to be reached by another name.`,
		);
	}
	const {origin} = headers;
	if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
		throw denied(`The simulator answers no page of another site: Origin is ${JSON.stringify(origin)}.`);
	}
	const site = one(headers['sec-fetch-site']);
	if (site !== undefined && site !== 'same-origin' && site !== 'none') {
		throw denied(`The simulator answers no page of another site: Sec-Fetch-Site is ${JSON.stringify(site)}.`);
	}
}

/** @throws ServiceError for a reset that a page could have sent. */
export function assertReset({headers}: Pick<Exchange, 'headers'>): void {
	if (headers[resetHeader] === undefined) {
		throw denied(`A reset needs the header ${resetHeader}, with any value.`);
	}
}
