import type {AccountBucket} from '../domain/account-snapshot.ts';
import {limitKinds, type Scope} from '../domain/target.ts';
import {ceilingWords} from '../metrics/figures/measured-ceiling.ts';
import {
	formatCount,
	formatMinuteUtc,
	formatNumber,
	formatPercent,
	formatTokens,
	unknownMark,
} from '../text/numbers.ts';
import {cleanText} from '../text/width.ts';
import {nearestRoom, type Outlook, outlookOf, type Room, roomsOf} from './outlook.ts';

/** What the figures of a bucket advise. Each sentence has its figures; what is not known is a dash. */
export type WhatToChange = {
	/** How things stand. */
	readonly state: string;
	/** What to change, the most useful first; empty where nothing has to. */
	readonly changes: readonly string[];
};

/** From this part of a limit on there is something to change. */
const pressedFraction = 0.7;
/** A quota below this part of AWS's default is far below it. */
const farBelow = 0.5;
/** Shorter prompts cannot be cached: the smallest part that any model caches is about this long. */
const minCachedTokens = 1000;
/** Output below this part of the quota tokens is not worth shortening. */
const minOutputShare = 0.2;

const units = {
	requestsPerMinute: 'RPM',
	tokensPerMinute: 'TPM',
	tokensPerDay: 'tokens per day',
	outputTokensPerMinute: 'output TPM',
} as const;

type Kind = Room['kind'];

/** A bucket in need of room. */
type Pressed = {
	readonly bucket: AccountBucket;
	/** The limit that is nearest, now or in the busiest minute of an hour with throttles. */
	readonly room: Room;
	/** The limit that counts tokens is near, or something was throttled. */
	readonly isByTokens: boolean;
	/** Requests were refused although no limit is near by what CloudWatch counts. */
	readonly isRefusedEarly: boolean;
};

/**
 * What to change about a bucket.
 * @param account All buckets that are shown: another scope or Region of the same model may have room.
 * @param nowMs By the service's clock.
 */
export function whatToChange(
	bucket: AccountBucket,
	account: readonly AccountBucket[],
	nowMs: number,
): WhatToChange {
	const blocked = limitKinds.filter((kind) => bucket.quota[kind].state === 'blocked');
	if (blocked.length > 0) {
		const names = blocked.map((kind) => `${units[kind]} is 0`).join(', ');
		return {state: `Blocked: ${names}.`, changes: elsewhere(bucket, account)};
	}
	if (bucket.minute === null) {
		return {state: `Use ${unknownMark}: CloudWatch was not read.`, changes: farBelowDefault(bucket)};
	}
	const room = nearestRoom(bucket);
	if (room === undefined) {
		return {state: `Free ${unknownMark}: no limit is known.`, changes: measuredLimit(bucket)};
	}
	const outlook = outlookOf(bucket, nowMs);
	const isNear = isPressing(room) || outlook?.atMs != null;
	const state = stateOf(bucket, room, outlook, nowMs);
	if (isNear) {
		return {state, changes: changesOf(pressedBy(bucket, room), account)};
	}
	// Throttled a while ago: the busiest minute says by what.
	const busiest = {...bucket, use: bucket.peak};
	const peak = (bucket.hourThrottles ?? 0) > 0 ? nearestRoom(busiest) : undefined;
	if (peak === undefined) {
		const changes = measuredLimit(bucket);
		const isDone = bucket.activity !== 'idle' && changes.length === 0;
		return {state: isDone ? `${state} Nothing has to change.` : state, changes};
	}
	return {
		state: `${state} Busiest minute: ${formatPercent(peak.fraction)} of ${units[peak.kind]}.`,
		changes: changesOf(pressedBy(busiest, peak), account),
	};
}

const isPressing = ({fraction, isFull}: Room): boolean => isFull || fraction >= pressedFraction;

const pressedBy = (bucket: AccountBucket, room: Room): Pressed => {
	const isRefusedEarly = (bucket.hourThrottles ?? 0) > 0 && !isPressing(room);
	const isByTokens = roomsOf(bucket).some(
		(each) => each.kind !== 'requestsPerMinute' && (each.kind === room.kind || isPressing(each)),
	);
	return {bucket, room, isByTokens: isByTokens || isRefusedEarly, isRefusedEarly};
};

const changesOf = (pressed: Pressed, account: readonly AccountBucket[]): readonly string[] => {
	const {bucket} = pressed;
	const others = elsewhere(bucket, account);
	return [
		...measuredLimit(bucket),
		...(pressed.isRefusedEarly ? maxTokens(pressed) : []),
		...others,
		...farBelowDefault(bucket),
		...packing(pressed),
		...caching(pressed),
		...shorterAnswers(pressed),
		...(pressed.isRefusedEarly ? [] : maxTokens(pressed)),
		...batch(bucket),
		...(others.length > 0 ? [] : ['No other scope or Region that is shown has room; R shows more Regions.']),
	];
};

