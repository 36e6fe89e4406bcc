import {isJson, type Json, type Segment, textSegment} from '../families/prompt.ts';

/** Tools that a request makes the model call: its answer is then the input of that tool. */

export type Tool = {readonly name: string; readonly schema: Json};

const objects = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isJson) : []);

const toolOf = (definition: Json, schema: unknown): readonly Tool[] =>
	typeof definition.name === 'string'
		? [{name: definition.name, schema: isJson(schema) ? schema : {type: 'object', properties: {}}}]
		: [];

/** Tools as Anthropic writes them. */
export const anthropicTools = (tools: unknown): readonly Tool[] =>
	objects(tools).flatMap((tool) => toolOf(tool, tool.input_schema));

/** Tools as OpenAI writes them: in Chat Completions they stand one level deeper than in Responses. */
export const openAiTools = (tools: unknown): readonly Tool[] =>
	objects(tools).flatMap((tool) => {
		const definition = isJson(tool.function) ? tool.function : tool;
		return toolOf(definition, definition.parameters);
	});

/**
 * The tool that a choice makes the model call; the first one where any will do. A model that may choose answers with
 * text here.
 */
export const forcedTool = (tools: readonly Tool[], choice: unknown): Tool | undefined => {
	if (choice === 'required' || (isJson(choice) && choice.type === 'any')) {
		return tools[0];
	}
	if (!isJson(choice)) {
		return undefined;
	}
	const name = isJson(choice.function) ? choice.function.name : choice.name;
	return tools.find((tool) => tool.name === name);
};

/** What the definitions of tools add to a prompt. */
export const toolSegments = (tools: unknown): readonly Segment[] =>
	objects(tools).map((tool) => textSegment(JSON.stringify(tool)));

/** The input of a tool; none where the answer was cut before its end. */
export const parseInput = (text: string): Json => {
	try {
		const input: unknown = JSON.parse(text);
		return isJson(input) ? input : {};
	} catch {
		return {};
	}
};
