import {sleepUntil, type Time} from '../time.ts';
import {encodeException} from '../wire/event-stream.ts';
import type {Reply} from '../wire/exchange.ts';
import type {StreamDelta, StreamedAnswer, Timing} from './dialect.ts';
import {streamMessage} from './fault-errors.ts';
import type {Job} from './job.ts';
import {sendJson} from './replies.ts';

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
export const deliverWhole = async (job: Job, reply: Reply, time: Time): Promise<Delivery> => {
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
};

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
export const deliverStream = async (job: Job, reply: Reply, time: Time): Promise<Delivery> => {
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
};
