import type {IncomingHttpHeaders} from 'node:http';
import {answerPrompt} from '../answers/answer.ts';
import {type Random, uuid} from '../answers/random.ts';
import {findOtherModel, type Lifecycle, paceOf} from '../catalog/model.ts';
import {lookUpModel, type ResolvedModel, resolveLiving, resolveModel} from '../catalog/profiles.ts';
import {parseConverse} from '../families/converse.ts';
import {answerTokens, noUsage, type ResponseContext, type Usage} from '../families/family.ts';
import {isJson, type Json, type Prompt, parseBody, promptTokens} from '../families/prompt.ts';
import {familyOf} from '../families/registry.ts';
import {errorOfFault, streamMessage} from '../faults.ts';
import type {Fault} from '../options.ts';
import type {CacheUse, Simulation} from '../simulation.ts';
import type {RequestRecord} from '../stats.ts';
import {
	delayedReply,
	type Exchange,
	regionOf,
	ServiceError,
	sendError,
	sendJson,
	throttlingError,
	validationError,
} from '../wire/exchange.ts';
import {encodeException} from '../wire/framing.ts';
import {type AnswerWriter, type Deliverable, type Delivery, deliverStream, deliverWhole} from './deliver.ts';
import type {Dialect, RequestedSettings} from './dialect.ts';
import {type Operation, refuseOtherModels} from './dialects.ts';
import {blockedAnswer, judgePrompt} from './guardrails.ts';

/** An incoming request. */
type Arrival = {
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
function createJob(simulation: Simulation, arrival: Arrival): Job {
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

/** Serves CountTokens: the count that the same request would be charged for. It costs no quota. */
export async function serveCountTokens(
	exchange: Exchange,
	simulation: Simulation,
	modelId: string,
): Promise<void> {
	const body = await exchange.readBody();
	const requestId = uuid(simulation.requestRandom(exchange.path, body));
	try {
		const inputTokens = countTokensOf(parseBody(body), modelId, simulation.lifecycle);
		sendJson(exchange.reply, 200, {inputTokens}, {'x-amzn-requestid': requestId});
	} catch (error) {
		if (!(error instanceof ServiceError)) {
			throw error;
		}
		sendError(exchange.reply, error, requestId);
	}
}

const countTokensOf = (body: Json, modelId: string, lifecycle: Lifecycle): number => {
	if (findOtherModel(modelId) !== undefined) {
		throw unsupported();
	}
	const {model, scope} = resolveLiving(modelId, lifecycle);
	// CountTokens takes base IDs only, not profiles.
	if (!model.traits.has('counts-tokens') || scope !== 'on-demand') {
		throw unsupported();
	}
	const input = isJson(body.input) ? body.input : {};
	if (isJson(input.converse)) {
		return promptTokens(parseConverse(input.converse, model).segments);
	}
	if (isJson(input.invokeModel)) {
		const invoked = Buffer.from(String(input.invokeModel.body), 'base64');
		return promptTokens(familyOf(model.family).parse(parseBody(invoked), model).segments);
	}
	throw validationError(
		"1 validation error detected: Value at 'input' failed to satisfy constraint: Member must not be null",
	);
};

const unsupported = (): ServiceError =>
	validationError("The provided model doesn't support counting tokens.");

type Outcome = Delivery & {
	readonly serviceError: ServiceError | undefined;
	readonly usage: Usage;
	readonly reservedTokens: number;
	readonly quotaTokens: number;
};

/** Serves InvokeModel, Converse and their streams. */
export async function serveInference(
	exchange: Exchange,
	simulation: Simulation,
	operation: Operation,
	modelId: string,
): Promise<void> {
	const {time, faults} = simulation;
	const receivedAt = time.now();
	const body = await exchange.readBody();
	await time.sleep(faults.networkDelayMs);
	await time.sleep(faults.stallMs(modelId, time.now()));
	const random = simulation.requestRandom(exchange.path, body);
	const arrival: Arrival = {
		operation,
		modelId,
		region: regionOf(exchange.headers),
		headers: exchange.headers,
		body,
		requestId: uuid(random),
		random,
		startedAtMs: time.now(),
	};
	const outcome = await runInference(
		simulation,
		arrival,
		delayedReply(exchange.reply, time, faults.networkDelayMs),
	);
	await time.sleep(faults.networkDelayMs);
	const record = recordOf(arrival, outcome, receivedAt, time.now());
	for (const observe of simulation.observers) {
		observe(record);
	}
}

const runInference = async (
	simulation: Simulation,
	arrival: Arrival,
	reply: Exchange['reply'],
): Promise<Outcome> => {
	const {time} = simulation;
	try {
		const job = createJob(simulation, arrival);
		const deliver = arrival.operation.isStream ? deliverStream : deliverWhole;
		const delivery = await deliver(job, reply, time);
		const quotaTokens = job.settle(time.now(), delivery.outputTokens);
		const {usage, reservedTokens} = job;
		return {...delivery, serviceError: undefined, usage, reservedTokens, quotaTokens};
	} catch (error) {
		if (!(error instanceof ServiceError)) {
			throw error;
		}
		sendError(reply, error, arrival.requestId);
		return {
			status: error.status,
			error: error.type,
			outputTokens: 0,
			firstTokenAtMs: undefined,
			serviceError: error,
			usage: noUsage,
			reservedTokens: 0,
			quotaTokens: 0,
		};
	}
};

const recordOf = (arrival: Arrival, outcome: Outcome, receivedAt: number, endedAt: number): RequestRecord => {
	const target = resolvedOrUndefined(arrival.modelId);
	return {
		operation: arrival.operation.name,
		modelId: arrival.modelId,
		region: arrival.region,
		baseModel: target?.model.id,
		scope: target?.scope,
		userAgent: String(arrival.headers['user-agent'] ?? ''),
		receivedAt,
		startedAt: arrival.startedAtMs,
		firstTokenAt: outcome.firstTokenAtMs,
		endedAt,
		status: outcome.status,
		error: outcome.serviceError?.type ?? outcome.error,
		throttle: outcome.serviceError?.throttle,
		inputTokens: outcome.usage.inputTokens,
		outputTokens: outcome.outputTokens,
		cacheReadTokens: outcome.usage.cacheReadTokens,
		cacheWriteTokens: outcome.usage.cacheWriteTokens,
		reservedTokens: outcome.reservedTokens,
		quotaTokens: outcome.quotaTokens,
	};
};

const resolvedOrUndefined = (modelId: string): ResolvedModel | undefined => {
	try {
		return lookUpModel(modelId);
	} catch {
		return undefined;
	}
};
