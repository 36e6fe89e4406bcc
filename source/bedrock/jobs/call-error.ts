import {UserError} from '../../config/user-error.ts';
import type {Clients} from '../clients.ts';
import {failureOf} from '../failures/failure-of.ts';

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');

/** Whether the account has as many jobs at work as it may: this one waits. */
export const isJobLimit = (error: unknown): boolean => nameOf(error) === 'ServiceQuotaExceededException';

/** Errors of S3 whose way out is its own. */
const storeHints: Readonly<Record<string, string>> = {
	NoSuchBucket: 'Create the bucket in the Region of the job, or name another one with --s3.',
	PermanentRedirect: 'The bucket lies in another Region: name one in the Region of the job.',
};

/** What an error of S3 or of a job's call means to the user. */
export const callError = (
	error: unknown,
	clients: Pick<Clients, 'secrets' | 'endpoint'>,
	{what, action}: {readonly what: string; readonly action: string},
): UserError => {
	if (error instanceof UserError) {
		return error;
	}
	const {endpoint} = clients;
	const failure = failureOf(error, {action, endpoint}, {secrets: clients.secrets()});
	const denied =
		nameOf(error) === 'AccessDenied' ? `Allow ${action} on the bucket to whoever runs this.` : undefined;
	return new UserError(`${what}: ${failure.message}`, {
		exitCode: 1,
		hint: storeHints[nameOf(error)] ?? denied ?? failure.advice,
		cause: error,
	});
};
