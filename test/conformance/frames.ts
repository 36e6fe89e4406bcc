import {crc32} from 'node:zlib';

/** Writes event-stream frames; string headers only, as Bedrock sends them. */
export const frame = (headers: Readonly<Record<string, string>>, payload: Uint8Array | string): Buffer => {
	const parts = Object.entries(headers).map(([name, value]) => {
		const key = Buffer.from(name);
		const text = Buffer.from(value);
		const length = Buffer.alloc(2);
		length.writeUInt16BE(text.length);
		return Buffer.concat([Buffer.from([key.length]), key, Buffer.from([7]), length, text]);
	});
	const head = Buffer.concat(parts);
	const body = Buffer.from(payload);
	const prelude = Buffer.alloc(12);
	prelude.writeUInt32BE(16 + head.length + body.length, 0);
	prelude.writeUInt32BE(head.length, 4);
	prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8);
	const message = Buffer.concat([prelude, head, body]);
	const checksum = Buffer.alloc(4);
	checksum.writeUInt32BE(crc32(message));
	return Buffer.concat([message, checksum]);
};

/** A frame of a Converse stream, such as `event('messageStop', {stopReason: 'end_turn'})`. */
export const event = (type: string, payload: unknown): Buffer =>
	frame(
		{':event-type': type, ':content-type': 'application/json', ':message-type': 'event'},
		JSON.stringify(payload),
	);

/** A frame of an invoke stream: the model's own chunk. */
export const chunk = (payload: unknown): Buffer =>
	event('chunk', {bytes: Buffer.from(JSON.stringify(payload)).toString('base64')});

/** An exception within a stream. */
export const exception = (type: string, payload: unknown): Buffer =>
	frame(
		{':exception-type': type, ':content-type': 'application/json', ':message-type': 'exception'},
		JSON.stringify(payload),
	);

/** A complete Converse stream with a text and its counts. */
export const converseStreamOf = (text: string, usage: unknown = {inputTokens: 3, outputTokens: 2}): Buffer =>
	Buffer.concat([
		event('messageStart', {role: 'assistant', p: 'abc'}),
		event('contentBlockDelta', {contentBlockIndex: 0, delta: {text}, p: 'abcdef'}),
		event('contentBlockStop', {contentBlockIndex: 0}),
		event('messageStop', {stopReason: 'end_turn'}),
		event('metadata', {metrics: {latencyMs: 7}, usage}),
	]);
