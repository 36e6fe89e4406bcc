/** An error in the words of Service Quotas. */
export class QuotaError extends Error {
	readonly type: string;

	constructor(type: string, message: string) {
		super(message);
		this.name = 'QuotaError';
		this.type = type;
	}
}

export const illegalArgument = (message: string): QuotaError =>
	new QuotaError('IllegalArgumentException', message);

/** @param what Such as "service quota". */
export const noSuchResource = (what: string): QuotaError =>
	new QuotaError(
		'NoSuchResourceException',
		`The request failed because the specified ${what} does not exist.`,
	);
