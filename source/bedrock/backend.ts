import {setMaxListeners} from 'node:events';
import {type BedrockRuntimeClient, CountTokensCommand} from '@aws-sdk/client-bedrock-runtime';
import {
	type Backend,
	callSilenceMs,
	type Failure,
	type FailureClass,
	type InferenceRequest,
	type InvokeOptions,
	isMantleMethod,
	type Method,
	type RuntimeMethod,
} from '../domain/backend.ts';
import type {Target} from '../domain/target.ts';
import {UserError} from '../domain/user-error.ts';
import {answerWithoutSecrets} from '../text/secrets.ts';
import type {Clients} from './clients/clients.ts';
import {classOf, isExpiry} from './failures/classify.ts';
import {type ErrorFacts, factsOf} from './failures/error-facts.ts';
import {actionOf, failureOf} from './failures/failure-of.ts';
import {emptyModelIndex, type ModelIndex} from './identify/identify.ts';
import {at, countOf} from './json.ts';
import {countByMantle, type MantleEndpoint, sendToMantle} from './mantle/send.ts';
import {type BedrockAnswer, type Send, withOwnSignal} from './methods/answer.ts';
import {converse, converseStream} from './methods/converse.ts';
import {invoke, invokeStream} from './methods/invoke.ts';
import {converseContent} from './methods/request.ts';

const runtimeSends: Readonly<Record<RuntimeMethod, Send>> = {
	converse,
	'converse-stream': converseStream,
	invoke,
	'invoke-stream': invokeStream,
};

type BackendClients = Pick<
	Clients,
	| 'runtime'
	| 'mantle'
	| 'region'
	| 'endpoint'
	| 'hasToken'
	| 'secrets'
	| 'roundTripMs'
	| 'close'
	| 'renewCredentials'
>;

/** The engine's Backend, with answers that also say where their counts were read. */
export type BedrockBackend = Omit<Backend, 'invoke'> & {
	readonly invoke: (
		request: InferenceRequest,
		options: InvokeOptions,
	) => Promise<BedrockAnswer | {readonly kind: 'failed'; readonly failure: Failure}>;
	/** Why the service will refuse a model, as far as CountTokens showed it; undefined otherwise. */
	readonly refusalOf: (model: string) => Failure | undefined;
	/** Models whose tokens were not counted in time. */
	readonly uncounted: () => readonly string[];
};

/**
 * Calls Bedrock through the SDK's clients. Nothing here rejects: whatever happens is an outcome.
 * @param modelIndex What the Region lists, which makes the way out of a refusal exact.
 * @param silenceMs How long counting tokens may take.
 */
export function createBackend(
	clients: BackendClients,
	modelIndex: ModelIndex = emptyModelIndex,
	silenceMs = callSilenceMs,
): BedrockBackend {
	const uncounted = new Set<string>();
	const refusals = new Map<string, Failure>();

	const failed = async (
		error: unknown,
		{model, baseModel, method}: InferenceRequest,
		action: string,
		signal?: AbortSignal,
	): Promise<Failure> => {
		const region = await clients.region().catch(() => undefined);
		const profiles = modelIndex.profilesOf(baseModel);
		return failureOf(
			error,
			{
				model,
				baseModel,
				method,
				action,
				region,
				profiles,
				endpoint: clients.endpoint,
				hasToken: clients.hasToken,
			},
			{secrets: clients.secrets(), signal},
		);
	};

	/** Keys that expired in the middle of a run may have been renewed at their source: then the request is tried again. */
	const renewed = async (failure: Failure, error: unknown, sentAtMs: number): Promise<Failure> => {
		const isRenewed = isExpiry(factsOf(error)) && (await clients.renewCredentials(sentAtMs));
		// The SDK has taken the service's time from the refusal and signs the next request by it.
		return isRenewed || at(error, '$metadata', 'clockSkewCorrected') === true
			? {...failure, isRetryable: true}
			: failure;
	};

	const noteRefusal = async (request: InferenceRequest, error: unknown): Promise<void> => {
		if (error instanceof DOMException) {
			uncounted.add(request.model);
			return;
		}
		const isListed = modelIndex.model(request.baseModel) !== undefined;
		if (isModelRefused(factsOf(error), request, isListed)) {
			refusals.set(request.model, await failed(error, request, 'bedrock:CountTokens'));
		}
	};

	return {
		async invoke(request, options) {
			const sentAtMs = performance.now();
			try {
				// One signal may end a whole run, and each request in flight listens to it: that does not leak.
				setMaxListeners(0, options.signal);
				const answer = await withOwnSignal(options.signal, async (signal) =>
					isMantleMethod(request.method)
						? sendToMantle(await clients.mantle(), request.method, request, {...options, signal})
						: runtimeSends[request.method](await clients.runtime(), request, {...options, signal}),
				);
				return answerWithoutSecrets(answer, clients.secrets());
			} catch (error) {
				const failure = await failed(error, request, actionOf(request.method), options.signal);
				return {kind: 'failed', failure: await renewed(failure, error, sentAtMs)};
			}
		},
		countTokens: createTokenCounter(clients, silenceMs, noteRefusal),
		uncounted: () => [...uncounted],
		refusalOf: (model) => refusals.get(model),
		roundTripMs: clients.roundTripMs,
		close: clients.close,
	};
}

