import type {InvokeOptions, Received} from '../../domain/backend.ts';
import type {Reading} from '../families/family.ts';
import {at} from '../json.ts';
import {overlay, type ReportedCounts} from '../usage.ts';
import {headersOf} from './response-headers.ts';

/** An error that ended a stream after the service had answered 200: the usage of such an answer is not known. */
export class StreamFault extends Error {
	/** The part that had arrived. */
	received: Received | undefined;

	/** @param cause What the stream threw; undefined when it ended without its last part. */
	constructor(cause: unknown) {
		super(cause === undefined ? 'The stream ended before the answer was complete.' : String(cause), {cause});
		this.name = 'StreamFault';
	}
}

/** A stream folded into one reading. */
type StreamReader = {
	readonly add: (reading: Reading) => void;
	readonly result: () => Reading & {readonly counts: ReportedCounts};
	/** The part that has arrived, for an answer that breaks off. */
	readonly received: () => Received;
};

/**
 * Puts the pieces of a stream together.
 * @param onFirstToken Called once, at the first piece with text or reasoning in it; empty pieces do not count.
 * @param onFirstAnswerToken Called once, at the first piece with text in it.
 */
export function streamReader(
	onFirstToken: () => void,
	onFirstAnswerToken: () => void = () => {},
): StreamReader {
	const text: string[] = [];
	const reasoning: string[] = [];
	let stopReason: string | undefined;
	let isRefused = false;
	let counts: ReportedCounts = {};
	return {
		add(reading) {
			if ((reading.text || reading.reasoning) && text.length === 0 && reasoning.length === 0) {
				onFirstToken();
			}
			if (reading.text && text.length === 0) {
				onFirstAnswerToken();
			}
			if (reading.text) {
				text.push(reading.text);
			}
			if (reading.reasoning) {
				reasoning.push(reading.reasoning);
			}
			if (reading.stopReason !== undefined) {
				stopReason = reading.stopReason;
			}
			if (reading.counts !== undefined) {
				counts = overlay(counts, reading.counts);
			}
			isRefused ||= reading.isRefused === true;
		},
		received: () => ({
			inputTokens: counts.input,
			characters: [...text, ...reasoning].reduce((sum, piece) => sum + piece.length, 0),
		}),
		result: () => ({stopReason, isRefused, counts, text: text.join(''), reasoning: reasoning.join('')}),
	};
}

/** Content type of a stream; an answer with another type is not a stream. */
const streamType = /eventstream/i;

/**
 * Opens a stream. The SDK waits for the first event before it hands the stream over, so an exception in it is thrown
 * here, after the service had answered 200. Another server sent an answer that is not a stream.
 */
export async function openingStream<T>(opening: Promise<T>): Promise<T> {
	try {
		return await opening;
	} catch (error) {
		const response: unknown = (error as {$response?: unknown} | undefined)?.$response;
		const type = headersOf(response)['content-type'];
		if (at(response, 'statusCode') !== 200) {
			throw error;
		}
		throw type === undefined || streamType.test(type) ? new StreamFault(error) : noStream(type, response);
	}
}

const noStream = (type: string, response: unknown): Error =>
	Object.defineProperty(new Error(`Not a stream came as the answer, but ${type}.`), '$response', {
		value: response,
		enumerable: false,
	});

/** Milliseconds that a stream has to end once its answer is complete: its socket can be reused only then. */
const endPatienceMs = 250;

/**
 * Reads a stream to its end, or to the end of its answer where the stream stays open; everything thrown before
 * becomes a StreamFault.
 * @param onEvent Returns whether the answer is complete with this event.
 */
export async function readStream<Event>(
	stream: AsyncIterable<Event> | undefined,
	{received}: Pick<StreamReader, 'received'>,
	onEvent: (event: Event) => boolean,
	onPiece: InvokeOptions['onPiece'] = () => {},
): Promise<void> {
	if (stream === undefined) {
		return;
	}
	try {
		const events = stream[Symbol.asyncIterator]();
		let isComplete = false;
		for (
			let event = await nextEvent(events, isComplete);
			event !== undefined;
			event = await nextEvent(events, isComplete)
		) {
			isComplete = onEvent(event) || isComplete;
			onPiece(received);
		}
	} catch (error) {
		throw cutAfter(error instanceof StreamFault ? error : new StreamFault(error), received());
	}
}

/** The next event; undefined at the end of the stream, or where a complete answer does not end in time. */
const nextEvent = async <Event>(
	events: AsyncIterator<Event>,
	isComplete: boolean,
): Promise<Event | undefined> => {
	const next = events.next().then(({value, done}) => (done ? undefined : value));
	if (!isComplete) {
		return next;
	}
	let timer: NodeJS.Timeout | undefined;
	const patience = new Promise<undefined>((resolve) => {
		timer = setTimeout(() => resolve(undefined), endPatienceMs);
	});
	// An error behind the last event takes nothing from the answer, which is paid for.
	return Promise.race([next.catch(() => undefined), patience]).finally(() => clearTimeout(timer));
};

/** The fault with what had arrived before it. */
export function cutAfter(fault: StreamFault, received: Received): StreamFault {
	fault.received = received;
	return fault;
}
