import type {BedrockRuntimeClient} from '@aws-sdk/client-bedrock-runtime';
import {secretsOf} from '../failures/redact.ts';
import {at, stringOf} from '../json.ts';

type MiddlewareStack = Pick<BedrockRuntimeClient['middlewareStack'], 'add'>;

/** Credentials rotate; more than the newest few cannot come back in an answer. */
const kept = 24;

/** Key ID of a signature, or a bearer token. */
const secretOf = (authorization: string): string | undefined => {
	if (/^bearer\s/i.test(authorization)) {
		return authorization.slice('bearer '.length).trim().split(/\s/, 1)[0];
	}

	const start = authorization.indexOf('Credential=');
	const end = authorization.indexOf('/', start);
	return start === -1 || end === -1 ? undefined : authorization.slice(start + 'Credential='.length, end);
};

const secretsIn = (authorization: string, token: string | undefined): readonly string[] =>
	[secretOf(authorization), token].filter((value) => value !== undefined && value.length >= 8) as string[];

/** The values that must never be shown. */
export type Secrets = {
	/** Keeps values that requests were signed with. */
	readonly keep: (values: readonly string[]) => void;
	/** All of them; the same list as long as nothing new was kept. */
	readonly all: () => readonly string[];
};

/** @param environment Where credentials may be set; it is read again whenever something new is kept. */
export const createSecrets = (environment: Readonly<Record<string, string | undefined>>): Secrets => {
	const seen = new Set<string>();
	let known: readonly string[] | undefined;
	return {
		keep(values) {
			const fresh = values.filter((value) => !seen.has(value));
			if (fresh.length === 0) {
				return;
			}

			for (const value of fresh) {
				seen.add(value);
			}

			for (const old of [...seen].slice(0, Math.max(0, seen.size - kept))) {
				seen.delete(old);
			}

			known = undefined;
		},
		all() {
			known ??= [...secretsOf(environment), ...seen];
			return known;
		},
	};
};

/** What stays the same of one request to the next as long as the secret does: a signature itself is always new. */
const signerOf = (authorization: string): string =>
	authorization.startsWith('AWS4-') ? authorization.slice(0, authorization.indexOf('/')) : authorization;

/** Keeps what each request was signed with, wherever it came from, so that an answer that repeats it can be shown without it. */
export const watchSecrets = (client: {readonly middlewareStack: unknown}, secrets: Secrets): void => {
	// Every request passes here, and nearly all are signed with what the one before was.
	let signer: string | undefined;
	let session: string | undefined;
	(client.middlewareStack as MiddlewareStack).add(
		(next) => (args) => {
			const headers = at(args.request, 'headers');
			const authorization =
				stringOf(at(headers, 'authorization')) ?? stringOf(at(headers, 'Authorization')) ?? '';
			const token = stringOf(at(headers, 'x-amz-security-token'));
			if (signerOf(authorization) !== signer || token !== session) {
				secrets.keep(secretsIn(authorization, token));
				signer = signerOf(authorization);
				session = token;
			}
			return next(args);
		},
		{step: 'deserialize', priority: 'low', name: 'watchSecrets', override: true},
	);
};
