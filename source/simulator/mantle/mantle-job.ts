import {answerPrompt} from '../answers/answer.ts';
import type {Random} from '../answers/random.ts';
import {type Model, paceOf} from '../catalog/model.ts';
import {accountId} from '../catalog/profiles.ts';
import {answerTokens, type ResponseContext, type Usage} from '../families/family.ts';
import type {Json, Segment} from '../families/prompt.ts';
import {errorOfFault, streamMessage} from '../faults.ts';
import type {Fault} from '../options.ts';
import type {AnswerWriter, Deliverable} from '../runtime/deliver.ts';
import {chunkParts, dueShareOf, partsOf} from '../runtime/dialect.ts';
import type {Simulation} from '../simulation.ts';
import {type MantleApi, MantleError, requestIdHeaders} from './mantle-api.ts';
import {
	findMantleModel,
	type MantleAdmission,
	type MantleModel,
	type MantleRefusal,
	type Surface,
} from './mantle-models.ts';

/** An incoming request. */
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

/** An admitted request with its answer, which the output quota may cut. */
type MantleJob = Deliverable & {
	readonly usage: Usage;
	/** Settles the input quota for the output tokens; returns what the request cost it. */
	readonly settle: (nowMs: number, outputTokens: number) => number;
};

/** The error that a fault answers with; undefined for faults that interrupt an answer. */
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
 * Finds the model of a request, if it is served by this API on this surface. The messages were recorded at the
 * endpoint; AWS's page on the Responses API has that of a wrong surface too.
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
 * Marks cache points: Claude's are in the request, GPT caches whatever is long enough, and other models do not cache.
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

/** An answer up to `outputTokens`: one cut by an output quota ends like one that reached its max tokens. */
const cutFacts = (facts: ResponseContext, outputTokens: number): ResponseContext => {
	if (outputTokens >= facts.usage.outputTokens) {
		return facts;
	}
	const {toolUse} = facts.answer;
	const reasoning = facts.answer.reasoning.slice(0, outputTokens);
	const tokens = facts.answer.tokens.slice(0, outputTokens - reasoning.length);
	const input = toolUse?.tokens.slice(0, outputTokens - reasoning.length - tokens.length) ?? [];
	return {
		...facts,
		answer: {
			reasoning,
			tokens,
			// An incomplete input cannot be parsed: it is left out.
			toolUse:
				toolUse === undefined || input.length === 0 ? undefined : {...toolUse, input: {}, tokens: input},
			stopReason: 'length',
			stopSequence: undefined,
		},
		usage: {...facts.usage, outputTokens},
	};
};

const tokensPerEvent = 3;

const writerOf = (
	{api, body, requestId}: MantleArrival,
	target: MantleModel,
	facts: ResponseContext,
): AnswerWriter => ({
	whole: (_timing, outputTokens) => ({
		body: api.whole(cutFacts(facts, outputTokens), body, target),
		headers: requestIdHeaders(requestId),
	}),
	stream() {
		const stream = api.stream(facts, body, target);
		const parts = partsOf(facts.answer);
		const tokens = parts.flatMap((part) => part.tokens);
		const chunks = chunkParts(parts, tokensPerEvent).filter(({text}) => text !== '');
		return {
			headers: {
				'content-type': 'text/event-stream; charset=utf-8',
				'cache-control': 'no-cache',
				...requestIdHeaders(requestId),
			},
			opening: () => Buffer.from(stream.opening()),
			deltas: chunks.map(({kind, firstToken, lastToken}) => ({
				lastToken,
				dueShare: dueShareOf(firstToken, facts.usage.outputTokens),
				encode(_timing, granted) {
					const from = firstToken - 1;
					return Buffer.from(stream.part(kind, tokens.slice(from, from + granted).join('')));
				},
			})),
			closing: (_timing, outputTokens) => Buffer.from(stream.closing(cutFacts(facts, outputTokens))),
			failure(exception) {
				const kind = exception === 'throttlingException' ? 'throttled' : 'internal';
				const error = new MantleError(kind, streamMessage(exception));
				return {name: api.errors.typeOf(kind), event: Buffer.from(stream.failure(error, requestId))};
			},
		};
	},
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

	// Cached input does not count against the input quota (user guide, quotas-mantle).
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
	const answer = answerPrompt(random, prompt, model, simulation.rewriter);
	const outputTokens = answerTokens(answer);
	const pace = paceOf(
		random,
		model,
		countedInput + cacheUse.readTokens,
		outputTokens,
		simulation.options.latencyMs,
	);
	cacheUse.store(startedAtMs + pace.firstTokenMs);
	const facts: ResponseContext = {
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
	};
	return {
		startedAtMs,
		pace,
		fault,
		outputTokens,
		usage: facts.usage,
		writer: writerOf(arrival, target, facts),
		produce: admission.produce,
		settle(nowMs, producedTokens) {
			// AWS returns "the difference between max_tokens and the actual output": the output stays counted.
			const cost = countedInput + producedTokens;
			admission.settle(nowMs, cost);
			return cost;
		},
	};
}
