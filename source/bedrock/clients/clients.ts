import {createHash} from 'node:crypto';
import type {BedrockClient} from '@aws-sdk/client-bedrock';
import type {BedrockAgentRuntimeClient} from '@aws-sdk/client-bedrock-agent-runtime';
import type {BedrockRuntimeClient} from '@aws-sdk/client-bedrock-runtime';
import type {CloudWatchClient} from '@aws-sdk/client-cloudwatch';
import type {S3Client} from '@aws-sdk/client-s3';
import type {ServiceQuotasClient} from '@aws-sdk/client-service-quotas';
import type {NodeHttpHandler} from '@smithy/node-http-handler';
import type {AwsCredentialIdentity, AwsCredentialIdentityProvider} from '@smithy/types';
import {callSilenceMs, credentialsMs, transferSilenceMs} from '../../domain/backend.ts';
import type {Connection} from '../../domain/run-config.ts';
import {UserError} from '../../domain/user-error.ts';
import {formatSpan} from '../../text/numbers.ts';
import {
	assertOneCaller,
	assertProfile,
	hasBearerToken,
	keySourceOf,
	profileIn,
} from '../credentials/caller.ts';
import {askForAccount, credentialsOf, type SharedCredentials} from '../credentials/shared-credentials.ts';
import {readSharedFiles} from '../credentials/shared-files.ts';
import type {MantleEndpoint} from '../mantle/send.ts';
import {addMiddleware, createSecrets, keepErrorPages, renewExpired, sendOnce} from './middleware.ts';
import {
	configuredCertificates,
	configuredEndpoint,
	createNetwork,
	endpointInEnvironment,
	foreignEndpoint,
	type Network,
	proxyRemark,
	silentLogger,
} from './network.ts';

/**
 * Waits for credentials for at most `limitMs`: a helper may wait for input behind the screen.
 * @throws UserError (exit 1) when they did not come.
 */
export async function inTime<T>(credentials: Promise<T>, limitMs: number): Promise<T> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_, reject) => {
		timer = setTimeout(
			() =>
				reject(
					new UserError(`The AWS credentials did not come within ${formatSpan(limitMs)}.`, {
						exitCode: 1,
						hint: 'Check whether a helper (credential_process) waits for something; --timeout T waits longer.',
					}),
				),
			limitMs,
		);
	});
	return Promise.race([credentials, late]).finally(() => clearTimeout(timer));
}

/** The AWS clients, each made when it is first asked for. */
export type Clients = {
	readonly runtime: () => Promise<BedrockRuntimeClient>;
	readonly control: () => Promise<BedrockClient>;
	/** For `OptimizePrompt`. */
	readonly agent: () => Promise<BedrockAgentRuntimeClient>;
	readonly mantle: () => Promise<MantleEndpoint>;
	readonly serviceQuotas: () => Promise<ServiceQuotasClient>;
	readonly s3: () => Promise<S3Client>;
	readonly cloudwatch: () => Promise<CloudWatchClient>;
	/** The Region in use. Rejects with a UserError (exit 1) where none is set. */
	readonly region: () => Promise<string>;
	/** Resolves where credentials are found; rejects with a UserError (exit 1) that names the ways out. */
	readonly checkCredentials: () => Promise<void>;
	/**
	 * Number of the account that is called, asked for once; null where it cannot be found out, undefined of the
	 * embedded simulator.
	 */
	readonly account: () => Promise<string | null | undefined>;
	/**
	 * Whose buckets are called, for a ledger that several accounts may share: the number of the account, or where it can't be
	 * found out what stands for the access key. The way to the service does not count: an endpoint of one's own VPC or a proxy
	 * leads to the same quota.
	 */
	readonly owner: () => Promise<{readonly name: string; readonly isKnown: boolean}>;
	/** For keys that were refused as expired: whether there are others now. @param sinceMs When the request was signed. */
	readonly renewCredentials: (sinceMs: number) => Promise<boolean>;
	/** URL of an endpoint that is not AWS's; null for AWS. What the profile says is known once `region` has resolved. */
	readonly endpoint: string | null;
	/** A Bedrock API key calls. */
	readonly hasToken: boolean;
	/** Sentences about these clients that the user should know. */
	readonly remarks: readonly string[];
	/** Values that must never be shown. */
	readonly secrets: () => readonly string[];
	/** Round trip to the runtime; undefined while it is not known. */
	readonly roundTripMs: () => number | undefined;
	readonly close: () => void;
};

/** Connections that the account's own lists need at once. */
const controlSockets = 16;

/** The SDK signs by a token as soon as its variable is there, even an empty one. */
const signedByKeys = {authSchemePreference: ['sigv4']};

const simulated = {
	credentials: {accessKeyId: 'simulated', secretAccessKey: 'simulated'},
	// Never hand a real bearer token to the simulator.
	...signedByKeys,
	useFipsEndpoint: false,
	useDualstackEndpoint: false,
};

const lazily = <T>(make: () => Promise<T>): (() => Promise<T>) => {
	let made: Promise<T> | undefined;
	return () => {
		made ??= make();
		return made;
	};
};

