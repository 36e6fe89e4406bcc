import type {Model} from '../catalog/model.ts';
import {validationError} from '../wire/exchange.ts';
import {asksToThink, formatSchema, samplingFault, thinkingFault} from './anthropic-request.ts';
import {
	isJson,
	type Json,
	numberOr,
	type Prompt,
	type Segment,
	stringsOf,
	textSegment,
	withCachePoint,
} from './prompt.ts';
import {attachmentSegment, converseTools} from './prompt-parts.ts';

/** The request of Converse: content blocks (Nova has the same), the order of turns, checks. */

/** The text of a list of content blocks, or of plain text. */
export function contentText(content: unknown): string {
	if (typeof content === 'string') {
		return content;
	}
	return Array.isArray(content)
		? content
				.map(blockText)
				.filter((part) => part !== '')
				.join('\n')
		: '';
}

const blockText = (block: unknown): string => {
	if (!isJson(block)) {
		return '';
	}
	if (typeof block.text === 'string') {
		return block.text;
	}
	if (isJson(block.guardContent)) {
		return blockText(block.guardContent.text);
	}
	if (isJson(block.toolResult)) {
		return contentText(block.toolResult.content);
	}
	return '';
};

/** The whole prompt in the order of caching: tools, system, messages. */
export function converseSegments(body: Json): readonly Segment[] {
	const messages: readonly unknown[] = Array.isArray(body.messages) ? body.messages : [];
	return messages.reduce<readonly Segment[]>(
		(segments, message) => contentSegments(isJson(message) ? message.content : [], segments),
		contentSegments(body.system, toolSegments(body.toolConfig)),
	);
}

/** Segments of a list of content blocks; a cache point marks the one before it. */
function contentSegments(content: unknown, before: readonly Segment[] = []): readonly Segment[] {
	let segments = before;
	for (const block of Array.isArray(content) ? content : []) {
		if (isJson(block) && block.cachePoint !== undefined) {
			segments = withCachePoint(segments);
		} else if (isJson(block)) {
			segments = [...segments, ...blockSegments(block)];
		}
	}
	return segments;
}

/** The results of a tool may contain images and documents. */
const blockSegments = (block: Json): readonly Segment[] => {
	const {toolResult} = block;
	if (!isJson(toolResult) || !Array.isArray(toolResult.content)) {
		return [blockSegment(block)];
	}
	const attached = toolResult.content.filter(isJson).filter(isAttachment);
	const content = toolResult.content.filter((part) => !isJson(part) || !isAttachment(part));
	return [blockSegment({toolResult: {...toolResult, content}}), ...attached.map(attachmentSegment)];
};

const blockSegment = (block: Json): Segment => {
	if (isAttachment(block)) {
		return attachmentSegment(block);
	}
	return textSegment(typeof block.text === 'string' ? block.text : JSON.stringify(block));
};

const isAttachment = (block: Json): boolean =>
	block.image !== undefined || block.document !== undefined || block.video !== undefined;

const toolSegments = (toolConfig: unknown): readonly Segment[] =>
	isJson(toolConfig) ? contentSegments(toolConfig.tools) : [];

/** Text of the last message of the user. */
export function lastQuestion(messages: unknown): string {
	const last = (Array.isArray(messages) ? messages : []).findLast(
		(message) => isJson(message) && String(message.role).toLowerCase() === 'user',
	);
	return isJson(last) ? contentText(last.content) : '';
}

const startsWrong =
	'A conversation must start with a user message. Try again with a conversation that starts with a user message.';
const alternatesWrong =
	'A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.';

type Turn = {
	readonly role: unknown;
	readonly calls: readonly unknown[];
	readonly results: readonly unknown[];
};

const idsOf = (content: unknown, kind: 'toolUse' | 'toolResult'): readonly unknown[] =>
	(Array.isArray(content) ? content : []).flatMap((block) => {
		const found = isJson(block) ? block[kind] : undefined;
		return isJson(found) ? [found.toolUseId] : [];
	});

const turnOf = (message: unknown): Turn => {
	const {role, content}: Json = isJson(message) ? message : {};
	return {role, calls: idsOf(content, 'toolUse'), results: idsOf(content, 'toolResult')};
};

/** The fault of a turn's tool results, given the calls of the turn before. */
const resultsFault = (calls: readonly unknown[], {results}: Turn, index: number): string | undefined => {
	const missing = calls.filter((id) => !results.includes(id));
	if (missing.length > 0) {
		return `Expected toolResult blocks at messages.${index}.content for the following Ids: ${missing.join(', ')}`;
	}
	return results.length > calls.length
		? `The number of toolResult blocks at messages.${index}.content exceeds the number of toolUse blocks of previous turn.`
		: undefined;
};

/**
 * Why a conversation is refused: user and assistant have to alternate, and results follow the calls of tools.
 * Undefined where it is in order.
 */
function turnsFault(messages: readonly unknown[], toolConfig: unknown): string | undefined {
	const turns = messages.map(turnOf);
	if (turns[0]?.role !== 'user') {
		return startsWrong;
	}
	if (turns.some(({role}, index) => index > 0 && role === turns[index - 1]?.role)) {
		return alternatesWrong;
	}
	const usesTools = turns.some(({calls, results}) => calls.length + results.length > 0);
	if (usesTools && toolConfig === undefined) {
		return 'The toolConfig field must be defined when using toolUse and toolResult content blocks.';
	}
	return turns
		.map((turn, index) => resultsFault(turns[index - 1]?.calls ?? [], turn, index))
		.find((fault) => fault !== undefined);
}

