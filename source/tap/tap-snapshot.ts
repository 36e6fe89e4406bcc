import type {Bucket} from '../admission/bucket.ts';
import {bucketState} from '../admission/run-buckets.ts';
import {familyOf} from '../bedrock/families/registry.ts';
import {type AccountBucket, bucketKey} from '../domain/account-snapshot.ts';
import type {Method} from '../domain/backend.ts';
import type {Clock} from '../domain/clock.ts';
import type {Advice, BucketState, Phase, RunOutcome, Snapshot, StoppedBy} from '../domain/snapshot.ts';
import type {TapClient} from '../domain/tap.ts';
import type {Target} from '../domain/target.ts';
import {spentUsd} from '../metrics/figures/blocks.ts';
import {isoAt} from '../metrics/figures/fold-event.ts';
import {toVariantFigures} from '../metrics/figures/variant-figures.ts';
import {bucketAdvice, type TappedBucket} from './advice/bucket-advice.ts';
import {clientAdvice, maxTokensAdviceOf, type Subject} from './advice/client-advice.ts';
import type {ClientTotals} from './client-book.ts';
import type {Traffic} from './traffic.ts';

/** The state of a tap beside its traffic. */
type TapStanding = {
	readonly phase: Phase;
	readonly outcome: RunOutcome | undefined;
	readonly stoppedBy: StoppedBy | undefined;
	readonly stopReason: string | undefined;
	/** Part of each quota that may be used, 0 to 1. */
	readonly share: number;
	readonly burst: 'full' | 'even';
	/** Requests are held until there is room. */
	readonly isPaced: boolean;
	/** Of the first inference; undefined before one. */
	readonly method: Method | undefined;
	/** Bucket of a model; undefined while its quotas are not known. */
	readonly bucketOf: (index: number) => Bucket | undefined;
	/** Buckets of the account that are watched. */
	readonly account: readonly AccountBucket[];
	/** Requests that wait for room. */
	readonly waitingFor: string | null;
};

const clientOf = (row: ClientTotals, {clients}: Traffic, lastAt: string): TapClient => ({
	name: clients.nameOf(row.caller),
	agent: row.caller.agent,
	session: clients.sessionOf(row),
	model: row.model,
	lastAt,
	requests: row.requests,
	cachePoints: row.cachePoints,
	inFlight: row.inFlight,
	held: row.held,
	holdMs: row.holds.toDistribution(),
	tokens: {
		input: row.tokens.input,
		output: row.tokens.output,
		cacheRead: row.tokens.cacheRead,
		cacheWrite: row.tokens.cacheWrite,
		quota: row.tokens.quota,
		reserved: row.reserved,
		estimated: row.tokens.isEstimated,
	},
	throttled: row.throttled,
	refused: row.refused,
	retriesOfClient: row.retries,
	aborted: row.aborted,
	timeToFirstToken: row.timesToFirstToken.toDistribution(),
	costUsd: row.costUsd ?? null,
});

/** Each client on a model, over all of its sessions. */
const subjectsOf = (
	{figures, clients, models, elapsedMs}: Traffic,
	standing: TapStanding,
): readonly Subject[] =>
	clients.cells.flatMap(({index, caller, target, habits}) => {
		const model = models[target];
		const name = clients.nameOf(caller);
		if (model === undefined) {
			return [];
		}
		const own = clients.rows.filter(({cell}) => cell === index);
		const sum = (pick: (row: ClientTotals) => number): number =>
			own.reduce((total, row) => total + pick(row), 0);
		const maxTokens = Math.max(0, ...own.map((row) => row.maxTokens));
		const bucket = standing.bucketOf(target);
		const result = toVariantFigures(figures, index, {
			name,
			cell: {
				variant: index,
				target,
				lane: 'normal',
				ratePerMinute: null,
				inputTokens: {value: 0, isEstimated: true},
				maxTokens,
				price: model.price,
			},
			target: model.target,
			shape: 'tap',
			hasServiceLevel: false,
			maxTokens,
			sentUntil: elapsedMs,
			...(bucket === undefined ? {} : {countsFrom: bucket.stamping.countsFrom}),
		});
		const variant = {
			...result,
			// What the service set aside is known exactly once it has counted the input.
			tokens: {...result.tokens, reserved: sum((row) => row.reserved)},
			maxTokensAdvice: maxTokensAdviceOf(habits.answersAt, result, model.target),
		};
		const isOnOthers = clients.cells.some((each) => each.caller.name === caller.name && each.index !== index);
		return [
			{
				name: isOnOthers ? `${name} on ${model.model}` : name,
				figures: variant,
				target: model.target,
				habits,
				requests: sum((row) => row.requests),
				retries: sum((row) => row.retries),
				cachePoints: sum((row) => row.cachePoints),
				takesCachePoints: familyOf(model.target.baseModel).knowsCachePoints === true,
			},
		];
	});

const noGauge = {used: 0, reserved: 0, limit: null};

