import type {Facts} from '../families/family.ts';
import {streamMessage} from '../faults/faults.ts';
import type {AnswerPart, AnswerStream} from '../mantle/mantle-api.ts';
import {MantleError, requestIdHeaders} from '../mantle/mantle-error.ts';
import type {MantleJob} from '../mantle/mantle-job.ts';
import {sleepUntil, type Time} from '../time.ts';
import {encodeException} from '../wire/event-stream.ts';
import {type Reply, sendJson} from '../wire/exchange.ts';
import {chunkTokens, type StreamDelta, type StreamedAnswer, type Timing} from './dialect.ts';
import type {Job} from './job.ts';

/** How an answer went out. */
export type Delivery = {
	/** HTTP status; 0 where the connection was cut before any. */
	readonly status: number;
	/** Exception in the middle of a stream, `cut` or `client-closed`; undefined for a whole answer. */
	readonly error: string | undefined;
	/** Output tokens that were made. */
	readonly outputTokens: number;
	readonly firstTokenAtMs: number | undefined;
};

/** Part of an answer after which a fault meets it. */
const faultAfterShare = 0.5;

/** Events that are due within so many milliseconds leave together: a timer for each would cost more than the work. */
const togetherMs = 12;

const requestIdHeader = 'x-amzn-requestid';

/** Sends a whole answer when its time has come. */
export async function deliverWhole(job: Job, reply: Reply, time: Time): Promise<Delivery> {
	const {arrival, dialect, facts, pace, fault} = job;
	if (fault?.kind === 'cut') {
		await sleepUntil(time, arrival.startedAtMs + pace.totalMs * faultAfterShare);
		reply.cut();
		return {status: 0, error: 'cut', outputTokens: facts.usage.outputTokens, firstTokenAtMs: undefined};
	}
	await sleepUntil(time, arrival.startedAtMs + pace.totalMs);
	const endedAtMs = time.now();
	const timing: Timing = {latencyMs: endedAtMs - arrival.startedAtMs, firstByteMs: pace.firstTokenMs};
	const wishes = {headers: arrival.headers, body: job.body};
	const whole = dialect.whole(facts, timing, wishes);
	sendJson(reply, 200, whole.body, {...whole.headers, [requestIdHeader]: arrival.requestId});
	return {
		status: 200,
		error: undefined,
		outputTokens: facts.usage.outputTokens,
		firstTokenAtMs: endedAtMs,
	};
}

/** When an event is due, in milliseconds since the start of the service. */
const dueMs = (delta: StreamDelta, job: Job, isInBursts: boolean): number => {
	const {pace, facts} = job;
	const token = isInBursts ? delta.lastToken : delta.firstToken;
	const share = Math.max(0, token - 1) / Math.max(1, facts.usage.outputTokens - 1);
	return pace.firstTokenMs + (pace.totalMs - pace.firstTokenMs) * share;
};

/** Milliseconds from an exception to the end of its body: the service ends it apart, and clients must not wait for it. */
const endAfterMs = 20;

const breakOff = (job: Job, reply: Reply, time: Time): string => {
	const {fault} = job;
	if (fault?.kind === 'stream-error') {
		const message = JSON.stringify({message: streamMessage(fault.exception)});
		reply.write(encodeException(fault.exception, message));
		void time.sleep(endAfterMs).then(() => reply.end());
		return fault.exception;
	}
	reply.cut();
	return 'cut';
};

/** Deltas that go out before a fault; all of them without one. */
const deliverable = (job: Job, stream: StreamedAnswer): readonly StreamDelta[] =>
	job.fault === undefined
		? stream.deltas
		: stream.deltas.slice(0, Math.floor(stream.deltas.length * faultAfterShare));

/** Sends a streamed answer token by token. */
export async function deliverStream(job: Job, reply: Reply, time: Time): Promise<Delivery> {
	const {arrival, dialect, pace, fault} = job;
	const {startedAtMs} = arrival;
	const wishes = {headers: arrival.headers, body: job.body};
	const stream = dialect.stream(job.facts, wishes);
	const deltas = deliverable(job, stream);
	await sleepUntil(time, startedAtMs + pace.firstTokenMs);
	const firstTokenAtMs = time.now();
	const firstByteMs = firstTokenAtMs - startedAtMs;
	reply.head(200, {
		'content-type': 'application/vnd.amazon.eventstream',
		[requestIdHeader]: arrival.requestId,
		...dialect.streamHeaders(wishes),
	});
	let pending: Uint8Array[] = [stream.opening()];
	let outputTokens = 0;
	const flush = () => {
		if (pending.length > 0) {
			reply.write(Buffer.concat(pending));
			pending = [];
		}
	};
	for (const [index, delta] of deltas.entries()) {
		const isEnd = index === deltas.length - 1 && fault === undefined;
		const atMs = startedAtMs + (isEnd ? pace.totalMs : dueMs(delta, job, stream.isInBursts));
		if (atMs - time.now() > (isEnd ? 0 : togetherMs)) {
			flush();
			await sleepUntil(time, atMs);
		}
		if (reply.isClosed()) {
			return {status: 200, error: 'client-closed', outputTokens, firstTokenAtMs};
		}
		pending.push(delta.encode({latencyMs: time.now() - startedAtMs, firstByteMs}));
		// What a guardrail says in the model's place is not counted.
		outputTokens = Math.min(delta.lastToken, job.facts.usage.outputTokens);
	}
	if (fault !== undefined) {
		flush();
		return {status: 200, error: breakOff(job, reply, time), outputTokens, firstTokenAtMs};
	}
	await sleepUntil(time, startedAtMs + pace.totalMs);
	reply.end(Buffer.concat([...pending, stream.closing({latencyMs: time.now() - startedAtMs, firstByteMs})]));
	return {status: 200, error: undefined, outputTokens, firstTokenAtMs};
}

