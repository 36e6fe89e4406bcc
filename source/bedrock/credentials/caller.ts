import {UserError} from '../../domain/user-error.ts';
import {redacted, withoutCredentials} from '../../text/secrets.ts';
import {factsOf} from '../failures/error-facts.ts';
import {failureOf} from '../failures/failure-of.ts';
import type {Section, SharedFiles} from './shared-files.ts';

/** Who calls AWS: where the keys come from; and why there are no usable ones, from AWS's files and from errors of the SDK, in words. */

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the signing keys come from: the first source that exists, in the AWS CLI's order. */
export type KeySource =
	/** `--profile`: beats everything in the environment. */
	| {readonly kind: 'typed-profile'; readonly profile: string}
	/** AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: beat AWS_PROFILE. */
	| {readonly kind: 'variables'}
	/** AWS_PROFILE. */
	| {readonly kind: 'set-profile'; readonly profile: string}
	/** The default profile, a web identity, the container or the instance. */
	| {readonly kind: 'default'};

/** The variable of a Bedrock API key. */
const tokenVariable = 'AWS_BEARER_TOKEN_BEDROCK';

/** A Bedrock API key is set: Bedrock is called with it, and only Bedrock accepts it. */
export function hasBearerToken(environment: Environment): boolean {
	return textOf(environment, tokenVariable) !== undefined;
}

/** A variable set to nothing, as compose files and CI do, counts as not set. */
const textOf = (environment: Environment, name: string): string | undefined =>
	environment[name]?.trim() || undefined;

/**
 * A typed profile names the caller; a token in the environment would call as another one.
 * @throws UserError (exit 2) that names both.
 */
export function assertOneCaller(profile: string | undefined, environment: Environment): void {
	if (profile !== undefined && hasBearerToken(environment)) {
		throw new UserError(
			`--profile ${profile} and ${tokenVariable} name two callers, perhaps of two accounts: Bedrock would be called with the token, quotas and metrics would be read with the profile.`,
			{
				exitCode: 2,
				hint: `Run "unset ${tokenVariable}" to call as the profile, or leave --profile out to call with the token.`,
			},
		);
	}
}

/** @throws UserError (exit 1) for an incomplete pair of keys: neither the AWS CLI nor the service accepts it. */
export function keySourceOf(profile: string | undefined, environment: Environment): KeySource {
	if (profile !== undefined) {
		return {kind: 'typed-profile', profile};
	}
	if (textOf(environment, 'AWS_ACCESS_KEY_ID') !== undefined) {
		if (textOf(environment, 'AWS_SECRET_ACCESS_KEY') === undefined) {
			throw new UserError('AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is missing.', {
				exitCode: 1,
				hint: 'Set both, with AWS_SESSION_TOKEN where the keys are temporary, or unset AWS_ACCESS_KEY_ID to use a profile.',
			});
		}
		return {kind: 'variables'};
	}
	const set = textOf(environment, 'AWS_PROFILE');
	return set === undefined ? {kind: 'default'} : {kind: 'set-profile', profile: set};
}

/** The profile whose settings count; undefined where it is the default one. */
export function profileIn(source: KeySource): string | undefined {
	return source.kind === 'typed-profile' || source.kind === 'set-profile' ? source.profile : undefined;
}

const wordList = (names: readonly string[]): string =>
	names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;

/** Longest list of names in a sentence. */
const maxNamed = 8;

const others = (names: readonly string[]): string => {
	if (names.length === 0) {
		return 'there is none';
	}
	const more = names.length - maxNamed;
	const shown = more > 0 ? [...names.slice(0, maxNamed), `${more} more`] : names;
	return `there ${names.length === 1 ? 'is' : 'are'} ${wordList(shown)}`;
};

const profileFault = (message: string, hint: string): UserError =>
	new UserError(message, {exitCode: 1, hint});

/** Sources of a role's credentials other than a profile. */
const credentialSources = ['Environment', 'Ec2InstanceMetadata', 'EcsContainer'];

/** Settings each of which gives a profile credentials. */
const sourceSettings = [
	'role_arn',
	'aws_access_key_id',
	'aws_secret_access_key',
	'credential_process',
	'web_identity_token_file',
	'sso_session',
	'sso_start_url',
	'sso_account_id',
	'sso_role_name',
	'login_session',
] as const;

/** Whether a profile says where its credentials come from. */
export function hasOwnCredentials(section: Section | undefined): boolean {
	return section !== undefined && sourceSettings.some((name) => section[name] !== undefined);
}

/** @throws UserError (exit 1) for a profile that is not in the files. */
export function assertProfile(name: string, from: string, files: SharedFiles): void {
	if (!files.profiles.has(name) && name !== 'default') {
		throw unknownProfile(name, from, files);
	}
}