/** The Region of the command line or the environment; the SDK reads the profile and the instance itself. */
const explicitRegion = (connection: Connection): string | undefined =>
	connection.region ||
	(connection.simulatorUrl === undefined
		? process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION || undefined
		: process.env.AWS_REGION || 'us-east-1');

/** @throws UserError (exit 1) when only a profile names the caller, and it does not exist. */
const assertCallable = async (profile: string | undefined): Promise<void> => {
	const files = await readSharedFiles();
	const source = keySourceOf(profile, process.env);
	const name = profileIn(source);
	if (name !== undefined) {
		assertProfile(name, source.kind === 'typed-profile' ? '--profile' : 'AWS_PROFILE', files);
	}
};

/**
 * A note that the profile of the environment does not exist: where keys or a token call, it would only give the
 * Region.
 */
const missingProfileWords = async (): Promise<string> => {
	const {AWS_PROFILE: name} = process.env;
	const {profiles, configPath} = await readSharedFiles();
	return !name || profiles.has(name) ? '' : `, and ${configPath} has no profile ${name} (AWS_PROFILE)`;
};

type ClientOptions = {
	/** Connections kept to the runtime, as many as there are requests in flight. */
	readonly maxSockets: number;
	/** The caller's keys, in place of those that are found in the SDK's chain. */
	readonly credentials?: AwsCredentialIdentity | AwsCredentialIdentityProvider | undefined;
};

/**
 * Makes the clients of one connection. Credentials, Region, FIPS, dual-stack and endpoint settings come from the SDK's
 * own chain: environment, profile, SSO, assumed roles, containers and instances.
 * @throws UserError (exit 1) when an endpoint or certificate setting is unusable; exit 2 for a profile beside a token.
 */
