import {UserError} from './user-error.ts';

/** A fault in words, as it crosses threads; `exitCode` as in UserError. */
export type Fault = {readonly message: string; readonly hint: string | undefined; readonly exitCode: 1 | 2};

/** Any error as a fault; what is not the user's to mend keeps its message. */
export const faultOf = (error: unknown): Fault =>
	error instanceof UserError
		? {message: error.message, hint: error.hint, exitCode: error.exitCode}
		: {message: error instanceof Error ? error.message : String(error), hint: undefined, exitCode: 1};
