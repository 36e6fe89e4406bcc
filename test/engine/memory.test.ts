import v8 from 'node:v8';
import vm from 'node:vm';
import {describe, expect, it} from 'vitest';
import type {Answer, Backend} from '../../source/domain/backend.ts';
import {systemClock} from '../../source/domain/clock.ts';
import {createRun} from '../../source/engine/run.ts';
import {cellOf, loadOf, quotaOf, specOf, targetOf, variantOf} from '../helpers/spec-fixture.ts';

/** Tests source/engine/run.ts: memory stays flat. */

const answer: Answer = {
	kind: 'answered',
	text: 'fine',
	reasoning: undefined,
	stopReason: 'end_turn',
	isTruncated: false,
	isRefused: false,
	usage: {
		inputTokens: 20,
		outputTokens: 16,
		cacheReadTokens: 0,
		cacheWriteTokens: 0,
		reasoningTokens: undefined,
		isEstimated: false,
	},
	serverLatencyMs: undefined,
	tier: undefined,
	requestId: undefined,
	isSimulated: true,
};

describe('memory', () => {
	it('does not grow with the run', async () => {
		v8.setFlagsFromString('--expose-gc');
		const collect = vm.runInNewContext('gc') as () => void;
		const heapBytes: number[] = [];
		let sent = 0;
		const backend: Backend = {
			async invoke() {
				sent++;
				if (sent === 5000 || sent === 20_000) {
					collect();
					heapBytes.push(process.memoryUsage().heapUsed);
				}
				return answer;
			},
			countTokens: async () => undefined,
			close() {},
		};
		const run = createRun(
			specOf({
				targets: [targetOf(quotaOf(1e9, 1e12))],
				variants: [variantOf('a'), variantOf('b')],
				cells: [cellOf(), cellOf({variant: 1})],
				load: loadOf('concurrency', {requests: 20_000}),
			}),
			{backend, clock: systemClock},
		);
		await run.start();
		const [early = 0, late = 0] = heapBytes;
		expect(run.snapshot().progress.done).toBe(20_000);
		expect((late - early) / 2 ** 20).toBeLessThan(1);
	}, 60_000);
});
