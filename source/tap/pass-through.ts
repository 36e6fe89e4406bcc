import type {FailureContext} from '../bedrock/failures/error-facts.ts';
import {failureOf} from '../bedrock/failures/failure-of.ts';
import type {ResponseHeaders} from '../bedrock/methods/response-headers.ts';
import {StreamFault} from '../bedrock/methods/stream-reader.ts';
import type {Method} from '../domain/backend.ts';
import type {Failure} from '../domain/failure.ts';
import {type AnswerReader, bodyCollector, createAnswerReader} from './answer-reader.ts';
import {callerOf} from './clients.ts';
import {
	bodyOf,
	type ExchangePorts,
	forward,
	type NoAnswer,
	passBack,
	refuse,
	sendUnanswered,
} from './exchange.ts';
import type {Headers, Incoming} from './listener.ts';
import type {ModelBook} from './models.ts';
import {refusals, sendRefusal, type TapRefusal} from './refusal.ts';
import {requestFacts, unreadFacts} from './request-facts.ts';
import type {Route} from './routes.ts';
import {estimatedUsage, type TappedCall} from './traffic.ts';
import type {UpstreamAnswer} from './upstream.ts';

/** What a request passes through. */
export type PassPorts = ExchangePorts & {
	readonly models: ModelBook;
	/** Whether a request may be sent now, or why not; resolves when it may. */
	readonly admit: (attempt: TappedCall, incoming: Incoming, signal: AbortSignal) => Promise<Admitted>;
	readonly region: string;
	readonly endpoint: string | null;
};

/** The end of the wait for room. */
export type Admitted =
	| {
			readonly kind: 'admitted';
			/** The first byte of the answer came. */
			readonly confirmed: () => void;
			/** The attempt is over. @param quotaTokens Undefined where the service refused it before counting. */
			readonly settled: (quotaTokens: number | undefined, failure: Failure | undefined) => void;
	  }
	| {readonly kind: 'refused'; readonly refusal: TapRefusal}
	/** The client left. */
	| {readonly kind: 'gone'};

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

/** Passes an inference and counts it: bytes first, then a copy of them. */
export async function passInference(
	incoming: Incoming,
	{host, method, model, target}: Inference,
	ports: PassPorts,
): Promise<void> {
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
	const index = models.indexOf(model);
	if (body === 'gone') {
		traffic.aborted(traffic.arrive(callerOf(incoming), index, model, unreadFacts));
		return;
	}
	const attempt = traffic.arrive(callerOf(incoming), index, model, requestFacts(body));
	const admitted = await ports.admit(attempt, incoming, abort.signal);
	if (admitted.kind !== 'admitted') {
		if (admitted.kind === 'gone') {
			traffic.aborted(attempt);
		} else {
			sendRefusal(reply, admitted.refusal);
		}
		return;
	}
	const answer = await forward(incoming, {host, target, body}, ports, {
		signal: abort.signal,
		onSend: () => traffic.sent(attempt),
	});
	const context = contextOf(method, model, ports, index);
	if ('refusal' in answer) {
		finishUnanswered(attempt, {answer, isGone}, context, {ports, admitted});
		sendUnanswered(incoming, answer, ports);
		return;
	}
	if (answer.status >= 300) {
		const collector = bodyCollector();
		await passBack(answer, incoming, {
			onFirstByte() {},
			onChunk: collector.push,
			onEnd() {
				const failure = failureIn(answer, collector.text(), context, ports);
				if (failure.charge === 'none') {
					traffic.ended(attempt, {kind: 'refused', failure});
					admitted.settled(undefined, failure);
				} else {
					admitted.settled(traffic.ended(attempt, {kind: 'broken', failure, reading: undefined}), failure);
				}
			},
		});
		return;
	}
	const reader = createAnswerReader({
		method,
		baseModel: models.at(index).target.baseModel,
		headers: lowerCased(answer.headers),
		onFirstToken: () => traffic.firstToken(attempt),
	});
	await passBack(answer, incoming, {
		onFirstByte: admitted.confirmed,
		onChunk: reader.push,
		onEnd: (isWhole) => finishAnswered(attempt, reader, {isWhole, isGone, context}, {ports, admitted}),
	});
}

type Settling = {readonly ports: PassPorts; readonly admitted: Extract<Admitted, {kind: 'admitted'}>};

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
		admitted.settled(traffic.ended(attempt, {kind: 'answered', reading, usage}), undefined);
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

const actions: Readonly<Record<Method, string>> = {
	converse: 'bedrock:InvokeModel',
	'converse-stream': 'bedrock:InvokeModelWithResponseStream',
	invoke: 'bedrock:InvokeModel',
	'invoke-stream': 'bedrock:InvokeModelWithResponseStream',
};

const contextOf = (
	method: Method,
	model: string,
	{models, region, endpoint}: PassPorts,
	index: number,
): FailureContext => {
	const {baseModel} = models.at(index).target;
	return {model, baseModel, action: actions[method], region, endpoint, method};
};
