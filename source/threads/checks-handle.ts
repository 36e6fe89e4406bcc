import {Worker} from 'node:worker_threads';
import {type Clock, systemClock} from '../domain/clock.ts';
import type {Check} from '../domain/task.ts';
import type {PatternChecker, PatternResult} from '../prompts/checks.ts';
import type {ChecksWorkerData} from './checks-worker.ts';
import type {ChecksReport, ChecksRequest} from './messages.ts';
import {workerEnvironment, workerUrl} from './worker-start.ts';

/** Time limit of the checks of one answer, in milliseconds. */
const checkLimitMs = 1000;
/** Time limit for the thread to start and load, in milliseconds. */
const startLimitMs = 20_000;
/** After a suspension, timers fire before the messages that came meanwhile. */
const graceMs = 100;
/** Memory limit of checks, in megabytes. */
const memoryMb = 512;

type Pending = {
	readonly texts: readonly string[];
	readonly resolve: (results: readonly PatternResult[]) => void;
};

const failed = ({texts}: Pending, reason: string): readonly PatternResult[] =>
	texts.map(() => ({isMet: false, reason}));

const startThread = (patterns: readonly Check[]): Worker => {
	const worker = new Worker(workerUrl('checks-worker'), {
		env: workerEnvironment(),
		workerData: {patterns} satisfies ChecksWorkerData,
		resourceLimits: {maxOldGenerationSizeMb: memoryMb},
		stdout: true,
		stderr: true,
	});
	worker.stdout.resume();
	worker.stderr.resume();
	worker.unref();
	return worker;
};

/**
 * Checks answers in a separate thread, which starts with the first of them. An answer whose check takes too long or kills the
 * thread has failed with that reason; the thread is replaced and continues with the next.
 */
export function createChecksThread(
	patterns: readonly Check[],
	{
		clock = systemClock,
		limitMs = checkLimitMs,
		start = startThread,
	}: {
		readonly clock?: Clock;
		/** Milliseconds that the checks of one answer may take. */
		readonly limitMs?: number;
		readonly start?: (patterns: readonly Check[]) => Worker;
	} = {},
): PatternChecker {
	/** In order of arrival; the thread has the first `sent` of them. */
	const queue: Pending[] = [];
	let sent = 0;
	let worker: Worker | undefined;
	let isReady = false;
	let isClosed = false;
	let cancelLimit = (): void => {};
	let isFlushing = false;

	const letGo = (): void => {
		cancelLimit();
		void worker
			?.removeAllListeners()
			.on('error', () => {})
			.terminate();
		worker = undefined;
		isReady = false;
		sent = 0;
	};

	/** Fails the first answer and ends its thread. */
	const giveUp = (reason: string): void => {
		letGo();
		const first = queue.shift();
		first?.resolve(failed(first, reason));
		flush();
	};

	/** Fails all answers: no thread can be started. */
	const giveUpAll = (reason: string): void => {
		letGo();
		for (const waiting of queue.splice(0)) {
			waiting.resolve(failed(waiting, reason));
		}
	};

	const limit = (ms: number, onOver: () => void): void => {
		cancelLimit();
		cancelLimit = clock.after(ms, () => {
			cancelLimit = clock.after(graceMs, onOver);
		});
	};

	const limitCheck = (): void =>
		limit(limitMs, () => giveUp(`its check took longer than ${limitMs / 1000} s`));

	const hear = (report: ChecksReport): void => {
		cancelLimit();
		switch (report.type) {
			case 'ready':
				isReady = true;
				break;
			case 'checked':
				sent -= 1;
				queue.shift()?.resolve(report.results);
				break;
		}
		if (sent > 0) {
			limitCheck();
		}
	};

	const fail = (error: unknown): void => {
		const reason = error instanceof Error ? error.message : String(error);
		if (isReady) {
			giveUp(`its check ended with: ${reason}`);
		} else {
			giveUpAll(`checks cannot be run: ${reason}`);
		}
	};

	const open = (): Worker => {
		const opened = start(patterns);
		opened.on('message', hear);
		opened.on('error', fail);
		opened.on('exit', (code) => fail(`its thread ended with code ${code}`));
		limit(startLimitMs, () => giveUpAll(`their thread did not start in ${startLimitMs / 1000} s`));
		return opened;
	};

	/** Sends all new answers in one message. */
	const flush = (): void => {
		if (queue.length === sent || isClosed) {
			return;
		}
		try {
			worker ??= open();
		} catch (error) {
			fail(error);
			return;
		}
		const answers = queue.slice(sent).map(({texts}) => texts);
		worker.postMessage({answers} satisfies ChecksRequest);
		if (isReady && sent === 0) {
			limitCheck();
		}
		sent = queue.length;
	};

	return {
		check: async (texts) =>
			new Promise((resolve) => {
				queue.push({texts, resolve});
				if (!isFlushing) {
					isFlushing = true;
					setImmediate(() => {
						isFlushing = false;
						flush();
					});
				}
			}),
		close() {
			isClosed = true;
			queue.length = 0;
			letGo();
		},
	};
}
