import {type BedrockRuntimeClient, CountTokensCommand} from '@aws-sdk/client-bedrock-runtime';
import type {InferenceRequest} from '../../domain/backend.ts';
import type {FailureClass} from '../../domain/failure.ts';
import {classOf} from '../failures/classify.ts';
import {type ErrorFacts, factsOf} from '../failures/error-facts.ts';
import {countOf} from '../json.ts';
import {withOwnSignal} from './answer.ts';
import {converseContent} from './request.ts';

/**
 * CountTokens, which is free, and what its refusals mean for later requests. A server may not know the call, a caller
 * may lack the permission and a model the support: only messages that the service was seen to send about a model or a
 * caller refused everywhere count.
 */

/** Signatures and tokens are checked before anything else, for every call alike. */
const badCredentials = new Set([
	'UnrecognizedClientException',
	'ExpiredTokenException',
	'InvalidSignatureException',
	'CredentialsProviderError',
]);
const badKey = /^(?:Authentication failed: Please make sure your API Key is valid|Bearer Token has expired)/;

/** Asked of the account once, however its models are called. */
const missingForm = /^Model use case details have not been submitted for this account/;

const unknownModel = 'The provided model identifier is invalid.';
const retiredModel =
	/^Could not resolve the foundation model from|has reached the end of its life|marked by provider as Legacy/;
const deniedModel =
	/^You don.t have access to the model with the specified model ID|^Model access is denied due to/;

/**
 * Whether the refusal of a count means that the requests of this model would be refused as well.
 * @param request What was counted: always by its base model. Only a model that is called by that ID too is refused
 * with it; a profile may lead to Regions that have the model.
 * @param isListed The Region lists the base model, so its ID is valid.
 */
export function isModelRefused(
	{name, message, status, isPage}: ErrorFacts,
	{model, baseModel}: Pick<InferenceRequest, 'model' | 'baseModel'>,
	isListed: boolean,
): boolean {
	if (isPage) {
		return false;
	}
	if (badCredentials.has(name) || (name === 'AccessDeniedException' && badKey.test(message))) {
		return true;
	}
	if (name === 'ResourceNotFoundException' && missingForm.test(message)) {
		return true;
	}
	if (model !== baseModel || baseModel.startsWith('arn:')) {
		return false;
	}
	switch (name) {
		case '':
		case 'ValidationException':
			return status === 400 && message === unknownModel && !isListed;
		case 'ResourceNotFoundException':
			return retiredModel.test(message);
		case 'AccessDeniedException':
			return deniedModel.test(message);
		default:
			return false;
	}
}

/** Refusals that hold for every later request of the model. */
const lastingClasses = new Set<FailureClass>([
	'validation',
	'access-denied',
	'not-found',
	'needs-profile',
	'credentials',
]);

const isTimeout = (error: unknown): boolean => error instanceof DOMException && error.name === 'TimeoutError';

/** Counts the input of requests with CountTokens, the model's own tokenizer. */
type TokenCounter = (request: InferenceRequest, signal: AbortSignal) => Promise<number | undefined>;

/**
 * CountTokens knows foundation models and refuses profiles, so the base model is asked. A model that does not support
 * it, or a caller without permission, is asked once only.
 * @param silenceMs How long an answer may take; a model whose count takes longer is asked once only, too.
 * @param onRefused Called with what the service refused to count, or did not count in time, unless the caller gave
 * up.
 * @returns A counter that never rejects; undefined means: not counted.
 */
export function createTokenCounter(
	runtime: () => Promise<BedrockRuntimeClient>,
	silenceMs: number,
	onRefused: (request: InferenceRequest, error: unknown) => Promise<void> = async () => {},
): TokenCounter {
	const refused = new Set<string>();
	/** The first question about a model; later ones wait for its result. */
	const asking = new Map<string, Promise<unknown>>();

	const ask = async (request: InferenceRequest, signal: AbortSignal): Promise<number | undefined> => {
		try {
			const command = new CountTokensCommand({
				modelId: request.baseModel,
				input: {converse: converseContent({...request, cache: false})},
			});
			const bound = AbortSignal.any([signal, AbortSignal.timeout(silenceMs)]);
			const output = await withOwnSignal(bound, async (abortSignal) =>
				(await runtime()).send(command, {abortSignal}),
			);
			return countOf(output.inputTokens);
		} catch (error) {
			if (!signal.aborted && (isTimeout(error) || lastingClasses.has(classOf(factsOf(error))))) {
				refused.add(request.baseModel);
				await onRefused(request, error);
			}
			return undefined;
		}
	};

	return (request, signal) => {
		const first = asking.get(request.baseModel);
		if (first === undefined) {
			const answer = ask(request, signal);
			asking.set(request.baseModel, answer);
			return answer;
		}
		return first.then(() => (refused.has(request.baseModel) ? undefined : ask(request, signal)));
	};
}
