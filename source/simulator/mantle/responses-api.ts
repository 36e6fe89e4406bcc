import {identifier, type Random} from '../answers/random.ts';
import type {PartKind, ResponseContext, ToolUse} from '../families/family.ts';
import {isJson, type Json, type Prompt, type RequestedTools} from '../families/prompt.ts';
import {chatParts, functionTools} from '../families/prompt-parts.ts';
import {conversationOf, type StoredResponses} from '../simulation.ts';
import {
	type AnswerStream,
	isReasoning,
	type MantleApi,
	MantleError,
	maximumTokensOf,
	openAiErrors,
	schemaOf,
	sse,
	toolInputText,
	toolSegments,
} from './mantle-api.ts';

/** OpenAI's Responses: bodies and events as OpenAI's client types them. */

/** Writes the items of one response, the same in its events and in the response itself. */
type ItemWriter = {
	readonly idOf: (kind: PartKind) => string;
	/** An item with its text; without content before there is any. */
	readonly item: (kind: PartKind, status: string, text: string | undefined) => Json;
	/** The content part of a text; undefined for items that have none. */
	readonly part: (kind: PartKind, text: string) => Json | undefined;
};

/** @param toolUse The tool that is called, if any. @param hidesReasoning Whether the model hides its reasoning. */
function createItemWriter(random: Random, toolUse: ToolUse | undefined, hidesReasoning: boolean): ItemWriter {
	const ids: Readonly<Record<PartKind, string>> = {
		reasoning: `rs_${identifier(random, 48)}`,
		text: `msg_${identifier(random, 48)}`,
		tool: `fc_${identifier(random, 48)}`,
	};

	const part = (kind: PartKind, text: string): Json | undefined => {
		switch (kind) {
			case 'reasoning':
				return hidesReasoning ? undefined : {type: 'reasoning_text', text};
			case 'text':
				return {type: 'output_text', text, annotations: [], logprobs: []};
			case 'tool':
				return undefined;
		}
	};

	return {
		idOf: (kind) => ids[kind],
		part,
		item(kind, status, text) {
			const content = text === undefined ? [] : [part(kind, text)];
			const id = ids[kind];
			switch (kind) {
				case 'reasoning':
					return {id, type: 'reasoning', summary: [], ...(hidesReasoning ? {} : {content})};
				case 'text':
					return {id, type: 'message', status, role: 'assistant', content};
				case 'tool':
					return {
						id,
						type: 'function_call',
						status,
						call_id: `call_${toolUse?.key}`,
						name: toolUse?.name,
						arguments: text ?? '',
					};
			}
		},
	};
}

/** Status of a response and of its last item: complete or cut. */
function endStatus({answer}: ResponseContext): string {
	return answer.stopReason === 'length' ? 'incomplete' : 'completed';
}

/** All items of an answer. */
function outputOf(facts: ResponseContext, writer: ItemWriter): readonly Json[] {
	const {reasoning, tokens, toolUse} = facts.answer;
	const hasText = tokens.length > 0 || (reasoning.length === 0 && toolUse === undefined);
	return [
		...(reasoning.length === 0 ? [] : [writer.item('reasoning', 'completed', reasoning.join(''))]),
		...(hasText ? [writer.item('text', endStatus(facts), tokens.join(''))] : []),
		...(toolUse === undefined ? [] : [writer.item('tool', endStatus(facts), toolInputText(toolUse))]),
	];
}

/** Input includes cached tokens. */
function usageOf({usage, answer}: ResponseContext): Json {
	const inputTokens = usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens;
	return {
		input_tokens: inputTokens,
		input_tokens_details: {
			cached_tokens: usage.cacheReadTokens,
			cache_write_tokens: usage.cacheWriteTokens,
		},
		output_tokens: usage.outputTokens,
		output_tokens_details: {reasoning_tokens: answer.reasoning.length},
		total_tokens: inputTokens + usage.outputTokens,
	};
}

type Streamed = {
	readonly writer: ItemWriter;
	/** The tool that is called, if any. */
	readonly toolUse: ToolUse | undefined;
	/** The response at its beginning. */
	readonly opening: Json;
	/** The fields that change until its end. */
	readonly endOf: (facts: ResponseContext) => Json;
};

/** Codes of a failed response, as OpenAI publishes them. */
const failureCode = ({kind}: MantleError): string =>
	kind === 'throttled' ? 'rate_limit_exceeded' : 'server_error';

