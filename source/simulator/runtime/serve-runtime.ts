import {uuid} from '../answers/random.ts';
import type {Lifecycle} from '../catalog/model.ts';
import {findOtherModel} from '../catalog/other-models.ts';
import {lookUpModel, type ResolvedModel, resolveLiving} from '../catalog/profiles.ts';
import {parseConverse} from '../families/converse.ts';
import {noUsage, type Usage} from '../families/family.ts';
import {isJson, type Json, parseBody, promptTokens} from '../families/prompt.ts';
import {familyOf} from '../families/registry.ts';
import type {Simulation} from '../simulation.ts';
import type {RequestRecord} from '../stats.ts';
import {
	delayedReply,
	type Exchange,
	regionOf,
	ServiceError,
	sendError,
	sendJson,
	validationError,
} from '../wire/exchange.ts';
import {type Delivery, deliverStream, deliverWhole} from './deliver.ts';
import type {Operation} from './dialects.ts';
import {type Arrival, createJob} from './job.ts';

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