const bucketsOf = (
	{models}: Traffic,
	{bucketOf, share, phase}: TapStanding,
	clock: Clock,
): readonly BucketState[] =>
	models.map(({target}, index) => {
		const bucket = bucketOf(index);
		return bucket === undefined
			? {
					requests: noGauge,
					tokens: noGauge,
					day: noGauge,
					nextRoomMs: null,
					share,
					inFlight: 0,
					stamping: {countsFrom: 'unknown', at: 0, accepted: 0, refused: 0},
				}
			: bucketState(bucket, target, {clock, isSending: phase === 'running'});
	});

/** Clients by the bucket that they draw from: a model may be called by several names. */
const tappedBuckets = (
	{models}: Traffic,
	subjects: readonly Subject[],
	states: readonly BucketState[],
	{bucketOf}: TapStanding,
): readonly TappedBucket[] => {
	const keyOf = ({region, ...target}: Target): string => `${region} ${bucketKey(target)}`;
	return [
		...Map.groupBy(
			models.map(({target}, index) => ({target, index})),
			({target}) => keyOf(target),
		),
	].flatMap(([key, members]) => {
		const [member] = members;
		return member === undefined
			? []
			: [
					{
						target: member.target,
						state: bucketOf(member.index) === undefined ? undefined : states[member.index],
						subjects: subjects.filter(({target}) => keyOf(target) === key),
					},
				];
	});
};

/** Milliseconds for which an advice stands: it is made from whole distributions, and nobody reads it faster. */
const adviceStandsMs = 1000;

const made = new WeakMap<Traffic, {readonly at: number; readonly advice: readonly Advice[]}>();

const adviceOf = (
	traffic: Traffic,
	standing: TapStanding,
	{subjects, buckets}: {readonly subjects: readonly Subject[]; readonly buckets: readonly BucketState[]},
	clock: Clock,
): readonly Advice[] => {
	const last = made.get(traffic);
	const {elapsedMs} = traffic;
	if (last !== undefined && standing.phase !== 'ended' && elapsedMs - last.at < adviceStandsMs) {
		return last.advice;
	}
	const advice = [
		...clientAdvice(subjects, {isPaced: standing.isPaced}),
		...bucketAdvice(tappedBuckets(traffic, subjects, buckets, standing), {
			account: standing.account,
			elapsedMs,
			nowMs: clock.epoch(),
		}),
	];
	made.set(traffic, {at: elapsedMs, advice});
	return advice;
};

/** Everything about a tap that screen, printouts and reports show, at one instant. */
export function tapSnapshot(traffic: Traffic, standing: TapStanding, clock: Clock): Snapshot {
	const {
		figures,
		clients: {rows},
		models,
		elapsedMs,
	} = traffic;
	const {phase, outcome, stoppedBy, stopReason} = standing;
	const subjects = subjectsOf(traffic, standing);
	const buckets = bucketsOf(traffic, standing, clock);
	const sum = (pick: (row: ClientTotals) => number): number =>
		rows.reduce((total, row) => total + pick(row), 0);
	return {
		phase,
		at: new Date(clock.epoch()).toISOString(),
		startedAt: isoAt(figures, 0),
		endedAt: phase === 'ended' ? isoAt(figures, elapsedMs) : null,
		elapsedMs,
		simulated: figures.isSimulated,
		outcome: outcome ?? null,
		stoppedBy: stoppedBy ?? null,
		...(stopReason === undefined ? {} : {stopReason}),
		progress: {
			done: sum((row) => row.requests - row.inFlight - row.held),
			total: null,
			inFlight: sum((row) => row.inFlight),
			remainingMs: null,
			waitingFor: standing.waitingFor,
		},
		spec: {
			preset: null,
			method: standing.method ?? 'converse',
			load: {
				shape: 'tap',
				requests: null,
				durationMs: null,
				concurrency: 0,
				ratePerMinute: null,
				arrival: 'constant',
			},
			goal: 'throughput',
			policy: 'fixed',
			burst: standing.burst,
			share: standing.share,
			isBalanced: false,
			isMaxTokensAuto: false,
			minQuality: null,
			serviceLevel: null,
			seed: 0,
			task: 'what applications sent through the tap',
		},
		targets: models.map(({target}) => target),
		buckets,
		variants: subjects.map((subject) => subject.figures),
		best: models.map((_, target) => ({
			target,
			throughput: null,
			efficiency: null,
			cost: null,
			latency: null,
		})),
		verdicts: [],
		gain: null,
		advice: adviceOf(traffic, standing, {subjects, buckets}, clock),
		events: figures.events,
		timeline: {...figures.timeline.toTimeline(), latencyMs: figures.latencies.toSeries()},
		failures: [...figures.failures.values()],
		...spentUsd(figures.spent),
		tap: {clients: rows.map((row) => clientOf(row, traffic, isoAt(figures, row.lastMs)))},
	};
}
