import {loadConfig} from '@smithy/core/config';
import {UserError} from '../../domain/user-error.ts';
import {redacted} from '../failures/redact.ts';

type Environment = Readonly<Record<string, string | undefined>>;

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
