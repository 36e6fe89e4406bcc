import type {InvokeModelCommandInput} from '@aws-sdk/client-bedrock-runtime';
import type {InferenceRequest} from '../../domain/backend.ts';
import type {Family, Reading} from '../families/family.ts';
import {withoutTags} from '../families/reasoning-tags.ts';
import {latencyModeOf} from '../families/request-parts.ts';
import {at, type JsonObject} from '../json.ts';

/** The common part of InvokeModel and its stream: body, tier and latency mode as the request names them. */
export const invokeRequest = (request: InferenceRequest, body: JsonObject): InvokeModelCommandInput => {
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
};

/** Did a guardrail block or alter the answer? InvokeModel says so beside the model's own fields. */
export const isIntervention = (body: unknown): boolean =>
	/INTERVENED$/.test(String(at(body, 'amazon-bedrock-guardrailAction')));

/**
 * What holds for every answer of InvokeModel, whichever family wrote it. Counts beside a guardrail's own text are not
 * the model's: they are dropped, so that only Bedrock's counters remain.
 */
export const finished = (family: Family, reading: Reading, isGuarded: boolean): Reading => ({
	...withoutTags(family, reading, true),
	...(isGuarded
		? {isRefused: true, counts: {}, stopReason: reading.stopReason ?? 'guardrail_intervened'}
		: {}),
});
