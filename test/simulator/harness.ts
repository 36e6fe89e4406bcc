import {BedrockRuntimeClient} from '@aws-sdk/client-bedrock-runtime';
import {NodeHttpHandler} from '@smithy/node-http-handler';
import {onTestFinished} from 'vitest';
import type {SimulatorOptions} from '../../source/simulator/options.ts';
import {type RunningSimulator, startSimulator} from '../../source/simulator/server.ts';

export const defaultOptions: SimulatorOptions = {
	port: 0,
	seed: 1,
	requestsPerMinute: undefined,
	tokensPerMinute: undefined,
	enforcement: 'sliding',
	windowMs: 60_000,
	latencyMs: 1,
	faults: undefined,
};

/** A simulator that is stopped when the test is over. */
export const startForTest = async (options: Partial<SimulatorOptions> = {}): Promise<RunningSimulator> => {
	const simulator = await startSimulator({...defaultOptions, ...options});
	onTestFinished(simulator.stop);
	return simulator;
};

export const credentials = {accessKeyId: 'simulated', secretAccessKey: 'simulated'};

/** A client of the SDK that does not try again; over HTTP/1.1, or with the SDK's own handler over HTTP/2. */
export const runtimeClient = (url: string, protocol: 'http1' | 'http2' = 'http1'): BedrockRuntimeClient => {
	const client = new BedrockRuntimeClient({
		endpoint: url,
		region: 'us-east-1',
		credentials,
		maxAttempts: 1,
		...(protocol === 'http1' ? {requestHandler: new NodeHttpHandler()} : {}),
	});
	onTestFinished(() => client.destroy());
	return client;
};

/** A raw answer, for what the SDK hides. */
export type RawAnswer = {
	readonly status: number;
	readonly headers: Readonly<Record<string, string>>;
	readonly body: Buffer;
};

export const post = async (
	url: string,
	path: string,
	body: unknown,
	headers: Readonly<Record<string, string>> = {},
): Promise<RawAnswer> => {
	const response = await fetch(url + path, {
		method: 'POST',
		headers: {'content-type': 'application/json', ...headers},
		body: typeof body === 'string' ? body : JSON.stringify(body),
	});
	return {
		status: response.status,
		headers: Object.fromEntries(response.headers),
		body: Buffer.from(await response.arrayBuffer()),
	};
};

export const modelPath = (modelId: string, operation: string): string =>
	`/model/${encodeURIComponent(modelId)}/${operation}`;

/** The part of `/__stats` that tests look at. */
export type StatsAnswer = {
	readonly simulated: boolean;
	readonly requests: {
		readonly total: number;
		readonly byOperation: Readonly<Record<string, number>>;
		readonly byStatus: Readonly<Record<string, number>>;
		readonly byModel: Readonly<Record<string, number>>;
		readonly byUserAgent: Readonly<Record<string, number>>;
		readonly byError: Readonly<Record<string, number>>;
	};
	readonly ok: number;
	readonly failed: number;
	readonly throttled: Readonly<Record<'requests' | 'tokens' | 'day' | 'overloaded', number>>;
	readonly tokens: Readonly<
		Record<'input' | 'output' | 'cacheRead' | 'cacheWrite' | 'reserved' | 'quota', number>
	>;
	readonly tokensByUserAgent: Readonly<Record<string, StatsAnswer['tokens']>>;
	readonly buckets: ReadonlyArray<{
		readonly model: string;
		readonly scope: string;
		readonly region: string;
		readonly requestsPerMinute: number | null;
		readonly tokensPerMinute: number | null;
		readonly maximumRequests: number;
		readonly maximumQuotaTokens: number;
	}>;
	readonly log: ReadonlyArray<{
		readonly receivedAt: number;
		readonly startedAt: number;
		readonly endedAt: number;
		readonly status: number;
		readonly model: string;
		readonly inputTokens: number;
		readonly outputTokens: number;
	}>;
};

/** The simulator's own account of what it did. */
export const readStats = async (url: string): Promise<StatsAnswer> =>
	(await (await fetch(`${url}/__stats`)).json()) as StatsAnswer;
