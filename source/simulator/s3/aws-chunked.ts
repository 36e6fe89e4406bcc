/** Takes `aws-chunked` bodies apart: hexadecimal length, CRLF, data, CRLF, ..., a chunk of length 0 and trailers. */

const lineEnd = Buffer.from('\r\n');

/** Gives the data of the chunks as it arrives; signatures, checksums and trailers are dropped unread. */
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
