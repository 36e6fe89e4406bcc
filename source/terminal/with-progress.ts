import {formatSpan} from '../text/numbers.ts';

/** Milliseconds between two looks at the clock. */
const tickMs = 1000;

/** Says on a terminal what is waited for, and for how long by now, and takes it back afterwards; says nothing where lines stay. */
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
