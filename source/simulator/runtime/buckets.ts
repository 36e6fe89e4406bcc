import type {ResolvedModel} from '../catalog/profiles.ts';
import {
	type BackgroundTraffic,
	backgroundMinute,
	bucketBehind,
	counterOf,
	isIn,
} from '../cloudwatch/background.ts';
import {minuteMs, minuteOf} from '../cloudwatch/minute-sums.ts';
import {
	type Admission,
	type Bucket,
	type BucketLimits,
	createBucket,
	createDayMeter,
	createRollingSum,
	dayBegin,
	type Enforcement,
	type RollingSum,
} from '../enforcement.ts';
import type {SimulatorOptions} from '../options.ts';

/** All buckets of the simulated account, each created at its first use, and other applications' use of them. */
export type Buckets = {
	readonly windowMs: number;
	/** Admits a request to the bucket of its model, scope and Region. */
	readonly admit: (region: string, target: ResolvedModel, nowMs: number, reservedTokens: number) => Admission;
	/** Limits and highest use of every used bucket. */
	readonly report: (nowMs: number) => readonly object[];
	readonly reset: () => void;
};

/** The owner of a bucket. */
type BucketOwner = {readonly region: string; readonly target: ResolvedModel};

/** Others' use of every bucket, called before each admission with the time since the last call. */
type Neighbour = (bucket: Bucket, sinceMs: number, nowMs: number, owner: BucketOwner) => void;

/** The day that all models of the account share in a Region. */
type AccountDay = {
	readonly tokens: number;
	/** Quota tokens of other applications between two instants, whatever their models. */
	readonly othersTokens: (region: string, sinceMs: number, nowMs: number) => number;
};

type Entry = {
	readonly region: string;
	readonly target: ResolvedModel;
	readonly bucket: Bucket;
	readonly requests: RollingSum;
	readonly tokens: RollingSum;
	maximumRequests: number;
	maximumTokens: number;
	seenAtMs: number;
};

export function createBuckets(
	limitsOf: (region: string, target: ResolvedModel) => BucketLimits,
	enforcement: Enforcement,
	neighbour: Neighbour,
	accountDay: AccountDay,
): Buckets {
	const entries = new Map<string, Entry>();
	/** By Region: what all models of the account share. */
	const days = new Map<string, {readonly meter: ReturnType<typeof createDayMeter>; othersUntilMs: number}>();

	const dayOf = (region: string) => {
		const day = days.get(region) ?? {
			meter: createDayMeter(accountDay.tokens, enforcement),
			othersUntilMs: Number.NEGATIVE_INFINITY,
		};
		days.set(region, day);
		return day;
	};

	/** What the metrics show of a day counts against its quota. */
	const chargeOthers = (region: string, nowMs: number): void => {
		const day = dayOf(region);
		const sinceMs = Math.max(day.othersUntilMs, dayBegin(nowMs, enforcement));
		if (nowMs - day.othersUntilMs >= neighbourStepMs) {
			day.meter.charge(nowMs, accountDay.othersTokens(region, sinceMs, nowMs));
			day.othersUntilMs = nowMs;
		}
	};

	const entryOf = (region: string, target: ResolvedModel): Entry => {
		const key = `${region} ${target.scope} ${target.model.id}`;
		const known = entries.get(key);
		if (known !== undefined) {
			return known;
		}
		const entry: Entry = {
			region,
			target,
			bucket: createBucket(limitsOf(region, target), enforcement, dayOf(region).meter),
			requests: createRollingSum(enforcement.windowMs),
			tokens: createRollingSum(enforcement.windowMs),
			maximumRequests: 0,
			maximumTokens: 0,
			// Others may have used it before.
			seenAtMs: Number.NEGATIVE_INFINITY,
		};
		entries.set(key, entry);
		return entry;
	};

	const noteMaxima = (entry: Entry, nowMs: number): void => {
		entry.maximumRequests = Math.max(entry.maximumRequests, entry.requests.sum(nowMs));
		entry.maximumTokens = Math.max(entry.maximumTokens, entry.tokens.sum(nowMs));
	};

	return {
		windowMs: enforcement.windowMs,
		admit(region, target, nowMs, reservedTokens) {
			const entry = entryOf(region, target);
			chargeOthers(region, nowMs);
			neighbour(entry.bucket, entry.seenAtMs, nowMs, entry);
			entry.seenAtMs = nowMs;
			const admission = entry.bucket.admit(nowMs, reservedTokens);
			if (!admission.isAdmitted) {
				return admission;
			}
			entry.requests.add(nowMs, 1);
			const charge = entry.tokens.add(nowMs, reservedTokens);
			noteMaxima(entry, nowMs);
			return {
				isAdmitted: true,
				settle(settledAtMs, tokens) {
					admission.settle(settledAtMs, tokens);
					entry.tokens.settle(settledAtMs, charge, tokens);
					noteMaxima(entry, settledAtMs);
				},
			};
		},
		report: (nowMs) =>
			[...entries.values()].map((entry) => ({
				region: entry.region,
				model: entry.target.model.id,
				scope: entry.target.scope,
				requestsPerMinute: entry.bucket.limits.requestsPerMinute ?? null,
				tokensPerMinute: entry.bucket.limits.tokensPerMinute ?? null,
				tokensPerDay: entry.bucket.limits.tokensPerDay ?? null,
				requests: entry.requests.sum(nowMs),
				quotaTokens: entry.tokens.sum(nowMs),
				maximumRequests: entry.maximumRequests,
				maximumQuotaTokens: entry.maximumTokens,
			})),
		reset() {
			entries.clear();
			days.clear();
		},
	};
}

