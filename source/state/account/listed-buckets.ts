import {bucketKey} from '../../metrics/account/account-map.ts';
import type {AccountRegion, MinuteUse} from '../../metrics/account/account-snapshot.ts';
import {isRunning} from '../selectors.ts';
import type {State} from '../state.ts';
import {type AccountRow, accountRow, rowId, withOwnUse} from './account-row.ts';
import {accountNowMs, shownRegions} from './account-state.ts';
import {filterAccountRows, sortAccountRows} from './sort-rows.ts';

/** What a run that is under way uses of each bucket now, by row: its ledger, four times a second. */
const ownUseOf = ({snapshot, ...state}: State): ReadonlyMap<string, MinuteUse> =>
	new Map(
		isRunning({snapshot, ...state})
			? (snapshot?.targets ?? []).flatMap((target, index) => {
					const bucket = snapshot?.buckets[index];
					return bucket === undefined
						? []
						: [
								[
									rowId({region: target.region, key: bucketKey(target)}),
									{
										requests: bucket.requests.used + bucket.requests.reserved,
										quotaTokens: bucket.tokens.used + bucket.tokens.reserved,
									},
								] as const,
							];
				})
			: [],
	);

/** Rows of one Region in the order and with the filter of the view. */
const rowsOf = (
	region: AccountRegion,
	own: ReadonlyMap<string, MinuteUse>,
	state: State,
): readonly AccountRow[] => {
	const {account, filter} = state;
	const nowMs = accountNowMs(state);
	const rows = region.buckets.map((bucket) => accountRow(withOwnUse(bucket, own.get(rowId(bucket))), nowMs));
	return sortAccountRows(filterAccountRows(rows, filter), account.sort, account.isInverted);
};

/** The rows of each Region, in the order in which the Regions were named: they stand side by side or below each other. */
export const listedRegions = (
	state: State,
): ReadonlyArray<{readonly region: AccountRegion; readonly rows: readonly AccountRow[]}> => {
	const own = ownUseOf(state);
	return shownRegions(state.account).map((region) => ({region, rows: rowsOf(region, own, state)}));
};

/** All rows that are listed. */
export const listedBuckets = (state: State): readonly AccountRow[] =>
	listedRegions(state).flatMap(({rows}) => rows);

/** The selected row: the one last chosen, or the first while that one is not listed. */
export const selectedBucket = (
	state: State,
	rows: readonly AccountRow[] = listedBuckets(state),
): AccountRow | undefined => rows.find(({id}) => id === state.account.selected) ?? rows[0];
