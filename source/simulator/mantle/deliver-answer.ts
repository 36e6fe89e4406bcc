import type {Facts} from '../families/family.ts';
import {chunkTokens} from '../runtime/chunks.ts';
import type {Delivery} from '../runtime/deliver.ts';
import {streamMessage} from '../runtime/fault-errors.ts';
import {sendJson} from '../runtime/replies.ts';
import {sleepUntil, type Time} from '../time.ts';
import type {Reply} from '../wire/exchange.ts';
import type {AnswerStream, Part} from './mantle-api.ts';
import {MantleError} from './mantle-error.ts';
import type {MantleJob} from './mantle-job.ts';
import {requestIdHeaders} from './request-id.ts';

/** Sends answers of bedrock-mantle: whole ones as JSON, streamed ones as server-sent events. */

/** Part of an answer after which a fault meets it. */
const faultAfterShare = 0.5;

const tokensPerEvent = 3;

/** Events that are due within so many milliseconds leave together: a timer for each would cost more than the work. */
const togetherMs = 12;

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
export const deliverWholeAnswer = async (job: MantleJob, reply: Reply, time: Time): Promise<Delivery> => {
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
};

const partsOfKind = (kind: Part['kind'], tokens: readonly string[], before: number): readonly Part[] =>
	tokens.length === 0
		? []
		: chunkTokens(tokens, tokensPerEvent).map(({firstToken, lastToken}) => ({
				kind,
				tokens: tokens.slice(firstToken - 1, lastToken),
				lastToken: before + lastToken,
			}));

const partsOf = ({answer}: Facts): readonly Part[] => {
	const {reasoning, tokens, toolUse} = answer;
	return [
		...partsOfKind('reasoning', reasoning, 0),
		...partsOfKind('text', tokens, reasoning.length),
		...partsOfKind('tool', toolUse?.tokens ?? [], reasoning.length + tokens.length),
	];
};

/** When a part leaves, in milliseconds since the start of the service: with its first token. */
const dueMs = ({pace, facts}: MantleJob, part: Part): number => {
	const token = part.lastToken - part.tokens.length;
	const share = token / Math.max(1, facts.usage.outputTokens - 1);
	return pace.firstTokenMs + (pace.totalMs - pace.firstTokenMs) * Math.min(1, share);
};

const breakOff = (job: MantleJob, stream: AnswerStream, reply: Reply): string => {
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
export const deliverStreamedAnswer = async (job: MantleJob, reply: Reply, time: Time): Promise<Delivery> => {
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
		const atMs = startedAtMs + dueMs(job, part);
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
		return {status: 200, error: breakOff(job, stream, reply), outputTokens, firstTokenAtMs};
	}
	if (outputTokens === facts.usage.outputTokens) {
		await sleepUntil(time, startedAtMs + pace.totalMs);
	}
	reply.end(Buffer.from(pending + stream.closing(cutFacts(facts, outputTokens))));
	return {status: 200, error: undefined, outputTokens, firstTokenAtMs};
};
