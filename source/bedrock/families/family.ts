import type {InferenceRequest, PromptMessage} from '../../domain/backend.ts';
import type {JsonObject} from '../json.ts';
import type {ReportedCounts} from '../usage.ts';

/** Content of a whole body or of one chunk of a stream; absent fields are not in it. */
export type Reading = {
	readonly text?: string | undefined;
	readonly reasoning?: string | undefined;
	/** The provider's own word. */
	readonly stopReason?: string | undefined;
	readonly counts?: ReportedCounts | undefined;
	readonly isRefused?: boolean | undefined;
	/** An error inside a stream that was answered with 200. */
	readonly fault?: {readonly name: string; readonly message: string} | undefined;
};

/** What one provider's models expect and answer through InvokeModel. */
export type Family = {
	readonly name: string;
	readonly serves: (baseModel: string) => boolean;
	/** False where the model has no system prompt: it then goes before the first user message. */
	readonly takesSystem: (baseModel: string) => boolean;
	/** Absent where the model can hold one; Converse takes a single user message of the others, no history. */
	readonly holdsConversation?: false;
	/** The body to send: max tokens always, beyond it only what the request names. */
	readonly build: (request: InferenceRequest, isStreamed: boolean) => JsonObject;
	/** Undefined: not a body of this family. */
	readonly readBody: (body: unknown) => Reading | undefined;
	/** Undefined: not a chunk of this family. */
	readonly readChunk: (chunk: unknown) => Reading | undefined;
	/** Takes cache points; for the others `cache: true` changes nothing. */
	readonly knowsCachePoints?: true;
	/** Reasoning may come in tags at the start of the text. */
	readonly tagsReasoning?: true;
};

/** Whether a model's own ID, also below a profile prefix or an ARN, matches `pattern`. */
export function namedLike(pattern: string): (baseModel: string) => boolean {
	const expression = new RegExp(`(?:^|[./])${pattern}`);
	return (baseModel) => expression.test(baseModel);
}

/** Parameters with one meaning and several names; a preset may use any of these for any model. */
const canonical: Readonly<Record<string, 'topP' | 'topK' | undefined>> = {
	topP: 'topP',
	top_p: 'topP',
	topK: 'topK',
	top_k: 'topK',
};

/** Parameters outside the body: they travel in separate fields or headers. */
const transport = new Set(['performanceConfig']);

/** The request's parameters under the names of a family; unknown ones as they are. Nothing is added. */
export function renamed(
	parameters: InferenceRequest['parameters'],
	names: {readonly topP: string; readonly topK: string},
): JsonObject {
	const result: Record<string, unknown> = {};
	for (const [key, value] of Object.entries(parameters)) {
		if (transport.has(key)) {
			continue;
		}
		const meaning = Object.hasOwn(canonical, key) ? canonical[key] : undefined;
		result[meaning === undefined ? key : names[meaning]] = value;
	}
	return result;
}

/** `{[name]: stop}`, or nothing when there are no stop sequences: an empty list is an error to some models. */
export function stopField(name: string, stop: readonly string[]): JsonObject {
	return stop.length === 0 ? {} : {[name]: stop};
}

/** The latency mode asked for with the Converse parameter `performanceConfig: {latency}`. */
export function latencyModeOf(parameters: InferenceRequest['parameters']): string | undefined {
	const value = parameters.performanceConfig;
	const mode = typeof value === 'object' && value !== null ? (value as JsonObject).latency : undefined;
	return typeof mode === 'string' ? mode : undefined;
}

/** The messages with the system prompt put before the first one, for models that have none. */
export function withoutSystem({
	system,
	messages,
}: Pick<InferenceRequest, 'system' | 'messages'>): readonly PromptMessage[] {
	if (system === undefined || system === '') {
		return messages;
	}
	const [first, ...rest] = messages;
	return first?.role === 'user'
		? [{role: 'user', text: `${system}\n\n${first.text}`}, ...rest]
		: [{role: 'user', text: system}, ...messages];
}

/**
 * Index of the message behind which a cache point goes, besides the one behind the system prompt: in a conversation
 * the last turn that the next request repeats; in a single message only when nothing else could be cached.
 */
export function cachedMessageIndex({
	cache,
	system,
	messages,
}: Pick<InferenceRequest, 'cache' | 'system' | 'messages'>): number {
	if (!cache) {
		return -1;
	}
	return messages.length > 1 ? messages.length - 2 : system ? -1 : 0;
}
