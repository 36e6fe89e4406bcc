import type {Model} from '../catalog/model.ts';
import {type ServiceError, validationError} from '../wire/exchange.ts';
import type {ResponseContext} from './family.ts';
import {isJson, type Json} from './prompt.ts';

/** Requests of Claude: thinking, output format, and what the Messages API refuses. Converse uses the same rules. */

const minThinkingBudget = 1024;
const signatureLength = 240;

/** Whether the settings turn thinking on: Claude's `thinking`, Nova's `reasoningConfig`. */
export function asksToThink(settings: Json): boolean {
	const {thinking, reasoningConfig} = settings;
	const type = isJson(thinking) ? thinking.type : isJson(reasoningConfig) ? reasoningConfig.type : undefined;
	return type === 'enabled' || type === 'adaptive';
}

/** The model's message about settings that exclude each other. @param isForced A tool must be called. */
export function thinkingFault(
	settings: Json,
	model: Model,
	maximumTokens: unknown,
	isForced: boolean,
): string | undefined {
	const {thinking} = settings;
	if (!isJson(thinking) || !asksToThink(settings)) {
		return undefined;
	}
	if (!model.traits.has('thinks')) {
		return 'thinking: Extra inputs are not permitted';
	}
	if (isForced) {
		return 'Thinking may not be enabled when tool_choice forces tool use.';
	}
	const budget = thinking.budget_tokens;
	if (thinking.type === 'adaptive') {
		return undefined;
	}
	if (typeof budget !== 'number') {
		return 'thinking.enabled.budget_tokens: Field required';
	}
	if (budget < minThinkingBudget) {
		return `thinking.enabled.budget_tokens: Input should be greater than or equal to ${minThinkingBudget}`;
	}
	return typeof maximumTokens === 'number' && maximumTokens <= budget
		? '`max_tokens` must be greater than `thinking.budget_tokens`. Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking#max-tokens-and-context-window-size'
		: undefined;
}

const signatureAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The signature of Claude's thoughts; nothing checks it here. */
export function signatureOf({model, random}: ResponseContext): string | undefined {
	return model.family === 'anthropic'
		? Array.from(
				{length: signatureLength},
				() => signatureAlphabet[Math.floor(random() * signatureAlphabet.length)],
			).join('')
		: undefined;
}

/** Schema of the answer: `output_config.format`, in an earlier form `output_format`. */
export function formatSchema({output_config: config, output_format: earlier}: Json): Json | undefined {
	const format = isJson(config) && isJson(config.format) ? config.format : earlier;
	return isJson(format) && isJson(format.schema) ? format.schema : undefined;
}

const knownKeys = new Set([
	'anthropic_version',
	'anthropic_beta',
	'max_tokens',
	'messages',
	'metadata',
	'system',
	'stop_sequences',
	'temperature',
	'top_p',
	'top_k',
	'tools',
	'tool_choice',
	'thinking',
	'context_management',
	'output_config',
	'output_format',
	'cache_control',
	'container',
	'diagnostics',
	'inference_geo',
	'mcp_servers',
	'service_tier',
	'speed',
	'user_profile_id',
]);

/** Versions that the vendor's SDKs send: the older ones and those since October 2026. */
const apiVersions: ReadonlySet<unknown> = new Set(['bedrock-2023-05-31', '2026-10-21']);

const samplingKeys = ['temperature', 'top_p', 'top_k'] as const;

/** Why a model refuses sampling parameters; the same for InvokeModel and Converse. */
export function samplingFault(given: Readonly<Record<string, unknown>>, model: Model): string | undefined {
	const named = samplingKeys.filter((key) => given[key] !== undefined);
	if (model.traits.has('no-sampling') && named[0] !== undefined) {
		return `\`${named[0]}\` is deprecated for this model.`;
	}
	return model.traits.has('one-sampling') && given.temperature !== undefined && given.top_p !== undefined
		? '`temperature` and `top_p` cannot both be specified for this model. Please use only one.'
		: undefined;
}

/** Throws the ValidationException of an invalid body. */
export function checkAnthropic(body: Json, model: Model): void {
	const version = versionFault(body);
	if (version !== undefined) {
		throw version;
	}
	const unknownKey = Object.keys(body).find((key) => !knownKeys.has(key));
	const fault =
		(unknownKey === undefined ? undefined : `${unknownKey}: Extra inputs are not permitted`) ??
		maximumTokensFault(body.max_tokens, model) ??
		messagesFault(body.messages) ??
		samplingFault(body, model) ??
		thinkingFault(body, model, body.max_tokens, forcesTool(body));
	if (fault !== undefined) {
		throw validationError(fault);
	}
}

const versionFault = (body: Json): ServiceError | undefined => {
	if (body.anthropic_version === undefined) {
		return validationError(
			'Malformed input request: #: required key [anthropic_version] not found, please reformat your input and try again.',
		);
	}
	return apiVersions.has(body.anthropic_version)
		? undefined
		: validationError(`Invalid API version: ${body.anthropic_version}`);
};

const maximumTokensFault = (value: unknown, model: Model): string | undefined => {
	if (value === undefined) {
		return 'max_tokens: Field required';
	}
	if (typeof value !== 'number' || !Number.isInteger(value)) {
		return 'max_tokens: Input should be a valid integer';
	}
	if (value < 1) {
		return 'max_tokens: must be greater than or equal to 1';
	}
	return value > model.maximumOutputTokens
		? `max_tokens: ${value} > ${model.maximumOutputTokens}, which is the maximum allowed number of output tokens for ${model.id.replace(/^anthropic\./, '')}`
		: undefined;
};

const messagesFault = (messages: unknown): string | undefined => {
	if (messages === undefined) {
		return 'messages: Field required';
	}
	if (!Array.isArray(messages)) {
		return 'messages: Input should be a valid list';
	}
	if (messages.length === 0) {
		return 'messages: at least one message is required';
	}
	return messages.map(messageFault).find((fault) => fault !== undefined);
};

const messageFault = (message: unknown, index: number): string | undefined => {
	if (!isJson(message)) {
		return `messages.${index}: Input should be a valid dictionary`;
	}
	if (message.role === 'system') {
		return 'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter, not "system" as an input message role.';
	}
	if (message.role !== 'user' && message.role !== 'assistant') {
		return `messages.${index}.role: Input should be 'user' or 'assistant'`;
	}
	if (isBlank(message.content)) {
		return `messages.${index}: all messages must have non-empty content except for the optional final assistant message`;
	}
	return undefined;
};

const isBlank = (content: unknown): boolean =>
	content === undefined || content === '' || (Array.isArray(content) && content.length === 0);

const forcesTool = ({tool_choice: choice}: Json): boolean =>
	isJson(choice) && (choice.type === 'any' || choice.type === 'tool');
