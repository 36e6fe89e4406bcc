import {randomBytes, timingSafeEqual} from 'node:crypto';
import {lstat} from 'node:fs/promises';
import path from 'node:path';
import {diskFiles} from '../bedrock/quotas/account-lists.ts';
import {cacheFolder} from '../text/private-file.ts';
import type {Incoming} from './listener.ts';
import {refusals, type TapRefusal} from './refusal.ts';

/** Who may use the tap: behind its port stand credentials, and a page in a browser can call any local port. */

/** A secret of 128 bits, written so that it needs no escape in a path. */
const secretPattern = /^[\w-]{22,64}$/;

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

/** A new secret: 128 bits, in letters that a path takes as they are. */
const newSecret = (): string => randomBytes(16).toString('base64url');

const fileOf = (port: number, folder: string): string => path.join(folder, 'tap', `${port}.secret`);

/** Only what this user wrote, and nobody else can read, is a secret. */
const isPrivate = async (file: string): Promise<boolean> => {
	const status = await lstat(file);
	const userId = process.getuid?.();
	return status.isFile() && (userId === undefined || (status.uid === userId && (status.mode & 0o077) === 0));
};

/** The secret of a tap that starts. */
type TapSecret = {
	readonly value: string;
	/** Keeps it for the next start: once the port is open, so that the secret of a tap that has it is left alone. */
	readonly keep: () => Promise<void>;
};

/**
 * The secret of a tap. For a port that was typed it is kept in the user's cache folder, so that applications need not be
 * started again with it.
 * @param port 0: any port, whose secret is new each time.
 * @param isNew Another one than before.
 */
export async function secretFor(
	port: number,
	isNew: boolean,
	folder: string | undefined = cacheFolder(),
): Promise<TapSecret> {
	const kept = port === 0 || isNew ? undefined : await keptSecret(port, folder);
	if (kept !== undefined) {
		return {value: kept, async keep() {}};
	}
	const value = newSecret();
	return {
		value,
		async keep() {
			if (port === 0 || folder === undefined) {
				return;
			}
			try {
				await diskFiles.write(fileOf(port, folder), `${value}\n`);
			} catch {
				// Then it holds for this tap alone.
			}
		},
	};
}

/** The secret that is kept for a port; undefined where there is none. */
async function keptSecret(port: number, folder: string | undefined): Promise<string | undefined> {
	if (folder === undefined) {
		return undefined;
	}
	try {
		const file = fileOf(port, folder);
		const text = (await diskFiles.read(file)).trim();
		return (await isPrivate(file)) && secretPattern.test(text) ? text : undefined;
	} catch {
		return undefined;
	}
}
