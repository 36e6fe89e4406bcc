import type {
	ConverseCommandInput,
	InvokeModelCommandInput,
	PerformanceConfigLatency,
} from '@aws-sdk/client-bedrock-runtime';
import type {InferenceRequest, PromptMessage} from '../../domain/backend.ts';
import {withoutTags} from '../families/converse-shape.ts';
import {
	cachedMessageIndex,
	type Family,
	latencyModeOf,
	type Reading,
	renamed,
	stopField,
	withoutSystem,
} from '../families/family.ts';
import {familyOf} from '../families/registry.ts';
import {at, type JsonObject} from '../json.ts';

const cachePoint = {cachePoint: {type: 'default'}} as const;

/** Messages and system prompt as Converse and CountTokens take them. */
export function converseContent(given: InferenceRequest): Pick<ConverseCommandInput, 'messages' | 'system'> {
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
}

const messagesOf = (messages: readonly PromptMessage[], cachedIndex: number) =>
	messages.map(({role, text}, index) => ({
		role,
		content: index === cachedIndex ? [{text}, cachePoint] : [{text}],
	}));

/**
 * A Converse request. Max tokens is always sent, everything else only when the request names it: recent Claude models
 * refuse sampling parameters that are merely set to their defaults.
 */
export function converseRequest(request: InferenceRequest): ConverseCommandInput {
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
}

/** The common part of InvokeModel and its stream: body, tier and latency mode. */
export function invokeRequest(request: InferenceRequest, body: JsonObject): InvokeModelCommandInput {
	const latency = latencyModeOf(request.parameters);
	return {
		modelId: request.model,
		contentType: 'application/json',
		accept: 'application/json',
		body: JSON.stringify(body),
		...(request.tier === undefined
			? {}
			: {serviceTier: request.tier as NonNullable<InvokeModelCommandInput['serviceTier']>}),
		...(latency === undefined
			? {}
			: {
					performanceConfigLatency: latency as NonNullable<
						InvokeModelCommandInput['performanceConfigLatency']
					>,
				}),
	};
}

/** Whether a guardrail blocked or altered the answer: InvokeModel says so beside the model's own fields. */
export function isIntervention(body: unknown): boolean {
	return /INTERVENED$/.test(String(at(body, 'amazon-bedrock-guardrailAction')));
}

/**
 * The common part of every answer of InvokeModel. Counts beside a guardrail's own text are not the model's: they are
 * dropped, so that only Bedrock's counters remain.
 */
export function finished(family: Family, reading: Reading, isGuarded: boolean): Reading {
	return {
		...withoutTags(family, reading, true),
		...(isGuarded
			? {isRefused: true, counts: {}, stopReason: reading.stopReason ?? 'guardrail_intervened'}
			: {}),
	};
}
