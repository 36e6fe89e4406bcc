import {fstatSync, writeSync} from 'node:fs';
import {isatty} from 'node:tty';
import {reasonOf} from '../domain/user-error.ts';
import {cleanLines, escapeUnseen} from '../text/width.ts';

/** The outside of a command, injected so that tests stand in for the terminal. */
export type Io = {
	readonly stdin: NodeJS.ReadStream;
	readonly stdout: NodeJS.WriteStream;
	readonly stderr: NodeJS.WriteStream;
	readonly environment: Readonly<Record<string, string | undefined>>;
	/**
	 * Aborted by a signal, when the reader of stdout went away, and when stdout takes no more; the reason is the exit code
	 * (128 + number, 0, or 1).
	 */
	readonly signal: AbortSignal;
};

/** Columns of the output; a pipe is as wide as a wide terminal, so that nothing is cut that grep looks for. */
export function columnsOf(stream: NodeJS.WriteStream): number {
	return stream.isTTY ? stream.columns : 160;
}

/** Writes lines for a reader, through the gate, and waits until they are handed over. */
export async function writeLines(stream: NodeJS.WritableStream, lines: readonly string[]): Promise<void> {
	return writeClean(stream, lines.map(cleanLines));
}

/** Writes a value as JSON that no terminal obeys. @param space As in `JSON.stringify`. */
export async function writeJson(
	stream: NodeJS.WritableStream,
	value: unknown,
	space?: number,
): Promise<void> {
	return writeClean(stream, [escapeUnseen(JSON.stringify(value, null, space))]);
}

/** Writes lines whose parts passed the gate: painted ones, and requests to be sent as they stand. */
export async function writeClean(stream: NodeJS.WritableStream, lines: readonly string[]): Promise<void> {
	return new Promise((resolve) => {
		stream.write(lines.length === 0 ? '' : `${lines.join('\n')}\n`, () => {
			resolve();
		});
	});
}

/** What a stream says whose reader went away: a pipe, or a terminal that was closed. */
const closedCodes: ReadonlySet<string | undefined> = new Set(['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED']);

/**
 * A closed pipe is the reader's way to say enough: not a fault. Anything else (a full disk) is one, and said once.
 * @param onEnd Called once, when nothing that is written arrives any more, with the exit code that this means.
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
				`bedrock-top: the output cannot be written: ${reasonOf(error)}. What was written of it is not complete.\n`,
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
 * Node takes a short write to a file (on a disk that fills) for a whole one, and the rest is lost without a word: here it
 * goes on until all is written, or the system says why not.
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
