import {readFileSync} from 'node:fs';
import {Agent as HttpAgent} from 'node:http';
import {Agent as HttpsAgent} from 'node:https';
import {homedir} from 'node:os';
import {NodeHttpHandler, type NodeHttpHandlerOptions} from '@smithy/node-http-handler';
import {UserError} from '../../domain/user-error.ts';

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
