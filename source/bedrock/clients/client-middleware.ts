import {randomUUID} from 'node:crypto';
import type {BedrockRuntimeClient} from '@aws-sdk/client-bedrock-runtime';
import {isObject} from '../json.ts';
import {keepResponses} from '../methods/response-headers.ts';
import {type Secrets, watchSecrets} from './client-secrets.ts';
import {renewExpired} from './renew-credentials.ts';

type MiddlewareStack = Pick<BedrockRuntimeClient['middlewareStack'], 'add' | 'remove'>;

/**
 * Steps of the SDK that do nothing here but take their time of every request: nothing is logged, and no Lambda function
 * calls itself.
 */
const idleSteps = ['loggerMiddleware', 'recursionDetectionMiddleware'];

/** Has a client do what all clients do: keep what it signed with and the responses of its outputs, and renew credentials. */
export const outfit = (
	client: {readonly middlewareStack: unknown; readonly config: object},
	secrets: Secrets,
): void => {
	for (const step of idleSteps) {
		(client.middlewareStack as MiddlewareStack).remove(step);
	}
	watchSecrets(client, secrets);
	keepResponses(client);
	renewExpired(client);
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
