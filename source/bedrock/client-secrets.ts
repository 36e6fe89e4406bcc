import type {BedrockRuntimeClient} from '@aws-sdk/client-bedrock-runtime';
import {at, stringOf} from './json.ts';

type MiddlewareStack = Pick<BedrockRuntimeClient['middlewareStack'], 'add'>;

/** Credentials rotate; more than the newest few cannot come back in an answer. */
const kept = 24;

const secretsIn = (headers: unknown): readonly string[] => {
	const authorization =
		stringOf(at(headers, 'authorization')) ?? stringOf(at(headers, 'Authorization')) ?? '';
	return [
		/Credential=([^/,\s]+)/.exec(authorization)?.[1],
		/^Bearer\s+(\S+)/i.exec(authorization)?.[1],
		stringOf(at(headers, 'x-amz-security-token')),
	].filter((value) => value !== undefined && value.length >= 8) as string[];
};

/**
 * Keeps what each request was signed with, wherever it came from, so that an answer which repeats it can be shown
 * without it.
 *
 * @param seen Where the values are kept.
 */
export const watchSecrets = (client: {readonly middlewareStack: unknown}, seen: Set<string>): void => {
	(client.middlewareStack as MiddlewareStack).add(
		(next) => async (args) => {
			for (const secret of secretsIn(at(args.request, 'headers'))) {
				seen.delete(secret);
				seen.add(secret);
			}

			for (const old of [...seen].slice(0, Math.max(0, seen.size - kept))) {
				seen.delete(old);
			}

			return next(args);
		},
		{step: 'deserialize', priority: 'low', name: 'watchSecrets', override: true},
	);
};
