import type {Limit} from '../domain/target.ts';
import {formatTokens, unknownMark} from '../text/numbers.ts';

/** A limit in words; `unit` is `RPM`, `TPM` or `TPD`. */
export function limitWords(limit: Limit, unit: string): string {
	switch (limit.state) {
		case 'none':
			return `no ${unit} limit`;
		case 'blocked':
			return `${unit} blocked`;
		case 'known':
		case 'unknown':
			return limit.value === null ? `${unit} unknown` : `${formatTokens(limit.value)} ${unit}`;
	}
}

/** The source of a limit in one word; empty where there is no limit. */
export function sourceWord(limit: Limit): string {
	return limit.source ?? (limit.state === 'unknown' ? 'unknown' : '');
}

/** Several limits with their sources; a source that all share is named once. */
export function quotaWords(limits: ReadonlyArray<{readonly limit: Limit; readonly unit: string}>): string {
	const sources = new Set(limits.map(({limit}) => sourceWord(limit)).filter((word) => word !== ''));
	const isShared = sources.size <= 1;
	const words = limits.map(({limit, unit}) =>
		isShared ? limitWords(limit, unit) : `${limitWords(limit, unit)} ${sourceWord(limit)}`.trim(),
	);
	return `${words.join(' · ')}${isShared ? ` ${[...sources].join('')}` : ''}`.trim();
}

/** The account of the run in words; empty where there is none to name. */
export function accountWords(account: string | null | undefined): string {
	return account === undefined ? '' : `account ${account ?? unknownMark}`;
}

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
