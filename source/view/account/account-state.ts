import type {AccountRegion, AccountSnapshot} from '../../domain/account-snapshot.ts';
import type {Alert} from '../../metrics/decisions/alert.ts';
import type {AccountSort} from './account-rows.ts';

/** What the screen knows of the account, and how it shows it. */
export type AccountState = {
	/** The monitor was asked to watch. */
	readonly isWatched: boolean;
	/** When it was asked, and when the newest figures came; milliseconds of the screen's clock. */
	readonly askedMs: number;
	readonly receivedMs: number;
	/** Asked for; empty: the Region in use. */
	readonly regions: readonly string[];
	/** The newest one; undefined while nothing was told. */
	readonly snapshot: AccountSnapshot | undefined;
	/** What the view shows while the newest goes on; undefined: the newest. */
	readonly frozen: AccountSnapshot | undefined;
	/** Id of the selected row; undefined: the first one. */
	readonly selected: string | undefined;
	readonly sort: AccountSort;
	readonly isInverted: boolean;
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
		selected: undefined,
		sort: 'use',
		isInverted: false,
		alerts: [],
		ringing: new Map(),
		...options,
	};
}

/** Whether the first look is still being waited for. */
export function isAccountLoading(account: AccountState): boolean {
	return account.isWatched && (account.snapshot?.regions ?? []).every(({phase}) => phase === 'loading');
}

/** Now by the service's clock, as the newest report told it: figures grow old between two looks. */
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

/** Why nothing can be told of the account at all; undefined while something can. */
export function accountFault(account: AccountState): AccountRegion | undefined {
	const regions = shownRegions(account);
	return regions.length > 0 && regions.every(({phase}) => phase === 'failed') ? regions[0] : undefined;
}
