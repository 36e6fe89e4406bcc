import {ownUseOf, rowId, withOwnUse} from '../../account/own-traffic-registry.ts';
import type {AccountRegion, MinuteUse} from '../../domain/account-snapshot.ts';
import {selectedOf} from '../lists.ts';
import {isRunning, oncePerState} from '../selectors.ts';
import type {State} from '../state.ts';
import {type AccountRow, accountRow, filterAccountRows, sortAccountRows} from './account-rows.ts';
import {accountNowMs, shownRegions} from './account-state.ts';

type ListedRegion = {readonly region: AccountRegion; readonly rows: readonly AccountRow[]};

/** Rows of one Region in the order and with the filter of the view. */
const rowsOf = (
	region: AccountRegion,
	own: ReadonlyMap<string, MinuteUse>,
	state: State,
): readonly AccountRow[] => {
	const {filter, sort, isInverted} = state.lists.account;
	const nowMs = accountNowMs(state);
	const rows = region.buckets.map((bucket) => accountRow(withOwnUse(bucket, own.get(rowId(bucket))), nowMs));
	return sortAccountRows(filterAccountRows(rows, filter), sort, isInverted);
};

/** The rows of each Region, in the order in which the Regions were named. */
export const listedRegions = oncePerState((state): readonly ListedRegion[] => {
	const {snapshot} = state;
	const own = snapshot !== undefined && isRunning(state) ? ownUseOf(snapshot) : new Map<string, MinuteUse>();
	return shownRegions(state.account).map((region) => ({region, rows: rowsOf(region, own, state)}));
});

/** All rows that are listed. */
export function listedBuckets(state: State): readonly AccountRow[] {
	return listedRegions(state).flatMap(({rows}) => rows);
}

/** The selected row: the one last chosen, or the first while that one is not listed. */
export function selectedBucket(
	state: State,
	rows: readonly AccountRow[] = listedBuckets(state),
): AccountRow | undefined {
	return selectedOf(rows, ({id}) => id, state.lists.account);
}
