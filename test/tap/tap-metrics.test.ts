import {execFileSync, spawnSync} from 'node:child_process';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {accountMetrics} from '../../source/plain/account.ts';
import {serveMetrics} from '../../source/tap/tap-metrics.ts';
import {prometheusText} from '../../source/text/prometheus.ts';
import {accountBucketFixture, accountRegionFixture} from '../helpers/account-fixture.ts';
import {startTappedSimulator} from '../helpers/tapped-simulator.ts';

/** The pages that Prometheus reads: of a tap, and of the account. */

const python = `
import json, sys
from prometheus_client.parser import text_string_to_metric_families
print(json.dumps([[f.name, f.type, [[s.name, s.labels, s.value] for s in f.samples]] for f in text_string_to_metric_families(sys.stdin.read())]))
`;

/** The system's own Python has Debian's package. */
const interpreter = ['python3', '/usr/bin/python3'].find(
	(file) => spawnSync(file, ['-c', 'import prometheus_client.parser']).status === 0,
);
const hasParser = interpreter !== undefined;

type Family = readonly [
	name: string,
	type: string,
	samples: ReadonlyArray<readonly [string, Record<string, string>, number]>,
];

const parsed = (text: string): readonly Family[] =>
	JSON.parse(
		execFileSync(interpreter ?? '', ['-c', python], {input: text, encoding: 'utf8'}),
	) as readonly Family[];

let tapped: Awaited<ReturnType<typeof startTappedSimulator>>;
beforeAll(async () => {
	tapped = await startTappedSimulator();
});
afterAll(async () => {
	await tapped.stop();
});

const ask = async (client: string, operation: string): Promise<void> => {
	const answer = await fetch(`${tapped.url}/model/us.amazon.nova-lite-v1%3A0/${operation}`, {
		method: 'POST',
		headers: {'content-type': 'application/json', 'x-bedrock-top-client': client},
		body: JSON.stringify({
			messages: [{role: 'user', content: [{text: 'Name three rivers.'}]}],
			inferenceConfig: {maxTokens: 40},
		}),
	});
	await answer.arrayBuffer();
};

describe('the page of a tap', () => {
	it('has each client and model once, with the counts of the snapshot, and no secret', async () => {
		await ask('batch "a\\b"', 'converse');
		await ask('chat', 'converse-stream');
		await ask('chat', 'converse-stream');
		const answer = await fetch(`${tapped.url}/metrics`);
		const text = await answer.text();
		expect([answer.status, answer.headers.get('content-type')]).toEqual([
			200,
			'text/plain; version=0.0.4; charset=utf-8',
		]);
		expect(text).not.toContain(tapped.url.split('/').at(-1));
		const labels = 'client="chat",model="us.amazon.nova-lite-v1:0"';
		const chat = tapped.tap.snapshot().tap?.clients.find(({name}) => name === 'chat');
		expect(text.split('\n')).toEqual(
			expect.arrayContaining([
				`bedrock_top_tap_requests_total{${labels}} 2`,
				`bedrock_top_tap_quota_tokens_total{${labels}} ${chat?.tokens.quota}`,
				`bedrock_top_tap_tokens_total{${labels},kind="output"} ${chat?.tokens.output}`,
				`bedrock_top_tap_requests_in_flight{${labels}} 0`,
				`bedrock_top_tap_time_to_first_token_seconds_bucket{${labels},le="+Inf"} 2`,
				`bedrock_top_tap_time_to_first_token_seconds_count{${labels}} 2`,
				'bedrock_top_tap_requests_total{client="batch \\"a\\\\b\\"",model="us.amazon.nova-lite-v1:0"} 1',
				'bedrock_top_tap_simulated 1',
			]),
		);
		// A price that is not known is not zero.
		expect(text).not.toContain('cost_usd');
	});

	it.skipIf(!hasParser)(
		"is what Prometheus' own parser takes (skipped without python3-prometheus-client)",
		async () => {
			const families = parsed(await (await fetch(`${tapped.url}/metrics`)).text());
			const [, type, samples] = families.find(
				([name]) => name === 'bedrock_top_tap_time_to_first_token_seconds',
			) ?? ['', '', []];
			const counts = samples
				.filter(([name, {client}]) => name.endsWith('_bucket') && client === 'chat')
				.map(([, , value]) => value);
			expect(type).toBe('histogram');
			expect(counts).toEqual(counts.toSorted((left, right) => left - right));
			expect(families.filter(([, kind]) => kind === 'unknown')).toEqual([]);
			expect(samples.some(([, {client}]) => client === 'batch "a\\b"')).toBe(true);
		},
	);

	it.each([
		['without the secret', (url: string) => url.replace(/\/[^/]+$/, ''), {}],
		['to a page', (url: string) => url, {origin: 'http://evil.example'}],
	])('is not for anybody %s', async (_name, of, headers) => {
		expect((await fetch(`${of(tapped.url)}/metrics`, {headers})).status).toBe(403);
	});
});

describe('the page of the account', () => {
	it('is served behind the same gate, with what was read', async () => {
		const listener = await serveMetrics(0, 'secret-of-the-metrics-00', () =>
			accountMetrics([accountRegionFixture({buckets: [accountBucketFixture()]})]),
		);
		const base = `http://127.0.0.1:${listener.port}`;
		const [page, other, none] = await Promise.all(
			['/secret-of-the-metrics-00/metrics', '/secret-of-the-metrics-00/model/a/converse', '/metrics'].map(
				async (path) => fetch(`${base}${path}`),
			),
		);
		expect([page?.status, other?.status, none?.status]).toEqual([200, 404, 403]);
		const text = (await page?.text()) ?? '';
		expect(text).toMatch(
			/^bedrock_top_account_requests_per_minute\{region="us-east-1",model="[^"]+",scope="[^"]+"\} \d+$/m,
		);
		if (hasParser) {
			expect(parsed(text).every(([, type]) => type === 'gauge')).toBe(true);
		}
		await listener.close();
	});

	it('has nothing that was not read', () => {
		expect(accountMetrics([])).toBe('');
		expect(prometheusText([{name: 'a_total', help: 'a', type: 'counter', samples: []}])).toBe('');
	});
});
