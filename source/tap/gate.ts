import {timingSafeEqual} from 'node:crypto';
import type {Incoming} from './listener.ts';
import {refusals, type TapRefusal} from './refusal.ts';

/** Who may use the tap: behind its port stand credentials, and a page in a browser can call any local port. */

/** A secret of 128 bits, written so that it needs no escape in a path. */
export const secretPattern = /^[\w-]{22,64}$/;

/** The header that carries the secret of a client that cannot have it in its path. */
const secretHeader = 'x-bedrock-top-token';

const isLoopbackHost = (host: string | undefined, port: number): boolean => {
	const [, name = '', typed] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(host ?? '') ?? [];
	return (
		['127.0.0.1', '[::1]', 'localhost'].includes(name.toLowerCase()) &&
		(typed === undefined || Number(typed) === port)
	);
};

/** Whether a URL is the address of a port of this machine. */
export function isAddressOf(port: number, url: string | undefined): boolean {
	if (url === undefined || !URL.canParse(url)) {
		return false;
	}
	const {host, protocol} = new URL(url);
	return protocol === 'http:' && isLoopbackHost(/:\d+$/.test(host) ? host : `${host}:80`, port);
}

const isSame = (left: string, right: string): boolean => {
	const [one, other] = [Buffer.from(left), Buffer.from(right)];
	return one.length === other.length && timingSafeEqual(one, other);
};

/** The target without the secret in front of it; undefined where another stands there. */
const behindSecret = (target: string, secret: string): string | undefined => {
	const [, first = '', rest = ''] = /^\/([^/?]*)(.*)$/s.exec(target) ?? [];
	return isSame(first, secret) ? (rest.startsWith('/') ? rest : `/${rest}`) : undefined;
};

/**
 * Whether a page in a browser sent it. Node's own fetch says `sec-fetch-mode: cors` as well, and nothing else of these, where
 * a browser always names the site.
 */
const isFromPage = (header: Incoming['header']): boolean =>
	['origin', 'sec-fetch-site', 'sec-fetch-dest', 'sec-fetch-user'].some(
		(name) => header(name) !== undefined,
	) || (header('sec-fetch-mode') ?? 'cors') !== 'cors';

/** Path and query of a request that may pass, without the secret, or why it may not. */
export function admitClient(
	{target, header}: Pick<Incoming, 'target' | 'header'>,
	{secret, port}: {readonly secret: string; readonly port: number},
): {readonly target: string} | {readonly refusal: TapRefusal} {
	if (!isLoopbackHost(header('host'), port)) {
		return {refusal: refusals.foreignHost};
	}
	if (isFromPage(header)) {
		return {refusal: refusals.fromPage};
	}
	const token = header(secretHeader);
	const own =
		behindSecret(target, secret) ?? (token !== undefined && isSame(token, secret) ? target : undefined);
	return own === undefined ? {refusal: refusals.noSecret} : {target: own};
}
