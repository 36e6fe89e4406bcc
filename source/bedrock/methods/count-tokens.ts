import {type BedrockRuntimeClient, CountTokensCommand} from '@aws-sdk/client-bedrock-runtime';
import type {InferenceRequest} from '../../domain/backend.ts';
import type {FailureClass} from '../../domain/failure.ts';
import {classOf} from '../failures/classify.ts';
import {factsOf} from '../failures/facts.ts';
import {countOf} from '../json.ts';
import {converseContent} from './converse-request.ts';
import {withOwnSignal} from './own-signal.ts';

/** Refusals that hold for every later request of the model. */
const lasting = new Set<FailureClass>([
	'validation',
	'access-denied',
	'not-found',
	'needs-profile',
	'credentials',
]);

const isTimeout = (error: unknown): boolean => error instanceof DOMException && error.name === 'TimeoutError';

/** Counts the input of requests with CountTokens, the model's own tokenizer. */
export type TokenCounter = (request: InferenceRequest, signal: AbortSignal) => Promise<number | undefined>;

/**
 * CountTokens knows foundation models and refuses profiles, so the base model is asked. A model that does not support
 * it, or a caller who may not call it, is asked once and never again.
 *
 * @param silenceMs How long an answer may take; a model whose count takes longer is asked once and never again, too.
 * @param onRefused Told with what the service refused to count, or did not count in time, unless the caller gave up.
 * @returns A counter that never rejects; undefined means: not counted.
 */
export const createTokenCounter = (
	runtime: () => Promise<BedrockRuntimeClient>,
	silenceMs: number,
	onRefused: (request: InferenceRequest, error: unknown) => Promise<void> = async () => {},
): TokenCounter => {
	const refused = new Set<string>();
	/** The first question about a model; others wait for what it brings. */
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
			if (!signal.aborted && (isTimeout(error) || lasting.has(classOf(factsOf(error))))) {
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
};
