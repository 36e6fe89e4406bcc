import {brotliDecompressSync, gunzipSync, inflateSync} from 'node:zlib';
import {EventStreamCodec} from '@smithy/core/event-streams';
import {fromUtf8, toUtf8} from '@smithy/core/serde';
import {readMessage, readMessageEvent} from '../bedrock/families/converse-shape.ts';
import type {Reading} from '../bedrock/families/family.ts';
import {familyOf, readBody, readChunk} from '../bedrock/families/registry.ts';
import {at, isObject, parseJson, stringOf, wordOf} from '../bedrock/json.ts';
import {dialectOf, eventParser} from '../bedrock/mantle/send.ts';
import {isRefusal, isTruncation} from '../bedrock/methods/answer.ts';
import {countsInHeaders, isSimulated, type ResponseHeaders} from '../bedrock/methods/response-headers.ts';
import {countsIn, overlay, type ReportedCounts, settleUsage, type UsageReport} from '../bedrock/usage.ts';
import {isMantleMethod, type MantleMethod, type Method, type Usage} from '../domain/backend.ts';

/** What an answer said, read from a copy of its bytes. */
export type AnswerReading = {
	/** Characters of text and reasoning. */
	readonly characters: number;
	readonly stopReason: string;
	readonly isTruncated: boolean;
	readonly isRefused: boolean;
	/** Undefined where the service reported no counts, as in an answer that was cut. */
	readonly usage: Usage | undefined;
	/** Input that was reported before the answer ended. */
	readonly input: Pick<Usage, 'inputTokens' | 'cacheReadTokens' | 'cacheWriteTokens'> | undefined;
	/** The answer came to its own end. */
	readonly isComplete: boolean;
	/** An exception inside a stream that had begun with 200. */
	readonly fault: {readonly name: string; readonly message: string} | undefined;
	readonly isSimulated: boolean;
};

/** Reads an answer while it passes. It never throws: what cannot be read is passed on all the same. */
export type AnswerReader = {
	readonly push: (chunk: Buffer) => void;
	/** @param isWhole The body ended by itself. */
	readonly end: (isWhole: boolean) => AnswerReading;
};

/** Longest body that is kept for counting; the rest of a longer one is passed uncounted. */
const maxKeptBytes = 32 * 1024 * 1024;

/** Puts pieces of a stream of frames together: each begins with its length, in four bytes. */
export class Frames {
	#pieces: Buffer[] = [];
	#length = 0;
	readonly #onFrame: (frame: Buffer) => void;
	#isBroken = false;

	constructor(onFrame: (frame: Buffer) => void) {
		this.#onFrame = onFrame;
	}

	/** Bytes of a frame that is not whole. */
	get isWithinFrame(): boolean {
		return this.#length > 0;
	}

	push(chunk: Buffer): void {
		if (this.#isBroken) {
			return;
		}
		this.#pieces.push(chunk);
		this.#length += chunk.length;
		while (this.#length >= 4) {
			const head = this.#head();
			const size = head.readUInt32BE(0);
			// Smallest and largest frame of the format: prelude, checksums, 24 MB.
			if (size < 16 || size > 25 * 1024 * 1024) {
				this.#isBroken = true;
				this.#pieces = [];
				return;
			}
			if (this.#length < size) {
				return;
			}
			const all = this.#joined();
			this.#pieces = all.length === size ? [] : [all.subarray(size)];
			this.#length -= size;
			this.#onFrame(all.subarray(0, size));
		}
	}

	#joined(): Buffer {
		const [first = Buffer.alloc(0)] = this.#pieces;
		const all = this.#pieces.length === 1 ? first : Buffer.concat(this.#pieces);
		this.#pieces = [all];
		return all;
	}

	#head(): Buffer {
		const [first = Buffer.alloc(0)] = this.#pieces;
		return first.length >= 4 ? first : this.#joined();
	}
}

const codec = new EventStreamCodec(toUtf8, fromUtf8);

/** One event of a stream: its name, its payload, and whether it is an exception. */
type StreamEvent = {readonly name: string; readonly payload: unknown; readonly isException: boolean};

