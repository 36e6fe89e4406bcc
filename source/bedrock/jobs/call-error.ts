import {UserError} from '../../domain/user-error.ts';
import type {Clients} from '../clients/clients.ts';
import {factsOf} from '../failures/facts.ts';
import {failureOf} from '../failures/failure-of.ts';
import {withoutSecrets} from '../failures/redact.ts';
import {callAdvice} from './call-advice.ts';

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');

/** Whether the account has as many jobs at work as it may: this one waits. */
export const isJobLimit = (error: unknown): boolean => nameOf(error) === 'ServiceQuotaExceededException';

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
	const hint = callAdvice(failure.class, factsOf(error), action, failure.advice);
	return new UserError(`${what}: ${failure.message}`, {
		exitCode: 1,
		...(hint === undefined ? {} : {hint: withoutSecrets(hint, clients.secrets())}),
		cause: error,
	});
};
