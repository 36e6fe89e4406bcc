import {closeSync, writeFileSync} from 'node:fs';
import {openPrivate} from '../text/private-file.ts';

/** Writes a large file line by line. Close it, whatever happens. */
type LineWriter = {
	/** Takes a line with its end. @returns Its bytes. */
	readonly add: (line: string) => number;
	readonly close: () => void;
};

/** Characters that are written at once. */
const maxWaiting = 64 * 1024;

/**
 * Lines are written at once, in pieces: handing each piece to another thread costs more than writing it, and pieces that
 * wait fill the memory.
 * @param onText Shown everything that is written.
 */
export function openLineWriter(file: string, onText: (text: string) => void = () => {}): LineWriter {
	const descriptor = openPrivate(file, 'replace');
	let waiting = '';
	const flush = (): void => {
		onText(waiting);
		writeFileSync(descriptor, waiting);
		waiting = '';
	};
	return {
		add(line) {
			waiting += line;
			if (waiting.length >= maxWaiting) {
				flush();
			}
			return Buffer.byteLength(line);
		},
		close() {
			try {
				flush();
			} finally {
				closeSync(descriptor);
			}
		},
	};
}