/** @returns Undefined for a frame that cannot be read. */
const eventIn = (frame: Buffer): StreamEvent | undefined => {
	try {
		const {headers, body} = codec.decode(frame);
		const word = (name: string): string => String(headers[name]?.value ?? '');
		const kind = word(':message-type');
		return {
			name: word(':event-type') || word(':exception-type') || word(':error-code'),
			payload: parseJson(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')),
			isException: kind === 'exception' || kind === 'error',
		};
	} catch {
		return undefined;
	}
};

type Options = {
	readonly method: Method;
	readonly baseModel: string;
	readonly headers: ResponseHeaders;
	/** Called once, at the first piece of text or reasoning of a stream. */
	readonly onFirstToken: () => void;
};

const inputIn = (reports: readonly UsageReport[]): AnswerReading['input'] => {
	const counts = reports.find((report) => report.counts.input !== undefined)?.counts;
	return counts?.input === undefined
		? undefined
		: {
				inputTokens: counts.input,
				cacheReadTokens: counts.cacheRead ?? 0,
				cacheWriteTokens: counts.cacheWrite ?? 0,
			};
};

const readingOf = (
	reading: Reading,
	reports: readonly UsageReport[],
	rest: Pick<AnswerReading, 'characters' | 'isComplete' | 'fault' | 'isSimulated'>,
): AnswerReading => {
	const stopReason = reading.stopReason ?? (reading.isRefused === true ? 'refused' : 'unknown');
	return {
		...rest,
		stopReason,
		isTruncated: isTruncation(stopReason),
		isRefused: isRefusal(stopReason) || reading.isRefused === true,
		usage: settleUsage(reports)?.usage,
		input: inputIn(reports),
	};
};

const lengthOf = ({text, reasoning}: Reading): number => (text ?? '').length + (reasoning ?? '').length;

/** What the pieces of a stream say together. */
class StreamFold {
	characters = 0;
	counts: ReportedCounts = {};
	fault: AnswerReading['fault'];
	stopReason: string | undefined;
	isRefused = false;
	readonly #onFirstToken: () => void;

	constructor(onFirstToken: () => void) {
		this.#onFirstToken = onFirstToken;
	}

	add(reading: Reading | undefined): void {
		const length = reading === undefined ? 0 : lengthOf(reading);
		if (this.characters === 0 && length > 0) {
			this.#onFirstToken();
		}
		this.characters += length;
		this.stopReason = reading?.stopReason ?? this.stopReason;
		this.isRefused ||= reading?.isRefused === true;
		this.counts = reading?.counts === undefined ? this.counts : overlay(this.counts, reading.counts);
		this.fault ??= reading?.fault;
	}

	/** @param isComplete Its last piece came. */
	end(reports: readonly UsageReport[], isComplete: boolean, headers: ResponseHeaders): AnswerReading {
		const {characters, fault, stopReason} = this;
		return readingOf(this, reports, {
			characters,
			fault,
			isComplete: fault === undefined && (isComplete || stopReason !== undefined),
			isSimulated: isSimulated(headers),
		});
	}
}

/** The streams of bedrock-runtime: frames of bytes. */
const streamReader = ({method, baseModel, headers, onFirstToken}: Options): AnswerReader => {
	const family = familyOf(baseModel);
	const fold = new StreamFold(onFirstToken);
	let metrics: ReportedCounts | undefined;
	let isComplete = false;
	const read = (frame: Buffer): void => {
		const event = eventIn(frame);
		if (event === undefined) {
			return;
		}
		if (event.isException) {
			fold.fault ??= {name: event.name, message: wordOf(at(event.payload, 'message')) ?? ''};
		} else if (method === 'invoke-stream') {
			const bytes = stringOf(at(event.payload, 'bytes'));
			const chunk =
				bytes === undefined ? undefined : parseJson(Buffer.from(bytes, 'base64').toString('utf8'));
			const ending = at(chunk, 'amazon-bedrock-invocationMetrics');
			fold.add(readChunk(family, chunk));
			metrics = ending === undefined ? metrics : countsIn(ending);
			isComplete ||= ending !== undefined;
		} else {
			fold.add(readMessageEvent({[event.name]: event.payload}));
			isComplete ||= event.name === 'metadata';
		}
	};
	const frames = new Frames(read);
	return {
		push: (chunk) => frames.push(chunk),
		end(isWhole) {
			const reports: readonly UsageReport[] = [
				...(metrics === undefined ? [] : [{source: 'metrics', counts: metrics} as const]),
				{source: method === 'invoke-stream' ? 'body' : 'converse', counts: fold.counts},
			];
			const reading = fold.end(reports, isComplete, headers);
			return {...reading, isComplete: reading.isComplete && isWhole && !frames.isWithinFrame};
		},
	};
};

/** The streams of bedrock-mantle: server-sent events. */
const eventReader = (method: MantleMethod, {headers, onFirstToken}: Options): AnswerReader => {
	const dialect = dialectOf(method);
	const fold = new StreamFold(onFirstToken);
	let isComplete = false;
	const {push, end} = eventParser((event) => {
		const reading = dialect.readEvent(event);
		fold.add(reading);
		isComplete ||= reading?.isLast === true;
	});
	return {
		push,
		end(isWhole) {
			end();
			const reading = fold.end([{source: 'body', counts: fold.counts}], isComplete, headers);
			return {...reading, isComplete: reading.isComplete && isWhole};
		},
	};
};

/** Collects the copy of a whole body. */
export function bodyCollector(): {
	readonly push: (chunk: Buffer) => void;
	readonly text: () => string;
} {
	const chunks: Buffer[] = [];
	let length = 0;
	return {
		push(chunk) {
			if (length < maxKeptBytes) {
				chunks.push(chunk);
				length += chunk.length;
			}
		},
		text: () => Buffer.concat(chunks).toString('utf8'),
	};
}

const bodyReader = ({method, baseModel, headers}: Options): AnswerReader => {
	const collector = bodyCollector();
	return {
		push: collector.push,
		end(isWhole) {
			const body = parseJson(collector.text());
			const reading = isMantleMethod(method)
				? dialectOf(method).readBody(body)
				: method === 'converse'
					? readMessage(body)
					: readBody(familyOf(baseModel), body);
			const counts = reading?.counts ?? {};
			return readingOf(
				reading ?? {},
				method === 'converse' || isMantleMethod(method)
					? [{source: method === 'converse' ? method : 'body', counts}]
					: [
							{source: 'header', counts: countsInHeaders(headers)},
							{source: 'body', counts},
							{source: 'metrics', counts: countsIn(at(body, 'amazon-bedrock-invocationMetrics'))},
						],
				{
					characters: lengthOf(reading ?? {}),
					fault: reading?.fault,
					isComplete: isWhole && isObject(body) && reading?.fault === undefined,
					isSimulated: isSimulated(headers),
				},
			);
		},
	};
};

const decoders: Readonly<
	Record<string, ((packed: Buffer, options: {readonly maxOutputLength: number}) => Buffer) | undefined>
> = {
	gzip: gunzipSync,
	'x-gzip': gunzipSync,
	deflate: inflateSync,
	br: brotliDecompressSync,
};

/** Bedrock does not pack its answers; something on the way may. What was packed is read at its end. */
const packedReader = (encoding: string, {push, end}: AnswerReader): AnswerReader => {
	const chunks: Buffer[] = [];
	let length = 0;
	return {
		push(chunk) {
			length += chunk.length;
			if (length <= maxKeptBytes) {
				chunks.push(chunk);
			}
		},
		end(isWhole) {
			try {
				const decode = decoders[encoding];
				if (decode !== undefined) {
					push(decode(Buffer.concat(chunks), {maxOutputLength: maxKeptBytes}));
				}
			} catch {
				// Cut, or packed in a way that is not known: it stays uncounted.
			}
			return end(isWhole);
		},
	};
};

const readerOf = (options: Options): AnswerReader => {
	const {method, headers} = options;
	const type = headers['content-type'] ?? '';
	if (isMantleMethod(method)) {
		return /event-stream/i.test(type) ? eventReader(method, options) : bodyReader(options);
	}
	return /eventstream/i.test(type) ? streamReader(options) : bodyReader(options);
};

/** Reads the answer of a method, streamed or whole, as its content type says. */
export function createAnswerReader(options: Options): AnswerReader {
	const encoding = (options.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
	return encoding === 'identity'
		? readerOf(options)
		: // When its first token came cannot be said.
			packedReader(encoding, readerOf({...options, onFirstToken() {}}));
}
