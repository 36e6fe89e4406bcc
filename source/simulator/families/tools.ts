import {validationError} from '../wire/exchange.ts';
import type {Delta, ToolUse} from './family.ts';
import {isJson, type Json, type RequestedTools, type Tool, type ToolChoice} from './prompt.ts';

/** Tools of a request, as each family writes them. */

/** Tools of Converse, and of Nova's own bodies. */
export function converseTools({toolConfig, messages}: Json): RequestedTools | undefined {
	if (!isJson(toolConfig)) {
		return undefined;
	}
	const tools = listOf(toolConfig.tools).flatMap(({toolSpec}) =>
		isJson(toolSpec)
			? [
					toolOf(
						toolSpec.name,
						toolSpec.description,
						isJson(toolSpec.inputSchema) ? toolSpec.inputSchema.json : {},
					),
				]
			: [],
	);
	const given = isJson(toolConfig.toolChoice) ? toolConfig.toolChoice : {};
	const choice: ToolChoice = isJson(given.tool)
		? {kind: 'tool', name: textOf(given.tool.name)}
		: {kind: given.any === undefined ? 'auto' : 'any'};
	const hasResults = listOf(lastMessage(messages).content).some(({toolResult}) => toolResult !== undefined);
	return toolChoiceOf(tools, choice, hasResults);
}

const listOf = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isJson) : []);

const toolOf = (name: unknown, description: unknown, schema: unknown): Tool => ({
	name: textOf(name),
	description: textOf(description),
	schema: isJson(schema) ? schema : {},
});

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const lastMessage = (messages: unknown): Json => listOf(messages).at(-1) ?? {};

const toolChoiceOf = (
	tools: readonly Tool[],
	choice: ToolChoice,
	hasResults: boolean,
): RequestedTools | undefined => {
	if (tools.length === 0) {
		return undefined;
	}
	if (choice.kind === 'tool' && !tools.some(({name}) => name === choice.name)) {
		throw validationError(
			`The model returned the following errors: Tool '${choice.name}' not found in provided tools`,
		);
	}
	return {tools, choice, hasResults};
};

/** Tools of the Messages API; those that the vendor runs itself have no schema and are left out. */
export function anthropicTools({tools, tool_choice: given, messages}: Json): RequestedTools | undefined {
	const own = listOf(tools)
		.filter((tool) => isJson(tool.input_schema))
		.map((tool) => toolOf(tool.name, tool.description, tool.input_schema));
	const kind = isJson(given) ? textOf(given.type) : 'auto';
	const choice: ToolChoice =
		kind === 'tool' && isJson(given)
			? {kind, name: textOf(given.name)}
			: {kind: kind === 'any' || kind === 'none' ? kind : 'auto'};
	const hasResults = listOf(lastMessage(messages).content).some(({type}) => type === 'tool_result');
	return toolChoiceOf(own, choice, hasResults);
}

/** Tools as OpenAI writes them, and those who copied it; Mistral says `any` for `required`. */
export function functionTools({tools, tool_choice: given, messages}: Json): RequestedTools | undefined {
	const own = listOf(tools).flatMap(({function: called}) =>
		isJson(called) ? [toolOf(called.name, called.description, called.parameters)] : [],
	);
	const choice: ToolChoice =
		isJson(given) && isJson(given.function)
			? {kind: 'tool', name: textOf(given.function.name)}
			: {kind: given === 'required' || given === 'any' ? 'any' : given === 'none' ? 'none' : 'auto'};
	return toolChoiceOf(own, choice, lastMessage(messages).role === 'tool');
}

/** The call of a tool as a member of a chat message. */
export function toolCallOf({key, name, input}: ToolUse): Json {
	return {
		id: `call_${key}`,
		type: 'function',
		function: {name, arguments: JSON.stringify(input)},
	};
}

/** A piece of the call in a stream; only the first names the tool. */
export function toolCallDelta(toolUse: ToolUse | undefined, {text, opensBlock}: Delta): Json {
	return {
		tool_calls: [
			{
				index: 0,
				...(opensBlock && toolUse !== undefined ? {id: `call_${toolUse.key}`, type: 'function'} : {}),
				function: {
					...(opensBlock && toolUse !== undefined ? {name: toolUse.name} : {}),
					arguments: text,
				},
			},
		],
	};
}
