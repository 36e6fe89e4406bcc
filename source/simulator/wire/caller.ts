import {randomUUID} from 'node:crypto';
import {accountId} from '../catalog/profiles.ts';
import type {Scenario} from '../options.ts';
import {type Exchange, ServiceError} from './exchange.ts';
import {actionNotServed, queryResult} from './xml.ts';

/** Who may call the simulator: programs of this machine, but no page in a browser; and who the caller is, always the same. */

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

/** The caller, who is always the same: the simulator checks no key. */
export const callerArn = `arn:aws:iam::${accountId}:user/simulated`;

/** IAM's message to a caller without the permission. */
export function deniedMessage(action: string): string {
	return `User: ${callerArn} is not authorized to perform: ${action} because no identity-based policy allows the ${action} action`;
}

/** @throws ServiceError where the scenario denies the action. */
export function assertAllowed({denied}: Scenario, action: string): void {
	if (denied?.includes(action)) {
		throw new ServiceError('AccessDeniedException', deniedMessage(action));
	}
}

/** STS names the caller. Many tools ask that first; it needs no permission. */

export const tokenServiceVersion = '2011-06-15';

const xmlNamespace = `https://sts.amazonaws.com/doc/${tokenServiceVersion}/`;

/** In the form of the IDs of IAM users. */
const userId = 'AIDASIMULATEDSIMULATE';

/** Answers an action. @throws ServiceError for all but GetCallerIdentity. */
export function serveTokenService({reply}: Exchange, action: string): void {
	if (action !== 'GetCallerIdentity') {
		throw actionNotServed(action, 'sts');
	}
	const requestId = randomUUID();
	const identity = {Arn: callerArn, UserId: userId, Account: accountId};
	const body = Buffer.from(queryResult(action, identity, {namespace: xmlNamespace, requestId}));
	reply.head(200, {
		'content-type': 'text/xml',
		'content-length': String(body.length),
		'x-amzn-requestid': requestId,
	});
	reply.end(body);
}
