import {UserError} from '../../domain/user-error.ts';
import {formatSpan} from '../../text/numbers.ts';
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

/** Credentials, waited for no longer than `limitMs`: a helper may ask for something that nobody sees. */
export const inTime = async <T>(credentials: Promise<T>, limitMs: number): Promise<T> => {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_, reject) => {
		timer = setTimeout(
			() => reject(new Error(`they did not come within ${formatSpan(limitMs)} (--timeout T waits longer).`)),
			limitMs,
		);
	});
	return Promise.race([credentials, late]).finally(() => clearTimeout(timer));
};
