import type {Writable} from 'node:stream';
import type {SimulatorOptions} from '../simulator/options.ts';
import {startSimulator} from '../simulator/server.ts';

/** What `simulate` may touch of the process. */
export type SimulateIo = {
	readonly stdout: Pick<Writable, 'write'>;
	/** Ends it. */
	readonly signal: AbortSignal;
};

/** Region that the printed variables name; any other one is served as well. */
const region = 'us-east-1';

/** Variables that lead clients of AWS, of OpenAI and of Claude on AWS to a simulator; nothing checks the credentials. */
export const simulatorVariables = (url: string): Readonly<Record<string, string>> => ({
	AWS_ENDPOINT_URL: url,
	AWS_ENDPOINT_URL_BEDROCK_RUNTIME: url,
	AWS_ENDPOINT_URL_BEDROCK: url,
	AWS_ENDPOINT_URL_SERVICE_QUOTAS: url,
	AWS_ENDPOINT_URL_CLOUDWATCH: url,
	AWS_ACCESS_KEY_ID: 'simulated',
	AWS_SECRET_ACCESS_KEY: 'simulated',
	AWS_REGION: region,
	AWS_BEDROCK_BASE_URL: `${url}/openai/v1`,
	ANTHROPIC_BEDROCK_MANTLE_BASE_URL: `${url}/anthropic`,
	OPENAI_BASE_URL: `${url}/v1`,
	OPENAI_API_KEY: 'simulated',
});

const untilAborted = (signal: AbortSignal): Promise<void> =>
	new Promise((resolve) => {
		if (signal.aborted) {
			resolve();
			return;
		}
		signal.addEventListener('abort', () => resolve(), {once: true});
	});

/**
 * Serves a local Bedrock until the signal aborts. What it prints can be sourced by a shell.
 * @returns The exit code.
 * @throws UserError where the port cannot be opened or the script of faults is wrong.
 */
export const simulate = async (options: SimulatorOptions, {stdout, signal}: SimulateIo): Promise<number> => {
	const simulator = await startSimulator(options);
	const lines = Object.entries(simulatorVariables(simulator.url)).map(
		([name, value]) => `export ${name}=${value}`,
	);
	stdout.write(`${lines.join('\n')}\n# A simulated Bedrock serves at ${simulator.url} until Ctrl+C.\n`);
	await untilAborted(signal);
	await simulator.stop();
	return 0;
};
