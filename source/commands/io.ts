import type {Readable} from 'node:stream';

/** The outside of a command, injected so that tests stand in for the terminal. */
export type Io = {
	readonly stdin: NodeJS.ReadStream;
	readonly stdout: NodeJS.WriteStream;
	readonly stderr: NodeJS.WriteStream;
	readonly environment: Readonly<Record<string, string | undefined>>;
	/** Aborted by SIGINT, SIGTERM and SIGHUP; the reason is the exit code (128 + number). */
	readonly signal: AbortSignal;
};

/** Columns of the output; a pipe is as wide as a wide terminal, so that nothing is cut that grep looks for. */
export const columnsOf = (stream: NodeJS.WriteStream): number => (stream.isTTY ? stream.columns : 160);

/** All of a stream as text. */
export const readAll = async (stream: Readable): Promise<string> => {
	const chunks: Buffer[] = [];
	for await (const chunk of stream) {
		chunks.push(Buffer.from(chunk as Buffer));
	}
	return Buffer.concat(chunks).toString('utf8');
};

/** Writes lines and waits until they are handed over. */
export const writeLines = async (stream: NodeJS.WritableStream, lines: readonly string[]): Promise<void> =>
	new Promise((resolve) => {
		stream.write(lines.length === 0 ? '' : `${lines.join('\n')}\n`, () => {
			resolve();
		});
	});

/** A closed pipe is the reader's way to say enough: not a fault. */
export const ignoreClosedPipe = (stream: NodeJS.WriteStream): void => {
	stream.on('error', (error: NodeJS.ErrnoException) => {
		if (error.code === 'EPIPE') {
			process.exit(0);
		}
		throw error;
	});
};
