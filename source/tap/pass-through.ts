import type {FailureContext} from '../bedrock/failures/error-facts.ts';
import {actionOf, failureOf} from '../bedrock/failures/failure-of.ts';
import {mantlePrefix} from '../bedrock/identify/identify.ts';
import type {ResponseHeaders} from '../bedrock/methods/response-headers.ts';
import {StreamFault} from '../bedrock/methods/stream-reader.ts';
import {type RequestFacts, requestFacts, unreadFacts} from '../bedrock/request-facts.ts';
import {estimatedTokens} from '../domain/accounting.ts';
import type {Failure, Method, Usage} from '../domain/backend.ts';
import type {Lane} from '../domain/bucket-usage.ts';
import type {Clock} from '../domain/clock.ts';
import {type AnswerReader, type AnswerReading, bodyCollector, createAnswerReader} from './answer-reader.ts';
import {arrive, orLate} from './arrival.ts';
import {credentialsIn} from './client-book.ts';
import {
	bodyOf,
	type ExchangePorts,
	forward,
	type NoAnswer,
	passBack,
	passUnmetered,
	refuse,
	sendUnanswered,
	type UpstreamAnswer,
} from './exchange.ts';
import {endToEnd, type Headers, type Incoming} from './listener.ts';
import type {ModelBook} from './models.ts';
import {callKey, type Pacing, type Pass} from './pacing.ts';
import {refusals, type TapRefusal} from './refusal.ts';
import type {Route} from './routes.ts';
import type {Spending} from './spending.ts';
import type {TappedCall} from './traffic.ts';

/** A call that is over, with what it carried. */
export type OverCall = {
	readonly call: TappedCall;
	readonly method: Method;
	readonly lane: Lane;
	readonly request: Buffer;
	/** By the clock. */
	readonly endedAt: number;
	/** Undefined where it is not kept. */
	readonly answer: Buffer | undefined;
};

/** What a request passes through. */
export type PassPorts = ExchangePorts & {
	readonly clock: Pick<Clock, 'after' | 'now'>;
	readonly models: ModelBook;
	readonly pacing: Pacing;
	/** Undefined: calls are not recorded. */
	readonly recorder: {readonly record: (over: OverCall) => void; readonly keepsAnswers: boolean} | undefined;
	/** Undefined: no limit of the cost. */
	readonly spending: Spending | undefined;
	/** An answer settled its quota tokens. @param index Of its model. */
	readonly onSettled: (index: number, quotaTokens: number) => void;
	readonly region: string;
	readonly endpoint: string | null;
};

const lowerCased = (headers: Headers): ResponseHeaders =>
	Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]));

/** An answer of the service that is not a success, as the failure that it is. */
const failureIn = (
	answer: UpstreamAnswer,
	text: string,
	context: FailureContext,
	ports: PassPorts,
): Failure => {
	const headers = lowerCased(answer.headers);
	const name = (headers['x-amzn-errortype'] ?? '').split(':', 1)[0] ?? '';
	const error = Object.assign(new Error(''), {
		...(name === '' ? {} : {name}),
		$metadata: {httpStatusCode: answer.status},
		$response: {statusCode: answer.status, headers, bodyText: text},
	});
	return failureOf(error, context, {secrets: ports.secrets()});
};

const cutFailure = (
	fault: {readonly name: string; readonly message: string} | undefined,
	context: FailureContext,
	ports: PassPorts,
): Failure => {
	const cause = fault === undefined ? undefined : Object.assign(new Error(fault.message), {name: fault.name});
	return failureOf(new StreamFault(cause), context, {secrets: ports.secrets()});
};

type Inference = Extract<Route, {kind: 'inference'}> & {readonly target: string};

/** Longer ones are of no model. */
const maxModelLength = 2048;

/** How an inference is asked, and of which model; undefined where it names none, which the service refuses. */
const askedBy = (
	route: Inference,
	{model, isStream}: RequestFacts,
): {readonly method: Method; readonly model: string} | undefined => {
	if (route.host === 'runtime') {
		return route;
	}
	return model === undefined || model.length > maxModelLength
		? undefined
		: {method: isStream ? `${route.api}-stream` : route.api, model: `${mantlePrefix}${model}`};
};