const converseRoles = ['user', 'assistant'];

/** Checks a body as the service does and reads it; throws a ServiceError. */
export function parseConverse(body: Json, model: Model): Prompt {
	const config = isJson(body.inferenceConfig) ? body.inferenceConfig : {};
	const fault =
		messagesFault(body) ??
		maximumTokensFault(config.maxTokens, model) ??
		systemFault(body, model) ??
		samplingFaultOf(config, body, model) ??
		toolsFault(body, model) ??
		thinkingFaultOf(config, body, model);
	if (fault !== undefined) {
		throw validationError(fault);
	}
	return {
		segments: converseSegments(body),
		system: contentText(body.system),
		question: lastQuestion(body.messages),
		maximumTokens: numberOr(config.maxTokens, model.maximumOutputTokens),
		stopSequences: stringsOf(config.stopSequences),
		jsonSchema: outputSchema(body.outputConfig) ?? formatSchema(additionalOf(body)),
		tools: converseTools(body),
		isThinking: model.traits.has('thinks') && asksToThink(additionalOf(body)),
	};
}

const messagesFault = ({messages, toolConfig}: Json): string | undefined => {
	if (!Array.isArray(messages) || messages.length === 0) {
		return 'A conversation must start with a user message. Try again with a conversation that starts with a user message.';
	}
	const fault = messages.map(messageFault).find((found) => found !== undefined);
	return fault ?? turnsFault(messages, toolConfig);
};

const messageFault = (message: unknown, index: number): string | undefined => {
	if (!isJson(message) || !converseRoles.includes(String(message.role))) {
		return `1 validation error detected: Value '${isJson(message) ? message.role : message}' at 'messages.${index + 1}.member.role' failed to satisfy constraint: Member must satisfy enum value set: [user, assistant]`;
	}
	const blocks = Array.isArray(message.content) ? message.content : [];
	if (blocks.length === 0) {
		return `The content field in the Message object at messages.${index} is empty. Add a ContentBlock object to the content field and try again.`;
	}
	return blocks
		.map((block, position) => blockFault(block, `messages.${index}.content.${position}`))
		.find((fault) => fault !== undefined);
};

const blockFault = (block: unknown, path: string): string | undefined => {
	if (!isJson(block) || Object.keys(block).length === 0) {
		return `The content field in the Message object at ${path} is empty. Add a ContentBlock object to the content field and try again.`;
	}
	return typeof block.text === 'string' && block.text.trim() === ''
		? `The text field in the ContentBlock object at ${path} is blank. Add text to the text field, and try again.`
		: undefined;
};

const maximumTokensFault = (value: unknown, model: Model): string | undefined => {
	if (value === undefined) {
		return undefined;
	}
	if (typeof value !== 'number' || value < 1) {
		return `1 validation error detected: Value '${value}' at 'inferenceConfig.maxTokens' failed to satisfy constraint: Member must have value greater than or equal to 1`;
	}
	return value > model.maximumOutputTokens
		? `The maximum tokens you requested exceeds the model limit of ${model.maximumOutputTokens}. Try again with a maximum tokens value that is lower than ${model.maximumOutputTokens}.`
		: undefined;
};

const systemFault = (body: Json, model: Model): string | undefined =>
	model.traits.has('no-system') && Array.isArray(body.system) && body.system.length > 0
		? "This model doesn't support system messages. Try again without a system message or use a model that supports system messages."
		: undefined;

const samplingFaultOf = (config: Json, body: Json, model: Model): string | undefined => {
	const fault = samplingFault(
		{...additionalOf(body), temperature: config.temperature, top_p: config.topP},
		model,
	);
	return fault === undefined ? undefined : `The model returned the following errors: ${fault}`;
};

const additionalOf = ({additionalModelRequestFields: given}: Json): Json => (isJson(given) ? given : {});

const toolsFault = ({toolConfig}: Json, model: Model): string | undefined =>
	toolConfig !== undefined && model.traits.has('no-tools')
		? "This model doesn't support tool use."
		: undefined;

const thinkingFaultOf = (config: Json, body: Json, model: Model): string | undefined => {
	const choice =
		isJson(body.toolConfig) && isJson(body.toolConfig.toolChoice) ? body.toolConfig.toolChoice : {};
	const isForced = choice.any !== undefined || choice.tool !== undefined;
	const fault = thinkingFault(additionalOf(body), model, config.maxTokens, isForced);
	return fault === undefined ? undefined : `The model returned the following errors: ${fault}`;
};

const outputSchema = (outputConfig: unknown): Json | undefined => {
	const format = isJson(outputConfig) && isJson(outputConfig.textFormat) ? outputConfig.textFormat : {};
	const structure =
		isJson(format.structure) && isJson(format.structure.jsonSchema) ? format.structure.jsonSchema : {};
	if (typeof structure.schema !== 'string') {
		return undefined;
	}
	try {
		return JSON.parse(structure.schema) as Json;
	} catch {
		throw validationError('The schema in outputConfig is not valid JSON.');
	}
};
