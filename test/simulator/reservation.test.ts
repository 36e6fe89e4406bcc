import {ConverseCommand} from '@aws-sdk/client-bedrock-runtime';
import {describe, expect, it, onTestFinished} from 'vitest';
import {createBackend} from '../../source/bedrock/backend.ts';
import {createClients} from '../../source/bedrock/clients/clients.ts';
import {systemClock} from '../../source/domain/clock.ts';
import {createRun} from '../../source/engine/run.ts';
import {isSoak} from '../helpers/random-cases.ts';
import {cellOf, itemsOf, loadOf, quotaOf, specOf, targetOf, variantOf} from '../helpers/spec-fixture.ts';
import {readStats, runtimeClient, startForTest} from './harness.ts';

/** Tests source/simulator/runtime/serve-runtime.ts: what a request sets aside, both readings. */

/** AWS's sources differ on whether cache reads are set aside at admission: the simulator enforces either. */

const model = 'us.amazon.nova-lite-v1:0';
const rules = 'The house rules are these. '.repeat(300);

const request = {
	modelId: model,
	system: [{text: rules}, {cachePoint: {type: 'default' as const}}],
	messages: [{role: 'user' as const, content: [{text: 'Hello'}]}],
	inferenceConfig: {maxTokens: 100},
};

describe('a request that reads from the cache', () => {
	it.each([
		['with-cache-reads', 'ThrottlingException'],
		['without-cache-reads', undefined],
	] as const)('%s beside the one that wrote it: %s', async (reserve, refusal) => {
		// Room for the writer and what it leaves, but not for the whole prompt a second time.
		const {url} = await startForTest({reserve, tokensPerMinute: 2500});
		const client = runtimeClient(url);
		const first = await client.send(new ConverseCommand(request));
		expect(first.usage?.cacheWriteInputTokens).toBeGreaterThan(1250);
		const second = await client.send(new ConverseCommand(request)).then(
			({usage}) => usage?.cacheReadInputTokens,
			(error: Error) => error.name,
		);
		expect(second).toEqual(refusal ?? first.usage?.cacheWriteInputTokens);
	});
});

const windowMs = 2000;
const tokens = 6000;

const runAgainst = async (options: Parameters<typeof startForTest>[0]) => {
	const {url} = await startForTest({...options, windowMs, tokensPerMinute: tokens, latencyMs: 60});
	const clients = createClients(
		{region: 'us-east-1', profile: undefined, simulatorUrl: url, timeoutMs: undefined},
		{maxSockets: 20},
	);
	onTestFinished(clients.close);
	const run = createRun(
		specOf({
			windowMs,
			method: 'converse',
			task: {task: 'Say.', content: undefined, items: itemsOf(20), checks: []},
			targets: [targetOf(quotaOf(null, tokens), model)],
			variants: [variantOf('cached', {cache: true, system: rules, instruction: '{{task}} {{item}}'})],
			cells: [cellOf({maxTokens: 100, inputTokens: {value: 1850, isEstimated: false}})],
			load: loadOf('saturate', {durationMs: 3 * windowMs, concurrency: 20}),
		}),
		{backend: createBackend(clients), clock: systemClock},
	);
	await run.start();
	const stats = await readStats(url);
	return {stats, throttled: Object.values(stats.throttled).reduce((sum, count) => sum + count, 0)};
};

const readings = (['sliding', 'fixed', 'refill'] as const).flatMap((enforcement) =>
	(['first-byte', 'end'] as const).map((countFrom) => ({enforcement, countFrom})),
);

/** A soak tries all of them. */
const tried = isSoak ? readings : readings.filter((_, index) => index === 0 || index === readings.length - 1);

describe('the ledger of a run, over the SDK', () => {
	it.each(['with-cache-reads', 'without-cache-reads'] as const)('is not throttled: %s', async (reserve) => {
		const runs = tried.map(async (reading) => ({reading, ...(await runAgainst({...reading, reserve}))}));
		for (const {reading, stats, throttled} of await Promise.all(runs)) {
			// Where tokens count from the end, one probe may find out.
			expect(throttled, JSON.stringify(reading)).toBeLessThanOrEqual(reading.countFrom === 'end' ? 1 : 0);
			expect(stats.tokens.cacheRead).toBeGreaterThan(stats.tokens.cacheWrite);
			expect(stats.buckets[0]?.maximumQuotaTokens).toBeGreaterThan(tokens / 10);
		}
	});
});