/** The method that takes the place of one that streams. */
const whole: Readonly<Partial<Record<Method, Method>>> = {
	'converse-stream': 'converse',
	'invoke-stream': 'invoke',
	'messages-stream': 'messages',
	'chat-completions-stream': 'chat-completions',
	'responses-stream': 'responses',
};

type FittingMethod = {
	readonly method: Method;
	/** Why it is another than was wished for; undefined where it is the same. */
	readonly remark: string | undefined;
};

type Called = Pick<Target, 'model' | 'baseModel' | 'scope'>;

/** @throws UserError (exit 2) for a model whose answers are not text: no method can call it. */
const assertText = (targets: readonly Called[], catalogue: ModelIndex): void => {
	for (const {model, baseModel} of targets) {
		const modalities = catalogue.model(baseModel)?.outputModalities ?? [];
		if (modalities.length > 0 && !modalities.includes('TEXT')) {
			throw new UserError(`${model} answers with ${modalities.join(' and ').toLowerCase()}, not with text.`, {
				exitCode: 2,
				hint: 'Name a model of text with -m MODEL; "bedrock-top models" lists them.',
			});
		}
	}
};

/**
 * The method by which all models of a run can be called, as far as the Region's list of models says: where one does not
 * stream, whole answers are asked of all, so that they stay comparable. Nothing is said against what is not listed.
 *
 * @param isTyped The method was asked for in so many words: then it is not replaced.
 * @throws UserError (exit 2) where the typed method does not go with a model, or no method does.
 */
export function fittingMethod(
	method: Method,
	isTyped: boolean,
	targets: readonly Called[],
	catalogue: ModelIndex = emptyModelIndex,
): FittingMethod {
	assertText(targets, catalogue);
	const instead = whole[method];
	// What bedrock-runtime lists says nothing of bedrock-mantle.
	const silent = targets.filter(
		({baseModel, scope}) => scope !== 'mantle' && catalogue.model(baseModel)?.isStreaming === false,
	);
	if (instead === undefined || silent.length === 0) {
		return {method, remark: undefined};
	}
	const names = silent.map(({model}) => model).join(', ');
	const verb = silent.length === 1 ? 'does' : 'do';
	if (isTyped) {
		throw new UserError(`--method ${method}: ${names} ${verb} not stream.`, {
			exitCode: 2,
			hint: `Use --method ${instead}, or leave it out.`,
		});
	}
	const called =
		silent.length === targets.length ? (silent.length === 1 ? 'it is' : 'they are') : 'all models are';
	return {
		method: instead,
		remark: `${names} ${verb} not stream: ${called} called by ${instead}, which shows no time to first token.`,
	};
}

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
function isModelRefused(
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
function createTokenCounter(
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