/** A profile that does not exist. @param from Where the name was read. */
const unknownProfile = (name: string, from: string, files: SharedFiles): UserError => {
	const {configPath, profiles, strays} = files;
	const [unreadable] = files.faults;
	if (unreadable !== undefined) {
		return profileFault(
			`The profile "${name}" (${from}) was not found: ${unreadable}`,
			'Give yourself the right to read it, or name another file in AWS_CONFIG_FILE.',
		);
	}
	const hint = strays.includes(name)
		? `${configPath} has a section [${name}]: write [profile ${name}] there.`
		: `Correct ${from}, or make the profile: aws configure --profile ${/\s/.test(name) ? `"${name}"` : name}.`;
	return profileFault(`The profile ${name} is not in ${configPath}; ${others([...profiles.keys()])}.`, hint);
};

/**
 * Follows a profile to the source of its credentials.
 * @throws UserError (exit 1) that names what is missing, wrong or circular.
 */
export function assertUsable(name: string, files: SharedFiles): void {
	const path = [name];
	for (let current = name; ; ) {
		const section = files.profiles.get(current) ?? {};
		const isOwnSource = path.length > 1 && section.aws_access_key_id !== undefined;
		assertBothKeys(current, section, files);
		assertSession(current, section, files);
		if (section.role_arn === undefined || isOwnSource) {
			if (path.length > 1 && !hasOwnCredentials(section) && section.credential_source === undefined) {
				throw profileFault(
					`The profile "${current}", which "${path.at(-2)}" takes its credentials from (source_profile), has none.`,
					`Give it some: aws configure --profile ${current}.`,
				);
			}
			return;
		}
		assertRoleSource(current, section, files);
		const next = section.source_profile;
		if (next === undefined) {
			return;
		}
		if (!files.profiles.has(next)) {
			throw profileFault(
				`The profile "${current}" takes its credentials from "${next}" (source_profile), which is not in ${files.configPath}; ${others([...files.profiles.keys()])}.`,
				'Correct source_profile of the profile.',
			);
		}
		const isOfItself = next === current && section.aws_access_key_id !== undefined;
		if (path.includes(next) && !isOfItself) {
			throw profileFault(
				`The profiles take their credentials from each other (source_profile): ${[...path, next].join(' -> ')}.`,
				`Have one of them name a profile that has its own credentials, in ${files.configPath}.`,
			);
		}
		path.push(next);
		current = next;
	}
}

/** @throws UserError (exit 1) for an incomplete pair of keys. */
const assertBothKeys = (name: string, section: Section, {credentialsPath}: SharedFiles): void => {
	const [id, secret] = [section.aws_access_key_id, section.aws_secret_access_key];
	if ((id === undefined) !== (secret === undefined)) {
		throw profileFault(
			`The profile "${name}" has ${id === undefined ? 'aws_secret_access_key' : 'aws_access_key_id'}, but ${id === undefined ? 'aws_access_key_id' : 'aws_secret_access_key'} is missing.`,
			`Write both into ${credentialsPath}, or run "aws configure --profile ${name}".`,
		);
	}
};

/** @throws UserError (exit 1) when a setting names a session of single sign-on that does not exist or is incomplete. */
const assertSession = (name: string, section: Section, {ssoSessions, configPath}: SharedFiles): void => {
	const {sso_session: session} = section;
	if (session === undefined) {
		return;
	}
	const found = ssoSessions.get(session);
	if (found === undefined) {
		throw profileFault(
			`The profile "${name}" signs in by sso_session = ${session}, but [sso-session ${session}] is not in ${configPath}; ${others([...ssoSessions.keys()])}.`,
			`Add it with "aws configure sso-session", or correct sso_session of the profile.`,
		);
	}
	const missing = [
		...['sso_region', 'sso_start_url']
			.filter((setting) => found[setting] === undefined)
			.map((setting) => `${setting} of [sso-session ${session}]`),
		...['sso_account_id', 'sso_role_name']
			.filter((setting) => section[setting] === undefined)
			.map((setting) => `${setting} of the profile`),
	];
	if (missing.length > 0) {
		throw profileFault(
			`The profile "${name}" cannot sign in by sso_session = ${session}: ${wordList(missing)} ${missing.length === 1 ? 'is' : 'are'} missing in ${configPath}.`,
			`Run "aws configure sso --profile ${name}".`,
		);
	}
};

/** @throws UserError (exit 1) for a role without a source of credentials. */
const assertRoleSource = (name: string, section: Section, {configPath}: SharedFiles): void => {
	const {source_profile: profile, credential_source: source, web_identity_token_file: token} = section;
	if (profile !== undefined && source !== undefined) {
		throw profileFault(
			`The profile "${name}" has source_profile and credential_source, and only one of them can hold.`,
			`Take one of the two out of ${configPath}.`,
		);
	}
	if (profile === undefined && source === undefined && token === undefined) {
		throw profileFault(
			`The profile "${name}" has role_arn, but nothing says with whose credentials the role is taken.`,
			`Add source_profile (or credential_source) to the profile in ${configPath}.`,
		);
	}
	if (source !== undefined && !credentialSources.includes(source)) {
		throw profileFault(
			`The profile "${name}" has credential_source = ${source}, which does not exist.`,
			`Write one of ${credentialSources.join(', ')} in ${configPath}.`,
		);
	}
};