/** Passes an inference and counts it: bytes first, then a copy of them. */
export async function passInference(incoming: Incoming, route: Inference, given: PassPorts): Promise<void> {
	const secrets = (): readonly string[] => [...given.secrets(), ...credentialsIn(incoming.headers)];
	const ports = {...given, secrets};
	const {traffic, models} = ports;
	const {reply} = incoming;
	const abort = new AbortController();
	let isGone = false;
	reply.onAbort(() => {
		isGone = true;
		abort.abort();
	});
	const body = await bodyOf(incoming, abort.signal);
	if (body === 'too-large') {
		refuse(incoming, refusals.tooLarge, ports);
		return;
	}
	const facts = body === 'gone' ? unreadFacts : requestFacts(body);
	const {host, target} = route;
	const asked = askedBy(route, facts);
	if (asked === undefined) {
		if (body === 'gone') {
			return;
		}
		await (ports.spending === undefined
			? passUnmetered(incoming, {host, target, body}, ports, abort.signal)
			: refuse(incoming, ports.spending.refuseUnpriced('a request that names no model'), ports));
		return;
	}
	const {method, model} = asked;
	traffic.method ??= method;
	const index = models.indexOf(model);
	const {call, known} = await arrive(incoming, {index, model, facts}, ports);
	if (body === 'gone') {
		traffic.aborted(call);
		await known;
		return;
	}
	if (ports.pacing.hasLanes) {
		await orLate(known, ports.clock);
	}
	const allowance = await allowanceFor(call, body, ports);
	const isSpent = allowance !== undefined && 'refusal' in allowance;
	const answer: Buffer[] = [];
	try {
		if (isSpent) {
			refuseCall(call, allowance.refusal, incoming, ports);
		} else {
			const keep = (chunk: Buffer): unknown => ports.recorder?.keepsAnswers && answer.push(chunk);
			await passCall(
				call,
				{incoming, route: {host, method, model, target}, body, abort, isGone: () => isGone, keep},
				ports,
			);
		}
	} finally {
		if (!isSpent) {
			allowance?.settle(call.sentAt === undefined ? 0 : call.end?.costUsd);
		}
		const endedAt = ports.clock.now();
		await known;
		const lane = ports.pacing.laneOf(call.caller);
		const kept = ports.recorder?.keepsAnswers ? Buffer.concat(answer) : undefined;
		ports.recorder?.record({call, method, lane, request: body, endedAt, answer: kept});
	}
}

/** Under a limit of the cost the price of a model must be known first. */
const allowanceFor = async (call: TappedCall, body: Buffer, {spending, models}: PassPorts) => {
	if (spending === undefined) {
		return undefined;
	}
	await models.whenRead(call.row.target);
	return spending.ask(call, body, models.at(call.row.target).price);
};

/** The tap itself does not let a call pass. */
const refuseCall = (call: TappedCall, refusal: TapRefusal, incoming: Incoming, ports: PassPorts): void => {
	call.end = {outcome: refusal.reason, usage: undefined, costUsd: 0};
	ports.traffic.refused(call);
	refuse(incoming, refusal, ports);
};

type Passed = {
	/** Takes the bytes of an answer, for a recording. */
	readonly keep: (chunk: Buffer) => void;
	readonly incoming: Incoming;
	readonly route: Pick<Inference, 'host' | 'target'> & {readonly method: Method; readonly model: string};
	readonly body: Buffer;
	readonly abort: AbortController;
	readonly isGone: () => boolean;
};

/** Sends a call as soon as there is room for it, again where the service throttles it within its hold. */
const passCall = async (
	call: TappedCall,
	{incoming, route: {host, method, model, target}, body, abort, isGone, keep}: Passed,
	ports: PassPorts,
): Promise<void> => {
	const {traffic} = ports;
	const {reply} = incoming;
	const index = call.row.target;
	const context = contextOf(method, model, ports, index);
	const key = (): string => callKey(call, body);
	for (let holdMs: number | undefined; ; ) {
		const admitted = await ports.pacing.admit(call, key, incoming, abort.signal, holdMs);
		if (admitted.kind !== 'admitted') {
			if (admitted.kind === 'gone') {
				traffic.aborted(call);
			} else {
				refuseCall(call, admitted.refusal, incoming, ports);
			}
			return;
		}
		const settling = {ports, admitted};
		const answer = await forward(incoming, {host, target, body}, ports, {
			signal: abort.signal,
			onSend: () => traffic.sent(call),
		});
		if ('refusal' in answer) {
			finishUnanswered(call, {answer, isGone: isGone()}, context, settling);
			sendUnanswered(incoming, answer, ports);
			return;
		}
		holdMs = answer.status === 429 ? ports.pacing.holdLeft(call, incoming.header('user-agent')) : 0;
		if (holdMs <= 0) {
			const passing = {answer, incoming, context, isGone, keep};
			await (answer.status < 300
				? passAnswer(call, method, passing, settling)
				: passError(call, passing, settling));
			return;
		}
		// Nothing has gone back to the client yet: what the service throttled may wait for room like any other call.
		const text = await errorBody(answer);
		const failure = failureIn(answer, text.toString('utf8'), context, ports);
		finishRefused(call, failure, settling);
		if (!isThrottle(failure)) {
			reply.start(answer.status, answer.reason, endToEnd(answer.headers)).end(text);
			return;
		}
	}
};

const isThrottle = ({class: kind}: Failure): boolean =>
	kind === 'throttled-requests' || kind === 'throttled-tokens';

