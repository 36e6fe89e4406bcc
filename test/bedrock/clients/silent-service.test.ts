import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {createBackend} from '../../../source/bedrock/backend.ts';
import {type Clients, createClients} from '../../../source/bedrock/clients/clients.ts';
import {sendMetricCommand} from '../../../source/bedrock/cloudwatch/usage-reader.ts';
import {createJobService} from '../../../source/bedrock/jobs/job-service.ts';
import {createObjectStore} from '../../../source/bedrock/jobs/object-store.ts';
import {quotaSourceOf} from '../../../source/bedrock/quotas/aws-quota-source.ts';
import {methods} from '../../../source/domain/backend.ts';
import {plainRequest} from '../../conformance/harness.ts';

/** Tests the time limits of source/bedrock/clients/clients.ts against services that never answer. */

const silenceMs = 100;
/** The SDK tries twice more, after a moment. */
const patienceMs = 5000;

const arn = 'arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/abc';
const place = {bucket: 'some-bucket', key: 'a/b'};

const readAll = async (pages: AsyncIterable<unknown>): Promise<void> => {
	for await (const _page of pages) {
		// Nothing to do with it.
	}
};

/** Everything that is asked of an account beside the requests of a run. */
const calls: Readonly<Record<string, (clients: Clients) => Promise<unknown>>> = {
	'applied quotas': async (clients) => readAll(quotaSourceOf(clients, {}).listApplied()),
	'default quotas': async (clients) => readAll(quotaSourceOf(clients, {}).listDefaults()),
	models: async (clients) => readAll(quotaSourceOf(clients, {}).listFoundationModels()),
	profiles: async (clients) => readAll(quotaSourceOf(clients, {}).listInferenceProfiles('SYSTEM_DEFINED')),
	profile: async (clients) => quotaSourceOf(clients, {}).getInferenceProfile('us.some.model'),
	'list of jobs': async (clients) => createJobService(clients).list(5),
	job: async (clients) => createJobService(clients).get(arn),
	'stop of a job': async (clients) => createJobService(clients).stop(arn),
	'list of objects': async (clients) => createObjectStore(clients).list(place),
	object: async (clients) => readAll(createObjectStore(clients).read(place)),
	async metrics(clients) {
		const {ListMetricsCommand} = await import('@aws-sdk/client-cloudwatch');
		const outcome = await sendMetricCommand(
			clients,
			'cloudwatch:ListMetrics',
			new ListMetricsCommand({}),
			async (client, sent) => client.send(sent),
			{epoch: Date.now, signal: new AbortController().signal},
		);
		throw new Error(outcome.kind === 'failed' ? outcome.failure.message : 'answered');
	},
};

describe('an error or a page without end', () => {
	it.each(
		methods.flatMap((method) => [
			[method, 500, 'application/json', '{"message":', 'The answer did not end within 100 ms.'] as const,
			[method, 429, 'application/json', '', 'The answer did not end within 100 ms.'] as const,
			[
				method,
				200,
				'text/html',
				'<html><title>Sign in</title>',
				'A page came instead of an answer: "Sign in" (HTTP 200).',
			] as const,
			[method, 502, 'text/html', '', 'The answer did not end within 100 ms.'] as const,
		]),
	)('%s %i %s "%s" is not waited for', async (method, status, type, beginning, message) => {
		const server = createServer((_request, response) => {
			response.writeHead(status, {'content-type': type});
			response.flushHeaders();
			response.write(beginning);
		});
		await new Promise<void>((resolve) => {
			server.listen(0, '127.0.0.1', resolve);
		});
		const simulatorUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
		const connection = {region: 'us-east-1', profile: undefined, simulatorUrl, timeoutMs: silenceMs};
		const clients = createClients(connection, {maxSockets: 2});
		const {signal} = new AbortController();
		const outcome = await createBackend(clients).invoke(plainRequest({method}), {signal, onFirstToken() {}});
		expect(outcome).toMatchObject({kind: 'failed', failure: {message}});
		clients.close();
		server.closeAllConnections();
		server.close();
	});
});

describe.each([
	['accepts and never answers', undefined],
	['sends headers and nothing else', ''],
	['breaks off in the middle of its answer', '{"modelSummaries":['],
])('a service that %s', (_, beginning) => {
	const server = createServer((_request, response) => {
		if (beginning !== undefined) {
			response.writeHead(200, {'content-type': 'application/json'});
			response.flushHeaders();
			response.write(beginning);
		}
	});
	let clients: Clients;

	beforeAll(async () => {
		await new Promise<void>((resolve) => {
			server.listen(0, '127.0.0.1', resolve);
		});
		const simulatorUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
		clients = createClients(
			{region: 'us-east-1', profile: undefined, simulatorUrl, timeoutMs: silenceMs},
			{maxSockets: 2},
		);
	});

	afterAll(() => {
		clients.close();
		server.closeAllConnections();
		server.close();
	});

	it.concurrent.each(Object.entries(calls))(
		'%s: is waited for no longer than that, with words',
		async (_name, call) => {
			const startedAt = performance.now();
			const message = await call(clients).then(
				() => 'answered',
				(error: Error) => error.message,
			);
			expect(message).toContain('Nothing came for 100 ms.');
			expect(performance.now() - startedAt).toBeLessThan(patienceMs);
		},
	);

	it('leaves tokens uncounted, asks once for all variants, and says which model it is', async () => {
		const backend = createBackend(clients, undefined, silenceMs);
		const {signal} = new AbortController();
		const startedAt = performance.now();
		const counts = Array.from({length: 5}, async () => backend.countTokens(plainRequest(), signal));
		expect(await Promise.all(counts)).toEqual([undefined, undefined, undefined, undefined, undefined]);
		expect(performance.now() - startedAt).toBeLessThan(patienceMs);
		expect(backend.uncounted()).toEqual(['amazon.nova-lite-v1:0']);
	});
});
