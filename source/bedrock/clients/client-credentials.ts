import {UserError} from '../../domain/user-error.ts';
import {formatSpan} from '../../text/numbers.ts';

/**
 * Credentials, waited for no longer than `limitMs`: a helper may ask for something that nobody sees.
 * @throws UserError (exit 1) when they did not come.
 */
export const inTime = async <T>(credentials: Promise<T>, limitMs: number): Promise<T> => {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_, reject) => {
		timer = setTimeout(
			() =>
				reject(
					new UserError(`The AWS credentials did not come within ${formatSpan(limitMs)}.`, {
						exitCode: 1,
						hint: 'Look whether a helper (credential_process) waits for something; --timeout T waits longer.',
					}),
				),
			limitMs,
		);
	});
	return Promise.race([credentials, late]).finally(() => clearTimeout(timer));
};
