import {unknownMark} from '../../text/numbers.ts';

/** The account that is called, in words; empty where there is none to name. */
export const accountWords = (account: string | null | undefined): string =>
	account === undefined ? '' : `account ${account ?? unknownMark}`;