/** An item that has been added and is not complete. */
type OpenItem = {readonly kind: PartKind; text: string};

function responseStream({writer, toolUse, opening, endOf}: Streamed): AnswerStream {
	let sequenceNumber = 0;
	let outputIndex = -1;
	let open: OpenItem | undefined;

	const event = (type: string, data: Json): string =>
		sse({type, sequence_number: sequenceNumber++, ...data}, type);
	const itemPlace = (kind: PartKind): Json => ({
		item_id: writer.idOf(kind),
		output_index: outputIndex,
	});
	const partPlace = (kind: PartKind): Json => ({...itemPlace(kind), content_index: 0});

	const add = (kind: PartKind): OpenItem => {
		outputIndex++;
		open = {kind, text: ''};
		return open;
	};

	const added = ({kind}: OpenItem): string => {
		const part = writer.part(kind, '');
		return (
			event('response.output_item.added', {
				output_index: outputIndex,
				item: writer.item(kind, 'in_progress', undefined),
			}) + (part === undefined ? '' : event('response.content_part.added', {...partPlace(kind), part}))
		);
	};

	const textDone = ({kind, text}: OpenItem): string => {
		if (kind === 'tool') {
			return event('response.function_call_arguments.done', {
				...itemPlace(kind),
				name: toolUse?.name,
				arguments: text,
			});
		}
		const part = writer.part(kind, text);
		if (part === undefined) {
			return '';
		}
		const whole =
			kind === 'text'
				? event('response.output_text.done', {...partPlace(kind), text, logprobs: []})
				: event('response.reasoning_text.done', {...partPlace(kind), text});
		return whole + event('response.content_part.done', {...partPlace(kind), part});
	};

	const finish = (status: string): string => {
		if (open === undefined) {
			return '';
		}
		const {kind, text} = open;
		const done =
			textDone(open) +
			event('response.output_item.done', {
				output_index: outputIndex,
				item: writer.item(kind, status, text),
			});
		open = undefined;
		return done;
	};

	const begin = (kind: PartKind): string =>
		kind === open?.kind ? '' : finish('completed') + added(add(kind));

	const deltaOf = (kind: PartKind, delta: string): string => {
		if (kind === 'tool') {
			return event('response.function_call_arguments.delta', {...itemPlace(kind), delta});
		}
		if (writer.part(kind, delta) === undefined) {
			return '';
		}
		return kind === 'text'
			? event('response.output_text.delta', {...partPlace(kind), delta, logprobs: []})
			: event('response.reasoning_text.delta', {...partPlace(kind), delta});
	};

	return {
		opening: () =>
			event('response.created', {response: opening}) + event('response.in_progress', {response: opening}),
		part(kind, delta) {
			const begun = begin(kind);
			if (open !== undefined) {
				open.text += delta;
			}
			return begun + deltaOf(kind, delta);
		},
		closing(facts) {
			const status = endStatus(facts);
			const items = (outputIndex === -1 ? begin('text') : '') + finish(status);
			return items + event(`response.${status}`, {response: {...opening, ...endOf(facts)}});
		},
		failure: (error) =>
			event('response.failed', {
				response: {
					...opening,
					status: 'failed',
					error: {code: failureCode(error), message: error.message},
				},
			}),
	};
}

const textTypes = new Set(['input_text', 'output_text', 'text']);

/** A part of a message in the form of Chat Completions. */
const partOf = (part: unknown): unknown =>
	isJson(part) && textTypes.has(String(part.type)) ? {type: 'text', text: part.text} : part;

/** An item of the input as a message; calls of tools, their outputs and thoughts stay JSON. */
const messageOf = (item: unknown): Json => {
	if (isJson(item) && (item.type === undefined || item.type === 'message')) {
		return {
			role: item.role,
			content: Array.isArray(item.content) ? item.content.map(partOf) : item.content,
		};
	}
	return {role: 'tool', content: JSON.stringify(item)};
};

const messagesOf = ({input, instructions}: Json): readonly Json[] => {
	if (input === undefined || input === null || (Array.isArray(input) && input.length === 0)) {
		throw new MantleError('invalid-request', "Missing required parameter: 'input'.");
	}
	if (typeof input !== 'string' && !Array.isArray(input)) {
		throw new MantleError(
			'invalid-request',
			`input: ${JSON.stringify(input)} is neither a text nor a list of items.`,
		);
	}
	return [
		...(typeof instructions === 'string' ? [{role: 'system', content: instructions}] : []),
		...(typeof input === 'string' ? [{role: 'user', content: input}] : input.map(messageOf)),
	];
};

