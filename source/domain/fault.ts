import {reasonOf, systemWords} from './system-words.ts';
import {UserError} from './user-error.ts';

/** A fault in words, as it crosses threads; `exitCode` as in UserError. */
export type Fault = {readonly message: string; readonly hint: string | undefined; readonly exitCode: 1 | 2};

const pathOf = (error: unknown): string =>
	error instanceof Error && 'path' in error && typeof error.path === 'string' ? `${error.path}: ` : '';

/** Any error as a fault; what is not the user's to mend keeps its message. */
export const faultOf = (error: unknown): Fault =>
	error instanceof UserError
		? {message: error.message, hint: error.hint, exitCode: error.exitCode}
		: {
				message: `${systemWords(error) === undefined ? '' : pathOf(error)}${reasonOf(error)}`,
				hint: systemWords(error)?.hint,
				exitCode: 1,
			};
