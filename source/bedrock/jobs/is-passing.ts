import {UserError} from '../../domain/user-error.ts';
import {failureOf} from '../failures/failure-of.ts';

/** Whether an error of a call passes by itself: throttles, faults of the service, a network that is away for a while. */
export const isPassing = (error: unknown): boolean => {
	const cause = error instanceof UserError ? error.cause : error;
	return cause !== undefined && failureOf(cause, {action: '', endpoint: null}, {secrets: []}).isRetryable;
};
