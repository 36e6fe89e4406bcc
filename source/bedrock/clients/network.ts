import {readFileSync} from 'node:fs';
import {Agent as HttpAgent} from 'node:http';
import {Agent as HttpsAgent} from 'node:https';
import {homedir} from 'node:os';
import {loadConfig} from '@smithy/core/config';
import {NodeHttpHandler, type NodeHttpHandlerOptions} from '@smithy/node-http-handler';
import {UserError} from '../../domain/user-error.ts';
import {redacted} from '../../text/secrets.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * A silent logger: the SDK must not write to the screen. It has no `info`: with it the SDK would search every answer
 * for secrets, which takes longer than all else where the answer is large (`info` is called with `?.`; its type does
 * not show it).
 */
export const silentLogger = {
	trace() {},
	debug() {},
	warn() {},
	error() {},
} as NonNullable<NodeHttpHandlerOptions['logger']>;

/** Hosts that are never reached through a proxy. */
const loopback = ['localhost', '127.0.0.1', '[::1]', '::1'];

/** Variables that name a proxy; `ALL_PROXY`, as curl knows it, counts where the others say nothing. */
const proxyNames = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'];

/** Whether a host may only be reached, or even resolved, through a proxy. */
export function mayNeedProxy(hostname: string, environment: Environment): boolean {
	return hasProxy(environment) && !loopback.includes(hostname);
}

const hasProxy = (environment: Environment): boolean => proxyNames.some((name) => Boolean(environment[name]));

/** A sentence about proxy variables that cannot be used; undefined where all can. */
export function proxyRemark(environment: Environment, version = process.versions.node): string | undefined {
	const set = proxyNames.filter((name) => Boolean(environment[name]));
	const [first] = set;
	if (first !== undefined && !canProxy(version)) {
		return `${first} is ignored: Node ${version} cannot use it, Node 24.5 or 22.21 and later can.`;
	}
	const odd = set.find((name) => !isUsable(withScheme(environment[name] ?? '')));
	return odd && `${odd} is ignored: only proxies that begin with http:// or https:// can be used.`;
}

/** Node reads proxies from the environment since 24.5 and 22.21. */
const canProxy = (version: string): boolean => {
	const [major = 0, minor = 0] = version.split('.').map(Number);
	return major > 24 || (major === 24 && minor >= 5) || (major === 22 && minor >= 21);
};

const isUsable = (proxy: string): boolean => /^https?:\/\//i.test(proxy) && URL.canParse(proxy);

/** The AWS CLI and curl read a proxy without a scheme as http. */
const withScheme = (proxy: string): string => (proxy.includes('://') ? proxy : `http://${proxy}`);

/** The environment's proxy settings in the form that Node takes, with the loopback hosts left out of them. */
function proxySettings(environment: Environment): Environment {
	const exempt = [environment.NO_PROXY ?? environment.no_proxy ?? '', ...loopback].filter(Boolean).join(',');
	const proxyFor = (...names: readonly string[]): string | undefined => {
		const proxy = names.map((name) => environment[name]).find(Boolean);
		return proxy !== undefined && isUsable(withScheme(proxy)) ? withScheme(proxy) : undefined;
	};
	const https = proxyFor('https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY');
	const http = proxyFor('http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY');
	return {
		...(https === undefined ? {} : {HTTPS_PROXY: https, https_proxy: https}),
		...(http === undefined ? {} : {HTTP_PROXY: http, http_proxy: http}),
		NO_PROXY: exempt,
		no_proxy: exempt,
	};
}

const certificatePattern = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/;

/**
 * Certificates to trust. As with the AWS CLI they replace the system's; Node itself adds `NODE_EXTRA_CA_CERTS`.
 * @throws UserError (exit 1) when the file cannot be read or holds none.
 */
const certificatesIn = (file: string): string => {
	const hint = 'Name a file of PEM certificates in AWS_CA_BUNDLE (ca_bundle of the profile), or take it out.';
	let text: string;
	try {
		text = readFileSync(file.replace(/^~(?=\/)/, homedir()), 'utf8');
	} catch (error) {
		throw new UserError(`The certificates in ${file} cannot be read.`, {exitCode: 1, hint, cause: error});
	}
	if (!certificatePattern.test(text)) {
		throw new UserError(`${file} contains no certificate.`, {exitCode: 1, hint});
	}
	return text;
};

/** How long to wait for a connection. */
const connectionTimeoutMs = 15_000;

/** A pool of kept-alive connections. */
export type Network = {
	readonly handler: NodeHttpHandler;
	/** The pools themselves, for what must pass as it is. */
	readonly agents: {readonly http: HttpAgent; readonly https: HttpsAgent};
	/**
	 * Longest time that one of the newest connections took to open, in milliseconds: one round trip. Undefined before
	 * one, and through a proxy.
	 */
	readonly roundTripMs: () => number | undefined;
	readonly close: () => void;
};