/** No credentials, or unusable ones. The SDK and the failures of requests know it by this name. */
class CredentialsFault extends UserError {
	constructor(message: string, options: {hint: string; cause?: unknown}) {
		super(message, {exitCode: 1, ...options});
		this.name = 'CredentialsProviderError';
	}
}

const quoted = (profile: string): string => (/^[\w.@+-]+$/.test(profile) ? profile : `"${profile}"`);

/** The output of the profile's own command; undefined where something else failed. */
const ownWordsOf = (message: string): string | undefined => {
	const [, said] = /^Command failed: [^\n]*\n?([\s\S]*)$/.exec(message) ?? [];
	return said?.replace(/\s+/g, ' ').trim();
};

type Reason = {readonly sentence: string; readonly hint: string};

/**
 * Reasons by what the SDK says; messages as the SDK was seen to send them. `{profile}` stands for ` --profile NAME`.
 */
const reasons: ReadonlyArray<readonly [RegExp, string]> = [
	[
		/credential_process/i,
		'Run the command in credential_process of the profile by hand: it has to print JSON with Version 1, AccessKeyId, SecretAccessKey and an Expiration to come.',
	],
	[
		/multi-?factor|\bmfa\b/i,
		'A code cannot be asked for here. Get a session first, which asks for it: eval "$(aws configure export-credentials{profile} --format env)", then run this without --profile; or aws sts get-session-token --serial-number ARN --token-code CODE.',
	],
	[/\bsso\b|single sign/i, 'Sign in again: aws sso login{profile}.'],
	[
		/not authorized to perform: sts:AssumeRole|AccessDenied/i,
		'Allow sts:AssumeRole to the caller, and the caller in the trust policy of the role.',
	],
	[
		/token file|web_identity|AssumeRoleWithWebIdentity|InvalidIdentityToken|ENOENT|EACCES/i,
		'Check AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN (web_identity_token_file and role_arn of the profile): the token has to be there and in force.',
	],
];

/** A file that a profile or a variable names does not exist: the network is not the reason. */
const fileCodes = new Set(['ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR', 'EPERM']);

/**
 * Says that there are no credentials, or why those that were found cannot be used, with the way out.
 * @param secrets Values that must not appear in what a credential helper said.
 */
export function credentialsFault(
	error: unknown,
	source: KeySource,
	files: Pick<SharedFiles, 'faults'>,
	secrets: readonly string[],
): CredentialsFault {
	if (error instanceof CredentialsFault) {
		return error;
	}
	if (error instanceof UserError) {
		return new CredentialsFault(error.message, {hint: error.hint ?? '', cause: error});
	}
	const message = error instanceof Error ? error.message : '';
	const place = sourceWords(source);
	const isAbsent =
		message === '' ||
		/could not load credentials from any providers|Could not resolve credentials using profile/i.test(
			message,
		);
	const [unreadable] = files.faults;
	if (isAbsent) {
		return new CredentialsFault(
			`No AWS credentials were found${place}.${unreadable === undefined ? '' : ` ${unreadable}`}`,
			{
				hint: 'Sign in with "aws configure" or "aws sso login" (name a profile with --profile), or try it without an account: --demo.',
				cause: error,
			},
		);
	}
	const {sentence, hint} = reasonOf(error, source);
	return new CredentialsFault(`The AWS credentials${place} cannot be used: ${redacted(sentence, secrets)}`, {
		hint: withoutCredentials(hint, secrets),
		cause: error,
	});
}

/** Where keys were searched, in words. */
const sourceWords = (source: KeySource): string => {
	switch (source.kind) {
		case 'typed-profile':
		case 'set-profile':
			return ` for the profile "${source.profile}"`;
		case 'variables':
			return ' in AWS_ACCESS_KEY_ID';
		case 'default':
			return '';
	}
};

const reasonOf = (error: unknown, source: KeySource): Reason => {
	const facts = factsOf(error);
	const profile = profileIn(source);
	const option = profile === undefined ? '' : ` --profile ${quoted(profile)}`;
	const said = ownWordsOf(error instanceof Error ? error.message : '');
	if (said !== undefined) {
		return {
			sentence:
				said === ''
					? 'its credential_process failed and said nothing.'
					: `its credential_process failed: ${said}`,
			hint: 'Do what the command says, or run it by hand: it is in credential_process of the profile.',
		};
	}
	const failure = failureOf(error, {});
	const isFile = facts.code !== undefined && fileCodes.has(facts.code);
	// STS, single sign-on or the instance's metadata cannot be reached, or the clock is wrong.
	const isElsewhere =
		!isFile &&
		(failure.class === 'network' || failure.class === 'timeout' || /\bclock\b/.test(failure.advice));
	const hint = reasons.find(([pattern]) => pattern.test(`${facts.name} ${facts.message}`))?.[1];
	return {
		sentence: facts.message || failure.message,
		hint: isElsewhere
			? failure.advice
			: (hint?.replaceAll('{profile}', option) ??
				`Sign in with "aws configure${option}" or "aws sso login${option}" (name another profile with --profile), or try it without an account: --demo.`),
	};
};
