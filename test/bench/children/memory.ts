import {setImmediate} from 'node:timers/promises';
import type {Answer, Backend} from '../../../source/domain/backend.ts';
import {systemClock} from '../../../source/domain/clock.ts';
import {createRun} from '../../../source/engine/run.ts';
import {loadOf, quotaOf, specOf, targetOf} from '../../helpers/spec-fixture.ts';

/**
 * A run of many requests through a backend in the same process. Prints the heap after a collection, in bytes, at each
 * number of answered requests given as arguments. Needs --expose-gc.
 */

const marks = process.argv.slice(2).map(Number);
const last = marks.at(-1) ?? 0;

const answerOf = (outputTokens: number): Answer => ({
	kind: 'answered',
	text: 'fine',
	reasoning: undefined,
	stopReason: 'end_turn',
	isTruncated: false,
	isRefused: false,
	usage: {
		inputTokens: 20,
		outputTokens,
		cacheReadTokens: 0,
		cacheWriteTokens: 0,
		reasoningTokens: undefined,
		isEstimated: false,
	},
	serverLatencyMs: undefined,
	tier: undefined,
	requestId: undefined,
	isSimulated: true,
});

let answered = 0;
const backend: Backend = {
	async invoke(_request, {onFirstToken}) {
		await setImmediate();
		onFirstToken();
		answered++;
		// Lengths that repeat only after a while, so that nothing is remembered by value alone.
		return answerOf(1 + ((answered * 7919) % 97));
	},
	countTokens: async () => 20,
	close() {},
};

const run = createRun(
	specOf({
		targets: [targetOf(quotaOf(null, null))],
		load: loadOf('concurrency', {requests: last, concurrency: 50}),
	}),
	{backend, clock: systemClock},
);

const heapBytes = (): number => {
	globalThis.gc?.();
	return process.memoryUsage().heapUsed;
};

const heaps: number[] = [];
const startedAt = performance.now();
const ended = run.start();
for (const mark of marks.slice(0, -1)) {
	while (answered < mark) {
		await setImmediate();
	}
	// The screen asks four times a second; so does this.
	run.snapshot();
	run.pause();
	while (run.snapshot().progress.inFlight > 0) {
		await setImmediate();
	}
	heaps.push(heapBytes());
	run.resume();
}
await ended;
run.snapshot();
heaps.push(heapBytes());
process.stdout.write(JSON.stringify({heaps, seconds: (performance.now() - startedAt) / 1000}));
