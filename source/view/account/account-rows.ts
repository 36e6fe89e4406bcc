import {fractionOf, fractionsOf} from '../../account/alerts.ts';
import {dayOutlook, nearestRoom, type Outlook, outlookOf, type Room} from '../../account/outlook.ts';
import {ownUseOf, rowId, withOwnUse} from '../../account/own-traffic-registry.ts';
import {type WhatToChange, whatToChange} from '../../account/what-to-change.ts';
import type {
	AccountBucket,
	AccountDay,
	AccountRegion,
	AlertFigure,
	MinuteUse,
	ProvisionedThroughput,
} from '../../domain/account-snapshot.ts';
import type {Limit} from '../../domain/target.ts';
import {formatCount, formatMinuteUtc, formatPercent, formatTokens, unknownMark} from '../../text/numbers.ts';
import {cleanText} from '../../text/width.ts';
import {matchesFilter, selectedOf} from '../lists.ts';
import {accountNowMs, isRunning, oncePerState, shownRegions} from '../selectors.ts';
import type {State} from '../state.ts';

/** The lines of the account's table, on screen and in print, and those that the screen lists. */

/** A bucket as a line. */
export type AccountRow = {
	/** Region and key of the bucket. */
	readonly id: string;
	readonly bucket: AccountBucket;
	/** Its model, short and as it may be shown. */
	readonly model: string;
	/** Used fractions of its limits; null without a limit or a figure. */
	readonly fractions: Readonly<Record<AlertFigure, number | null>>;
	/** The fullest of them; null where none is known. */
	readonly fullest: number | null;
	/** Seconds since the end of the minute that the figures are about; null while there are none. */
	readonly ageSeconds: number | null;
	/** By the service's clock. */
	readonly nowMs: number;
	/** What is left of the limit that is nearer; undefined where it is not known. */
	readonly room: Room | undefined;
	/** When it is used up, or since when it is; undefined where that is not known or nothing rises. */
	readonly outlook: Outlook | undefined;
	readonly isSelected: boolean;
};

/** Capacity that the account has bought, in a sentence. */
export function provisionedWords(provisioned: ProvisionedThroughput): string {
	const {name, model, units, desiredUnits, status, commitment, committedUntil} = provisioned;
	const change =
		desiredUnits === null || desiredUnits === units ? '' : ` (to be ${formatCount(desiredUnits)})`;
	const until = committedUntil === null ? '' : ` until ${committedUntil.slice(0, 10)}`;
	const parts = [
		`${formatCount(units)} model ${units === 1 ? 'unit' : 'units'}${change} of ${model}`,
		...(status === null ? [] : [status]),
		commitment === null ? 'no commitment' : `${commitment}${until}`,
	];
	return cleanText(`Provisioned throughput ${name}: ${parts.join(', ')}.`);
}

/** Without provider, date and a first version, which all rows have; the detail has the whole ID. */
export function shortModel(model: string): string {
	return model
		.replace(/^[a-z0-9]+\.(?=[a-z])/, '')
		.replace(/-20\d{6}(?=-|$)/, '')
		.replace(/:0$/, '')
		.replace(/-v1$/, '');
}

/** @param nowMs By the service's clock. */
export function accountRow(bucket: AccountBucket, nowMs: number, isSelected = false): AccountRow {
	const fractions = fractionsOf(bucket);
	const known = Object.values(fractions).filter((fraction) => fraction !== null);
	return {
		id: rowId(bucket),
		bucket,
		model: shortModel(cleanText(bucket.model)),
		fractions,
		fullest: known.length === 0 ? null : Math.max(...known),
		ageSeconds:
			bucket.minute === null ? null : Math.max(0, Math.round((nowMs - bucket.minute - 60_000) / 1000)),
		nowMs,
		room: nearestRoom(bucket),
		outlook: outlookOf(bucket, nowMs),
		isSelected,
	};
}

/** Whether rows are about different minutes: then each says how old it is. */
export function hasDifferentAges(rows: readonly AccountRow[]): boolean {
	const ages = rows.filter(({ageSeconds}) => ageSeconds !== null).map(({bucket}) => bucket.minute);
	return new Set(ages).size > 1;
}

/** Whether rows belong to different accounts: then each names its own. */
export function hasSeveralOwners(rows: readonly AccountRow[]): boolean {
	return new Set(rows.map(({bucket}) => bucket.owner)).size > 1;
}

/** The day over all models: what is used of it, how fast, and when it is used up; the parts of a line. */
export function accountDayWords(day: AccountDay, nowMs: number): readonly string[] {
	const {limit, tokens, perMinute} = day;
	const fraction = formatPercent(fractionOf(tokens, limit));
	const outlook = dayOutlook(day, nowMs);
	const end =
		tokens === null || perMinute === null
			? `used up at ${unknownMark}`
			: outlook === undefined
				? 'lasts the day'
				: outlook.atMs === null
					? 'used up, until 00:00 UTC (assumed)'
					: `used up at about ${formatMinuteUtc(outlook.atMs)}`;
	return [
		`${formatTokens(tokens)} of ${limitCell(limit, formatTokens)} (${fraction}, estimate)`,
		`${formatTokens(perMinute === null ? null : perMinute * 60)} per hour`,
		end,
	];
}

