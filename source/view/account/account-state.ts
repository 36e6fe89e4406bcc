import type {AccountSnapshot, Alert} from '../../domain/account-snapshot.ts';

/** What the screen knows of the account, and how it shows it. */
export type AccountState = {
	/** The monitor is watching, or was asked to. */
	readonly isWatched: boolean;
	/** When it was asked, and when the newest figures came; milliseconds of the screen's clock. */
	readonly askedMs: number;
	readonly receivedMs: number;
	/** Asked for; empty: the Region in use. */
	readonly regions: readonly string[];
	/** The newest report; undefined before the first. */
	readonly snapshot: AccountSnapshot | undefined;
	/** Shown instead of the newest while the view is frozen. */
	readonly frozen: AccountSnapshot | undefined;
	/** Buckets in which nothing went on are one line. */
	readonly isIdleFolded: boolean;
	readonly alerts: readonly Alert[];
	/** Alerts that ring, by `raisedId`, and when each was last raised: one that wavers around its bound rings once. */
	readonly ringing: ReadonlyMap<string, number>;
};

export function initialAccount(
	options: Partial<Pick<AccountState, 'regions' | 'alerts' | 'isWatched'>> = {},
): AccountState {
	return {
		isWatched: false,
		askedMs: 0,
		receivedMs: 0,
		regions: [],
		snapshot: undefined,
		frozen: undefined,
		isIdleFolded: true,
		alerts: [],
		ringing: new Map(),
		...options,
	};
}
