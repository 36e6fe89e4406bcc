import type {PromptMessage} from './backend.ts';
import type {Compression} from './variant.ts';

/** What was said before a turn of a conversation. */
export type History = {
	readonly messages: readonly PromptMessage[];
	/** Tokens of it all, system prompt included, as the service counted them; undefined where it did not. */
	readonly tokens: number | undefined;
};

/** A prompt as it is sent. */
export type Prompt = {
	readonly system: string | undefined;
	readonly user: string;
	/** Absent where nothing was said before. */
	readonly history?: History;
	/** Absent where the variant names no rules. */
	readonly compression?: PromptCompression;
};

/** A rule that was applied, and the characters that it took away. */
export type AppliedRule = {readonly rule: Compression; readonly savedCharacters: number};

/** What the rules did to a prompt, and the prompt as it stands without them. */
export type PromptCompression = {
	readonly rules: readonly AppliedRule[];
	readonly original: {readonly system: string | null; readonly user: string | null};
};
