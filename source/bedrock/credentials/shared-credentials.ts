import {text} from 'node:stream/consumers';
import type {AwsIdentityProperties} from '@aws-sdk/types';
import {HttpRequest} from '@smithy/core/protocols';
import {Hash} from '@smithy/core/serde';
import type {NodeHttpHandler} from '@smithy/node-http-handler';
import {SignatureV4} from '@smithy/signature-v4';
import type {AwsCredentialIdentity} from '@smithy/types';
import {silentLogger} from '../clients/network.ts';
import {
	assertProfile,
	assertUsable,
	credentialsFault,
	hasOwnCredentials,
	type KeySource,
	keySourceOf,
	profileIn,
} from './caller.ts';
import {readSharedFiles} from './shared-files.ts';

/** Keys of a caller, shared by all clients, and whose account they are. */

type CallerCall = {
	readonly region: string;
	/** URL to ask at; undefined for AWS's own. */
	readonly endpoint: string | undefined;
	readonly credentials: () => Promise<AwsCredentialIdentity>;
	readonly handler: NodeHttpHandler;
};

/** The number is only shown: do not wait longer for it. */
const identityPatienceMs = 3000;

const identityQuery = 'Action=GetCallerIdentity&Version=2011-06-15';

/** @returns The number of the account; null where STS refuses, cannot be understood or is late. */
export async function askForAccount(call: CallerCall): Promise<string | null> {
	try {
		const {hostname, port, protocol, pathname, host} = new URL(call.endpoint ?? ownAddress(call.region));
		const request = new HttpRequest({
			protocol,
			hostname,
			path: pathname,
			method: 'POST',
			body: identityQuery,
			headers: {host, 'content-type': 'application/x-www-form-urlencoded'},
			...(port === '' ? {} : {port: Number(port)}),
		});
		const signer = new SignatureV4({
			credentials: call.credentials,
			region: call.region,
			service: 'sts',
			sha256: Hash.bind(null, 'sha256') as never,
		});
		const abortSignal = AbortSignal.timeout(identityPatienceMs);
		const {response} = await call.handler.handle((await signer.sign(request)) as HttpRequest, {abortSignal});
		abortSignal.addEventListener('abort', () => response.body.destroy());
		const answer = await text(response.body);
		return response.statusCode === 200
			? (/<Account>\s*(\d{12})\s*<\/Account>/.exec(answer)?.[1] ?? null)
			: null;
	} catch {
		return null;
	}
}