export function createClients(connection: Connection, options: ClientOptions): Clients {
	const isLocal = connection.simulatorUrl !== undefined;
	const region = explicitRegion(connection);
	const {simulatorUrl, profile} = connection;
	let endpoint = simulatorUrl ?? endpointInEnvironment(process.env);
	const {credentials: given} = options;
	if (!isLocal && given === undefined) {
		assertOneCaller(profile, process.env);
	}
	const hasToken = !isLocal && given === undefined && hasBearerToken(process.env);
	const networks: Network[] = [];
	let roundTripMs: Clients['roundTripMs'] = () => undefined;
	const secrets = createSecrets(process.env);
	const ofCalls = connection.timeoutMs ?? callSilenceMs;
	let shared: SharedCredentials | undefined;
	// Looked up once: every request asks for them.
	const credentials = (): SharedCredentials => {
		shared ??= credentialsOf(profile, secrets.all);
		return shared;
	};
	const provide = Object.assign(
		async (asked?: object) => credentials().provide(asked),
		// One provider remembers them for all clients.
		{memoized: true},
	);
	const renew = async (sinceMs: number): Promise<boolean> => !isLocal && credentials().renew(sinceMs);
	const keys = {credentials: given ?? provide, ...(hasToken ? {} : signedByKeys)};

	/** The runtime has no limit of silence here: the engine watches the one of each method. */
	const settings = async (service: string, maxSockets: number, silenceMs: number | undefined) => {
		if (!isLocal && given === undefined) {
			await (hasToken ? readSharedFiles() : assertCallable(profile));
		}
		const certificates = isLocal ? undefined : await configuredCertificates(profile);
		const network = createNetwork({
			maxSockets,
			isLocal,
			environment: process.env,
			certificates,
			silenceMs,
		});
		networks.push(network);
		if (service === 'Bedrock Runtime') {
			({roundTripMs} = network);
		}
		const own = simulatorUrl ?? (await configuredEndpoint(service, profile));
		return {
			requestHandler: network.handler,
			logger: silentLogger,
			// It was read already, from the right profile.
			ignoreConfiguredEndpointUrls: true,
			...(own === undefined ? {} : {endpoint: own}),
			...(region === undefined ? {} : {region}),
			...(profile === undefined || isLocal ? {} : {profile}),
			...(isLocal ? simulated : keys),
		};
	};

	const runtime = lazily(async () => {
		const {BedrockRuntimeClient} = await import('@aws-sdk/client-bedrock-runtime');
		const {keepUsageSpellings, usageSettings} = await import('./middleware.ts');
		const own = await settings('Bedrock Runtime', options.maxSockets, undefined);
		endpoint = own.endpoint === undefined ? null : foreignEndpoint(own.endpoint);
		const client = new BedrockRuntimeClient({...own, ...usageSettings, maxAttempts: 1});
		addMiddleware(client, secrets);
		sendOnce(client);
		keepErrorPages(client, ofCalls);
		keepUsageSpellings(client);
		return client;
	});
	const mantle = lazily(async () => {
		const {createMantleEndpoint} = await import('../mantle/send.ts');
		const {config} = await runtime();
		const {endpoint: own, requestHandler} = await settings('Bedrock Mantle', options.maxSockets, undefined);
		const mantleRegion = await config.region();
		return createMantleEndpoint({
			url: new URL(own ?? `https://bedrock-mantle.${mantleRegion}.api.aws`),
			region: mantleRegion,
			handler: requestHandler,
			token: hasToken ? process.env.AWS_BEARER_TOKEN_BEDROCK : undefined,
			credentials: async () => config.credentials(),
			onSecrets: secrets.keep,
			now: () => new Date(Date.now() + config.systemClockOffset),
			errorMs: ofCalls,
		});
	});
	const control = lazily(async () => {
		const {BedrockClient} = await import('@aws-sdk/client-bedrock');
		const client = new BedrockClient(await settings('Bedrock', controlSockets, ofCalls));
		addMiddleware(client, secrets);
		renewExpired(client, renew);
		keepErrorPages(client, ofCalls);
		return client;
	});
	const agent = lazily(async () => {
		const {BedrockAgentRuntimeClient} = await import('@aws-sdk/client-bedrock-agent-runtime');
		const own = await settings('Bedrock Agent Runtime', 1, ofCalls);
		const client = new BedrockAgentRuntimeClient(own);
		addMiddleware(client, secrets);
		renewExpired(client, renew);
		keepErrorPages(client, ofCalls);
		return client;
	});
	const serviceQuotas = lazily(async () => {
		const {ServiceQuotasClient} = await import('@aws-sdk/client-service-quotas');
		const client = new ServiceQuotasClient(await settings('Service Quotas', controlSockets, ofCalls));
		addMiddleware(client, secrets);
		renewExpired(client, renew);
		keepErrorPages(client, ofCalls);
		return client;
	});
	const cloudwatch = lazily(async () => {
		const {CloudWatchClient} = await import('@aws-sdk/client-cloudwatch');
		// The poller decides when to ask again: a hidden retry of a throttled poll only makes it worse.
		const client = new CloudWatchClient({
			...(await settings('CloudWatch', controlSockets, ofCalls)),
			maxAttempts: 1,
		});
		addMiddleware(client, secrets);
		renewExpired(client, renew);
		return client;
	});

	const s3 = lazily(async () => {
		const {S3Client} = await import('@aws-sdk/client-s3');
		// Endpoints other than AWS's seldom have a host name per bucket, or know the newer checksums.
		const own = await settings('S3', controlSockets, connection.timeoutMs ?? transferSilenceMs);
		const client = new S3Client({
			...own,
			...(own.endpoint !== undefined
				? {forcePathStyle: true, requestChecksumCalculation: 'WHEN_REQUIRED'}
				: {}),
		});
		addMiddleware(client, secrets);
		renewExpired(client, renew);
		return client;
	});
	const account = lazily(async (): Promise<string | null | undefined> => {
		if (isLocal || hasToken) {
			return isLocal ? undefined : null;
		}
		const ask = async (): Promise<string | null> => {
			const {config} = await runtime();
			return askForAccount({
				region: await config.region(),
				endpoint: await configuredEndpoint('STS', profile),
				credentials: async () => config.credentials(),
				handler: config.requestHandler as NodeHttpHandler,
			});
		};
		return given === undefined
			? credentials()
					.account(ask)
					.catch(() => null)
			: ask();
	});

	return {
		runtime,
		control,
		agent,
		mantle,
		serviceQuotas,
		cloudwatch,
		s3,
		get endpoint() {
			return endpoint;
		},
		hasToken,
		remarks: [
			...(connection.isRegionOfArn === true
				? [`Requests go to ${region}: the ARN of the model decides the Region.`]
				: []),
			...(isLocal ? [] : [proxyRemark(process.env)]),
		].filter((remark) => remark !== undefined),
		secrets: secrets.all,
		roundTripMs: () => roundTripMs(),
		async region() {
			if (region !== undefined && !/^[a-z]{2,}(?:-[a-z]+)*-\d+$/.test(region)) {
				throw new UserError(`"${region}" is not an AWS Region.`, {
					exitCode: connection.region === undefined ? 1 : 2,
					hint: 'Write it as in us-east-1.',
				});
			}
			try {
				const client = await runtime();
				return await client.config.region();
			} catch (error) {
				// Where a Region is given, something else failed.
				throw error instanceof UserError || region !== undefined
					? error
					: new UserError(`No AWS Region is set${await missingProfileWords()}.`, {
							exitCode: 1,
							hint: 'Name one with --region or AWS_REGION, as in --region us-east-1.',
							cause: error,
						});
			}
		},
		async checkCredentials() {
			if (!isLocal && !hasToken) {
				const client = await runtime();
				await inTime(client.config.credentials(), connection.timeoutMs ?? credentialsMs);
			}
		},
		account,
		async owner() {
			const {config} = await runtime();
			const number = await account();
			if (number !== null) {
				return {name: number ?? 'simulated', isKnown: true};
			}
			const token = hasToken ? process.env.AWS_BEARER_TOKEN_BEDROCK : undefined;
			const key = token ?? (await config.credentials()).accessKeyId;
			return {
				name: `key-${createHash('sha256').update(key).digest('hex').slice(0, 12)}`,
				isKnown: false,
			};
		},
		renewCredentials: async (sinceMs) => !hasToken && renew(sinceMs),
		close() {
			for (const network of networks) {
				network.close();
			}
		},
	};
}