/** Tools in the form of Chat Completions: there they and the choice of one are one level deeper. */
const toolsOf = ({tools, tool_choice: choice, input}: Json): RequestedTools | undefined => {
	const last: unknown = Array.isArray(input) ? input.at(-1) : undefined;
	const hasResult = isJson(last) && last.type === 'function_call_output';
	return functionTools({
		tools: (Array.isArray(tools) ? tools : []).flatMap((tool) =>
			isJson(tool) && tool.type === 'function' ? [{function: tool}] : [],
		),
		tool_choice: isJson(choice) && choice.type === 'function' ? {function: choice} : choice,
		messages: hasResult ? [{role: 'tool'}] : [],
	});
};

const promptOf = (body: Json, maximumTokens: number): Prompt => {
	const {segments, ...parts} = chatParts(messagesOf(body));
	const format = isJson(body.text) ? body.text.format : undefined;
	return {
		...parts,
		segments: [...toolSegments(body), ...segments],
		maximumTokens,
		stopSequences: [],
		jsonSchema: schemaOf(format),
		tools: toolsOf(body),
	};
};

const checkState = (body: Json): void => {
	if (body.background === true) {
		throw new MantleError('invalid-request', 'background: the simulator answers while the client waits.');
	}
};

/** Settings that an answer repeats, with their defaults. */
const settingsOf = (body: Json): Json => ({
	background: false,
	instructions: body.instructions ?? null,
	max_output_tokens: body.max_output_tokens ?? null,
	metadata: body.metadata ?? {},
	parallel_tool_calls: body.parallel_tool_calls ?? true,
	previous_response_id: body.previous_response_id ?? null,
	reasoning: body.reasoning ?? {effort: null, summary: null},
	service_tier: 'default',
	store: body.store ?? true,
	temperature: body.temperature ?? 1,
	text: body.text ?? {format: {type: 'text'}},
	tool_choice: body.tool_choice ?? 'auto',
	tools: body.tools ?? [],
	top_p: body.top_p ?? 1,
	truncation: body.truncation ?? 'disabled',
});

const openingOf = (facts: ResponseContext, body: Json): Json => ({
	id: `resp_${identifier(facts.random, 48)}`,
	object: 'response',
	created_at: facts.createdAt,
	status: 'in_progress',
	error: null,
	incomplete_details: null,
	model: facts.model.id,
	output: [],
	usage: null,
	...settingsOf(body),
});

/** The fields of a response that change until its end. */
const endOf = (facts: ResponseContext, writer: ItemWriter): Json => {
	const status = endStatus(facts);
	return {
		status,
		incomplete_details: status === 'incomplete' ? {reason: 'max_output_tokens'} : null,
		output: outputOf(facts, writer),
		usage: usageOf(facts),
	};
};

/** Below the surface of a model. */
export const responsesPath = '/responses';

/** @param stored Where responses are kept, and found again by the ID of the one before. */
export function createResponsesApi(stored: StoredResponses): MantleApi {
	const kept = (body: Json, response: Json): Json => {
		if (body.store !== false) {
			const output = Array.isArray(response.output) ? response.output : [];
			stored.keep({response, conversation: [...conversationOf(body, stored), ...output]});
		}
		return response;
	};
	return {
		name: 'Responses',
		path: responsesPath,
		errors: openAiErrors,
		parse(body, {model}) {
			checkState(body);
			const isGoingOn = typeof body.previous_response_id === 'string';
			const whole = isGoingOn ? {...body, input: conversationOf(body, stored)} : body;
			return {
				prompt: promptOf(whole, maximumTokensOf(body, ['max_output_tokens'], model)),
				isReasoning: isReasoning(model, isJson(body.reasoning) ? body.reasoning.effort : undefined),
			};
		},
		whole: (facts, body, {hidesReasoning}) =>
			kept(body, {
				...openingOf(facts, body),
				...endOf(facts, createItemWriter(facts.random, facts.answer.toolUse, hidesReasoning)),
			}),
		stream(facts, body, {hidesReasoning}) {
			const {toolUse} = facts.answer;
			const writer = createItemWriter(facts.random, toolUse, hidesReasoning);
			const opening = openingOf(facts, body);
			return responseStream({
				writer,
				toolUse,
				opening,
				endOf(ended) {
					const end = endOf(ended, writer);
					kept(body, {...opening, ...end});
					return end;
				},
			});
		},
	};
}
