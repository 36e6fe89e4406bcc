import {bucketKey} from '../domain/account-snapshot.ts';
import {type Dimension, dimensions, type LedgerEntry} from '../domain/bucket-usage.ts';
import type {Clock} from '../domain/clock.ts';
import type {RunSpec} from '../domain/run-config.ts';
import type {BucketState, Gauge} from '../domain/snapshot.ts';
import type {Target} from '../domain/target.ts';
import {Bucket} from './bucket.ts';
import {DayLimits} from './day-limit.ts';
import {collectEvidence} from './enforcement-evidence.ts';

/** The buckets of a run: made from its targets, what they have left, and their state as gauges show it. */

/**
 * The bucket of each target, in their order. Targets of the same base model, scope and Region share one: an application
 * profile and the model below it draw from the same quota.
 */
export function createBuckets(
	{targets, windowMs, share, burst}: RunSpec,
	clock: Clock,
	initialUse: ReadonlyArray<readonly LedgerEntry[]> = [],
	roundTripMs?: () => number | undefined,
): readonly Bucket[] {
	const buckets = new Map<string, Bucket>();
	const days = new DayLimits(clock);
	return targets.map((target, index) => {
		const {region, quota} = target;
		const key = `${region} ${bucketKey(target)}`;
		const known = buckets.get(key);
		if (known !== undefined) {
			return known;
		}
		const bucket = new Bucket({
			clock,
			quota,
			windowMs,
			share,
			burst,
			roundTripMs,
			dayOf: (now) => days.of(region, now),
		});
		collectEvidence(bucket, clock);
		bucket.takeOver(initialUse[index] ?? []);
		buckets.set(key, bucket);
		return bucket;
	});
}

/** What the free part of a bucket allows: requests at once, and requests per window from then on. */
type FreeRate = {readonly now: number; readonly perWindow: number};

/**
 * What a bucket has left for more requests of the kind that it has settled so far: now, and as long as others use what
 * they were seen to use.
 * @returns Undefined where nothing limits it.
 */
export function freeRateOf(bucket: Bucket, now: number): FreeRate | undefined {
	const {requests, tokens} = bucket.limits.open(now);
	const lasting = bucket.limits.lasting(now);
	const {use} = bucket;
	const {fleetUse} = bucket.limits;
	const each = bucket.meanTokens;
	const rates = [
		...(requests === null
			? []
			: [{now: requests - use.requests, perWindow: (lasting.requests ?? requests) - fleetUse.requests}]),
		...(tokens === null || each === undefined || each <= 0
			? []
			: [
					{
						now: (tokens - use.tokens) / each,
						perWindow: ((lasting.tokens ?? tokens) - fleetUse.tokens) / each,
					},
				]),
	].map((rate) => ({now: Math.max(0, rate.now), perWindow: Math.max(0, rate.perWindow)}));
	return rates.length === 0
		? undefined
		: {
				now: Math.min(...rates.map((rate) => rate.now)),
				perWindow: Math.min(...rates.map(({perWindow}) => perWindow)),
			};
}

const stampingOf = ({stamping}: Bucket): BucketState['stamping'] => {
	const {marks: _, ...learnt} = stamping.learnt;
	return learnt;
};

/** An instant of the clock as ISO 8601 UTC. */
const isoOf = (at: number, clock: Clock): string =>
	new Date(clock.epoch() - (clock.now() - at)).toISOString();

/** One dimension of a bucket's last window: this program, others, and the last throttle. */
const gaugeOf = (
	bucket: Bucket,
	dimension: Dimension,
	gauge: Pick<Gauge, 'used' | 'reserved' | 'limit'>,
	clock: Clock,
): Gauge => {
	const ofFleet = bucket.fleetView?.othersUse?.[dimension];
	const now = clock.now();
	const others = bucket.limits.shownOthers(now, dimension);
	const known = gauge.used + gauge.reserved + (ofFleet ?? 0);
	const throttledAt = bucket.throttledAt[dimension];
	const isRecent = throttledAt !== undefined && now - throttledAt < bucket.windowMs;
	return {
		...gauge,
		// The estimate has a margin on top; what is ours is surely not theirs.
		...(others === undefined || gauge.limit === null
			? {}
			: {others: Math.max(0, Math.min(others.use, gauge.limit - known))}),
		...(ofFleet === undefined ? {} : {fleet: ofFleet}),
		...(isRecent ? {throttledAt: isoOf(throttledAt, clock)} : {}),
	};
};

/** Where others' use is known from: a throttle in either dimension is newer than what CloudWatch reported. */
const othersSourceOf = ({limits}: Bucket, clock: Clock): Pick<BucketState, 'others'> => {
	const shown = dimensions.flatMap((dimension) => limits.shownOthers(clock.now(), dimension) ?? []);
	const throttles = shown.flatMap(({throttledAt}) => throttledAt ?? []);
	const [reported] = shown.flatMap(({reportedAt: at, use}) => (at === undefined ? [] : [{at, use}]));
	const reportedAt = reported === undefined ? undefined : new Date(reported.at).toISOString();
	if (throttles.length > 0) {
		const others = {at: isoOf(Math.max(...throttles), clock), from: 'throttle'} as const;
		return {others: reportedAt === undefined || reported?.use === 0 ? others : {...others, reportedAt}};
	}
	return reportedAt === undefined ? {} : {others: {at: reportedAt, from: 'cloudwatch'}};
};

/** The state of a bucket, as its gauges show it. @param isSending Requests are sent as soon as there is room. */
export function bucketState(
	bucket: Bucket,
	{quota}: Pick<Target, 'quota'>,
	{clock, isSending}: {readonly clock: Clock; readonly isSending: boolean},
): BucketState {
	const {ledger, day, fleetView: fleet} = bucket;
	const now = clock.now();
	const use = ledger.use();
	const enforcement = ledger.evidence?.fit;
	const isWaiting = isSending && bucket.roomAt !== undefined;
	const roomMs = bucket.likelyRoomMs ?? Math.max(0, (bucket.roomAt ?? now) - now);
	return {
		requests: gaugeOf(
			bucket,
			'requests',
			{
				used: Math.max(0, use.requests - ledger.inFlight),
				reserved: ledger.inFlight,
				limit: quota.requestsPerMinute.value,
			},
			clock,
		),
		tokens: gaugeOf(
			bucket,
			'tokens',
			{
				used: Math.max(0, use.tokens - ledger.heldTokens),
				reserved: ledger.heldTokens,
				limit: quota.tokensPerMinute.value,
			},
			clock,
		),
		...(quota.outputTokensPerMinute === undefined
			? {}
			: {
					output: {
						used: bucket.output.use(now) - bucket.output.heldTokens,
						reserved: bucket.output.heldTokens,
						limit: quota.outputTokensPerMinute.value,
					},
				}),
		day: {
			used: day.own,
			reserved: day.held,
			limit: day.limit,
			...(day.others > 0 ? {others: day.others} : {}),
		},
		nextRoomMs: isWaiting ? roomMs : null,
		share: bucket.share,
		inFlight: ledger.inFlight,
		...othersSourceOf(bucket, clock),
		stamping: stampingOf(bucket),
		...(enforcement === undefined ? {} : {enforcement}),
		...(fleet === undefined ? {} : {fleet}),
	};
}
