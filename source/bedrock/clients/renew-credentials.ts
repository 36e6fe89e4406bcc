import type {BedrockRuntimeClient} from '@aws-sdk/client-bedrock-runtime';
import {factsOf} from '../failures/facts.ts';
import {at, stringOf} from '../json.ts';

type MiddlewareStack = Pick<BedrockRuntimeClient['middlewareStack'], 'add'>;

/** Credentials as a client keeps them. */
type Credentials = (options?: {readonly forceRefresh: boolean}) => Promise<unknown>;

/** Names under which services refuse credentials whose time is over; a request that is too old is a matter of the clock. */
const expired = new Set(['ExpiredToken', 'ExpiredTokenException']);

const keyOf = (credentials: unknown): string =>
	`${stringOf(at(credentials, 'accessKeyId'))} ${stringOf(at(credentials, 'sessionToken'))}`;

/**
 * Has a client send a request once more where its credentials were refused as expired and others are to be had: a provider
 * that renews does so by the time it was given, and a session may be ended earlier.
 */
export const renewExpired = (client: {readonly middlewareStack: unknown; readonly config: object}): void => {
	let renewals = 0;
	let renewing: Promise<void> | undefined;

	const renew = async (): Promise<void> => {
		const {credentials} = client.config as {credentials: Credentials};
		const refused = keyOf(await credentials());
		renewals += keyOf(await credentials({forceRefresh: true})) === refused ? 0 : 1;
	};

	(client.middlewareStack as MiddlewareStack).add(
		(next) => async (args) => {
			const before = renewals;
			try {
				return await next(args);
			} catch (error) {
				if (!expired.has(factsOf(error).name)) {
					throw error;
				}
				// Requests that are refused together renew once.
				if (renewals === before) {
					renewing ??= renew().finally(() => {
						renewing = undefined;
					});
					await renewing.catch(() => {});
				}
				if (renewals === before) {
					throw error;
				}
				return next(args);
			}
		},
		{step: 'initialize', priority: 'high', name: 'renewExpired', override: true},
	);
};
