import type {Bucket} from '../admission/bucket.ts';
import type {WaitReason} from '../admission/room.ts';
import type {Dimension, LearntStamping} from '../domain/bucket-usage.ts';
import type {RunSpec} from '../domain/run-config.ts';
import type {Phase, StoppedBy} from '../domain/snapshot.ts';
import {formatCount, formatTokens, formatUsd} from '../text/numbers.ts';

/** Why a run sends nothing, and what stopped it, in words. */

/** Why nothing is sent now. */
export type BlockedOn = {
	readonly reason: WaitReason | 'cost' | 'retry' | 'turn' | 'arrival';
	readonly bucket: Bucket | undefined;
	/** Milliseconds until it is tried again; undefined when that depends on answers. */
	readonly delayMs: number | undefined;
};

/** Shorter waits are not shown. */
const shortestMs = 1000;
/** From this part of a limit on the others are what a request waits for, however it is paced. */
const minSharedPart = 0.5;

/** `others use 47 of 50`: where they hold at least that part of a limit; of several, the fuller one. */
function othersWords({limits, quota}: Bucket, now: number, minPart: number): string | undefined {
	const use = limits.othersUse(now);
	const partOf = (dimension: Dimension): number =>
		use[dimension] / (quota[dimension] || Number.POSITIVE_INFINITY);
	const dimension = partOf('requests') >= partOf('tokens') ? 'requests' : 'tokens';
	if (partOf(dimension) < minPart || use[dimension] < 0.5) {
		return undefined;
	}
	return dimension === 'requests'
		? `others use ${formatCount(use.requests)} of ${formatCount(quota.requests)}`
		: `others use ${formatTokens(use.tokens)} of ${formatTokens(quota.tokens)} tokens`;
}

type Waiting = {
	readonly phase: Phase;
	readonly blockedOn: BlockedOn | undefined;
	readonly inFlight: number;
	/** Milliseconds of the clock. */
	readonly now: number;
};

/** Why nothing is being sent, a whole phrase; null while requests flow. */
export function waitingWords({phase, blockedOn, inFlight, now}: Waiting): string | null {
	if (phase === 'paused') {
		return 'paused';
	}
	if (phase === 'draining' && inFlight > 0) {
		return `${formatCount(inFlight)} ${inFlight === 1 ? 'request' : 'requests'} still in flight`;
	}
	return blockedOn === undefined ? null : blockedWords(blockedOn, inFlight, now);
}

const secondsOf = (delayMs: number | undefined): string => `${Math.ceil((delayMs ?? 0) / 1000)} s`;

function blockedWords(blockedOn: BlockedOn, inFlight: number, now: number): string | null {
	const {reason, bucket} = blockedOn;
	const isForRoom = reason === 'requests' || reason === 'tokens' || reason === 'pace';
	// While limits change the run tries again much sooner than it expects room.
	const delayMs = isForRoom ? bucket?.likelyRoomMs : blockedOn.delayMs;
	if (delayMs !== undefined && delayMs < shortestMs) {
		return null;
	}
	const next = delayMs === undefined ? '' : ` · next request in ${secondsOf(delayMs)}`;
	switch (reason) {
		case 'requests':
			return `${othersOf(blockedOn, now, 0) ?? 'request quota full'}${next}`;
		case 'tokens':
			return `${othersOf(blockedOn, now, 0) ?? 'token quota full'}${next === '' ? ' · waiting for answers to free tokens' : next}`;
		case 'pace':
			return `${othersOf(blockedOn, now, minSharedPart) ?? 'paced evenly'}${next}`;
		case 'capacity':
			return 'the service has no capacity · fewer requests in flight';
		case 'fleet':
			return 'waiting for its turn in the fleet';
		case 'cost':
			return 'waiting for answers, to stay within the cost limit';
		case 'retry':
			return `next retry in ${secondsOf(delayMs)}`;
		case 'turn':
			// While answers come in, conversations are active.
			return inFlight > 0 ? null : `next turn of a conversation in ${secondsOf(delayMs)}`;
		case 'arrival':
			return `next arrival in ${secondsOf(delayMs)}`;
	}
}

const othersOf = ({bucket}: BlockedOn, now: number, minPart: number): string | undefined =>
	bucket === undefined ? undefined : othersWords(bucket, now, minPart);

/** What stopped a run, with the figures that say why. @param bucket Whose day's quota is used up. */
export function stopReasonOf(
	stoppedBy: StoppedBy,
	{maxRequests, maxCostUsd}: Pick<RunSpec, 'maxRequests' | 'maxCostUsd'>,
	bucket?: Bucket,
): string {
	switch (stoppedBy) {
		case 'key':
			return 'by you';
		case 'signal':
			return 'by a signal';
		case 'requests':
			return `at --max-requests ${formatCount(maxRequests)}`;
		case 'cost':
			return `at --max-cost ${formatUsd(maxCostUsd)}`;
		case 'day':
			return `daily token quota ${bucket?.day.isShared === true ? 'of all models ' : ''}used up${bucket === undefined ? '' : dayWords(bucket)}`;
		case 'fault':
			return 'no variant could go on';
	}
}

const dayWords = ({day: {limit, others, own}}: Bucket): string =>
	limit === null ? ', as the service says' : ` (${formatTokens(others + own)} of ${formatTokens(limit)})`;

/**
 * What a run that is over never sent, a sentence each.
 * @param overdue Requests of open loops that were due.
 * @param conversations Those that were left before their last turn.
 */
export function unsentWords(overdue: number, conversations: number): readonly string[] {
	return [
		...(overdue === 0
			? []
			: [
					`${overdue} requests that were due were never sent: quota and bounds let no more through. The latencies are of those that were sent.`,
				]),
		...(conversations === 0
			? []
			: [
					`${conversations} ${conversations === 1 ? 'conversation' : 'conversations'} ended before the last turn: the run was over, or the quota takes no longer ones.`,
				]),
	];
}

/** Says where the tokens of a bucket were found to count from. */
export function stampingWords(model: string, {countsFrom, accepted}: LearntStamping): string {
	return countsFrom === 'end'
		? `${model}: the tokens of an answer count from its end: a request that fitted only if they counted from its first byte was throttled. This one throttle was the test; none like it follows.`
		: `${model}: the tokens of an answer count from its first byte: ${accepted} requests were let in that had no room if they counted from the end. More of the quota can be used.`;
}

/** Why a run with a typed limit stops. */
export function dearerWords(model: string, tier: string | undefined): string {
	return `${model}: an answer was served by the tier ${tier}, which costs more than the one that was asked for, and its price is not known: --max-cost can no longer be kept, so nothing more is sent. --max-cost none sets no limit.`;
}