/** Connections whose opening times are remembered. */
const rememberedConnections = 16;

/**
 * Makes a pool over HTTP/1.1. The SDK's default opens an HTTP/2 session for every request, which adds a TLS handshake
 * to every latency.
 * @param options.silenceMs Longest silence on a connection; absent: the sender limits it.
 * @param options.isLocal No proxy and no custom certificates: the embedded simulator.
 */
export function createNetwork(options: {
	readonly maxSockets: number;
	readonly silenceMs?: number | undefined;
	readonly isLocal: boolean;
	readonly environment: Environment;
	/** File of the certificates to trust; undefined: those of the system. */
	readonly certificates?: string | undefined;
}): Network {
	const {maxSockets, isLocal, environment} = options;
	const certificates =
		isLocal || options.certificates === undefined ? undefined : certificatesIn(options.certificates);
	const isProxied = !isLocal && hasProxy(environment);
	const shared = {
		keepAlive: true,
		maxSockets,
		...(isProxied ? {proxyEnv: proxySettings(environment)} : {}),
	};
	const httpAgent = new HttpAgent(shared);
	const httpsAgent = new HttpsAgent({...shared, ...(certificates === undefined ? {} : {ca: certificates})});
	const handler = new NodeHttpHandler({
		httpAgent,
		httpsAgent,
		connectionTimeout: connectionTimeoutMs,
		socketTimeout: options.silenceMs ?? 0,
		logger: silentLogger,
	});
	return {
		handler,
		agents: {http: httpAgent, https: httpsAgent},
		roundTripMs: isProxied ? () => undefined : timeConnections([httpAgent, httpsAgent]),
		close() {
			httpAgent.destroy();
			httpsAgent.destroy();
		},
	};
}

/** Measures how long the connections of an agent take to open, without the lookup of the name. */
const timeConnections = (agents: readonly HttpAgent[]): (() => number | undefined) => {
	let times: readonly number[] = [];
	for (const agent of agents) {
		const connect = agent.createConnection.bind(agent);
		agent.createConnection = (options, callback) => {
			const socket = connect(options, callback);
			let from = performance.now();
			socket?.once('lookup', () => {
				from = performance.now();
			});
			socket?.once('connect', () => {
				times = [performance.now() - from, ...times].slice(0, rememberedConnections);
			});
			return socket;
		};
	}
	return () => (times.length === 0 ? undefined : Math.max(...times));
};

const variables = ['AWS_ENDPOINT_URL_BEDROCK_RUNTIME', 'AWS_ENDPOINT_URL'] as const;

/** Domains of AWS's own endpoints, private ones in a VPC included. */
const awsDomains =
	/(?:^|\.)(?:amazonaws\.com(?:\.cn)?|amazonaws\.eu|api\.aws|api\.amazonwebservices\.com\.cn)$/i;

/** The URL if it is not AWS's, without user, password and query; null otherwise. */
export function foreignEndpoint(url: string): string | null {
	const endpoint = parsed(url);
	if (endpoint === undefined || awsDomains.test(endpoint.hostname)) {
		return null;
	}
	return `${endpoint.origin}${endpoint.pathname === '/' ? '' : endpoint.pathname}`;
}

const parsed = (url: string): URL | undefined => {
	const result = URL.canParse(url) ? new URL(url) : undefined;
	return result?.protocol === 'http:' || result?.protocol === 'https:' ? result : undefined;
};

/**
 * The endpoint that `AWS_ENDPOINT_URL_BEDROCK_RUNTIME` or `AWS_ENDPOINT_URL` sets, if it is not AWS's.
 * @throws UserError (exit 1) when a variable holds no URL: the SDK would only fail at the first call.
 */
export function endpointInEnvironment(environment: Environment): string | null {
	if (environment.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS === 'true') {
		return null;
	}
	const name = variables.find((variable) => Boolean(environment[variable]));
	const url = name === undefined ? undefined : environment[name];
	if (name === undefined || url === undefined) {
		return null;
	}
	if (parsed(url) === undefined) {
		throw new UserError(`${name} is "${redacted(url, [])}", which is not a URL.`, {
			exitCode: 1,
			hint: 'Write it with its scheme, as in http://127.0.0.1:8080, or unset it.',
		});
	}
	return foreignEndpoint(url);
}

/** Whether a text is a URL that an endpoint can have. */
function isWebAddress(text: string): boolean {
	return parsed(text) !== undefined;
}

/**
 * Settings of the AWS configuration files that the SDK does not read at all (`ca_bundle`) or reads from the wrong profile:
 * it looks for `endpoint_url` in the profile of the environment, whichever profile its client was given.
 */

type Section = Readonly<Record<string, string | undefined>>;
type ConfigFile = Readonly<Record<string, Section | undefined>>;

