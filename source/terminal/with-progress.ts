import {formatSpan} from '../text/numbers.ts';

/** Milliseconds between two updates. */
const tickMs = 1000;

/** Shows on a terminal what is waited for and for how long, and clears it afterwards. Elsewhere it shows nothing. */
export async function withProgress<T>(
	stream: NodeJS.WritableStream & {readonly isTTY?: boolean},
	words: string,
	work: Promise<T>,
): Promise<T> {
	if (!stream.isTTY) {
		return work;
	}
	stream.write(words);
	const startedAt = performance.now();
	const ticking = setInterval(() => {
		stream.write(`\r\u001B[K${words} ${formatSpan(performance.now() - startedAt)}`);
	}, tickMs);
	try {
		return await work;
	} finally {
		clearInterval(ticking);
		stream.write('\r\u001B[K');
	}
}
