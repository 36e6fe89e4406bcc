import type {SimulatorOptions} from '../../../source/simulator/options.ts';
import {startSimulatorThread} from '../../../source/threads/simulator-handle.ts';

/** Limits that nothing reaches. */
export const unlimited = 1_000_000_000;

/** What the server kept: the truth that figures are held against. Times in milliseconds since 1970. */
export type ServerStats = {
	readonly ok: number;
	readonly failed: number;
	readonly throttled: Readonly<Record<'requests' | 'tokens' | 'day' | 'overloaded', number>>;
	readonly log: ReadonlyArray<{
		readonly receivedAt: number;
		readonly startedAt: number;
		readonly endedAt: number;
		readonly status: number;
		readonly inputTokens: number;
		readonly outputTokens: number;
	}>;
};

/** A simulator in a thread of its own, under benchmark. */
export type Server = {
	readonly url: string;
	readonly stats: () => Promise<ServerStats>;
	/** Statistics, buckets and faults begin again. */
	readonly reset: () => Promise<void>;
	readonly stop: () => Promise<void>;
};

const defaults: SimulatorOptions = {
	port: 0,
	seed: 1,
	requestsPerMinute: unlimited,
	tokensPerMinute: unlimited,
	enforcement: 'sliding',
	windowMs: 60_000,
	latencyMs: 300,
	faults: undefined,
};

export const startServer = async (options: Partial<SimulatorOptions>): Promise<Server> => {
	const {url, stop} = await startSimulatorThread({...defaults, ...options});
	return {
		url,
		async stats() {
			const response = await fetch(`${url}/__stats`);
			return (await response.json()) as ServerStats;
		},
		async reset() {
			const response = await fetch(`${url}/__reset`, {
				method: 'POST',
				headers: {'x-bedrock-top-reset': '1'},
			});
			await response.text();
		},
		stop,
	};
};

/** Does something with a server of its own. */
export const withServer = async <T>(
	options: Partial<SimulatorOptions>,
	use: (server: Server) => Promise<T>,
): Promise<T> => {
	const server = await startServer(options);
	try {
		return await use(server);
	} finally {
		await server.stop();
	}
};

export const throttlesOf = ({throttled}: ServerStats): number =>
	throttled.requests + throttled.tokens + throttled.day + throttled.overloaded;

/** Variables that lead a program to the server. */
export const environmentFor = (url: string): Readonly<Record<string, string>> => ({
	AWS_ENDPOINT_URL: url,
	AWS_ENDPOINT_URL_BEDROCK_RUNTIME: url,
	AWS_ENDPOINT_URL_BEDROCK: url,
	AWS_ENDPOINT_URL_SERVICE_QUOTAS: url,
	AWS_ACCESS_KEY_ID: 'simulated',
	AWS_SECRET_ACCESS_KEY: 'simulated',
	AWS_REGION: 'us-east-1',
	AWS_EC2_METADATA_DISABLED: 'true',
});
