import type {OutputConfig} from '../../config/resolve-output.ts';
import {type Clock, systemClock} from '../../domain/clock.ts';
import {progressLine} from '../../plain/run.ts';
import {columnsOf, type Io} from '../../terminal/io.ts';
import type {EngineHandle} from '../../threads/engine-handle.ts';

/**
 * Milliseconds between two lines of progress: short on a terminal, which replaces them; long where lines stay, and in a
 * log of CI, where they only show that the run is alive.
 */
const progressIntervalMs = {terminal: 500, plain: 5000, elsewhere: 10_000} as const;

/**
 * Shows progress: in place on a terminal's stderr, as lines on stdout with `--plain`, elsewhere as lines on stderr.
 * @returns A function that ends it.
 */
export function showProgress(
	engine: Pick<EngineHandle, 'onReport'>,
	output: Pick<OutputConfig, 'isPlain' | 'isStdoutTaken' | 'isAscii'>,
	io: Pick<Io, 'stdout' | 'stderr'>,
	clock: Pick<Clock, 'now'> = systemClock,
): () => void {
	const isInPlace = !output.isPlain && io.stderr.isTTY;
	// JSON and Markdown are alone on stdout.
	const isOnStdout = output.isPlain && !output.isStdoutTaken;
	const intervalMs = progressIntervalMs[isInPlace ? 'terminal' : isOnStdout ? 'plain' : 'elsewhere'];
	let hasShown = false;
	// A short run is over before a log needs a sign of life.
	let shownAtMs = isInPlace || isOnStdout ? Number.NEGATIVE_INFINITY : clock.now();
	const release = engine.onReport((report) => {
		const isDue = clock.now() - shownAtMs >= intervalMs;
		if (report.type !== 'snapshot' || !isDue) {
			return;
		}
		shownAtMs = clock.now();
		hasShown = true;
		const stream = isOnStdout ? io.stdout : io.stderr;
		const width = columnsOf(stream) - 1;
		const line = progressLine(report.snapshot, {width, ascii: output.isAscii});
		stream.write(isInPlace ? `\r\u001B[K${line}` : `${line}\n`);
	});
	return () => {
		release();
		if (isInPlace && hasShown) {
			io.stderr.write('\r\u001B[K');
		}
	};
}