const ownAddress = (region: string): string =>
	`https://sts.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;

/** Settings of the SDK's clients: their network reaches STS and single sign-on too. */
type Asked = AwsIdentityProperties & {readonly forceRefresh?: boolean};

/** Keys that all clients of one caller share: a `credential_process` that asks for a touch asks once. */
export type SharedCredentials = {
	/** @returns Valid keys. @throws CredentialsFault. */
	readonly provide: ((asked?: Asked) => Promise<AwsCredentialIdentity>) & {memoized?: boolean};
	/**
	 * For keys that the service refused as expired: asks their source again, once for all requests in flight.
	 * @param sinceMs `performance.now()` when the refused request was signed.
	 * @returns Whether there are other keys now.
	 */
	readonly renew: (sinceMs: number) => Promise<boolean>;
	/** Number of the account whose keys these are, asked for once; null where that is refused. */
	readonly account: (ask: () => Promise<string | null>) => Promise<string | null>;
};

/** Renew keys this long before they expire; a source that gives the same ones again is left alone for a while. */
const earlyMs = 300_000;
const renewalPauseMs = 60_000;

type Held = {readonly keys: AwsCredentialIdentity; readonly atMs: number};

const leftMsOf = ({keys}: Held): number =>
	(keys.expiration?.getTime() ?? Number.POSITIVE_INFINITY) - Date.now();

const isDue = (held: Held): boolean =>
	leftMsOf(held) <= 0 || (leftMsOf(held) < earlyMs && performance.now() - held.atMs > renewalPauseMs);

type Chain = (asked?: AwsIdentityProperties) => Promise<AwsCredentialIdentity>;

/**
 * The SDK's own chain, or the one link of it that counts: the last link of the whole chain hides why an earlier one
 * failed.
 */
const chainFor = async (source: KeySource): Promise<Chain> => {
	const files = await readSharedFiles();
	const profile = profileIn(source);
	const init = {logger: silentLogger, ...(profile === undefined ? {} : {profile})} as object;
	if (source.kind === 'variables') {
		const {fromEnv} = await import('@aws-sdk/credential-provider-env');
		return fromEnv(init);
	}
	const {AWS_WEB_IDENTITY_TOKEN_FILE: token, AWS_ROLE_ARN: role} = process.env;
	if (source.kind === 'default' && token && role) {
		const {fromTokenFile} = await import('@aws-sdk/credential-provider-web-identity');
		return fromTokenFile(init);
	}
	const name = profile ?? 'default';
	assertProfile(name, source.kind === 'typed-profile' ? '--profile' : 'AWS_PROFILE', files);
	if (hasOwnCredentials(files.profiles.get(name))) {
		assertUsable(name, files);
		const {fromIni} = await import('@aws-sdk/credential-provider-ini');
		return fromIni({...init, profile: name});
	}
	const {defaultProvider} = await import('@aws-sdk/credential-provider-node');
	return defaultProvider(init);
};

/** @param secrets Values that must not be shown. */
const createSharedCredentials = (source: KeySource, secrets: () => readonly string[]): SharedCredentials => {
	let properties: AwsIdentityProperties = {};
	let held: Held | undefined;
	let asking: Promise<AwsCredentialIdentity> | undefined;
	const ask = async (): Promise<AwsCredentialIdentity> => {
		try {
			const chain = await chainFor(source);
			const keys = await chain(properties);
			held = {keys, atMs: performance.now()};
			return keys;
		} catch (error) {
			throw credentialsFault(error, source, await readSharedFiles(), secrets());
		} finally {
			asking = undefined;
		}
	};
	const provide: SharedCredentials['provide'] = async ({forceRefresh, callerClientConfig} = {}) => {
		if (callerClientConfig !== undefined) {
			properties = {callerClientConfig};
		}
		if (held !== undefined && forceRefresh !== true && !isDue(held)) {
			return held.keys;
		}
		asking ??= ask();
		try {
			return await asking;
		} catch (error) {
			// A renewal before its time that fails takes nothing away.
			if (forceRefresh === true || held === undefined || leftMsOf(held) <= 0) {
				throw error;
			}
			held = {...held, atMs: performance.now()};
			return held.keys;
		}
	};
	// The SDK would remember keys in every client and keep using old ones after a renewal.
	provide.memoized = true;
	let renewal: {readonly atMs: number; readonly result: Promise<boolean>} | undefined;
	const renewNow = async (): Promise<boolean> => {
		const before = await provide();
		const after = await provide({forceRefresh: true});
		return after.accessKeyId !== before.accessKeyId || after.sessionToken !== before.sessionToken;
	};
	let account: Promise<string | null> | undefined;
	return {
		provide,
		async account(askForIt) {
			account ??= askForIt();
			return account;
		},
		async renew(sinceMs) {
			if (renewal === undefined || renewal.atMs < sinceMs) {
				renewal = {atMs: performance.now(), result: renewNow().catch(() => false)};
			}
			return renewal.result;
		},
	};
};

const known = new Map<string, SharedCredentials>();

/** Variables that decide whose keys these are. */
const variables = [
	'AWS_ACCESS_KEY_ID',
	'AWS_SECRET_ACCESS_KEY',
	'AWS_SESSION_TOKEN',
	'AWS_CONFIG_FILE',
	'AWS_SHARED_CREDENTIALS_FILE',
	'AWS_WEB_IDENTITY_TOKEN_FILE',
	'AWS_ROLE_ARN',
	'HOME',
] as const;

/**
 * The credentials of a caller: the same for the whole program.
 * @throws UserError (exit 1) for an incomplete pair of keys.
 */
export function credentialsOf(
	profile: string | undefined,
	secrets: () => readonly string[],
): SharedCredentials {
	const source = keySourceOf(profile, process.env);
	const key = JSON.stringify([source, variables.map((name) => process.env[name])]);
	const found = known.get(key) ?? createSharedCredentials(source, secrets);
	known.set(key, found);
	return found;
}
