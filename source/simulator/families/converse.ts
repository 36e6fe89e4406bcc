import type {Model} from '../catalog/model.ts';
import {validationError} from '../wire/service-error.ts';
import {samplingFault} from './anthropic-checks.ts';
import {contentText, converseSegments, lastQuestion} from './converse-content.ts';
import {turnsFault} from './converse-turns.ts';
import {formatSchema} from './output-format.ts';
import {isJson, type Json, numberOr, type Prompt, stringsOf} from './prompt.ts';
import {asksToThink, thinkingFault} from './thinking.ts';
import {converseTools} from './tools.ts';

/** The request of Converse and ConverseStream, the same for every model. */

const roles = ['user', 'assistant'];

const blockFault = (block: unknown, path: string): string | undefined => {
	if (!isJson(block) || Object.keys(block).length === 0) {
		return `The content field in the Message object at ${path} is empty. Add a ContentBlock object to the content field and try again.`;
	}
	return typeof block.text === 'string' && block.text.trim() === ''
		? `The text field in the ContentBlock object at ${path} is blank. Add text to the text field, and try again.`
		: undefined;
};

const messageFault = (message: unknown, index: number): string | undefined => {
	if (!isJson(message) || !roles.includes(String(message.role))) {
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

const messagesFault = ({messages, toolConfig}: Json): string | undefined => {
	if (!Array.isArray(messages) || messages.length === 0) {
		return 'A conversation must start with a user message. Try again with a conversation that starts with a user message.';
	}
	const fault = messages.map(messageFault).find((found) => found !== undefined);
	return fault ?? turnsFault(messages, toolConfig);
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

const samplingFaultOf = (config: Json, body: Json, model: Model): string | undefined => {
	const fault = samplingFault(
		{...additionalOf(body), temperature: config.temperature, top_p: config.topP},
		model,
	);
	return fault === undefined ? undefined : `The model returned the following errors: ${fault}`;
};

const systemFault = (body: Json, model: Model): string | undefined =>
	model.traits.has('no-system') && Array.isArray(body.system) && body.system.length > 0
		? "This model doesn't support system messages. Try again without a system message or use a model that supports system messages."
		: undefined;

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

/** Checks a body as the service does and reads it; throws a ServiceError. */
export const parseConverse = (body: Json, model: Model): Prompt => {
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
};
