import {accountWords} from '../view/quota-words.ts';

/** The line above a table: where these quotas apply. */
export function placeLine(
	region: string,
	endpoint: string | null,
	isSimulated: boolean,
	account?: string | null,
): string {
	return [
		isSimulated ? 'SIMULATED' : '',
		region,
		// A simulator has no account to name.
		isSimulated && account === null ? '' : accountWords(account),
		endpoint === null ? '' : `endpoint ${endpoint} (not AWS)`,
	]
		.filter((part) => part !== '')
		.join('  ');
}
