import {cleanLines, escapeUnseen} from '../text/width.ts';

/** The outside of a command, injected so that tests stand in for the terminal. */
export type Io = {
	readonly stdin: NodeJS.ReadStream;
	readonly stdout: NodeJS.WriteStream;
	readonly stderr: NodeJS.WriteStream;
	readonly environment: Readonly<Record<string, string | undefined>>;
	/**
	 * Aborted by SIGINT, SIGTERM and SIGHUP, and when the reader of stdout went away; the reason is the exit code
	 * (128 + number, or 0).
	 */
	readonly signal: AbortSignal;
};

/** Columns of the output; a pipe is as wide as a wide terminal, so that nothing is cut that grep looks for. */
export const columnsOf = (stream: NodeJS.WriteStream): number => (stream.isTTY ? stream.columns : 160);

/** Writes lines for a reader, through the gate, and waits until they are handed over. */
export const writeLines = async (stream: NodeJS.WritableStream, lines: readonly string[]): Promise<void> =>
	writeClean(stream, lines.map(cleanLines));

/** Writes a value as JSON that no terminal obeys. @param space As in `JSON.stringify`. */
export const writeJson = async (
	stream: NodeJS.WritableStream,
	value: unknown,
	space?: number,
): Promise<void> => writeClean(stream, [escapeUnseen(JSON.stringify(value, null, space))]);

/** Writes lines whose parts passed the gate: painted ones, and requests to be sent as they stand. */
export const writeClean = async (stream: NodeJS.WritableStream, lines: readonly string[]): Promise<void> =>
	new Promise((resolve) => {
		stream.write(lines.length === 0 ? '' : `${lines.join('\n')}\n`, () => {
			resolve();
		});
	});

/** What a stream says whose reader went away: a pipe, or a terminal that was closed. */
const closedCodes: ReadonlySet<string | undefined> = new Set(['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED']);

/**
 * A closed pipe is the reader's way to say enough: not a fault. Anything else (a full disk) ends the program with 1.
 * @param onClosed Called once, when there is no reader any more; what is written from then on is lost.
 */
export const ignoreClosedPipe = (stream: NodeJS.WriteStream, onClosed: () => void): void => {
	let isClosed = false;
	stream.on('error', (error: NodeJS.ErrnoException) => {
		if (!closedCodes.has(error.code)) {
			process.stderr.write(`bedrock-top: the output cannot be written: ${error.message}.\n`);
			process.exit(1);
		}
		if (!isClosed) {
			isClosed = true;
			onClosed();
		}
	});
};
