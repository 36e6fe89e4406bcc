import type {Readable} from 'node:stream';
import type {FailureContext} from '../bedrock/failures/error-facts.ts';
import {failureOf} from '../bedrock/failures/failure-of.ts';
import {withoutSecrets} from '../bedrock/failures/redact.ts';
import type {ResponseHeaders} from '../bedrock/methods/response-headers.ts';
import {StreamFault} from '../bedrock/methods/stream-reader.ts';
import type {Method} from '../domain/backend.ts';
import type {Failure} from '../domain/failure.ts';
import {reasonOf, UserError} from '../domain/user-error.ts';
import {type AnswerReader, bodyCollector, createAnswerReader} from './answer-reader.ts';
import {callerOf} from './clients.ts';
import {endToEnd, type Headers, headerIn, type Incoming} from './listener.ts';
import type {ModelBook} from './models.ts';
import {noCredentials, refusals, sendRefusal, type TapRefusal, unreachable} from './refusal.ts';
import {requestFacts} from './request-facts.ts';
import type {Route, UpstreamHost} from './routes.ts';
import type {Outgoing, Signer} from './signing.ts';
import {estimatedUsage, type TappedCall, type Traffic} from './traffic.ts';
import {type Agents, send, type UpstreamAnswer} from './upstream.ts';

/** Largest body that Bedrock takes. */
const maxBodyBytes = 25_000_000;

/** What a request passes through. */
export type PassPorts = {
	readonly traffic: Traffic;
	readonly models: ModelBook;
	readonly signer: Signer;
	readonly agents: Agents;
	/** Base of a host of the service. Rejects with a UserError where there is none. */
	readonly baseOf: (host: UpstreamHost) => Promise<URL>;
	/** Values that must never be shown. */
	readonly secrets: () => readonly string[];
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

/** @returns Undefined where the body is too large. Rejects where the client leaves before its end. */
async function bodyOf(body: Readable): Promise<Buffer | undefined> {
	const chunks: Buffer[] = [];
	let length = 0;
	for await (const chunk of body as AsyncIterable<Buffer>) {
		length += chunk.length;
		if (length > maxBodyBytes) {
			return undefined;
		}
		chunks.push(chunk);
	}
	return Buffer.concat(chunks);
}

const lowerCased = (headers: Headers): ResponseHeaders =>
	Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]));

const withBase = (base: URL, target: string): string =>
	base.pathname === '/' ? target : `${base.pathname.replace(/\/$/, '')}${target}`;

const outgoingOf = async (
	{method, headers}: Incoming,
	{host, target, body}: {readonly host: UpstreamHost; readonly target: string; readonly body: Buffer},
	ports: PassPorts,
): Promise<Outgoing> => {
	const url = await ports.baseOf(host);
	return {
		method,
		url,
		target: withBase(url, target),
		headers: endToEnd(headers),
		body,
		service: host === 'mantle' ? 'bedrock-mantle' : 'bedrock',
	};
};

/** The error of a connection in words. */
const connectionWords = (error: unknown, ports: PassPorts): string =>
	withoutSecrets(reasonOf(error), ports.secrets());

/** Signs and sends. @returns The answer, or why there is none. */
const forward = async (
	outgoing: Outgoing,
	ports: PassPorts,
	signal: AbortSignal,
	onSend: () => void = () => {},
): Promise<UpstreamAnswer | {readonly refusal: TapRefusal; readonly error?: unknown}> => {
	let signed: Awaited<ReturnType<Signer['headersFor']>>;
	try {
		signed = await ports.signer.headersFor(outgoing);
	} catch (error) {
		const hint = error instanceof UserError && error.hint !== undefined ? ` ${error.hint}` : '';
		return {refusal: noCredentials(`${connectionWords(error, ports)}${hint}`)};
	}
	if ('refusal' in signed) {
		return signed;
	}
	onSend();
	try {
		const answer = await send({...outgoing, headers: signed.headers}, ports.agents, signal);
		ports.signer.heard(headerIn(answer.headers, 'date'));
		return answer;
	} catch (error) {
		return {refusal: unreachable(connectionWords(error, ports)), error};
	}
};

type Watching = {
	readonly onFirstByte: () => void;
	readonly onChunk: (chunk: Buffer) => void;
	/** @param isWhole The body ended by itself, and the client was there to its end. */
	readonly onEnd: (isWhole: boolean) => void;
};

/** Passes an answer on as it comes. What is made of it comes after its bytes have left. @returns Resolves at its end. */
const passBack = (answer: UpstreamAnswer, {reply}: Incoming, watching: Watching): Promise<void> => {
	const {status, reason, headers, body} = answer;
	const {promise, resolve} = Promise.withResolvers<void>();
	const out = reply.start(status, reason, endToEnd(headers));
	let isFirst = true;
	let isOver = false;
	const finish = (isWhole: boolean): void => {
		if (!isOver) {
			isOver = true;
			watching.onEnd(isWhole);
			resolve();
		}
	};
	body.on('data', (chunk: Buffer) => {
		if (!out.write(chunk)) {
			body.pause();
			out.once('drain', () => body.resume());
		}
		if (isFirst) {
			isFirst = false;
			watching.onFirstByte();
		}
		watching.onChunk(chunk);
	});
	body.on('end', () => {
		out.end();
		finish(true);
	});
	body.on('error', () => {
		reply.cut();
		finish(false);
	});
	body.on('close', () => {
		if (!isOver) {
			reply.cut();
			finish(false);
		}
	});
	return promise;
};

/** Passes a request that is not metered. */
export async function passOther(
	incoming: Incoming,
	{host, target}: {readonly host: UpstreamHost; readonly target: string},
	ports: PassPorts,
): Promise<void> {
	const abort = new AbortController();
	incoming.reply.onAbort(() => abort.abort());
	const body = await bodyOf(incoming.body);
	if (body === undefined) {
		sendRefusal(incoming.reply, refusals.tooLarge);
		return;
	}
	const answer = await forward(await outgoingOf(incoming, {host, target, body}, ports), ports, abort.signal);
	if ('refusal' in answer) {
		sendRefusal(incoming.reply, answer.refusal);
		return;
	}
	await passBack(answer, incoming, {onFirstByte() {}, onChunk() {}, onEnd() {}});
}

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
	const body = await bodyOf(incoming.body);
	if (body === undefined) {
		sendRefusal(reply, refusals.tooLarge);
		return;
	}
	const index = models.indexOf(model);
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
	const outgoing = await outgoingOf(incoming, {host, target, body}, ports);
	const answer = await forward(outgoing, ports, abort.signal, () => traffic.sent(attempt));
	const context = contextOf(method, model, ports, index);
	if ('refusal' in answer) {
		finishUnanswered(attempt, {answer, isGone}, context, {ports, admitted});
		sendRefusal(reply, answer.refusal);
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
	{
		answer,
		isGone,
	}: {readonly answer: {readonly refusal: TapRefusal; readonly error?: unknown}; readonly isGone: boolean},
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
		if (failure !== undefined) {
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