/** Stands between a section's name or a nested key and its parent in the SDK's parser. */
const separator = '.';

/** From the environment, else from the profile; undefined where neither sets it. */
const readSetting = async (
	profile: string | undefined,
	fromEnvironment: (environment: Environment) => string | undefined,
	fromProfile: (section: Section, file: ConfigFile) => string | undefined,
): Promise<string | undefined> => {
	const load = loadConfig<string>(
		{
			environmentVariableSelector: fromEnvironment,
			configFileSelector: (section, file) => fromProfile(section, (file ?? {}) as ConfigFile),
			default: async () => '',
		},
		profile === undefined ? {} : {profile},
	);
	return (await load()) || undefined;
};

const isIgnored = async (profile: string | undefined): Promise<boolean> =>
	(await readSetting(
		profile,
		({AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: value}) => value || undefined,
		({ignore_configure_endpoint_urls: old, ignore_configured_endpoint_urls: value}) => value ?? old,
	)) === 'true';

/** Kinds of AWS's own endpoints, by their variable and their key in a profile. */
const ownKinds = [
	['AWS_USE_FIPS_ENDPOINT', 'use_fips_endpoint'],
	['AWS_USE_DUALSTACK_ENDPOINT', 'use_dualstack_endpoint'],
] as const;

/**
 * The endpoint that variables or the profile set for a service, as the AWS CLI and SDKs define it: a service's own
 * variable or section wins over the general one.
 * @param service AWS's own name, such as `Bedrock Runtime`.
 * @throws UserError (exit 1) when it cannot be used: the SDK would only fail at the first call.
 */
export async function configuredEndpoint(
	service: string,
	profile: string | undefined,
): Promise<string | undefined> {
	if (await isIgnored(profile)) {
		return undefined;
	}
	const key = service.toLowerCase().replaceAll(' ', '_');
	const url = await readSetting(
		profile,
		(environment) => environment[`AWS_ENDPOINT_URL_${key.toUpperCase()}`] || environment.AWS_ENDPOINT_URL,
		(section, file) =>
			file[`services${separator}${section.services ?? ''}`]?.[`${key}${separator}endpoint_url`] ??
			section.endpoint_url,
	);
	if (url !== undefined && !isWebAddress(url)) {
		throw new UserError(`The endpoint set for ${service} is "${redacted(url, [])}", which is not a URL.`, {
			exitCode: 1,
			hint: 'Write it with its scheme, as in http://127.0.0.1:8080, in endpoint_url of the profile or in AWS_ENDPOINT_URL, or take it out.',
		});
	}
	if (url !== undefined) {
		await assertNoOwnKind(url, profile);
	}
	return url;
}

/** @throws UserError (exit 1) when FIPS or dual-stack is set as well: the SDK would refuse every call. */
const assertNoOwnKind = async (url: string, profile: string | undefined): Promise<void> => {
	for (const [variable, key] of ownKinds) {
		const value = await readSetting(
			profile,
			(environment) => environment[variable] || undefined,
			(section) => section[key],
		);
		if (value === 'true') {
			throw new UserError(`${variable} does not go with the endpoint ${redacted(url, [])}.`, {
				exitCode: 1,
				hint: `Unset one of the two: ${variable} (${key} of the profile) or AWS_ENDPOINT_URL (endpoint_url). The AWS SDKs take only one.`,
			});
		}
	}
};

/** The file of certificates that `AWS_CA_BUNDLE` or `ca_bundle` of the profile names. */
export async function configuredCertificates(profile: string | undefined): Promise<string | undefined> {
	return readSetting(
		profile,
		({AWS_CA_BUNDLE}) => AWS_CA_BUNDLE || undefined,
		({ca_bundle}) => ca_bundle,
	);
}

/** A client of the SDK, as far as it knows where it calls. */
type Addressed = {
	readonly config: {
		readonly endpoint?:
			| (() => Promise<{protocol: string; hostname: string; port?: number; path: string}>)
			| undefined;
		readonly endpointProvider: (parameters: {Region: string; UseFIPS: boolean; UseDualStack: boolean}) => {
			readonly url: URL;
		};
		readonly region: () => Promise<string>;
		readonly useFipsEndpoint: () => Promise<boolean>;
		readonly useDualstackEndpoint: () => Promise<boolean>;
	};
};

/** The base of what a client calls: as it is configured, else as the SDK knows AWS's own for the Region. */
export async function addressOf({config}: Addressed): Promise<URL> {
	const {useFipsEndpoint: isFips, useDualstackEndpoint: isDualStack} = config;
	const kind = {UseFIPS: await isFips(), UseDualStack: await isDualStack()};
	if (config.endpoint === undefined) {
		return config.endpointProvider({Region: await config.region(), ...kind}).url;
	}
	const {protocol, hostname, port, path} = await config.endpoint();
	return new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}`);
}
