import {crc32} from 'node:zlib';

/** How bodies are framed in pieces: events of a stream as they are written, chunks of an upload as they are read. */

/**
 * Encoder of `application/vnd.amazon.eventstream`: total length, header length and a CRC32 of both, then headers,
 * payload, and a CRC32 of everything before it. All numbers are big-endian.
 */

const preludeLength = 12;
const checksumLength = 4;
const stringHeaderType = 7;

const encodeHeader = (name: string, value: string): Buffer => {
	const nameBytes = Buffer.from(name);
	const valueBytes = Buffer.from(value);
	const head = Buffer.from([nameBytes.length]);
	const middle = Buffer.from([stringHeaderType, valueBytes.length >> 8, valueBytes.length & 0xff]);
	return Buffer.concat([head, nameBytes, middle, valueBytes]);
};

/** The header block of one kind of message; few kinds repeat for every event, so callers keep them. */
export function encodeHeaders(headers: Readonly<Record<string, string>>): Buffer {
	return Buffer.concat(Object.entries(headers).map(([name, value]) => encodeHeader(name, value)));
}

/** One message with its framing. */
export function encodeMessage(headers: Buffer, payload: string): Buffer {
	const payloadLength = Buffer.byteLength(payload);
	const totalLength = preludeLength + headers.length + payloadLength + checksumLength;
	const message = Buffer.allocUnsafe(totalLength);
	message.writeUInt32BE(totalLength, 0);
	message.writeUInt32BE(headers.length, 4);
	message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
	headers.copy(message, preludeLength);
	// Most payloads are ASCII, which needs no encoder.
	message.write(
		payload,
		preludeLength + headers.length,
		payloadLength === payload.length ? 'latin1' : 'utf8',
	);
	const checksumAt = totalLength - checksumLength;
	message.writeUInt32BE(crc32(message.subarray(0, checksumAt)), checksumAt);
	return message;
}

const eventHeaders = new Map<string, Buffer>();

const headersOfEvent = (eventType: string): Buffer => {
	const known = eventHeaders.get(eventType);
	if (known !== undefined) {
		return known;
	}
	const encoded = encodeHeaders({
		':event-type': eventType,
		':content-type': 'application/json',
		':message-type': 'event',
	});
	eventHeaders.set(eventType, encoded);
	return encoded;
};

/** An event message. @param payload JSON. */
export function encodeEvent(eventType: string, payload: string): Buffer {
	return encodeMessage(headersOfEvent(eventType), payload);
}

/** An exception in the middle of a stream, such as `modelStreamErrorException`: always the last message. */
export function encodeException(exceptionType: string, payload: string): Buffer {
	return encodeMessage(
		encodeHeaders({
			':exception-type': exceptionType,
			':content-type': 'application/json',
			':message-type': 'exception',
		}),
		payload,
	);
}

const paddingAlphabet = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** The padding that the service puts into the field `p` of an event so that its length reveals nothing. */
export function padding(random: () => number): string {
	return paddingAlphabet.slice(0, 2 + Math.floor(random() * (paddingAlphabet.length - 2)));
}

/** The JSON of an event with its padding in the field `p`. @param payload Not empty. */
export function paddedJson(payload: object, random: () => number): string {
	return `${JSON.stringify(payload).slice(0, -1)},"p":"${padding(random)}"}`;
}

/** Decodes `aws-chunked` bodies: hexadecimal length, CRLF, data, CRLF, ..., a chunk of length 0 and trailers. */

const lineEnd = Buffer.from('\r\n');

/** Yields the data of the chunks as it arrives; signatures, checksums and trailers are dropped unread. */
export async function* unchunked(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
	let waiting: Buffer = Buffer.alloc(0);
	let left = 0;
	let isAfterData = false;
	let isOver = false;
	for await (const bytes of body) {
		waiting = waiting.length === 0 ? bytes : Buffer.concat([waiting, bytes]);
		while (!isOver && waiting.length > 0) {
			if (left > 0) {
				const data = waiting.subarray(0, left);
				waiting = waiting.subarray(data.length);
				left -= data.length;
				isAfterData = left === 0;
				yield data;
				continue;
			}
			const skipped = isAfterData ? lineEnd.length : 0;
			const end = waiting.indexOf(lineEnd, skipped);
			if (end === -1) {
				break;
			}
			left = Number.parseInt(waiting.toString('latin1', skipped, end), 16);
			waiting = waiting.subarray(end + lineEnd.length);
			isAfterData = false;
			isOver = !(left > 0);
		}
	}
}
