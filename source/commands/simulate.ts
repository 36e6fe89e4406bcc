import type {Writable} from 'node:stream';
import {readYaml} from '../config/input/yaml.ts';
import type {Arguments} from '../config/parse-arguments.ts';
import {resolveSimulator} from '../config/resolve-simulator.ts';
import {UserError} from '../domain/user-error.ts';
import {parseFaults} from '../simulator/faults/script.ts';
import type {SimulatorOptions} from '../simulator/options.ts';
import {startSimulator} from '../simulator/server.ts';
import type {Io} from '../terminal/io.ts';

/** The part of the process that `simulate` uses. */
type SimulateIo = {
	readonly stdout: Pick<Writable, 'write'>;
	/** Ends it. */
	readonly signal: AbortSignal;
};

/** Region in the printed variables; every other one is served too. */
const region = 'us-east-1';

/** Variables that point clients of AWS, OpenAI and Claude on AWS to a simulator, which checks no credentials. */
export function simulatorVariables(url: string): Readonly<Record<string, string>> {
	return {
		AWS_ENDPOINT_URL: url,
		AWS_ENDPOINT_URL_BEDROCK_RUNTIME: url,
		AWS_ENDPOINT_URL_BEDROCK: url,
		AWS_ENDPOINT_URL_SERVICE_QUOTAS: url,
		AWS_ENDPOINT_URL_CLOUDWATCH: url,
		AWS_ENDPOINT_URL_S3: url,
		AWS_ENDPOINT_URL_STS: url,
		ANTHROPIC_BEDROCK_BASE_URL: url,
		AWS_ACCESS_KEY_ID: 'simulated',
		AWS_SECRET_ACCESS_KEY: 'simulated',
		AWS_REGION: region,
		// boto3 reads this one instead.
		AWS_DEFAULT_REGION: region,
		AWS_BEDROCK_BASE_URL: `${url}/openai/v1`,
		ANTHROPIC_BEDROCK_MANTLE_BASE_URL: `${url}/anthropic`,
		OPENAI_BASE_URL: `${url}/v1`,
		OPENAI_API_KEY: 'simulated',
	};
}

/** Variables that would override these, or make a client refuse them. */
export const hinderingVariables = [
	'AWS_PROFILE',
	'AWS_DEFAULT_PROFILE',
	'AWS_BEARER_TOKEN_BEDROCK',
	'AWS_SESSION_TOKEN',
	'AWS_SECURITY_TOKEN',
	'AWS_CREDENTIAL_EXPIRATION',
	'AWS_AUTH_SCHEME_PREFERENCE',
	'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
	'AWS_USE_FIPS_ENDPOINT',
	'AWS_USE_DUALSTACK_ENDPOINT',
] as const;

/** Shell lines that point programs to a simulator. */
export function simulatorLines(url: string): readonly string[] {
	return [
		`unset ${hinderingVariables.join(' ')}`,
		...Object.entries(simulatorVariables(url)).map(([name, value]) => `export ${name}=${value}`),
	];
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
	new Promise((resolve) => {
		if (signal.aborted) {
			resolve();
			return;
		}
		signal.addEventListener('abort', () => resolve(), {once: true});
	});

/**
 * Serves a local Bedrock until the signal aborts, and prints variables that a shell can source.
 * @returns The exit code.
 * @throws UserError where the port cannot be opened.
 */
export async function simulate(options: SimulatorOptions, {stdout, signal}: SimulateIo): Promise<number> {
	const simulator = await startSimulator(options);
	const lines = simulatorLines(simulator.url);
	stdout.write(`${lines.join('\n')}\n# A simulated Bedrock serves at ${simulator.url} until Ctrl+C.\n`);
	await untilAborted(signal);
	await simulator.stop();
	return 0;
}

/** Reads a script of faults (YAML or JSON). @throws UserError (exit 2) with file and line. */
const readFaults = (file: string, text: string): unknown => {
	const {value} = readYaml(file, text);
	try {
		parseFaults(value);
	} catch (error) {
		throw error instanceof UserError
			? new UserError(`${file}: ${error.message}`, {exitCode: 2, hint: error.hint})
			: error;
	}
	return value;
};

/** The command `simulate`, from its flags. @returns Exit code. */
export async function simulateFromFlags({flags}: Arguments, io: Io): Promise<number> {
	return simulate(resolveSimulator(flags, readFaults), io);
}
