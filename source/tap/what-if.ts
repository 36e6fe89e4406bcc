import type {Bucket} from '../admission/bucket.ts';
import {type Counted, type CountedLimits, ServiceCount} from '../admission/service-count.ts';
import {type Cost, TokenEstimator} from '../admission/token-estimator.ts';
import {HoldingRoom} from '../admission/waiting-room.ts';
import {emptyModelIndex, identify, mantlePrefix} from '../bedrock/identify/identify.ts';
import {noQuota, overrideLimit} from '../bedrock/quotas/bucket-quota.ts';
import {burndownOf, maxOutputOf} from '../bedrock/quotas/burndown.ts';
import {bucketKey} from '../domain/account-snapshot.ts';
import {settledTokens} from '../domain/accounting.ts';
import type {Usage} from '../domain/backend.ts';
import type {Lane} from '../domain/bucket-usage.ts';
import {VirtualClock} from '../domain/clock.ts';
import type {Pace, Peak, RecordedCall, WhatIf, WhatIfBucket, WhatIfCounts} from '../domain/tap.ts';
import type {Quota} from '../domain/target.ts';
import {pacedBucket} from './pacing.ts';

/*
 * What recorded traffic would have met under a quota: once as it came, and once through the waiting room of `--pace`, by a
 * virtual clock. Nothing is sent.
 */

const windowMs = 60_000;
/** Two quotas that are as close as this are the same. */
const resolution = 1.01;
/** The greatest quota that is tried, as a multiple of what was in use at most. */
const greatestFactor = 16;

/** A quota that was typed; the same for each bucket. */
type WhatIfQuota = {
	readonly requestsPerMinute: number | undefined;
	readonly tokensPerMinute: number | undefined;
	/** Undefined: that of each model. */
	readonly burndown: number | undefined;
};

/** A recorded call as it is replayed. Times are milliseconds. */
type Call = Counted & {
	readonly atMs: number;
	readonly row: Row;
	readonly lane: Lane;
	readonly inputTokens: number;
	readonly maxTokens: number;
	readonly outputTokens: number;
};

/** What is counted of a client on a model. */
class Row {
	readonly client: string;
	readonly model: string;
	readonly burndown: number;
	requests = 0;
	readonly throttled = {sliding: 0, fixed: 0};
	readonly holds: number[] = [];
	sentAway = 0;
	tooLarge = 0;

	constructor(client: string, model: string, burndown: number) {
		this.client = client;
		this.model = model;
		this.burndown = burndown;
	}
}

/** The counts of rows together. */
const countsOf = (rows: readonly Row[]): WhatIfCounts => {
	const sum = (of: (row: Row) => number): number => rows.reduce((total, row) => total + of(row), 0);
	const holds = rows.flatMap((row) => row.holds).sort((first, second) => first - second);
	return {
		requests: sum((row) => row.requests),
		throttled: {sliding: sum((row) => row.throttled.sliding), fixed: sum((row) => row.throttled.fixed)},
		held: holds.length,
		holdMs:
			holds.length === 0
				? null
				: {p50: quantile(holds, 0.5), p99: quantile(holds, 0.99), max: quantile(holds, 1)},
		sentAway: sum((row) => row.sentAway),
		tooLarge: sum((row) => row.tooLarge),
	};
};

/** @param sorted Not empty. */
const quantile = (sorted: readonly number[], part: number): number =>
	sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0;

const usageOf = ({inputTokens, outputTokens}: Call): Usage => ({
	inputTokens,
	outputTokens,
	cacheReadTokens: 0,
	cacheWriteTokens: 0,
	reasoningTokens: undefined,
	isEstimated: true,
});

/** What the ledger sets aside for calls of each client and model, learnt from the answers that have come. */
class Estimates {
	readonly #estimators = new Map<Row, TokenEstimator>();

	cost({row, inputTokens, maxTokens}: Call): Cost {
		return this.#of(row).cost(inputTokens, maxTokens, row.burndown);
	}

	learn(call: Call): void {
		this.#of(call.row).learn(call.inputTokens, usageOf(call));
	}

	#of(row: Row): TokenEstimator {
		const known = this.#estimators.get(row);
		if (known !== undefined) {
			return known;
		}
		const fresh = new TokenEstimator({value: 1, isEstimated: true, length: 1});
		this.#estimators.set(row, fresh);
		return fresh;
	}
}

/** Of one bucket: what it is asked to do. */
type Setting = {
	readonly calls: readonly Call[];
	readonly pace: Pick<Pace, 'share' | 'burst' | 'holdMs'>;
	/** Wall-clock time of the first arrival. */
	readonly epochMs: number;
};

const quotaOf = ({requests, tokens, output}: CountedLimits): Quota => ({
	...noQuota,
	requestsPerMinute: overrideLimit(noQuota.requestsPerMinute, requests ?? undefined),
	tokensPerMinute: overrideLimit(noQuota.tokensPerMinute, tokens ?? undefined),
	...(output == null ? {} : {outputTokensPerMinute: overrideLimit(noQuota.tokensPerMinute, output)}),
});

