import {closeSync, writeSync} from 'node:fs';
import {openPrivate} from '../text/private-file.ts';

/** Writes a large file line by line. Whoever opens one closes it, whatever happens. */
export type LineWriter = {
	/** Takes a line with its end. @returns Its bytes. */
	readonly add: (line: string) => number;
	readonly close: () => void;
};

const bufferBytes = 256 * 1024;
/** The most bytes that a UTF-16 code unit becomes. */
const bytesPerUnit = 3;

const writeAll = (descriptor: number, bytes: Uint8Array): void => {
	for (let at = 0; at < bytes.length; ) {
		at += writeSync(descriptor, bytes, at);
	}
};

/**
 * Lines go through one buffer that is used again and again, and are written at once: handing each piece to another
 * thread costs more than writing it, and pieces that wait fill the memory.
 * @param onBytes Shown everything that is written, before the buffer is used again.
 */
export const openLineWriter = (file: string, onBytes: (bytes: Uint8Array) => void = () => {}): LineWriter => {
	const descriptor = openPrivate(file, 'replace');
	const buffer = Buffer.allocUnsafeSlow(bufferBytes);
	let filled = 0;
	const write = (bytes: Uint8Array): void => {
		onBytes(bytes);
		writeAll(descriptor, bytes);
	};
	const flush = (): void => {
		write(buffer.subarray(0, filled));
		filled = 0;
	};
	return {
		add(line) {
			const most = line.length * bytesPerUnit;
			if (most > bufferBytes - filled) {
				flush();
			}
			if (most > bufferBytes) {
				const bytes = Buffer.from(line);
				write(bytes);
				return bytes.length;
			}
			const length = buffer.write(line, filled);
			filled += length;
			return length;
		},
		close() {
			try {
				flush();
			} finally {
				closeSync(descriptor);
			}
		},
	};
};
