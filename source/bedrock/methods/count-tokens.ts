import {type BedrockRuntimeClient, CountTokensCommand} from '@aws-sdk/client-bedrock-runtime';
import {type InferenceRequest, isMantleMethod} from '../../domain/backend.ts';
import type {FailureClass} from '../../domain/failure.ts';
import {classOf} from '../failures/classify.ts';
import {type ErrorFacts, factsOf} from '../failures/error-facts.ts';
import {countOf} from '../json.ts';
import type {MantleEndpoint} from '../mantle/endpoint.ts';
import {countByMantle} from '../mantle/send.ts';
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

/** A model is counted by each endpoint for itself. */
const keyOf = ({method, baseModel}: InferenceRequest): string =>
	isMantleMethod(method) ? `mantle ${baseModel}` : baseModel;

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
	{
		runtime,
		mantle,
	}: {
		readonly runtime: () => Promise<BedrockRuntimeClient>;
		readonly mantle: () => Promise<MantleEndpoint>;
	},
	silenceMs: number,
	onRefused: (request: InferenceRequest, error: unknown) => Promise<void> = async () => {},
): TokenCounter {
	const refused = new Set<string>();
	/** The first question about a model; later ones wait for its result. */
	const asking = new Map<string, Promise<unknown>>();

	const countOn = async (given: InferenceRequest, abortSignal: AbortSignal): Promise<number | undefined> => {
		const request = {...given, cache: false};
		if (isMantleMethod(request.method)) {
			return countByMantle(await mantle(), request.method, request, abortSignal);
		}
		const command = new CountTokensCommand({
			modelId: request.baseModel,
			input: {converse: converseContent(request)},
		});
		const output = await (await runtime()).send(command, {abortSignal});
		return countOf(output.inputTokens);
	};

	const ask = async (request: InferenceRequest, signal: AbortSignal): Promise<number | undefined> => {
		try {
			const bound = AbortSignal.any([signal, AbortSignal.timeout(silenceMs)]);
			return await withOwnSignal(bound, async (abortSignal) => countOn(request, abortSignal));
		} catch (error) {
			if (!signal.aborted && (isTimeout(error) || lastingClasses.has(classOf(factsOf(error))))) {
				refused.add(keyOf(request));
				await onRefused(request, error);
			}
			return undefined;
		}
	};

	return (request, signal) => {
		const first = asking.get(keyOf(request));
		if (first === undefined) {
			const answer = ask(request, signal);
			asking.set(keyOf(request), answer);
			return answer;
		}
		return first.then(() => (refused.has(keyOf(request)) ? undefined : ask(request, signal)));
	};
}
