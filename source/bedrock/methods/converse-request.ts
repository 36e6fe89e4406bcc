import type {ConverseCommandInput, PerformanceConfigLatency} from '@aws-sdk/client-bedrock-runtime';
import type {InferenceRequest, PromptMessage} from '../../domain/backend.ts';
import {familyOf} from '../families/registry.ts';
import {
	cachedMessageIndex,
	latencyModeOf,
	renamed,
	stopField,
	withoutSystem,
} from '../families/request-parts.ts';

const cachePoint = {cachePoint: {type: 'default'}} as const;

const messagesOf = (messages: readonly PromptMessage[], cachedIndex: number) =>
	messages.map(({role, text}, index) => ({
		role,
		content: index === cachedIndex ? [{text}, cachePoint] : [{text}],
	}));

/** Messages and system prompt as Converse and CountTokens take them. */
export const converseContent = (
	given: InferenceRequest,
): Pick<ConverseCommandInput, 'messages' | 'system'> => {
	const family = familyOf(given.baseModel);
	if (!family.takesSystem(given.baseModel)) {
		return {messages: messagesOf(withoutSystem(given), -1)};
	}

	const request = {...given, cache: given.cache && family.knowsCachePoints === true};

	return {
		messages: messagesOf(request.messages, cachedMessageIndex(request)),
		...(request.system
			? {system: request.cache ? [{text: request.system}, cachePoint] : [{text: request.system}]}
			: {}),
	};
};

/**
 * A Converse request. Max tokens is always sent, everything else only when the request names it: recent Claude models
 * refuse sampling parameters that are merely set to their defaults.
 */
export const converseRequest = (request: InferenceRequest): ConverseCommandInput => {
	const {temperature, topP, ...others} = renamed(request.parameters, {topP: 'topP', topK: 'top_k'});
	const latency = latencyModeOf(request.parameters);
	return {
		modelId: request.model,
		...converseContent(request),
		inferenceConfig: {
			maxTokens: request.maxTokens,
			...stopField('stopSequences', request.stop),
			...(temperature === undefined ? {} : {temperature: temperature as number}),
			...(topP === undefined ? {} : {topP: topP as number}),
		},
		...(Object.keys(others).length === 0
			? {}
			: {additionalModelRequestFields: others as ConverseCommandInput['additionalModelRequestFields']}),
		...(request.tier === undefined
			? {}
			: {serviceTier: {type: request.tier} as ConverseCommandInput['serviceTier']}),
		...(latency === undefined ? {} : {performanceConfig: {latency: latency as PerformanceConfigLatency}}),
	};
};
