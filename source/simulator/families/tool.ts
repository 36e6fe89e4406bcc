/** A tool that a request offers; its input follows a JSON schema. */
export type Tool = {
	readonly name: string;
	readonly description: string;
	readonly schema: Readonly<Record<string, unknown>>;
};

/** Whether a tool is to be used: as the model likes, one of them, a certain one, or none. */
export type ToolChoice =
	| {readonly kind: 'auto' | 'any' | 'none'}
	| {readonly kind: 'tool'; readonly name: string};

/** The tools of a request. */
export type ToolWish = {
	readonly tools: readonly Tool[];
	readonly choice: ToolChoice;
	/** The last message brings the results of tools: a model that may choose goes on to answer. */
	readonly hasResults: boolean;
};
