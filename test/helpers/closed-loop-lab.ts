import type {Backend} from '../../source/domain/backend.ts';
import {createRun} from '../../source/engine/run.ts';
import {FakeClock} from './fake-clock.ts';
import {ModelServer} from './model-server.ts';
import {cellOf, itemsOf, loadOf, quotaOf, specOf, targetOf, variantOf} from './spec-fixture.ts';

type Percentiles = {readonly p50: number; readonly p99: number};

const percentile = (sorted: readonly number[], part: number): number =>
	sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;

/**
 * A closed loop that takes the quota for ten times what the service enforces, in virtual time.
 * @returns What the program shows of the total latency, and what its callers saw from the first attempt to the answer.
 */
export const misjudgedQuota = async (
	shape: 'saturate' | 'concurrency',
): Promise<{readonly shown: Percentiles; readonly seen: Percentiles; readonly answers: number}> => {
	const clock = new FakeClock();
	const server = new ModelServer({clock, requestsPerWindow: 60, windowMs: 60_000, serviceMs: () => 900});
	const firstAt = new Map<string, number>();
	const totals: number[] = [];
	const backend: Backend = {
		...server,
		countTokens: server.countTokens,
		async invoke(request, options) {
			const key = JSON.stringify(request.messages);
			firstAt.set(key, firstAt.get(key) ?? clock.now());
			const outcome = await server.invoke(request, options);
			if (outcome.kind === 'answered') {
				totals.push(clock.now() - (firstAt.get(key) ?? Number.NaN));
			}
			return outcome;
		},
	};
	const requests = 600;
	const run = createRun(
		specOf({
			windowMs: 60_000,
			task: {task: 'Say.', content: undefined, items: itemsOf(requests), checks: []},
			targets: [targetOf(quotaOf(600, null))],
			variants: [variantOf('only', {instruction: '{{task}} {{item}}'})],
			cells: [cellOf({maxTokens: 100})],
			load: loadOf(shape, {requests, concurrency: 20, durationMs: null}),
		}),
		{backend, clock},
	);
	await clock.settle(run.start());
	const {latencyMs} = run.snapshot().variants[0] ?? {};
	const sorted = totals.toSorted((first, second) => first - second);
	return {
		shown: {p50: latencyMs?.total.p50 ?? Number.NaN, p99: latencyMs?.total.p99 ?? Number.NaN},
		seen: {p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99)},
		answers: totals.length,
	};
};
