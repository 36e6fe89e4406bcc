/** A message of an event stream, taken apart without any library, so that the encoder is not tested with itself. */
export type Frame = {readonly headers: Readonly<Record<string, string>>; readonly payload: string};

const readHeaders = (block: Buffer): Readonly<Record<string, string>> => {
	const headers: Record<string, string> = {};
	let at = 0;
	while (at < block.length) {
		const nameEnd = at + 1 + block.readUInt8(at);
		const valueLength = block.readUInt16BE(nameEnd + 1);
		headers[block.toString('utf8', at + 1, nameEnd)] = block.toString(
			'utf8',
			nameEnd + 3,
			nameEnd + 3 + valueLength,
		);
		at = nameEnd + 3 + valueLength;
	}
	return headers;
};

/** All messages of a body that hold strings only as headers. */
export const readFrames = (body: Buffer): readonly Frame[] => {
	const frames: Frame[] = [];
	let at = 0;
	while (at < body.length) {
		const length = body.readUInt32BE(at);
		const headersEnd = at + 12 + body.readUInt32BE(at + 4);
		frames.push({
			headers: readHeaders(body.subarray(at + 12, headersEnd)),
			payload: body.toString('utf8', headersEnd, at + length - 4),
		});
		at += length;
	}
	return frames;
};

/** What an invoke stream carries in a `chunk`, else the payload itself. */
export const contentOf = ({payload}: Frame): unknown => {
	const value = JSON.parse(payload) as {bytes?: string};
	return value.bytes === undefined ? value : JSON.parse(Buffer.from(value.bytes, 'base64').toString());
};