/** Points per second at which the traffic of a minute is counted, so that it comes evenly. */
const neighbourStepMs = 1000;

/** Lets the applications of a scenario use the buckets: the metrics show real use. */
export function backgroundNeighbour(
	background: readonly BackgroundTraffic[],
	{seed, windowMs}: Pick<SimulatorOptions, 'seed' | 'windowMs'>,
): Neighbour {
	const withBuckets = background.flatMap((traffic) => {
		const bucket = bucketBehind(traffic);
		return bucket === undefined ? [] : [{traffic, bucket}];
	});
	return (occupied, sinceMs, nowMs, {region, target}) => {
		const own = withBuckets.filter(
			({traffic, bucket}) =>
				bucket.model === target.model && bucket.scope === target.scope && isIn(traffic, region),
		);
		if (own.length === 0) {
			return;
		}
		const firstStep = Math.floor(Math.max(sinceMs, nowMs - windowMs) / neighbourStepMs) + 1;
		for (let at = firstStep * neighbourStepMs; at <= nowMs; at += neighbourStepMs) {
			for (const {traffic} of own) {
				const {counts} = backgroundMinute(traffic, region, seed, minuteOf(at));
				const requests = (counts.Invocations * neighbourStepMs) / minuteMs;
				const tokens = (counts.EstimatedTPMQuotaUsage * neighbourStepMs) / minuteMs;
				// One by one: where not all fit, some do.
				const pieces = Math.ceil(requests);
				for (let piece = 0; piece < pieces; piece++) {
					occupied.occupy(at, requests / pieces, tokens / pieces);
				}
			}
		}
	};
}

/** Quota tokens of the applications of a scenario between two instants, as the metrics have them. */
export function backgroundTokens(
	background: readonly BackgroundTraffic[],
	{seed}: Pick<SimulatorOptions, 'seed'>,
): AccountDay['othersTokens'] {
	return (region, sinceMs, nowMs) => {
		let tokens = 0;
		for (const traffic of background) {
			const count = isIn(traffic, region) ? counterOf(traffic, region, seed) : undefined;
			for (let minute = minuteOf(sinceMs); count !== undefined && minute < nowMs; minute += minuteMs) {
				const part = Math.min(minute + minuteMs, nowMs) - Math.max(minute, sinceMs);
				tokens += (count('EstimatedTPMQuotaUsage', minute) * part) / minuteMs;
			}
		}
		return tokens;
	};
}