const leftWords = ({left, limit, kind}: Pick<Room, 'left' | 'limit' | 'kind'>): string =>
	`${formatTokens(Math.floor(left))} of ${formatTokens(limit)} ${units[kind]}`;

const stateOf = (bucket: AccountBucket, room: Room, outlook: Outlook | undefined, nowMs: number): string => {
	const {hourThrottles, activity} = bucket;
	if (activity === 'idle') {
		return `Idle for three hours: ${roomsOf(bucket)
			.filter(({kind}) => kind !== 'tokensPerDay')
			.map(leftWords)
			.join(' and ')} free.`;
	}
	const throttled =
		(hourThrottles ?? 0) > 0 ? `; ${formatCount(hourThrottles)} throttled in the last hour` : '';
	return `${room.isFull ? fullWords(bucket, room, outlook) : `${leftWords(room)} free${risingWords(outlook, nowMs)}`}${throttled}.`;
};

const fullWords = ({dayTokens}: AccountBucket, room: Room, outlook: Outlook | undefined): string => {
	const since = outlook?.atMs == null ? '' : ` since ${formatMinuteUtc(outlook.atMs)}`;
	return room.kind === 'tokensPerDay'
		? `Full${since}: ${formatTokens(dayTokens)} of ${formatTokens(room.limit)} tokens of the day used, until 00:00 UTC (assumed)`
		: `Full${since}: ${leftWords(room)} left`;
};

const risingWords = (outlook: Outlook | undefined, nowMs: number): string => {
	if (outlook === undefined || outlook.atMs === null) {
		return '';
	}
	const {kind, atMs} = outlook;
	return kind === 'tokensPerDay'
		? `, the day's tokens full at about ${formatMinuteUtc(atMs)}`
		: `, ${units[kind]} full in about ${Math.max(1, Math.round((atMs - nowMs) / 60_000))} min`;
};

/** Where calls by a scope may be answered: data may have to stay. */
const reach: Readonly<Record<Scope, string>> = {
	'on-demand': 'stays in its Region',
	'cross-region': 'may leave the Region',
	mantle: 'another endpoint and API',
	global: 'may run in any Region',
};

/** Other buckets of the same model with room for requests like these, the roomiest first. */
export function elsewhere(
	bucket: Pick<AccountBucket, 'model' | 'scope' | 'region' | 'use' | 'profile'>,
	account: readonly AccountBucket[],
): readonly string[] {
	const {requests, quotaTokens} = bucket.use;
	const size: Readonly<Record<Kind, number | null>> = {
		requestsPerMinute: 1,
		tokensPerMinute: requests > 0 ? quotaTokens / requests : null,
		tokensPerDay: null,
		outputTokensPerMinute: null,
	};
	return account
		.filter(
			(other) =>
				other.model === bucket.model &&
				other.profile === bucket.profile &&
				other.callable !== null &&
				(other.scope !== bucket.scope || other.region !== bucket.region),
		)
		.flatMap((other) => {
			const rooms = roomsOf(other);
			const [nearest] = rooms;
			const fitting = rooms.flatMap(({kind, left}) => {
				const each = size[kind];
				return each === null ? [] : [Math.floor(left / each)];
			});
			// The endpoints count output otherwise: a request of one says nothing about its size at the other.
			const isCounted = requests > 0 && (other.scope === 'mantle') === (bucket.scope === 'mantle');
			return nearest === undefined || isPressing(nearest)
				? []
				: [{other, rooms, more: fitting.length === 0 || !isCounted ? null : Math.min(...fitting)}];
		})
		.toSorted((one, next) => (next.more ?? 0) - (one.more ?? 0))
		.slice(0, 2)
		.map(({other, rooms, more}) => {
			const free = rooms
				.filter(({kind}) => kind !== 'tokensPerDay')
				.map(leftWords)
				.join(', ');
			const where = other.region === bucket.region ? '' : ` in ${cleanText(other.region)}`;
			const fits = more === null ? '' : `: ${formatTokens(more)} more requests like these per minute`;
			return `Also call ${cleanText(other.callable ?? '')}${where} (${reach[other.scope]}): ${free} free${fits}.`;
		});
}

