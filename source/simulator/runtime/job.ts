import type {IncomingHttpHeaders} from 'node:http';
import {answerPrompt} from '../answers/answer.ts';
import type {Random} from '../answers/random.ts';
import {type ResolvedModel, resolveModel} from '../catalog/resolve-model.ts';
import {answerTokens, type Facts, noUsage} from '../families/family.ts';
import {type Json, type Prompt, parseBody} from '../families/prompt.ts';
import type {Fault} from '../faults/script.ts';
import {ServiceError, throttlingError, validationError} from '../wire/service-error.ts';
import type {Dialect} from './dialect.ts';
import {errorOfFault} from './fault-errors.ts';
import {blockedAnswer, judgePrompt} from './guardrails.ts';
import {type Pace, paceOf} from './latency.ts';
import type {Operation} from './operation.ts';
import type {CacheUse} from './prompt-cache.ts';
import {refuseOtherModels} from './refuse-other-models.ts';
import type {Simulation} from './simulation.ts';

/** A request as it came in. */
export type Arrival = {
	readonly operation: Operation;
	readonly modelId: string;
	readonly region: string;
	readonly headers: IncomingHttpHeaders;
	readonly body: Buffer;
	readonly requestId: string;
	readonly random: Random;
	/** When the service took it on, in milliseconds of the simulator's time. */
	readonly startedAtMs: number;
};

/** A request that was admitted, with the answer that it will get. */
export type Job = {
	readonly arrival: Arrival;
	readonly target: ResolvedModel;
	readonly dialect: Dialect;
	readonly body: Json;
	readonly facts: Facts;
	readonly pace: Pace;
	/** A fault that meets the answer on its way. */
	readonly fault: Fault | undefined;
	/** Charges the bucket for so many output tokens; returns what it cost. */
	readonly settle: (nowMs: number, outputTokens: number) => number;
};

const takeFault = (simulation: Simulation, arrival: Arrival): Fault | undefined => {
	const {modelId, operation, startedAtMs, random} = arrival;
	const fault = simulation.faults.next(modelId, startedAtMs, random);
	const error = fault === undefined ? undefined : errorOfFault(fault, modelId, operation.isStream);
	if (error !== undefined) {
		throw error;
	}
	return fault;
};

const checkCaching = (prompt: Prompt, {model}: ResolvedModel, isConverse: boolean): void => {
	const asks = isConverse && prompt.segments.some((segment) => segment.isCachePoint);
	if (asks && !model.traits.has('caches')) {
		throw new ServiceError(
			'AccessDeniedException',
			'You invoked an unsupported model or your request did not allow prompt caching. See the documentation for more information.',
		);
	}
};

const checkStreaming = ({model}: ResolvedModel, {isStream}: Operation): void => {
	if (isStream && model.traits.has('no-streaming')) {
		throw validationError('The model is unsupported for streaming');
	}
};

const checkTools = (prompt: Prompt, {model}: ResolvedModel, {isStream}: Operation): void => {
	if (isStream && prompt.tools !== undefined && model.traits.has('no-streamed-tools')) {
		throw validationError("This model doesn't support tool use in streaming mode.");
	}
};

const notCached = (cacheUse: CacheUse): CacheUse => ({
	inputTokens: cacheUse.inputTokens + cacheUse.readTokens + cacheUse.writeTokens,
	readTokens: 0,
	writeTokens: 0,
	isCaching: false,
	store: () => undefined,
});

/**
 * Resolves, checks and admits a request and makes its answer.
 * @throws ServiceError: what the service answers instead.
 */
export const createJob = (simulation: Simulation, arrival: Arrival): Job => {
	const {operation, modelId, region, random, startedAtMs} = arrival;
	const fault = takeFault(simulation, arrival);
	refuseOtherModels(modelId, operation, arrival.body);
	const target = resolveModel(modelId, simulation.lifecycle);
	const {model} = target;
	checkStreaming(target, operation);
	const dialect = operation.dialectOf(model);
	const body = parseBody(arrival.body);
	const isConverse = operation.name.startsWith('Converse');
	const prompt = dialect.parse(body, model);
	checkCaching(prompt, target, isConverse);
	checkTools(prompt, target, operation);
	const guardrail = judgePrompt(arrival.headers, body, prompt, isConverse);
	const found = simulation.cache.use(`${region} ${model.id}`, prompt.segments, startedAtMs);
	const cacheUse = model.traits.has('caches') ? found : notCached(found);
	const settledInputTokens = cacheUse.inputTokens + cacheUse.writeTokens;
	const totalInputTokens = settledInputTokens + cacheUse.readTokens;
	const reservedInputTokens =
		simulation.options.reserve === 'without-cache-reads' ? settledInputTokens : totalInputTokens;
	const admission = simulation.buckets.admit(
		region,
		target,
		startedAtMs,
		reservedInputTokens + prompt.maximumTokens,
	);
	if (!admission.isAdmitted) {
		throw throttlingError(admission.throttle, modelId);
	}
	// A prompt that is blocked never reaches the model: it costs nothing.
	const isBlocked = guardrail?.isBlocked === true;
	const answer = isBlocked ? blockedAnswer : answerPrompt(random, prompt, model);
	const outputTokens = isBlocked ? 0 : answerTokens(answer);
	const pace = paceOf(random, model, totalInputTokens, outputTokens, simulation.options.latencyMs);
	if (!isBlocked) {
		cacheUse.store(startedAtMs + pace.firstTokenMs);
	}
	return {
		arrival,
		target,
		dialect,
		body,
		pace,
		fault,
		facts: {
			requestId: arrival.requestId,
			model,
			prompt,
			answer,
			usage: isBlocked
				? noUsage
				: {
						inputTokens: cacheUse.inputTokens,
						outputTokens,
						cacheReadTokens: cacheUse.readTokens,
						cacheWriteTokens: cacheUse.writeTokens,
					},
			isCaching: cacheUse.isCaching && !isBlocked,
			guardrail,
			createdAt: Math.floor(startedAtMs / 1000),
			random,
		},
		settle(nowMs, producedTokens) {
			const cost = isBlocked ? 0 : settledInputTokens + producedTokens * model.burndown;
			admission.settle(nowMs, cost);
			return cost;
		},
	};
};
