import {UserError} from '../../domain/user-error.ts';
import {factsOf} from '../failures/facts.ts';
import {failureOf} from '../failures/failure-of.ts';
import {redacted, withoutCredentials} from '../failures/redact.ts';
import {type KeySource, profileIn} from './caller-source.ts';
import type {SharedFiles} from './shared-files.ts';

/** No credentials, or some that cannot be used. The SDK and the failures of requests know it by this name. */
export class CredentialsFault extends UserError {
	constructor(message: string, options: {hint: string; cause?: unknown}) {
		super(message, {exitCode: 1, ...options});
		this.name = 'CredentialsProviderError';
	}
}

const quoted = (profile: string): string => (/^[\w.@+-]+$/.test(profile) ? profile : `"${profile}"`);

/** What the profile's own command wrote; undefined where it was not the command that failed. */
const ownWordsOf = (message: string): string | undefined => {
	const [, said] = /^Command failed: [^\n]*\n?([\s\S]*)$/.exec(message) ?? [];
	return said?.replace(/\s+/g, ' ').trim();
};

type Reason = {readonly sentence: string; readonly hint: string};

/** Reasons by what the SDK says; messages as it was seen to send them. `{profile}` stands for ` --profile NAME`. */
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

/** A file that a profile or a variable names is not there: that is no fault of the network. */
const fileCodes = new Set(['ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR', 'EPERM']);

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
			hint: 'Do what the command says, or run it by hand: it stands in credential_process of the profile.',
		};
	}
	const failure = failureOf(error, {});
	const isFile = facts.code !== undefined && fileCodes.has(facts.code);
	// The way to STS, to single sign-on or to the metadata of the instance is broken, or the clock is wrong.
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

/** Where keys were looked for, in words. */
const placeOf = (source: KeySource): string => {
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

/**
 * Says that there are no credentials, or why those that were found cannot be used, with the way out.
 * @param secrets Values that must not appear in what a credential helper said.
 */
export const credentialsFault = (
	error: unknown,
	source: KeySource,
	files: Pick<SharedFiles, 'faults'>,
	secrets: readonly string[],
): CredentialsFault => {
	if (error instanceof CredentialsFault) {
		return error;
	}
	if (error instanceof UserError) {
		return new CredentialsFault(error.message, {hint: error.hint ?? '', cause: error});
	}
	const message = error instanceof Error ? error.message : '';
	const place = placeOf(source);
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
};
