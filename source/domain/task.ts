import type {PromptMessage} from './backend.ts';
import type {Lane} from './bucket-usage.ts';

/** The ways to ask, and what is asked about: plain data from a preset or from flags, checked when it is read. */

export const compressions = ['whitespace', 'boilerplate', 'examples'] as const;
export type Compression = (typeof compressions)[number];

/** One way to ask. Templates may use {{task}}, {{content}}, {{item}}, {{item.field}} and {{turn}}. */
export type Variant = {
	readonly name: string;
	/** Template of the user message. */
	readonly instruction: string;
	/** Template of the system prompt. */
	readonly system: string | undefined;
	/** Overrides the run's max tokens. */
	readonly maxTokens: number | undefined;
	readonly stop: readonly string[];
	readonly parameters: Readonly<Record<string, unknown>>;
	readonly itemsPerRequest: number;
	readonly cache: boolean;
	readonly compress: readonly Compression[];
};

export function hasOwnMaxTokens(variants: ReadonlyArray<Pick<Variant, 'maxTokens'>>): boolean {
	return variants.some(({maxTokens}) => maxTokens !== undefined);
}

/** One row of input. */
export type Item = {
	readonly index: number;
	/** The whole item, for {{item}}. */
	readonly text: string;
	/** Named columns, for {{item.field}}. */
	readonly fields: Readonly<Record<string, string>>;
	/** The known right answer, where the preset has one. */
	readonly expected: string | undefined;
};

/** Parts of an answer that can be compared with what is expected: a prompt that asks for reasons has its answer below them. */
export const expectedParts = ['answer', 'last-line'] as const;
type ExpectedPart = (typeof expectedParts)[number];

/** A condition that an answer must meet to be useful. */
export type Check =
	| {readonly contains: string}
	| {readonly regex: string}
	| {readonly oneOf: readonly string[]}
	| {readonly equals: string}
	| {readonly jsonSchema: Readonly<Record<string, unknown>>}
	| {readonly maxCharacters: number}
	| {readonly judge: JudgeCheck};

/** A check by an LLM. */
export type JudgeCheck = {
	/** Who is asked: anything the runtime accepts. */
	readonly model: string;
	/** About the answer, to be answered in one word. */
	readonly question: string;
	/** The word that lets the answer pass. */
	readonly passIf: string;
};

/** `tie`: it changed with the order of the texts; `none`: the judge gave none. Only `passed` passes. */
export type JudgeVerdict = 'passed' | 'failed' | 'tie' | 'none';

/** A conversation that grows: each turn is sent with everything before it. */
export type Chat = {
	/** Templates of the user's turns, in order; they may use {{task}} and {{content}}. */
	readonly turns: readonly string[];
	/** Milliseconds from the end of an answer to the next turn. */
	readonly thinkMs: number;
	/** The only lane of the conversation, beside items in the others; absent: all lanes, without items. */
	readonly lane?: Lane | undefined;
};

/** A request of a recording, as a run sends it again. */
export type Recorded = {
	/** From the start of the run, in milliseconds. */
	readonly atMs: number;
	/** It was recorded on. */
	readonly model: string;
	readonly inputTokens: number;
	/** Of the recorded answer: the max tokens of this one. */
	readonly outputTokens: number;
};

/** The recorded requests that a model gets: those that were recorded on it, or all where none was. */
export function recordedFor(recorded: readonly Recorded[], model: string): readonly Recorded[] {
	const own = recorded.filter((each) => each.model === model);
	return own.length === 0 ? recorded : own;
}

/** A request of the mean size of those. @param recorded Not empty. */
export function typicalOf(recorded: readonly Recorded[]): Pick<Recorded, 'inputTokens' | 'outputTokens'> {
	const mean = (of: (each: Recorded) => number): number =>
		Math.max(1, Math.ceil(recorded.reduce((sum, each) => sum + of(each), 0) / recorded.length));
	return {inputTokens: mean((each) => each.inputTokens), outputTokens: mean((each) => each.outputTokens)};
}

/** What the user wants done. */
export type Task = {
	readonly task: string;
	readonly content: string | undefined;
	/** Empty for one content, the bare task, or a conversation. */
	readonly items: readonly Item[];
	readonly checks: readonly Check[];
	/** The part of an answer that must equal the item's `expected`; absent: all of it. */
	readonly expectedIn?: ExpectedPart | undefined;
	/** Instead of items, or in one lane beside them. */
	readonly chat?: Chat | undefined;
	/** Instead of items: what a replay sends, by time. */
	readonly recorded?: readonly Recorded[] | undefined;
};

/** The first check that an answer did not meet. */
export type FailedCheck = {
	/** The check's key in the preset; `expected`: the item's right answer; `answered`: there is no text at all. */
	readonly check:
		| 'contains'
		| 'regex'
		| 'oneOf'
		| 'equals'
		| 'jsonSchema'
		| 'maxCharacters'
		| 'judge'
		| 'expected'
		| 'answered';
	/** What was wanted, or what is wrong with the answer, in a few words. */
	readonly why: string;
};

/** The verdict on one item of a request. */
export type ItemVerdict = {
	/** Undefined for a task without items. */
	readonly item: Item | undefined;
	readonly kind: 'useful' | 'check-failed' | 'unparsed' | 'refused' | 'truncated' | 'malformed' | 'tool-call';
	readonly answer: string | undefined;
	/** Whether there was anything to check. */
	readonly checked: boolean;
	/** Why its check could not finish, where it did not. */
	readonly reason?: string | undefined;
	/** Of a failed check that did finish. */
	readonly failed?: FailedCheck | undefined;
	/** What judges said of the answer, one for each judge of the task; absent: none was asked. */
	readonly judged?: readonly JudgeVerdict[] | undefined;
};

/** Why an item is not useful: the check that failed, or what is wrong with the answer as a whole. */
export type ItemFailure = {
	readonly of: FailedCheck['check'] | Exclude<ItemVerdict['kind'], 'useful'>;
	/** In a few words; empty where the first one says it all. */
	readonly why: string;
};

/** Why an item is not useful; undefined where it is. */
export function failureOfVerdict({
	kind,
	failed,
	reason,
}: Pick<ItemVerdict, 'kind' | 'failed' | 'reason'>): ItemFailure | undefined {
	return kind === 'useful' ? undefined : {of: failed?.check ?? kind, why: failed?.why ?? reason ?? ''};
}

/** Changes of a prompt that a search tries. */
export const levers = ['pack', 'compress', 'cache', 'maxTokens'] as const;
export type Lever = (typeof levers)[number];

/** The conversation before a turn. */
type History = {
	readonly messages: readonly PromptMessage[];
	/** Its tokens with the system prompt, as the service counted them; undefined where it did not. */
	readonly tokens: number | undefined;
};

/** A prompt as it is sent. */
export type Prompt = {
	readonly system: string | undefined;
	readonly user: string;
	/** Absent before the first turn. */
	readonly history?: History;
	/** Absent where the variant names no rules. */
	readonly compression?: PromptCompression;
};

/** An applied rule, and the characters that it removed. */
export type AppliedRule = {readonly rule: Compression; readonly savedCharacters: number};

/** Effect of the rules on a prompt, and the prompt without them. */
type PromptCompression = {
	readonly rules: readonly AppliedRule[];
	readonly original: {readonly system: string | null; readonly user: string | null};
};
