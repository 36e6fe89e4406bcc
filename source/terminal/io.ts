import {fstatSync, writeSync} from 'node:fs';
import {isatty} from 'node:tty';
import {reasonOf, type UserError} from '../domain/user-error.ts';
import {formatSpan} from '../text/numbers.ts';
import {asSentence, cleanLines, cleanText, escapeUnseen, wrapText} from '../text/width.ts';

/** The streams and signals of a command, injected so that tests can replace them. */
export type Io = {
	readonly stdin: NodeJS.ReadStream;
	readonly stdout: NodeJS.WriteStream;
	readonly stderr: NodeJS.WriteStream;
	readonly environment: Readonly<Record<string, string | undefined>>;
	/**
	 * Aborted by a signal, a closed stdout, or a stdout that cannot be written; the reason is the exit code (128 + number, 0,
	 * or 1).
	 */
	readonly signal: AbortSignal;
	/** From now on the command handles the signals of the process itself: they belong to a program that it has started. */
	readonly takeSignals: () => void;
};

/** Columns of the output. A pipe counts as a wide terminal, so that little is cut. */
export function columnsOf(stream: NodeJS.WriteStream): number {
	// A terminal that does not know its size says 0.
	return stream.isTTY ? stream.columns || 80 : 160;
}

/** Writes lines with control characters removed, and waits until they are handed over. */
export async function writeLines(stream: NodeJS.WritableStream, lines: readonly string[]): Promise<void> {
	return writeClean(stream, lines.map(cleanLines));
}

/** Writes a value as JSON with control characters escaped. @param space As in `JSON.stringify`. */
export async function writeJson(
	stream: NodeJS.WritableStream,
	value: unknown,
	space?: number,
): Promise<void> {
	return writeClean(stream, [escapeUnseen(JSON.stringify(value, null, space))]);
}

/** Writes lines as they are: their parts were cleaned before, such as painted ones. */
export async function writeClean(stream: NodeJS.WritableStream, lines: readonly string[]): Promise<void> {
	return new Promise((resolve) => {
		stream.write(lines.length === 0 ? '' : `${lines.join('\n')}\n`, () => {
			resolve();
		});
	});
}

/** Asks on a terminal, with "no" as the answer of an empty line, the end of the input or a signal. */
export async function isConfirmed({stdin, stderr, signal}: Io, question: string): Promise<boolean> {
	stderr.write(`${question} [y/N] `);
	const {promise, resolve} = Promise.withResolvers<string>();
	let typed = '';
	const read = (chunk: Buffer | string): void => {
		typed += String(chunk);
		if (/[\r\n]/.test(typed)) {
			resolve(typed);
		}
	};
	const end = (): void => {
		stderr.write('\n');
		resolve('');
	};
	stdin.on('data', read);
	stdin.once('end', end);
	signal.addEventListener('abort', end);
	try {
		return /^\s*y(es)?\s*$/i.test(await promise);
	} finally {
		stdin.off('data', read);
		stdin.off('end', end);
		stdin.pause();
		signal.removeEventListener('abort', end);
	}
}

/** Errors of a stream whose reader is gone: a pipe, or a closed terminal. */
const closedCodes: ReadonlySet<string | undefined> = new Set(['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED']);

/**
 * Watches an output. A closed pipe is not a fault: the reader has enough. Any other error (a full disk) is, and is printed
 * once.
 * @param onEnd Called once, when written data no longer arrives, with the exit code for that.
 */
export function watchOutput(stream: NodeJS.WriteStream, onEnd: (exitCode: 0 | 1) => void): void {
	let isOver = false;
	stream.on('error', (error: NodeJS.ErrnoException) => {
		if (isOver) {
			return;
		}
		isOver = true;
		const isClosed = closedCodes.has(error.code);
		if (!isClosed) {
			process.stderr.write(
				`bedrock-top: the output cannot be written: ${reasonOf(error)}. It is incomplete.\n`,
			);
		}
		onEnd(isClosed ? 0 : 1);
	});
}

const isFile = (descriptor: number): boolean => {
	try {
		const status = fstatSync(descriptor);
		return status.isFile() || (status.isCharacterDevice() && !isatty(descriptor));
	} catch {
		return false;
	}
};

/**
 * Writes to files until all is written, or the system reports an error. Node takes a short write (on a full disk) for a
 * whole one and silently loses the rest.
 */
export function writeWhole(stream: NodeJS.WriteStream & {readonly fd?: number}): void {
	const {fd} = stream;
	if (fd === undefined || !isFile(fd)) {
		return;
	}
	stream._write = (chunk: Uint8Array | string, encoding, done) => {
		try {
			const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
			for (let at = 0; at < bytes.length; ) {
				at += writeSync(fd, bytes, at);
			}
			done();
		} catch (error) {
			done(error as Error);
		}
	};
}

/**
 * An error for stderr: what is wrong, then what to do.
 *
 * @param error A message of several lines (a plan) keeps them.
 * @param options `width` in cells of the terminal.
 */
export function errorLines(
	error: Pick<UserError, 'message' | 'hint'>,
	{width}: {readonly width: number},
): readonly string[] {
	const [first = '', ...rest] = cleanLines(error.message).split('\n');
	return [
		// A message of the service may lack its full stop, and the hint follows it.
		...wrapText(`bedrock-top: ${rest.length === 0 ? asSentence(first) : first}`, width),
		...rest,
		...(error.hint === undefined ? [] : wrapText(cleanText(error.hint), width)),
	];
}

/** Milliseconds between two updates. */
const tickMs = 1000;

/** Shows on a terminal what is waited for and for how long, and clears it afterwards. Elsewhere it shows nothing. */
export async function withProgress<T>(
	stream: NodeJS.WritableStream & {readonly isTTY?: boolean},
	words: string | (() => string),
	work: Promise<T>,
): Promise<T> {
	if (!stream.isTTY) {
		return work;
	}
	const now = (): string => (typeof words === 'string' ? words : words());
	stream.write(now());
	const startedAt = performance.now();
	const ticking = setInterval(() => {
		stream.write(`\r\u001B[K${now()} ${formatSpan(performance.now() - startedAt)}`);
	}, tickMs);
	try {
		return await work;
	} finally {
		clearInterval(ticking);
		stream.write('\r\u001B[K');
	}
}
