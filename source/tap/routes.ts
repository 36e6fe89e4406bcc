import {randomBytes, timingSafeEqual} from 'node:crypto';
import {lstat} from 'node:fs/promises';
import path from 'node:path';
import {diskFiles} from '../bedrock/quotas/account-lists.ts';
import type {MantleApi, RuntimeMethod} from '../domain/backend.ts';
import {cacheFolder} from '../text/private-file.ts';
import type {Incoming} from './listener.ts';
import {refusals, type TapRefusal} from './refusal.ts';

/**
 * What the tap lets through. Who may use it: behind its port stand credentials, and a page in a browser can call any local
 * port. What may pass, and to which host of the service: everything else is refused.
 */

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

/** The hosts of the service that a path may belong to. */
export type UpstreamHost = 'runtime' | 'control' | 'mantle';

/** A request that may pass. */
export type Route =
	/** An inference, which is metered. */
	| {
			readonly kind: 'inference';
			readonly host: 'runtime';
			readonly method: RuntimeMethod;
			readonly model: string;
	  }
	/** One of bedrock-mantle: its body says which model, and whether the answer is a stream. */
	| {readonly kind: 'inference'; readonly host: 'mantle'; readonly api: MantleApi}
	/** Anything else that clients send to the same base. */
	| {
			readonly kind: 'other';
			readonly host: UpstreamHost;
			/** It costs something, and nothing says how much. */
			readonly isCharged: boolean;
	  }
	/** The tap's own figures. */
	| {readonly kind: 'metrics'}
	/** Known, but not possible through a tap. */
	| {readonly kind: 'unsupported'; readonly operation: string}
	| {readonly kind: 'unknown'};

const inferences: Readonly<Record<string, RuntimeMethod | undefined>> = {
	converse: 'converse',
	'converse-stream': 'converse-stream',
	invoke: 'invoke',
	'invoke-with-response-stream': 'invoke-stream',
};

/** Inferences of bedrock-mantle: below which of the two paths an API of OpenAI's is depends on the model. */
const mantleInferences: ReadonlyArray<{readonly path: RegExp; readonly api: MantleApi}> = [
	{path: /^\/anthropic\/v1\/messages$/, api: 'messages'},
	{path: /^(?:\/openai)?\/v1\/chat\/completions$/, api: 'chat-completions'},
	{path: /^(?:\/openai)?\/v1\/responses$/, api: 'responses'},
];

const bidirectional = 'invoke-with-bidirectional-stream';

/** Paths beside the inferences, with the methods that clients use. */
const others: ReadonlyArray<{readonly methods: string; readonly path: RegExp; readonly host: UpstreamHost}> =
	[
		{methods: 'POST', path: /^\/model\/[^/]+\/count-tokens$/, host: 'runtime'},
		{methods: 'POST', path: /^\/guardrail\/[^/]+\/version\/[^/]+\/apply$/, host: 'runtime'},
		{methods: 'GET POST', path: /^\/async-invoke$/, host: 'runtime'},
		{methods: 'GET', path: /^\/async-invoke\/.+$/, host: 'runtime'},
		// Claude Code looks for the profiles of its models at the base of the runtime.
		{methods: 'GET', path: /^\/inference-profiles(?:\/.+)?$/, host: 'control'},
		{methods: 'POST', path: /^\/anthropic\/v1\/messages\/count_tokens$/, host: 'mantle'},
		{methods: 'GET', path: /^(?:\/anthropic|\/openai)?\/v1\/models(?:\/.+)?$/, host: 'mantle'},
		{
			methods: 'GET POST DELETE',
			path: /^(?:\/openai)?\/v1\/(?:chat\/completions|responses)\/.+$/,
			host: 'mantle',
		},
		{methods: 'GET', path: /^(?:\/openai)?\/v1\/(?:chat\/completions|responses)$/, host: 'mantle'},
	];

const decoded = (part: string): string => {
	try {
		return decodeURIComponent(part);
	} catch {
		return part;
	}
};

/**
 * Whether a path names what it seems to, however a server on the way reads it: no empty segments, no `..` that leads to
 * another operation, nothing that has to be escaped.
 */
const isPlain = (path: string): boolean =>
	path.startsWith('/') &&
	!/\/\/|[\\#]|%(?![\da-f]{2})/i.test(path) &&
	!path
		.replaceAll(/%[\da-f]{2}/gi, (escaped) => String.fromCharCode(Number.parseInt(escaped.slice(1), 16)))
		.split(/[/\\]/)
		.some((part) => part === '.' || part === '..');

/** @param target Path and query as they came, without the secret. */
export function routeOf(method: string, target: string): Route {
	const path = target.split('?', 1)[0] ?? '';
	if (/[^\x21-\x7e]/.test(target) || !isPlain(path)) {
		return {kind: 'unknown'};
	}
	const [, model = '', operation = ''] = /^\/model\/([^/]+)\/([\w-]+)$/.exec(path) ?? [];
	const inference = Object.hasOwn(inferences, operation) ? inferences[operation] : undefined;
	if (inference !== undefined && method === 'POST') {
		return {kind: 'inference', host: 'runtime', method: inference, model: decoded(model)};
	}
	const ofMantle =
		method === 'POST' ? mantleInferences.find((candidate) => candidate.path.test(path)) : undefined;
	if (ofMantle !== undefined) {
		return {kind: 'inference', host: 'mantle', api: ofMantle.api};
	}
	if (operation === bidirectional) {
		return {kind: 'unsupported', operation: 'InvokeModelWithBidirectionalStream'};
	}
	if (path === '/metrics' && method === 'GET') {
		return {kind: 'metrics'};
	}
	const other = others.find(
		(candidate) => candidate.methods.split(' ').includes(method) && candidate.path.test(path),
	);
	const isCharged = method === 'POST' && !/count[-_]tokens$/.test(path);
	return other === undefined ? {kind: 'unknown'} : {kind: 'other', host: other.host, isCharged};
}
