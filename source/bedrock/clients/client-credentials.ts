import {UserError} from '../../domain/user-error.ts';
import {redacted} from '../failures/redact.ts';

/**
 * Says that there are no credentials, or why those that were found cannot be used, with the ways out.
 * @param secrets Values that must not appear in what a credential helper said.
 */
export const noCredentials = (
	error: unknown,
	profile: string | undefined,
	secrets: readonly string[],
): UserError => {
	const message = error instanceof Error ? redacted(error.message, secrets) : '';
	const isAbsent = message === '' || /could not load credentials from any providers/i.test(message);
	const place = profile ? ` for the profile "${profile}"` : '';
	return new UserError(
		isAbsent
			? `No AWS credentials were found${place}.`
			: `The AWS credentials${place} cannot be used: ${message}`,
		{
			exitCode: 1,
			hint: 'Sign in with "aws configure" or "aws sso login" (name a profile with --profile), or try it without an account: --demo.',
		},
	);
};
