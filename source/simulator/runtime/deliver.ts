import type {Pace} from '../catalog/model.ts';
import type {Fault} from '../options.ts';
import {sleepUntil, type Time} from '../time.ts';
import {type Reply, sendJson} from '../wire/exchange.ts';
import type {StreamedAnswer, Timing, WholeAnswer} from './dialect.ts';

/** Sends answers over time, the same for all APIs: whole or event by event, with the faults that interrupt them. */

/** Writes the answer to one request in the form of its API. */
export type AnswerWriter = {
	readonly whole: (timing: Timing, outputTokens: number) => WholeAnswer;
	readonly stream: () => StreamedAnswer;
};

/** An admitted request whose answer is to be sent. */
export type Deliverable = {
	/** When the service took the request on, in milliseconds of the simulator's time. */
	readonly startedAtMs: number;
	readonly pace: Pace;
	/** A fault that interrupts the answer. */
	readonly fault: Fault | undefined;
	/** Output tokens of the complete answer. */
	readonly outputTokens: number;
	readonly writer: AnswerWriter;
	/** Counts output tokens as they are generated; returns how many of them the quota has room for. */
	readonly produce: (nowMs: number, tokens: number) => number;
};

/** How an answer was sent. */
export type Delivery = {
	/** HTTP status; 0 where the connection was cut before any. */
	readonly status: number;
	/** Exception in the middle of a stream, `cut` or `client-closed`; undefined for a complete answer. */
	readonly error: string | undefined;
	/** Output tokens that were generated. */
	readonly outputTokens: number;
	readonly firstTokenAtMs: number | undefined;
};

/** A fault interrupts an answer after this part of it. */
const faultAfterShare = 0.5;

/** Events that are due within this time leave together: a timer for each would cost more than the work. */
const togetherMs = 12;

/** Milliseconds from an exception to the end of its body: the service ends it apart, and clients must not wait for it. */
const endAfterMs = 20;

/** Sends a complete answer when its time has come. */
export async function deliverWhole(job: Deliverable, reply: Reply, time: Time): Promise<Delivery> {
	const {startedAtMs, pace, fault} = job;
	if (fault?.kind === 'cut') {
		await sleepUntil(time, startedAtMs + pace.totalMs * faultAfterShare);
		reply.cut();
		return {status: 0, error: 'cut', outputTokens: job.outputTokens, firstTokenAtMs: undefined};
	}
	await sleepUntil(time, startedAtMs + pace.totalMs);
	const endedAtMs = time.now();
	const outputTokens = job.produce(endedAtMs, job.outputTokens);
	const timing = {latencyMs: endedAtMs - startedAtMs, firstByteMs: pace.firstTokenMs};
	const {body, headers} = job.writer.whole(timing, outputTokens);
	sendJson(reply, 200, body, headers);
	return {status: 200, error: undefined, outputTokens, firstTokenAtMs: endedAtMs};
}

/** Sends a streamed answer event by event, for as long as the quota has room for its tokens. */
export async function deliverStream(job: Deliverable, reply: Reply, time: Time): Promise<Delivery> {
	const {startedAtMs, pace, fault} = job;
	const stream = job.writer.stream();
	const deltaCount = Math.floor(stream.deltas.length * (fault === undefined ? 1 : faultAfterShare));
	await sleepUntil(time, startedAtMs + pace.firstTokenMs);
	const firstTokenAtMs = time.now();
	const timing = (): Timing => ({
		latencyMs: time.now() - startedAtMs,
		firstByteMs: firstTokenAtMs - startedAtMs,
	});
	reply.head(200, stream.headers);
	let pending = [stream.opening()];
	let sentTokens = 0;
	const flush = () => {
		if (pending.length > 0) {
			reply.write(Buffer.concat(pending));
			pending = [];
		}
	};
	// A text that a guardrail puts in the place of the answer is not counted.
	const delivered = (error: string | undefined): Delivery => ({
		status: 200,
		error,
		outputTokens: Math.min(sentTokens, job.outputTokens),
		firstTokenAtMs,
	});
	for (const {lastToken, dueShare, encode} of stream.deltas.slice(0, deltaCount)) {
		const atMs = startedAtMs + pace.firstTokenMs + (pace.totalMs - pace.firstTokenMs) * dueShare;
		if (atMs - time.now() > (dueShare === 1 ? 0 : togetherMs)) {
			flush();
			await sleepUntil(time, atMs);
		}
		if (reply.isClosed()) {
			return delivered('client-closed');
		}
		const tokens = lastToken - sentTokens;
		const granted = job.produce(time.now(), tokens);
		sentTokens += granted;
		if (granted > 0 || tokens === 0) {
			pending.push(encode(timing(), granted));
		}
		if (granted < tokens) {
			break;
		}
	}
	if (fault !== undefined) {
		flush();
		return delivered(interrupt(fault, stream, reply, time));
	}
	if (sentTokens >= job.outputTokens) {
		await sleepUntil(time, startedAtMs + pace.totalMs);
	}
	reply.end(Buffer.concat([...pending, stream.closing(timing(), sentTokens)]));
	return delivered(undefined);
}

/** Ends a stream with the exception of a fault, or cuts the connection; returns the name of the error. */
const interrupt = (fault: Fault, stream: StreamedAnswer, reply: Reply, time: Time): string => {
	if (fault.kind !== 'stream-error') {
		reply.cut();
		return 'cut';
	}
	const {name, event} = stream.failure(fault.exception);
	reply.write(event);
	void time.sleep(endAfterMs).then(() => reply.end());
	return name;
};