/** The most in any minute. */
const peakOf = ({peak: {outputTokens, ...peak}}: ServiceCount, {output}: CountedLimits): Peak =>
	output === undefined ? peak : {...peak, outputTokens};

/** Sends all at once, as it came: counts what is refused. @returns The most in any minute where nothing is. */
const sendUnpaced = ({calls, epochMs}: Setting, limits: CountedLimits): Peak => {
	const clock = new VirtualClock(epochMs);
	const wanted = new ServiceCount(clock, windowMs, 'sliding');
	const sliding = new ServiceCount(clock, windowMs, 'sliding', limits);
	const fixed = new ServiceCount(clock, windowMs, 'fixed', limits);
	for (const call of calls) {
		clock.skip(call.atMs - clock.now());
		wanted.offer(call);
		call.row.throttled.sliding += sliding.offer(call) ? 0 : 1;
		call.row.throttled.fixed += fixed.offer(call) ? 0 : 1;
	}
	return peakOf(wanted, limits);
};

/** An admitted call is answered as it was recorded. */
const answer = (
	call: Call,
	reservation: ReturnType<Bucket['record']>,
	{clock, bucket, estimates}: {clock: VirtualClock; bucket: Bucket; estimates: Estimates},
	onEnd: () => void = () => {},
): void => {
	clock.after(call.firstByteMs, () => void bucket.confirm(reservation));
	clock.after(call.totalMs, () => {
		bucket.settle(reservation, call.settled, usageOf(call));
		estimates.learn(call);
		onEnd();
	});
};

const bucketFor = (clock: VirtualClock, limits: CountedLimits, pace: Setting['pace']): Bucket =>
	pacedBucket(quotaOf(limits), pace, {clock, windowMs, roundTripMs: () => 0});

/** Sends through the waiting room: counts who is held. @returns The most in any minute. */
const sendPaced = async ({calls, pace, epochMs}: Setting, limits: CountedLimits): Promise<Peak> => {
	const clock = new VirtualClock(epochMs);
	const estimates = new Estimates();
	const bucket = bucketFor(clock, limits, pace);
	const room = new HoldingRoom(bucket, clock);
	const service = new ServiceCount(clock, windowMs, 'sliding');
	let waiting = 0;
	const pass = async (call: Call, key: string): Promise<void> => {
		const {row, lane} = call;
		waiting++;
		const from = clock.now();
		const {signal} = new AbortController();
		const end = await room.hold({cost: () => estimates.cost(call), lane}, key, pace.holdMs, signal);
		waiting--;
		const heldMs = clock.now() - from;
		if (heldMs > 0) {
			row.holds.push(heldMs);
		}
		switch (end.kind) {
			case 'admitted':
				service.offer(call);
				answer(call, end.reservation, {clock, bucket, estimates}, () => room.pump());
				break;
			case 'away':
				row.sentAway++;
				break;
			case 'never':
				row.tooLarge++;
				break;
			case 'day':
			case 'gone':
				// No quota per day is asked about, and a recorded client never leaves.
				break;
		}
	};
	for (const [index, call] of calls.entries()) {
		await clock.advance(call.atMs - clock.now());
		void pass(call, String(index));
	}
	await clock.advance(0);
	while (waiting > 0) {
		await clock.advance(windowMs);
	}
	return peakOf(service, limits);
};

const holdsNobody = ({calls, pace, epochMs}: Setting, limits: CountedLimits): boolean => {
	const clock = new VirtualClock(epochMs);
	const estimates = new Estimates();
	const bucket = bucketFor(clock, limits, pace);
	for (const call of calls) {
		clock.skip(call.atMs - clock.now());
		const admission = bucket.admit(estimates.cost(call), call.lane);
		if (admission.kind !== 'admitted') {
			return false;
		}
		answer(call, admission.reservation, {clock, bucket, estimates});
	}
	return true;
};

/** Upwards, to three digits. */
const rounded = (value: number): number => {
	const step = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 2);
	return Math.ceil(value / step) * step;
};

/** The smallest value from `least` on for which it holds. */
const smallest = (isEnough: (value: number) => boolean, least: number): number | null => {
	let from = Math.max(1, least);
	if (isEnough(rounded(from))) {
		return rounded(from);
	}
	let to = from;
	do {
		to *= 2;
		if (to > from * greatestFactor) {
			return null;
		}
	} while (!isEnough(rounded(to)));
	while (to / from > resolution && to - from > 1) {
		const middle = (from + to) / 2;
		[from, to] = isEnough(rounded(middle)) ? [from, middle] : [middle, to];
	}
	return rounded(to);
};

