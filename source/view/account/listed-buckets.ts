import {ownUseOf, rowId, withOwnUse} from '../../account/own-traffic-registry.ts';
import {type WhatToChange, whatToChange} from '../../account/what-to-change.ts';
import type {AccountRegion, MinuteUse} from '../../domain/account-snapshot.ts';
import {selectedOf} from '../lists.ts';
import {isRunning, oncePerState} from '../selectors.ts';
import type {State} from '../state.ts';
import {type AccountRow, accountRow, filterAccountRows, sortAccountRows} from './account-rows.ts';
import {accountNowMs, shownRegions} from './account-state.ts';

type ListedRegion = {
	readonly region: AccountRegion;
	readonly rows: readonly AccountRow[];
	/** Number of idle buckets that are not among the rows. */
	readonly folded: number;
};

const isIdle = ({bucket}: Pick<AccountRow, 'bucket'>): boolean => bucket.activity === 'idle';

/** Rows of one Region in the order and with the filter of the view. */
const rowsOf = (
	region: AccountRegion,
	own: ReadonlyMap<string, MinuteUse>,
	state: State,
): Omit<ListedRegion, 'region'> => {
	const {filter, sort, isInverted} = state.lists.account;
	const nowMs = accountNowMs(state);
	const rows = region.buckets.map((bucket) => accountRow(withOwnUse(bucket, own.get(rowId(bucket))), nowMs));
	// A filter finds idle ones too; where all are idle, there is nothing to make room for.
	const isFolded = state.account.isIdleFolded && filter === '' && rows.some((row) => !isIdle(row));
	const shown = isFolded ? rows.filter((row) => !isIdle(row)) : filterAccountRows(rows, filter);
	return {rows: sortAccountRows(shown, sort, isInverted), folded: isFolded ? rows.length - shown.length : 0};
};

/** The rows of each Region, in the order in which the Regions were named. */
export const listedRegions = oncePerState((state): readonly ListedRegion[] => {
	const {snapshot} = state;
	const own = snapshot !== undefined && isRunning(state) ? ownUseOf(snapshot) : new Map<string, MinuteUse>();
	return shownRegions(state.account).map((region) => ({region, ...rowsOf(region, own, state)}));
});

/** Why idle buckets cannot be folded or shown; undefined where they can. */
export function notFoldable(state: State): string | undefined {
	const buckets = shownRegions(state.account).flatMap((region) => region.buckets);
	const idle = buckets.filter((bucket) => isIdle({bucket})).length;
	if (idle === 0) {
		return 'no bucket is idle';
	}
	if (idle === buckets.length) {
		return 'all buckets are idle: they are shown';
	}
	return state.lists.account.filter === '' ? undefined : 'the filter finds idle buckets too: Esc clears it';
}

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

/** What to change about the selected row; the other buckets that are shown may have room. */
export const selectedAdvice = oncePerState((state): WhatToChange | undefined => {
	const selected = selectedBucket(state);
	const buckets = shownRegions(state.account).flatMap((region) => region.buckets);
	return selected === undefined ? undefined : whatToChange(selected.bucket, buckets, accountNowMs(state));
});
