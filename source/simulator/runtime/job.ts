import type {IncomingHttpHeaders} from 'node:http';
import {answerPrompt} from '../answers/answer.ts';
import type {Random} from '../answers/random.ts';
import {paceOf} from '../catalog/model.ts';
import {type ResolvedModel, resolveModel} from '../catalog/profiles.ts';
import {answerTokens, noUsage, type ResponseContext, type Usage} from '../families/family.ts';
import {type Prompt, parseBody} from '../families/prompt.ts';
import {errorOfFault, streamMessage} from '../faults/faults.ts';
import type {Fault} from '../faults/script.ts';
import type {Simulation} from '../simulation.ts';
import {encodeException} from '../wire/event-stream.ts';
import {ServiceError, throttlingError, validationError} from '../wire/exchange.ts';
import type {AnswerWriter, Deliverable} from './deliver.ts';
import type {Dialect, RequestedSettings} from './dialect.ts';
import {type Operation, refuseOtherModels} from './dialects.ts';
import {blockedAnswer, judgePrompt} from './guardrails.ts';
import type {CacheUse} from './prompt-cache.ts';

/** An incoming request. */
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

/** An admitted request with its answer. */
type Job = Deliverable & {
	readonly usage: Usage;
	/** What its bucket set aside for it. */
	readonly reservedTokens: number;
	/** Charges the bucket for the output tokens; returns the cost. */
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

const writerOf = (
	dialect: Dialect,
	facts: ResponseContext,
	settings: RequestedSettings,
	requestId: string,
): AnswerWriter => {
	const idHeaders = {'x-amzn-requestid': requestId};
	return {
		whole(timing) {
			const {body, headers} = dialect.whole(facts, timing, settings);
			return {body, headers: {...headers, ...idHeaders}};
		},
		stream() {
			const stream = dialect.stream(facts, settings);
			return {
				...stream,
				headers: {
					'content-type': 'application/vnd.amazon.eventstream',
					...idHeaders,
					...stream.headers,
				},
				failure: (exception) => ({
					name: exception,
					event: encodeException(exception, JSON.stringify({message: streamMessage(exception)})),
				}),
			};
		},
	};
};

/**
 * Resolves, checks and admits a request and makes its answer.
 * @throws ServiceError: what the service answers instead.
 */
export function createJob(simulation: Simulation, arrival: Arrival): Job {
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
	const reservedTokens = reservedInputTokens + prompt.maximumTokens;
	const admission = simulation.buckets.admit(region, target, startedAtMs, reservedTokens);
	if (!admission.isAdmitted) {
		throw throttlingError(admission.throttle, modelId);
	}
	// A blocked prompt never reaches the model: it costs nothing.
	const isBlocked = guardrail?.isBlocked === true;
	const answer = isBlocked ? blockedAnswer : answerPrompt(random, prompt, model, simulation.rewriter);
	const outputTokens = isBlocked ? 0 : answerTokens(answer);
	const pace = paceOf(random, model, totalInputTokens, outputTokens, simulation.options.latencyMs);
	if (!isBlocked) {
		cacheUse.store(startedAtMs + pace.firstTokenMs);
	}
	const facts: ResponseContext = {
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
	};
	return {
		startedAtMs,
		pace,
		fault,
		outputTokens,
		usage: facts.usage,
		reservedTokens,
		writer: writerOf(dialect, facts, {headers: arrival.headers, body}, arrival.requestId),
		produce: (_nowMs, tokens) => tokens,
		settle(nowMs, producedTokens) {
			const cost = isBlocked ? 0 : settledInputTokens + producedTokens * model.burndown;
			admission.settle(nowMs, cost);
			return cost;
		},
	};
}
