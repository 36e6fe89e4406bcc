import type {AccountRegion, AccountSnapshot, Alert} from '../../domain/account-snapshot.ts';

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

/** Whether the first report is still outstanding. */
export function isAccountLoading(account: AccountState): boolean {
	return account.isWatched && (account.snapshot?.regions ?? []).every(({phase}) => phase === 'loading');
}

/** Now by the service's clock: that of the newest report, and the time since. */
export function accountNowMs({
	account,
	nowMs,
}: {
	readonly account: AccountState;
	readonly nowMs: number;
}): number {
	return (
		Math.max(0, ...(account.snapshot?.regions ?? []).map(({at}) => at)) +
		Math.max(0, nowMs - account.receivedMs)
	);
}

/** The Regions that the view shows: the frozen ones while it is frozen. */
export function shownRegions({snapshot, frozen}: AccountState): readonly AccountRegion[] {
	return (frozen ?? snapshot)?.regions ?? [];
}

/** Why nothing is known about the account; undefined while something is. */
export function accountFault(account: AccountState): AccountRegion | undefined {
	const regions = shownRegions(account);
	return regions.length > 0 && regions.every(({phase}) => phase === 'failed') ? regions[0] : undefined;
}
