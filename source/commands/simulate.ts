import type {Writable} from 'node:stream';
import type {TextFlag} from '../config/flags.ts';
import {readText} from '../config/input/text-file.ts';
import {readYaml} from '../config/input/yaml.ts';
import type {Arguments, FlagValues} from '../config/parse-arguments.ts';
import {readChoice, readDurationMs, readInteger, readNumber} from '../config/values.ts';
import {UserError} from '../domain/user-error.ts';
import {parseFaults, type SimulatorOptions} from '../simulator/options.ts';
import {type RunningSimulator, startSimulator} from '../simulator/server.ts';
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
		AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME: url,
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

/** A text as one word of a shell. */
const quoted = (text: string): string =>
	/^[\w./:@%+,=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** Variables that make clients trust a certificate: Node's beside all others, the AWS CLI, boto3 and Go no other. */
function trustVariables(file: string): Readonly<Record<string, string>> {
	return {
		NODE_EXTRA_CA_CERTS: file,
		AWS_CA_BUNDLE: file,
	};
}

/**
 * Shell lines that point programs to a simulator.
 * @param trusted File with the certificate of HTTPS.
 */
export function simulatorLines(url: string, trusted?: string): readonly string[] {
	return [
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
}

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
	const {prepareTls} = await import('./simulate/tls.ts');
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
export async function simulate(options: SimulatorOptions, io: SimulateIo, tlsFile?: string): Promise<number> {
	await (tlsFile === undefined ? serve(await startSimulator(options), io) : serveTls(options, io, tlsFile));
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

const enforcements = ['sliding', 'fixed', 'refill'] as const;
const countings = ['first-byte', 'end'] as const;
const reservations = ['with-cache-reads', 'without-cache-reads'] as const;
const eras = ['now', '2024'] as const;

/** A name or an address, without scheme or port. */
const readHost = (text: string): string => {
	if (!/^(?:[\w.-]+|\[?[\da-f:.]+\]?)$/i.test(text)) {
		throw new UserError(`--host: "${text}" is not a host name or an address.`, {
			exitCode: 2,
			hint: 'Write it without scheme and port, as in --host 0.0.0.0; the port has its own flag.',
		});
	}
	return text;
};

/**
 * Settings of the simulator from flags.
 * @param parseFaults Reads the script of faults.
 * @throws UserError (exit 2) that quotes the offending value.
 */
export function resolveSimulator(
	flags: FlagValues,
	parseFaults: (file: string, text: string) => SimulatorOptions['faults'],
): SimulatorOptions {
	const read = <T>(name: TextFlag, reader: (text: string) => T): T | undefined => {
		const text = flags.text(name);
		return text === undefined ? undefined : reader(text);
	};
	const limit = (name: TextFlag): number | undefined =>
		read(name, (text) => readInteger(name, text, {min: 0, max: 1_000_000_000_000}));
	return {
		port: read('port', (text) => readInteger('port', text, {min: 0, max: 65_535})) ?? 0,
		host: read('host', readHost),
		seed: read('seed', (text) => readInteger('seed', text, {min: 0, max: 2 ** 31})) ?? 1,
		requestsPerMinute: limit('rpm'),
		tokensPerMinute: limit('tpm'),
		enforcement: read('enforcement', (text) => readChoice('enforcement', text, enforcements)) ?? 'sliding',
		countFrom: read('count-from', (text) => readChoice('count-from', text, countings)) ?? 'first-byte',
		reserve: read('reserve', (text) => readChoice('reserve', text, reservations)) ?? 'with-cache-reads',
		era: read('era', (text) => readChoice('era', text, eras)) ?? 'now',
		windowMs: read('window', (text) => readDurationMs('window', text)) ?? 60_000,
		latencyMs: read('latency', (text) => readNumber('latency', text, {min: 0, max: 600_000})),
		faults: read('faults', (file) => parseFaults(file, readText(file))),
	};
}

/** The command `simulate`, from its flags. @returns Exit code. */
export async function simulateFromFlags({flags}: Arguments, io: Io): Promise<number> {
	return simulate(resolveSimulator(flags, readFaults), io, flags.text('tls'));
}
