import {UserError} from '../../domain/user-error.ts';

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
