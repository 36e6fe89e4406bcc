import type {Readable} from 'node:stream';
import type {FailureContext} from '../bedrock/failures/error-facts.ts';
import {failureOf} from '../bedrock/failures/failure-of.ts';
import {withoutSecrets} from '../bedrock/failures/redact.ts';
import type {ResponseHeaders} from '../bedrock/methods/response-headers.ts';
import {StreamFault} from '../bedrock/methods/stream-reader.ts';
import type {Method} from '../domain/backend.ts';
import type {Failure} from '../domain/failure.ts';
import {reasonOf, UserError} from '../domain/user-error.ts';
import {type AnswerReader, createAnswerReader} from './answer-reader.ts';
import {callerOf} from './clients.ts';
import {endToEnd, type Headers, headerIn, type Incoming} from './listener.ts';
import type {ModelBook} from './models.ts';
import {callKey, type Pacing, type Pass} from './pacing.ts';
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
	readonly pacing: Pacing;
	/** An answer settled its quota tokens. @param index Of its model. */
	readonly onSettled: (index: number, quotaTokens: number) => void;
	readonly region: string;
	readonly endpoint: string | null;
};

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
	const call = traffic.arrive(callerOf(incoming), index, model, requestFacts(body));
	const context = contextOf(method, model, ports, index);
	const key = callKey(call, body);
	for (let holdMs: number | undefined; ; ) {
		const admitted = await ports.pacing.admit(call, key, incoming, abort.signal, holdMs);
		if (admitted.kind !== 'admitted') {
			if (admitted.kind === 'gone') {
				traffic.aborted(call);
			} else {
				sendRefusal(reply, admitted.refusal);
			}
			return;
		}
		const outgoing = await outgoingOf(incoming, {host, target, body}, ports);
		const answer = await forward(outgoing, ports, abort.signal, () => traffic.sent(call));
		if ('refusal' in answer) {
			finishUnanswered(call, {answer, isGone}, context, {ports, admitted});
			sendRefusal(reply, answer.refusal);
			return;
		}
		if (answer.status < 300) {
			await passAnswer(call, {answer, incoming, method, isGone: () => isGone, context}, {ports, admitted});
			return;
		}
		const text = await errorBody(answer);
		const failure = failureIn(answer, text.toString('utf8'), context, ports);
		finishRefused(call, failure, {ports, admitted});
		holdMs = ports.pacing.holdLeft(call, incoming.header('user-agent'));
		// Nothing has gone back to the client yet: what the service throttled may wait for room like any other call.
		if (!isThrottle(failure) || holdMs <= 0 || isGone) {
			passError(answer, text, incoming);
			return;
		}
	}
}

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

/** Passes an error on byte for byte: clients tell errors apart by the words of the service. */
const passError = ({status, reason, headers}: UpstreamAnswer, text: Buffer, {reply}: Incoming): void => {
	if (reply.isOpen()) {
		reply.start(status, reason, endToEnd(headers)).end(text);
	}
};

const finishRefused = (call: TappedCall, failure: Failure, {ports, admitted}: Settling): void => {
	if (failure.charge === 'none') {
		ports.traffic.ended(call, {kind: 'refused', failure});
		admitted.settled(undefined, failure);
	} else {
		admitted.settled(ports.traffic.ended(call, {kind: 'broken', failure, reading: undefined}), failure);
	}
};

type Answering = {
	readonly answer: UpstreamAnswer;
	readonly incoming: Incoming;
	readonly method: Method;
	readonly isGone: () => boolean;
	readonly context: FailureContext;
};

const passAnswer = async (
	call: TappedCall,
	{answer, incoming, method, isGone, context}: Answering,
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
		onChunk: reader.push,
		onEnd: (isWhole) => finishAnswered(call, reader, {isWhole, isGone: isGone(), context}, {ports, admitted}),
	});
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
		admitted.settled(quotaTokens, undefined);
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
