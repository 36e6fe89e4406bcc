import type {Writable} from 'node:stream';
import type {SimulatorOptions} from '../simulator/options.ts';
import {type RunningSimulator, startSimulator} from '../simulator/server.ts';

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
	AWS_ENDPOINT_URL_S3: url,
	AWS_ENDPOINT_URL_STS: url,
	ANTHROPIC_BEDROCK_BASE_URL: url,
	AWS_ACCESS_KEY_ID: 'simulated',
	AWS_SECRET_ACCESS_KEY: 'simulated',
	AWS_REGION: region,
	// What boto3 reads instead.
	AWS_DEFAULT_REGION: region,
	AWS_BEDROCK_BASE_URL: `${url}/openai/v1`,
	ANTHROPIC_BEDROCK_MANTLE_BASE_URL: `${url}/anthropic`,
	OPENAI_BASE_URL: `${url}/v1`,
	OPENAI_API_KEY: 'simulated',
});

/** Variables that would win over these, or make a client refuse them. */
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

/** As a word of a shell. */
const quoted = (text: string): string =>
	/^[\w./:@%+,=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** Variables that make clients trust a certificate: Node's beside all others, the AWS CLI, boto3 and Go no other. */
export const trustVariables = (file: string): Readonly<Record<string, string>> => ({
	NODE_EXTRA_CA_CERTS: file,
	AWS_CA_BUNDLE: file,
});

/**
 * The lines that lead a shell's programs to a simulator.
 * @param trusted File with the certificate of HTTPS.
 */
export const simulatorLines = (url: string, trusted?: string): readonly string[] => [
	`unset ${hinderingVariables.join(' ')}`,
	...Object.entries({
		...simulatorVariables(url),
		...(trusted === undefined ? {} : trustVariables(trusted)),
	}).map(([name, value]) => `export ${name}=${quoted(value)}`),
	...(trusted === undefined
		? []
		: [
				`# Python's openai and anthropic trust the file by SSL_CERT_FILE, requests by REQUESTS_CA_BUNDLE, curl by --cacert.`,
			]),
];

const untilAborted = (signal: AbortSignal): Promise<void> =>
	new Promise((resolve) => {
		if (signal.aborted) {
			resolve();
			return;
		}
		signal.addEventListener('abort', () => resolve(), {once: true});
	});

const serve = async (
	simulator: RunningSimulator,
	{stdout, signal}: SimulateIo,
	trusted?: string,
): Promise<void> => {
	const lines = simulatorLines(simulator.url, trusted);
	stdout.write(`${lines.join('\n')}\n# A simulated Bedrock serves at ${simulator.url} until Ctrl+C.\n`);
	await untilAborted(signal);
	await simulator.stop();
};

const serveTls = async (options: SimulatorOptions, io: SimulateIo, file: string): Promise<void> => {
	// What makes certificates is large, and this is all that needs it.
	const {prepareTls} = await import('./simulate/prepare-tls.ts');
	const {credentials, trusted} = await prepareTls(options.host, file);
	try {
		await serve(await startSimulator({...options, credentials}), io, trusted.file);
	} finally {
		await trusted.remove();
	}
};

/**
 * Serves a local Bedrock until the signal aborts. What it prints can be sourced by a shell.
 * @param tlsFile HTTPS, and where the certificate goes that clients must trust ('': to a temporary file); undefined: HTTP.
 * @returns The exit code.
 * @throws UserError where the port cannot be opened, the script of faults is wrong or the certificate cannot be written.
 */
export const simulate = async (
	options: SimulatorOptions,
	io: SimulateIo,
	tlsFile?: string,
): Promise<number> => {
	await (tlsFile === undefined ? serve(await startSimulator(options), io) : serveTls(options, io, tlsFile));
	return 0;
};
