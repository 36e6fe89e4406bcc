import type {InferenceRequest, PromptMessage} from '../../domain/backend.ts';
import type {JsonObject} from '../json.ts';

/** Parameters with one meaning and several names; a preset may use any of these for any model. */
const canonical: Readonly<Record<string, 'topP' | 'topK' | undefined>> = {
	topP: 'topP',
	top_p: 'topP',
	topK: 'topK',
	top_k: 'topK',
};

/** Parameters that are no part of a body: they travel in fields or headers of their own. */
const transport = new Set(['performanceConfig']);

/** The request's parameters under the names of a family; unknown ones as they are. Nothing is added. */
export const renamed = (
	parameters: InferenceRequest['parameters'],
	names: {readonly topP: string; readonly topK: string},
): JsonObject => {
	const result: Record<string, unknown> = {};
	for (const [key, value] of Object.entries(parameters)) {
		if (transport.has(key)) {
			continue;
		}

		const meaning = Object.hasOwn(canonical, key) ? canonical[key] : undefined;
		result[meaning === undefined ? key : names[meaning]] = value;
	}

	return result;
};

/** `{[name]: stop}`, or nothing when there are no stop sequences: an empty list is an error to some models. */
export const stopField = (name: string, stop: readonly string[]): JsonObject =>
	stop.length === 0 ? {} : {[name]: stop};

/** The latency mode asked for with the Converse parameter `performanceConfig: {latency}`. */
export const latencyModeOf = (parameters: InferenceRequest['parameters']): string | undefined => {
	const value = parameters.performanceConfig;
	const mode = typeof value === 'object' && value !== null ? (value as JsonObject).latency : undefined;
	return typeof mode === 'string' ? mode : undefined;
};

/** The messages with the system prompt put before the first one, for models that have none. */
export const withoutSystem = ({
	system,
	messages,
}: Pick<InferenceRequest, 'system' | 'messages'>): readonly PromptMessage[] => {
	if (system === undefined || system === '') {
		return messages;
	}

	const [first, ...rest] = messages;
	return first?.role === 'user'
		? [{role: 'user', text: `${system}\n\n${first.text}`}, ...rest]
		: [{role: 'user', text: system}, ...messages];
};

/**
 * Index of the message behind which a cache point goes, besides the one behind the system prompt: in a conversation
 * the last turn that the next request repeats; in a single message only when nothing else could be cached.
 */
export const cachedMessageIndex = ({
	cache,
	system,
	messages,
}: Pick<InferenceRequest, 'cache' | 'system' | 'messages'>): number => {
	if (!cache) {
		return -1;
	}

	return messages.length > 1 ? messages.length - 2 : system ? -1 : 0;
};
