import {answerPrompt} from '../answers/answer.ts';
import type {Random} from '../answers/random.ts';
import type {Model} from '../catalog/model.ts';
import {accountId} from '../catalog/profiles.ts';
import {answerTokens, type Facts} from '../families/family.ts';
import type {Json, Segment} from '../families/prompt.ts';
import {errorOfFault} from '../faults/faults.ts';
import type {Fault} from '../faults/script.ts';
import {type Pace, paceOf} from '../runtime/latency.ts';
import type {Simulation} from '../simulation.ts';
import type {MantleApi} from './mantle-api.ts';
import type {MantleAdmission, MantleRefusal} from './mantle-buckets.ts';
import {MantleError} from './mantle-error.ts';
import {findMantleModel, type MantleModel, type Surface} from './mantle-models.ts';

/** A request as it came in. */
export type MantleArrival = {
	readonly api: MantleApi;
	readonly surface: Surface;
	readonly region: string;
	readonly body: Json;
	readonly modelId: string;
	readonly isStream: boolean;
	readonly requestId: string;
	readonly random: Random;
	/** When the service took it on, in milliseconds of the simulator's time. */
	readonly startedAtMs: number;
};

/** A request that was admitted, with the answer that it gets if the output quota lasts. */
export type MantleJob = {
	readonly arrival: MantleArrival;
	readonly target: MantleModel;
	readonly facts: Facts;
	readonly pace: Pace;
	/** A fault that meets the answer on its way. */
	readonly fault: Fault | undefined;
	/** Counts output tokens as they are made; returns how many the quota has room for. */
	readonly produce: (nowMs: number, tokens: number) => number;
	/** Settles the input quota for so many output tokens; returns what the request cost it. */
	readonly settle: (nowMs: number, outputTokens: number) => number;
};

/** The error that a fault answers with; undefined for faults that meet the answer on its way. */
const faultError = (fault: Fault, {modelId, isStream}: MantleArrival): unknown =>
	fault.kind === 'access-denied'
		? new MantleError(
				'denied',
				`${modelId} is not available for this account. You can explore other available models on Amazon Bedrock. For additional access options, contact AWS Sales at https://aws.amazon.com/contact-us/sales-support/`,
			)
		: errorOfFault(fault, modelId, isStream);

const takeFault = ({faults}: Simulation, arrival: MantleArrival): Fault | undefined => {
	const fault = faults.next(arrival.modelId, arrival.startedAtMs, arrival.random);
	const error = fault === undefined ? undefined : faultError(fault, arrival);
	if (error !== undefined) {
		throw error;
	}
	return fault;
};

/** The model ID in a body. */
export function modelIdOf({model}: Json): string {
	if (typeof model !== 'string' || model === '') {
		throw new MantleError('invalid-request', 'model: Field required');
	}
	return model;
}

/**
 * The model that a request names, if it is served where and how the request asks for it. The messages were recorded at
 * the endpoint; AWS's page on the Responses API has that of a wrong surface too.
 */
export function resolveMantleModel(modelId: string, api: MantleApi, surface: Surface): MantleModel {
	const target = findMantleModel(modelId);
	if (target === undefined) {
		throw new MantleError('not-found', `The model '${modelId}' does not exist`);
	}
	if (!target.apis.includes(api.name)) {
		throw new MantleError(
			'invalid-request',
			`The model '${modelId}' does not support the '/v1${api.path}' API`,
		);
	}
	if (target.surface !== surface) {
		throw new MantleError('invalid-request', `model \`${modelId}\` isn't supported on this route`);
	}
	return target;
}

/**
 * Cache points as they count here: Claude's are in the request, GPT caches by itself whatever is long enough, and
 * other models do not cache.
 */
const cacheable = (segments: readonly Segment[], {model, surface}: MantleModel): readonly Segment[] => {
	const isCachePoint = (segment: Segment): boolean =>
		model.traits.has('caches') && (surface === '/anthropic/v1' ? segment.isCachePoint : true);
	return segments.map((segment) => ({...segment, isCachePoint: isCachePoint(segment)}));
};

/** The form was recorded for the input quotas; for the output quota it is assumed. */
const throttled = ({side, exceededBy}: MantleRefusal, modelId: string): MantleError =>
	new MantleError(
		'throttled',
		`quota ${side}-tpm:${accountId}:${modelId} (${side === 'input' ? 'InputTokens' : 'OutputTokens'}) exceeded by ${exceededBy}`,
		'tokens',
	);

/** The model as it answers this request. */
const answering = ({model, answersAs}: MantleModel, isReasoning: boolean): Model => ({
	...model,
	id: answersAs,
	traits: new Set([
		...[...model.traits].filter((trait) => trait !== 'reasons'),
		...(isReasoning ? (['reasons'] as const) : []),
	]),
});

/**
 * Resolves, checks and admits a request and makes its answer.
 * @throws MantleError or ServiceError: what the service answers instead.
 */
export function createMantleJob(simulation: Simulation, arrival: MantleArrival): MantleJob {
	const {api, region, modelId, random, body, startedAtMs} = arrival;
	const fault = takeFault(simulation, arrival);
	const target = resolveMantleModel(modelId, api, arrival.surface);
	const {prompt, isReasoning} = api.parse(body, target);
	const model = answering(target, isReasoning);
	const cacheUse = simulation.cache.use(
		`mantle ${region} ${target.id}`,
		cacheable(prompt.segments, target),
		startedAtMs,
	);

	// What comes from the cache does not count against the input quota (user guide, quotas-mantle).
	const countedInput = cacheUse.inputTokens + cacheUse.writeTokens;
	const admission: MantleAdmission = simulation.mantle.admit(
		region,
		target.id,
		startedAtMs,
		countedInput + prompt.maximumTokens,
	);
	if (!admission.isAdmitted) {
		throw throttled(admission, modelId);
	}
	const answer = answerPrompt(random, prompt, model);
	const outputTokens = answerTokens(answer);
	const pace = paceOf(
		random,
		model,
		countedInput + cacheUse.readTokens,
		outputTokens,
		simulation.options.latencyMs,
	);
	cacheUse.store(startedAtMs + pace.firstTokenMs);
	return {
		arrival,
		target,
		pace,
		fault,
		facts: {
			requestId: arrival.requestId,
			model,
			prompt,
			answer,
			usage: {
				inputTokens: cacheUse.inputTokens,
				outputTokens,
				cacheReadTokens: cacheUse.readTokens,
				cacheWriteTokens: cacheUse.writeTokens,
			},
			isCaching: cacheUse.isCaching,
			createdAt: Math.floor(startedAtMs / 1000),
			random,
		},
		produce: admission.produce,
		settle(nowMs, producedTokens) {
			// Given back is "the difference between max_tokens and the actual output": the output stays counted.
			const cost = countedInput + producedTokens;
			admission.settle(nowMs, cost);
			return cost;
		},
	};
}
