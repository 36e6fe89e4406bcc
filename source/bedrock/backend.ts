import {setMaxListeners} from 'node:events';
import type {Backend, InferenceRequest, InvokeOptions, Method} from '../engine/backend.ts';
import type {Failure} from '../engine/failure.ts';
import type {Clients} from './clients.ts';
import {createTokenCounter} from './count-tokens.ts';
import {failureOf} from './failures/failure-of.ts';
import {converse} from './methods/converse.ts';
import {converseStream} from './methods/converse-stream.ts';
import {invoke} from './methods/invoke.ts';
import {invokeStream} from './methods/invoke-stream.ts';
import type {BedrockAnswer, Send} from './methods/method.ts';

const sends: Readonly<Record<Method, Send>> = {
	converse,
	'converse-stream': converseStream,
	invoke,
	'invoke-stream': invokeStream,
};

/** IAM authorises Converse by the actions of InvokeModel. */
const actions: Readonly<Record<Method, string>> = {
	converse: 'bedrock:InvokeModel',
	'converse-stream': 'bedrock:InvokeModelWithResponseStream',
	invoke: 'bedrock:InvokeModel',
	'invoke-stream': 'bedrock:InvokeModelWithResponseStream',
};

/** The engine's Backend, with answers that also tell where their counts stood. */
export type BedrockBackend = Omit<Backend, 'invoke'> & {
	readonly invoke: (
		request: InferenceRequest,
		options: InvokeOptions,
	) => Promise<BedrockAnswer | {readonly kind: 'failed'; readonly failure: Failure}>;
};

/** Calls Bedrock through the SDK's clients. Nothing here rejects: whatever happens is an outcome. */
export const createBackend = (clients: Clients): BedrockBackend => ({
	async invoke(request, options) {
		try {
			// One signal may end a whole run: each request in flight listens to it, which is no leak.
			setMaxListeners(0, options.signal);
			return await sends[request.method](await clients.runtime(), request, options);
		} catch (error) {
			const region = await clients.region().catch(() => undefined);
			const failure = failureOf(
				error,
				{
					model: request.model,
					baseModel: request.baseModel,
					action: actions[request.method],
					region,
					endpoint: clients.endpoint,
				},
				{secrets: clients.secrets(), signal: options.signal},
			);
			return {kind: 'failed', failure};
		}
	},
	countTokens: createTokenCounter(clients.runtime),
	close: clients.close,
});
