import {loadConfig} from '@smithy/core/config';
import {UserError} from '../../domain/user-error.ts';
import {redacted} from '../failures/redact.ts';
import {isWebAddress} from './endpoint.ts';

/**
 * Settings of the AWS configuration files that the SDK does not read at all (`ca_bundle`) or reads from the wrong profile:
 * it looks for `endpoint_url` in the profile of the environment, whichever profile its client was given.
 */

type Section = Readonly<Record<string, string | undefined>>;
type File = Readonly<Record<string, Section | undefined>>;
type Environment = Readonly<Record<string, string | undefined>>;

/** How the SDK's parser joins a section's name or a nested key to what stands before it. */
const separator = '.';

/** From the environment first, then from the profile; undefined where neither says anything. */
const read = async (
	profile: string | undefined,
	fromEnvironment: (environment: Environment) => string | undefined,
	fromProfile: (section: Section, file: File) => string | undefined,
): Promise<string | undefined> => {
	const load = loadConfig<string>(
		{
			environmentVariableSelector: fromEnvironment,
			configFileSelector: (section, file) => fromProfile(section, (file ?? {}) as File),
			default: async () => '',
		},
		profile === undefined ? {} : {profile},
	);
	return (await load()) || undefined;
};

const isIgnored = async (profile: string | undefined): Promise<boolean> =>
	(await read(
		profile,
		({AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: value}) => value || undefined,
		({ignore_configure_endpoint_urls: old, ignore_configured_endpoint_urls: value}) => value ?? old,
	)) === 'true';

/** Kinds of AWS's own endpoints, by their variable and their key in a profile. */
const ownKinds = [
	['AWS_USE_FIPS_ENDPOINT', 'use_fips_endpoint'],
	['AWS_USE_DUALSTACK_ENDPOINT', 'use_dualstack_endpoint'],
] as const;

/** @throws UserError (exit 1) when a kind of AWS's own endpoints is asked for as well: the SDK would refuse every call. */
const assertNoOwnKind = async (url: string, profile: string | undefined): Promise<void> => {
	for (const [variable, key] of ownKinds) {
		const value = await read(
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

/**
 * The endpoint that variables or the profile set for a service, as the AWS CLI and SDKs define it: a variable or section of
 * the service's own before what is said for all.
 * @param service as in AWS's own names, such as `Bedrock Runtime`.
 * @throws UserError (exit 1) when it cannot be used: the SDK would only fail at the first call.
 */
export const configuredEndpoint = async (
	service: string,
	profile: string | undefined,
): Promise<string | undefined> => {
	if (await isIgnored(profile)) {
		return undefined;
	}
	const key = service.toLowerCase().replaceAll(' ', '_');
	const url = await read(
		profile,
		(environment) => environment[`AWS_ENDPOINT_URL_${key.toUpperCase()}`] || environment.AWS_ENDPOINT_URL,
		(section, file) =>
			file[`services${separator}${section.services ?? ''}`]?.[`${key}${separator}endpoint_url`] ??
			section.endpoint_url,
	);
	if (url !== undefined && !isWebAddress(url)) {
		throw new UserError(`The endpoint set for ${service} is "${redacted(url, [])}", which is no URL.`, {
			exitCode: 1,
			hint: 'Write it with its scheme, as in http://127.0.0.1:8080, in endpoint_url of the profile or in AWS_ENDPOINT_URL, or take it out.',
		});
	}
	if (url !== undefined) {
		await assertNoOwnKind(url, profile);
	}
	return url;
};

/** The file of certificates that `AWS_CA_BUNDLE` or `ca_bundle` of the profile names. */
export const configuredCertificates = async (profile: string | undefined): Promise<string | undefined> =>
	read(
		profile,
		({AWS_CA_BUNDLE}) => AWS_CA_BUNDLE || undefined,
		({ca_bundle}) => ca_bundle,
	);
