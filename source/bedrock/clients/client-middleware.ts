import {randomUUID} from 'node:crypto';
import type {BedrockRuntimeClient} from '@aws-sdk/client-bedrock-runtime';
import {isExpiry} from '../failures/classify.ts';
import {factsOf} from '../failures/facts.ts';
import {isObject} from '../json.ts';
import {keepResponses} from '../methods/response-headers.ts';
import {type Secrets, watchSecrets} from './client-secrets.ts';

type MiddlewareStack = Pick<BedrockRuntimeClient['middlewareStack'], 'add' | 'remove'>;

/**
 * Steps of the SDK that do nothing here but take their time of every request: nothing is logged, and no Lambda function
 * calls itself.
 */
const idleSteps = ['loggerMiddleware', 'recursionDetectionMiddleware'];

/** Has a client keep what all clients of ours keep: what it signed with, and the responses of its outputs. */
export const outfit = (client: {readonly middlewareStack: unknown}, secrets: Secrets): void => {
	for (const step of idleSteps) {
		(client.middlewareStack as MiddlewareStack).remove(step);
	}
	watchSecrets(client, secrets);
	keepResponses(client);
};

/**
 * Has a client send every request once: retries are the engine's, and hidden ones would sit inside the latency and hide
 * the throttles. On the wire nothing changes, but a request takes about 5 % less time of the processor than with the
 * SDK's own step and `maxAttempts: 1`.
 */
export const sendOnce = (client: {readonly middlewareStack: unknown}): void => {
	(client.middlewareStack as MiddlewareStack).add(
		(next) => (args) => {
			const {request} = args;
			if (isObject(request) && isObject(request.headers)) {
				Object.assign(request.headers, {
					'amz-sdk-invocation-id': randomUUID(),
					'amz-sdk-request': 'attempt=1; max=1',
				});
			}
			return next(args);
		},
		// The place, the priority and the name of the SDK's own, which it stands in for.
		{step: 'finalizeRequest', priority: 'high', name: 'retryMiddleware', override: true},
	);
};

/**
 * Has a client that is asked for lists and figures ask once more where its keys had expired and there are others by now. To the
 * runtime no second attempt is hidden.
 */
export const renewExpired = (
	client: {readonly middlewareStack: unknown},
	renew: (sinceMs: number) => Promise<boolean>,
): void => {
	(client.middlewareStack as MiddlewareStack).add(
		(next) => async (args) => {
			const sentAtMs = performance.now();
			try {
				return await next(args);
			} catch (error) {
				if (isExpiry(factsOf(error)) && (await renew(sentAtMs))) {
					return next(args);
				}
				throw error;
			}
		},
		{step: 'initialize', priority: 'low', name: 'renewExpired', override: true},
	);
};