/** A limit in a cell: its number, or why it has none. */
export function limitCell(limit: Limit, format: (value: number | null) => string): string {
	switch (limit.state) {
		case 'known':
			return format(limit.value);
		case 'blocked':
			return 'blocked';
		case 'none':
			return 'no limit';
		case 'unknown':
			return unknownMark;
	}
}

/** Whether anything is known of its use: reported, or of the run in progress. */
export function isUseKnown({minute, own}: AccountBucket): boolean {
	return minute !== null || own.requests > 0;
}

/** Number of active buckets; a dash where none is known to be active, and not all to be none. */
export function activeWords(buckets: readonly AccountBucket[]): string {
	const active = buckets.filter(({activity}) => activity === 'active').length;
	const isNone = buckets.length > 0 && buckets.every(({activity}) => activity !== 'unknown');
	return active > 0 || isNone ? formatCount(active) : unknownMark;
}

/** Latency percentiles of the busiest ModelId: those of several cannot be merged. */
export function mainDurations({durations, modelIds}: AccountBucket) {
	return durations.find(({modelId}) => modelId === modelIds[0]);
}

/** Orders of the account's table. Rows without the figure come last, rows that are equal by model. */
const sorts = [
	{name: 'use', value: ({fullest, bucket}: AccountRow) => (bucket.activity === 'idle' ? null : fullest)},
	{name: 'requests', value: ({bucket}: AccountRow) => (isUseKnown(bucket) ? bucket.use.requests : null)},
	{name: 'tokens', value: ({bucket}: AccountRow) => (isUseKnown(bucket) ? bucket.use.quotaTokens : null)},
	{name: 'day', value: ({fractions}: AccountRow) => fractions.day},
	{name: 'throttles', value: ({bucket}: AccountRow) => bucket.hourThrottles},
	{name: 'cost', value: ({bucket}: AccountRow) => bucket.costPerHourUsd},
	{name: 'model', value: () => null},
] as const;
export const accountSorts: readonly string[] = sorts.map(({name}) => name);

const activityRank = {active: 0, unknown: 1, quiet: 2, idle: 3} as const;

/** By name: active ones first, then model, scope and Region. */
const byName = (one: AccountRow, other: AccountRow): number =>
	activityRank[one.bucket.activity] - activityRank[other.bucket.activity] ||
	one.model.localeCompare(other.model, 'en') ||
	one.bucket.scope.localeCompare(other.bucket.scope, 'en') ||
	one.bucket.region.localeCompare(other.bucket.region, 'en') ||
	(one.bucket.owner ?? '').localeCompare(other.bucket.owner ?? '', 'en');

/** Rows in the order asked for, the greatest first. */
export function sortAccountRows(
	rows: readonly AccountRow[],
	name: string,
	isInverted: boolean,
): readonly AccountRow[] {
	const sort = sorts.find((each) => each.name === name);
	const direction = isInverted ? -1 : 1;
	return rows.toSorted((one, other) => {
		const [left, right] = [sort?.value(one) ?? null, sort?.value(other) ?? null];
		if (left === null || right === null) {
			return Number(left === null) - Number(right === null) || direction * byName(one, other);
		}
		return direction * (right - left) || byName(one, other);
	});
}

/** Rows that hold every word of a filter in model, ModelId, scope, Region or state (active, quiet, idle, unknown, blocked, throttled). */
function filterAccountRows(rows: readonly AccountRow[], filter: string): readonly AccountRow[] {
	return rows.filter((row) => matchesFilter(wordsOf(row), filter));
}

const wordsOf = ({model, bucket}: AccountRow): string => {
	const {quota} = bucket;
	const isBlocked = [quota.requestsPerMinute, quota.tokensPerMinute].some(({state}) => state === 'blocked');
	return [
		model,
		...bucket.modelIds,
		bucket.scope,
		bucket.region,
		bucket.owner ?? '',
		bucket.profile ?? '',
		bucket.activity,
		...(isBlocked ? ['blocked'] : []),
		...((bucket.hourThrottles ?? 0) > 0 ? ['throttled'] : []),
	].join(' ');
};

type ListedRegion = {
	readonly region: AccountRegion;
	readonly rows: readonly AccountRow[];
	/** Number of idle buckets that are not among the rows. */
	readonly folded: number;
};

const isIdle = ({bucket}: Pick<AccountRow, 'bucket'>): boolean =>
	bucket.activity === 'idle' && bucket.fleet === undefined;

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