/** Quotas of a minute that are far below AWS's default: those are usually granted. */
const farBelowDefault = ({quota}: AccountBucket): readonly string[] => {
	const low = (['requestsPerMinute', 'tokensPerMinute'] as const).filter((kind) => {
		const {applied, default: standard} = quota[kind];
		return applied !== null && applied > 0 && standard !== null && applied < standard * farBelow;
	});
	if (low.length === 0) {
		return [];
	}
	const each = low.map((kind) => {
		const {applied, default: standard, code} = quota[kind];
		return `${formatTokens(applied)} ${units[kind]} applied, ${formatTokens(standard)} by default${code === null ? '' : ` (${cleanText(code)})`}`;
	});
	const isByHand = low.every((kind) => quota[kind].adjustable === false);
	return [
		`Ask AWS for its default: ${each.join(', ')}. ${isByHand ? 'Only AWS Support raises it' : 'Service Quotas takes the request; b, r and u write its figures'}.`,
	];
};

/** What `measured` of a bucket is from: the minutes that the monitor keeps. */
export const measuredPeriod = 'of the last 3 hours';
/** A measured limit below this part of the stated one is another limit. */
const isOther = 0.9;

/** Where throttled minutes let through less than the stated limits, or none is stated: what to plan with. */
const measuredLimit = ({measured, quota}: AccountBucket): readonly string[] => {
	if (measured === null) {
		return [];
	}
	const {requests, quotaTokens} = measured;
	const found = [
		{limit: quota.requestsPerMinute, measured: requests, flag: 'rpm'},
		{limit: quota.tokensPerMinute, measured: quotaTokens, flag: 'tpm'},
	].flatMap((each) => (each.measured === null ? [] : [{...each, measured: each.measured}]));
	const isStated = found.some(
		({limit, measured: {high}}) =>
			limit.state === 'known' && limit.value !== null && high >= limit.value * isOther,
	);
	if (isStated) {
		return [];
	}
	const flags = found.map(({measured: {value}, flag}) => `--${flag} ${Math.round(value)}`).join(' or ');
	return [`Plan with what was measured (${flags}). ${ceilingWords(measured, quota, measuredPeriod)}`];
};

/** Where requests are the limit and tokens are left, one request can carry several items. */
const packing = ({bucket, room}: Pressed): readonly string[] => {
	const tokens = roomsOf(bucket).find(({kind}) => kind === 'tokensPerMinute');
	return room.kind !== 'requestsPerMinute' || tokens === undefined || tokens.fraction > farBelow
		? []
		: [
				`Pack several items into a request: RPM is the limit, ${formatPercent(1 - tokens.fraction)} of TPM is free.`,
			];
};

const perRequest = (bucket: AccountBucket, tokens: number): number | null =>
	bucket.reported.requests > 0 ? tokens / bucket.reported.requests : null;

const caching = ({bucket, isByTokens}: Pressed): readonly string[] => {
	const {levers, reported} = bucket;
	const input = perRequest(bucket, reported.inputTokens);
	return !isByTokens ||
		!levers.takesCachePoints ||
		input === null ||
		input < minCachedTokens ||
		reported.cacheReadTokens > 0
		? []
		: [
				`Cache what repeats: ${formatTokens(input)} input tokens per request, 0 cache reads; those are reserved, but not charged.`,
			];
};

const shorterAnswers = ({bucket, isByTokens}: Pressed): readonly string[] => {
	const {burndown, reported} = bucket;
	const output = perRequest(bucket, reported.outputTokens);
	const charged = reported.outputTokens * burndown.value;
	const share = reported.quotaTokens > 0 ? Math.min(1, charged / reported.quotaTokens) : 0;
	if (!isByTokens || output === null || share < minOutputShare) {
		return [];
	}
	const counts =
		burndown.value === 1
			? ''
			: `, counted ${formatNumber(burndown.value)}x${burndown.source === 'assumed' ? ' (assumed)' : ''},`;
	return [
		`Ask for shorter answers: ${formatTokens(output)} output tokens per request${counts} are ${formatPercent(share)} of the quota tokens; a tenth less frees ${formatTokens(charged / 10)} TPM.`,
	];
};

/** Max tokens are reserved until an answer ends, and CloudWatch counts none of that. */
const maxTokens = ({bucket, room, isByTokens, isRefusedEarly}: Pressed): readonly string[] => {
	const output = perRequest(bucket, bucket.reported.outputTokens);
	if (!isByTokens || output === null || bucket.quota.tokensPerMinute.state !== 'known') {
		return [];
	}
	const refused = isRefusedEarly
		? `${formatCount(bucket.hourThrottles)} throttled with at most ${formatPercent(room.fraction)} of ${units[room.kind]} counted: `
		: '';
	return [
		`Lower max tokens: ${refused}they are reserved until an answer ends. Answers have ${formatTokens(output)} tokens, max tokens ${unknownMark} (not in CloudWatch).`,
	];
};

const batch = ({levers: {batchMinRecords}}: AccountBucket): readonly string[] =>
	batchMinRecords === null
		? []
		: [
				`Send bulk work as batch jobs (bedrock-top batch): a quota of their own, from ${formatCount(batchMinRecords)} records.`,
			];