/** Each dimension alone, then all together. */
const smallestQuota = (setting: Setting, wanted: Peak): WhatIfBucket['smallest'] => {
	const {share} = setting.pace;
	const alone = (dimension: keyof CountedLimits, most: number): number | null =>
		smallest(
			(value) => holdsNobody(setting, {requests: null, tokens: null, [dimension]: value}),
			most / share,
		);
	const requests = alone('requests', wanted.requests);
	const tokens = alone('tokens', wanted.tokens);
	const output = wanted.outputTokens === undefined ? undefined : alone('output', wanted.outputTokens);
	if (requests === null || tokens === null || output === null) {
		return null;
	}
	const times = (factor: number) => ({
		requests: rounded(requests * factor),
		tokens: rounded(tokens * factor),
		...(output === undefined ? {} : {output: rounded(output * factor)}),
	});
	const factor = smallest((value) => holdsNobody(setting, times(value)), 1);
	if (factor === null) {
		return null;
	}
	const {requests: requestsPerMinute, tokens: tokensPerMinute, output: outputTokensPerMinute} = times(factor);
	return {
		requestsPerMinute,
		tokensPerMinute,
		...(outputTokensPerMinute === undefined ? {} : {outputTokensPerMinute}),
	};
};

const mean = (values: ReadonlyArray<number | null>): number | null => {
	const known = values.filter((value) => value !== null);
	return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
};

/** The calls of one client on one model. */
const callsOf = (
	recorded: readonly RecordedCall[],
	startMs: number,
	burndownTyped: number | undefined,
	lanes: Pace['lanes'],
): readonly Call[] => {
	const [{client, model} = {client: '', model: ''}] = recorded;
	const identity = identify(model, emptyModelIndex);
	const {baseModel} = identity;
	const burndown = burndownOf(identity, burndownTyped).value;
	const row = new Row(client, model, burndown);
	row.requests = recorded.length;
	const [outputTokens, totalMs] = [
		mean(recorded.map((call) => call.outputTokens)),
		mean(recorded.map((call) => call.totalMs)),
	];
	return recorded.map((call) => {
		const maxTokens = call.maxTokens ?? maxOutputOf(baseModel);
		const output = Math.min(maxTokens, call.outputTokens ?? Math.round(outputTokens ?? maxTokens));
		const total = call.totalMs ?? totalMs ?? 0;
		const inputTokens = call.inputTokens + call.cacheReadTokens + call.cacheWriteTokens;
		return {
			atMs: Date.parse(call.at) - startMs,
			row,
			lane: lanes.find((each) => each.client === client)?.lane ?? call.lane,
			inputTokens,
			maxTokens,
			outputTokens: output,
			reserved: inputTokens + maxTokens,
			settled: settledTokens({...call, outputTokens: output}, burndown),
			firstByteMs: Math.min(total, call.timeToFirstTokenMs ?? total),
			totalMs: total,
		};
	});
};

/**
 * Replays a recording.
 * @param recorded By their arrival; at least one.
 */
export async function whatIf(
	recorded: readonly RecordedCall[],
	quota: WhatIfQuota,
	pace: Pick<Pace, 'share' | 'burst' | 'holdMs' | 'lanes'>,
): Promise<WhatIf> {
	const times = recorded.map(({at}) => Date.parse(at));
	const [epochMs = 0] = times;
	const limits = {requests: quota.requestsPerMinute ?? null, tokens: quota.tokensPerMinute ?? null};
	const byClient = Map.groupBy(recorded, ({client, model}) => JSON.stringify([client, model]));
	const calls = [...byClient.values()]
		.flatMap((own) => callsOf(own, epochMs, quota.burndown, pace.lanes))
		.sort((first, second) => first.atMs - second.atMs);
	const buckets: WhatIfBucket[] = [];
	const byBucket = Map.groupBy(calls, ({row}) => bucketKey(identify(row.model, emptyModelIndex)));
	for (const own of byBucket.values()) {
		const setting = {calls: own, pace, epochMs};
		// There the tokens that were typed are those of the input, and as many of the output.
		const isMantle = own.some(({row}) => row.model.startsWith(mantlePrefix));
		const asked = isMantle ? {...limits, output: limits.tokens} : limits;
		const unpaced = sendUnpaced(setting, asked);
		const paced = await sendPaced(setting, asked);
		const models = [...new Set(own.map(({row}) => row.model))];
		buckets.push({
			models,
			peak: {unpaced, paced},
			smallest: smallestQuota({...setting, pace: {...pace, burst: 'full'}}, unpaced),
		});
	}
	const rows = [...new Set(calls.map(({row}) => row))];
	return {
		all: countsOf(rows),
		spanMs: (times.at(-1) ?? epochMs) - epochMs,
		unanswered: recorded.filter((call) => call.outputTokens === null || call.totalMs === null).length,
		rows: rows.map((row) => ({client: row.client, model: row.model, ...countsOf([row])})),
		buckets,
	};
}