/** The body of an error, which is small; of one that breaks off what had come. */
const errorBody = async ({body}: UpstreamAnswer): Promise<Buffer> => {
	const chunks: Buffer[] = [];
	try {
		for await (const chunk of body as AsyncIterable<Buffer>) {
			chunks.push(chunk);
		}
	} catch {
		// The client gets what there is.
	}
	return Buffer.concat(chunks);
};

type Passing = {
	readonly answer: UpstreamAnswer;
	readonly incoming: Incoming;
	readonly context: FailureContext;
	readonly isGone: () => boolean;
	readonly keep: (chunk: Buffer) => void;
};

/** Clients tell errors apart by the words of the service: they pass byte for byte as well. */
const passError = async (
	call: TappedCall,
	{answer, incoming, context, keep}: Passing,
	settling: Settling,
): Promise<void> => {
	const collector = bodyCollector();
	await passBack(answer, incoming, {
		onFirstByte() {},
		onChunk(chunk) {
			collector.push(chunk);
			keep(chunk);
		},
		onEnd: () => finishRefused(call, failureIn(answer, collector.text(), context, settling.ports), settling),
	});
};

const passAnswer = async (
	call: TappedCall,
	method: Method,
	{answer, incoming, context, isGone, keep}: Passing,
	{ports, admitted}: Settling,
): Promise<void> => {
	const reader = createAnswerReader({
		method,
		baseModel: ports.models.at(call.row.target).target.baseModel,
		headers: lowerCased(answer.headers),
		onFirstToken: () => ports.traffic.firstToken(call),
	});
	await passBack(answer, incoming, {
		onFirstByte: admitted.confirmed,
		onChunk(chunk) {
			reader.push(chunk);
			keep(chunk);
		},
		onEnd: (isWhole) => finishAnswered(call, reader, {isWhole, isGone: isGone(), context}, {ports, admitted}),
	});
};

const finishRefused = (call: TappedCall, failure: Failure, {ports, admitted}: Settling): void => {
	if (failure.charge === 'none') {
		ports.traffic.ended(call, {kind: 'refused', failure});
		admitted.settled(undefined, failure);
	} else {
		admitted.settled(ports.traffic.ended(call, {kind: 'broken', failure, reading: undefined}), failure);
	}
};

type Settling = {readonly ports: PassPorts; readonly admitted: Pass};

const finishAnswered = (
	attempt: TappedCall,
	reader: AnswerReader,
	{
		isWhole,
		isGone,
		context,
	}: {readonly isWhole: boolean; readonly isGone: boolean; readonly context: FailureContext},
	{ports, admitted}: Settling,
): void => {
	const {traffic} = ports;
	const reading = reader.end(isWhole);
	if (reading.isComplete) {
		const usage = reading.usage ?? estimatedUsage(attempt, reading);
		const quotaTokens = traffic.ended(attempt, {kind: 'answered', reading, usage});
		admitted.settled(quotaTokens, undefined, usage);
		ports.onSettled(attempt.row.target, quotaTokens);
		return;
	}
	if (isGone) {
		traffic.aborted(attempt);
	}
	const failure = isGone ? undefined : cutFailure(reading.fault, context, ports);
	admitted.settled(traffic.ended(attempt, {kind: 'broken', failure, reading}), failure);
};

/** The service was not reached, or nothing came back. */
const finishUnanswered = (
	attempt: TappedCall,
	{answer, isGone}: {readonly answer: NoAnswer; readonly isGone: boolean},
	context: FailureContext,
	{ports, admitted}: Settling,
): void => {
	const {traffic} = ports;
	if (isGone) {
		traffic.aborted(attempt);
	} else if (attempt.sentAt === undefined) {
		traffic.refused(attempt);
	}
	const failure = isGone
		? undefined
		: failureOf(answer.error ?? new Error(answer.refusal.message), context, {secrets: ports.secrets()});
	if (attempt.sentAt === undefined || failure?.charge === 'none') {
		// What was never sent did not fail at the service.
		if (attempt.sentAt !== undefined && failure !== undefined) {
			traffic.ended(attempt, {kind: 'refused', failure});
		}
		admitted.settled(undefined, failure);
		return;
	}
	admitted.settled(traffic.ended(attempt, {kind: 'broken', failure, reading: undefined}), failure);
};

const contextOf = (
	method: Method,
	model: string,
	{models, region, endpoint}: PassPorts,
	index: number,
): FailureContext => {
	const {baseModel} = models.at(index).target;
	return {model, baseModel, action: actionOf(method), region, endpoint, method, isPassedOn: true};
};

/** Usage of an answer without counts, marked as estimated. */
function estimatedUsage({expected}: TappedCall, {characters}: AnswerReading): Usage {
	return {
		inputTokens: expected.inputTokens,
		outputTokens: estimatedTokens(characters),
		cacheReadTokens: 0,
		cacheWriteTokens: 0,
		reasoningTokens: undefined,
		isEstimated: true,
	};
}
