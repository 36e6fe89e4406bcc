/** A fault that the user can mend: shown as one sentence and a way out, never as a stack. */
export class UserError extends Error {
	readonly exitCode: 1 | 2;
	/** The way out. */
	readonly hint: string | undefined;

	/**
	 * @param message One sentence that quotes the offending value.
	 * @param options `exitCode` 2 for what was typed, 1 for what was found.
	 */
	constructor(message: string, options: {exitCode: 1 | 2; hint?: string; cause?: unknown}) {
		super(message, {cause: options.cause});
		this.name = 'UserError';
		this.exitCode = options.exitCode;
		this.hint = options.hint;
	}
}