const tokensPerEvent = 3;

/** An answer as far as it got: what an output quota cut off ends like one that met its max tokens. */
const cutFacts = (facts: Facts, producedTokens: number): Facts => {
	if (producedTokens >= facts.usage.outputTokens) {
		return facts;
	}
	const {toolUse} = facts.answer;
	const reasoning = facts.answer.reasoning.slice(0, producedTokens);
	const tokens = facts.answer.tokens.slice(0, producedTokens - reasoning.length);
	const input = toolUse?.tokens.slice(0, producedTokens - reasoning.length - tokens.length) ?? [];
	return {
		...facts,
		answer: {
			reasoning,
			tokens,
			// An input that is not whole is none.
			toolUse:
				toolUse === undefined || input.length === 0 ? undefined : {...toolUse, input: {}, tokens: input},
			stopReason: 'length',
			stopSequence: undefined,
		},
		usage: {...facts.usage, outputTokens: producedTokens},
	};
};

/** Sends a whole answer when its time has come. */
export async function deliverWholeAnswer(job: MantleJob, reply: Reply, time: Time): Promise<Delivery> {
	const {arrival, target, facts, pace, fault} = job;
	if (fault?.kind === 'cut') {
		await sleepUntil(time, arrival.startedAtMs + pace.totalMs * faultAfterShare);
		reply.cut();
		return {status: 0, error: 'cut', outputTokens: facts.usage.outputTokens, firstTokenAtMs: undefined};
	}
	await sleepUntil(time, arrival.startedAtMs + pace.totalMs);
	const endedAtMs = time.now();
	const outputTokens = job.produce(endedAtMs, facts.usage.outputTokens);
	const body = arrival.api.whole(cutFacts(facts, outputTokens), arrival.body, target);
	sendJson(reply, 200, body, requestIdHeaders(arrival.requestId));
	return {status: 200, error: undefined, outputTokens, firstTokenAtMs: endedAtMs};
}

const partsOfKind = (
	kind: AnswerPart['kind'],
	tokens: readonly string[],
	before: number,
): readonly AnswerPart[] =>
	tokens.length === 0
		? []
		: chunkTokens(tokens, tokensPerEvent).map(({firstToken, lastToken}) => ({
				kind,
				tokens: tokens.slice(firstToken - 1, lastToken),
				lastToken: before + lastToken,
			}));

const partsOf = ({answer}: Facts): readonly AnswerPart[] => {
	const {reasoning, tokens, toolUse} = answer;
	return [
		...partsOfKind('reasoning', reasoning, 0),
		...partsOfKind('text', tokens, reasoning.length),
		...partsOfKind('tool', toolUse?.tokens ?? [], reasoning.length + tokens.length),
	];
};

/** When a part leaves, in milliseconds since the start of the service: with its first token. */
const partDueMs = ({pace, facts}: MantleJob, part: AnswerPart): number => {
	const token = part.lastToken - part.tokens.length;
	const share = token / Math.max(1, facts.usage.outputTokens - 1);
	return pace.firstTokenMs + (pace.totalMs - pace.firstTokenMs) * Math.min(1, share);
};

const breakOffMantle = (job: MantleJob, stream: AnswerStream, reply: Reply): string => {
	const {fault, arrival} = job;
	if (fault?.kind !== 'stream-error') {
		reply.cut();
		return 'cut';
	}
	const kind = fault.exception === 'throttlingException' ? 'throttled' : 'internal';
	const error = new MantleError(kind, streamMessage(fault.exception));
	reply.write(Buffer.from(stream.failure(error, arrival.requestId)));
	reply.end();
	return arrival.api.errors.typeOf(kind);
};

/** Sends a streamed answer part by part, for as long as the output quota has room. */
export async function deliverStreamedAnswer(job: MantleJob, reply: Reply, time: Time): Promise<Delivery> {
	const {arrival, target, facts, pace, fault} = job;
	const {startedAtMs} = arrival;
	const stream = arrival.api.stream(facts, arrival.body, target);
	const all = partsOf(facts);
	const parts = fault === undefined ? all : all.slice(0, Math.floor(all.length * faultAfterShare));
	await sleepUntil(time, startedAtMs + pace.firstTokenMs);
	const firstTokenAtMs = time.now();
	reply.head(200, {
		'content-type': 'text/event-stream; charset=utf-8',
		'cache-control': 'no-cache',
		...requestIdHeaders(arrival.requestId),
	});
	let pending = stream.opening();
	let outputTokens = 0;
	const flush = (): void => {
		if (pending !== '') {
			reply.write(Buffer.from(pending));
			pending = '';
		}
	};
	for (const part of parts) {
		const atMs = startedAtMs + partDueMs(job, part);
		if (atMs - time.now() > togetherMs) {
			flush();
			await sleepUntil(time, atMs);
		}
		if (reply.isClosed()) {
			return {status: 200, error: 'client-closed', outputTokens, firstTokenAtMs};
		}
		const granted = job.produce(time.now(), part.tokens.length);
		outputTokens += granted;
		if (granted > 0) {
			pending += stream.part({...part, tokens: part.tokens.slice(0, granted)});
		}
		if (granted < part.tokens.length) {
			break;
		}
	}
	if (fault !== undefined) {
		flush();
		return {status: 200, error: breakOffMantle(job, stream, reply), outputTokens, firstTokenAtMs};
	}
	if (outputTokens === facts.usage.outputTokens) {
		await sleepUntil(time, startedAtMs + pace.totalMs);
	}
	reply.end(Buffer.from(pending + stream.closing(cutFacts(facts, outputTokens))));
	return {status: 200, error: undefined, outputTokens, firstTokenAtMs};
}
