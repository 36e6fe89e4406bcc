import type {InferenceRequest} from '../../domain/backend.ts';
import type {JsonObject} from '../json.ts';
import type {TokenCounts} from '../usage.ts';

/** What a whole body, or one chunk of a stream, says; what it leaves out it says nothing about. */
export type Reading = {
	readonly text?: string | undefined;
	readonly reasoning?: string | undefined;
	/** The provider's own word. */
	readonly stopReason?: string | undefined;
	readonly counts?: TokenCounts | undefined;
	readonly isRefused?: boolean | undefined;
	/** An error told inside a stream that was answered with 200. */
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

/** Tells by the model's own ID, below a profile prefix or an ARN too, whether it is one of `pattern`'s. */
export const namedLike = (pattern: string): ((baseModel: string) => boolean) => {
	const expression = new RegExp(`(?:^|[./])${pattern}`);
	return (baseModel) => expression.test(baseModel);
};
