import type {Bucket} from '../admission/bucket.ts';
import type {VariantFigures} from '../domain/figures-schema.ts';
import type {Cell, Goal, RunSpec} from '../domain/run-spec.ts';
import type {Best, BucketState, Snapshot} from '../domain/snapshot.ts';
import type {Target} from '../domain/target.ts';
import {hasOwnMaxTokens} from '../domain/variant.ts';
import type {Verdict} from '../domain/verdict.ts';
import {adviceOf} from '../metrics/decisions/advice.ts';
import {comparableCells} from '../metrics/decisions/comparable.ts';
import type {Contest} from '../metrics/decisions/contests.ts';
import {gainOf} from '../metrics/decisions/gain.ts';
import {isoAt} from '../metrics/figures/fold-event.ts';
import {measuredRequests} from '../metrics/figures/measured-requests.ts';
import {spentUsd} from '../metrics/figures/spent.ts';
import {toVariantFigures} from '../metrics/figures/variant-figures.ts';
import {maximumInFlight, type RunCore} from './run-core.ts';
import type {Waiting} from './scheduling/scheduler.ts';
import {waitingWords} from './scheduling/waiting-words.ts';

const stampingOf = ({stamping}: Bucket): BucketState['stamping'] => {
	const {marks: _, ...learnt} = stamping.learnt;
	return learnt;
};

const bucketState = (bucket: Bucket, {quota}: Target, {status, clock}: RunCore): BucketState => {
	const {ledger} = bucket;
	const now = clock.now();
	const use = ledger.use();
	const isWaiting = status.phase === 'running' && bucket.roomAt !== undefined;
	return {
		requests: {
			used: Math.max(0, use.requests - ledger.inFlight),
			reserved: ledger.inFlight,
			limit: quota.requestsPerMinute.value,
		},
		tokens: {
			used: Math.max(0, use.tokens - ledger.heldTokens),
			reserved: ledger.heldTokens,
			limit: quota.tokensPerMinute.value,
		},
		day: {used: bucket.settledTokens, reserved: ledger.heldTokens, limit: quota.tokensPerDay.value},
		nextRoomMs: isWaiting ? Math.max(0, (bucket.roomAt ?? now) - now) : null,
		share: bucket.share,
		inFlight: ledger.inFlight,
		stamping: stampingOf(bucket),
	};
};

/** Requests of the whole run; null when only a duration ends it. */
const plannedRequests = (spec: RunSpec): number | null => {
	const {load, cells, variants, isBalanced} = spec;
	if (load.requests === null || load.shape !== 'measure') {
		return load.requests;
	}
	if (!isBalanced) {
		return measuredRequests(spec, load.requests);
	}
	const lanesOfVariants = new Set(cells.map(({lane, variant}) => `${lane} ${variant}`));
	return load.requests * Math.max(lanesOfVariants.size, Math.min(1, variants.length));
};

/** What is under way at one instant. */
export type UnderWay = {
	readonly inFlight: number;
	/** Milliseconds since anything came; undefined while nothing is in flight. */
	readonly quietMs: number | undefined;
	/** Milliseconds until what is in flight is given up; undefined where nothing limits it. */
	readonly deadlineMs: number | undefined;
	readonly waiting: Waiting | undefined;
};

const progressOf = (core: RunCore, underWay: UnderWay): Snapshot['progress'] => {
	const {inFlight, quietMs, deadlineMs, waiting} = underWay;
	const {spec, time, done, status} = core;
	const total = plannedRequests(spec);
	const likely = status.phase === 'running' ? core.likelyRequests : undefined;
	const end = likely === undefined || total === null ? total : Math.min(total, likely);
	const runningMs = time.runningMs();
	const estimates = [
		...(end === null || done === 0 ? [] : [(runningMs / done) * Math.max(0, end - done)]),
		...(spec.load.durationMs === null || deadlineMs !== undefined
			? []
			: [Math.max(0, spec.load.durationMs - runningMs)]),
		...(deadlineMs === undefined ? [] : [deadlineMs]),
	];
	const isOver = status.phase === 'ended' || status.phase === 'ready';
	return {
		done,
		total,
		...(likely === undefined || end === null || end <= done ? {} : {likely: end}),
		inFlight,
		remainingMs: isOver || estimates.length === 0 ? null : Math.min(...estimates),
		...(quietMs === undefined ? {} : {quietMs}),
		waitingFor: isOver ? null : waitingWords(status.phase, waiting, inFlight),
	};
};

const specOf = ({spec, goal}: RunCore): Snapshot['spec'] => {
	const {
		task,
		variants,
		targets,
		cells,
		maxRequests,
		maxCostUsd,
		isMaxCostGiven,
		timeoutMs,
		windowMs,
		methodNote,
		...settings
	} = spec;
	const rates = cells.flatMap(({lane, ratePerMinute}) =>
		ratePerMinute === null ? [] : [[lane, ratePerMinute] as const],
	);
	const chat =
		task.chat === undefined ? undefined : {turns: task.chat.turns.length, thinkMs: task.chat.thinkMs};
	return {
		...settings,
		goal,
		task: task.task,
		...(hasOwnMaxTokens(variants) ? {hasOwnMaxTokens: true} : {}),
		chat,
		laneRatesPerMinute: Object.fromEntries(rates),
	};
};

/**
 * Most requests in flight that the load allows a cell. A measurement says nothing of it, and a serial run is the baseline
 * that the quota's own rate is set against.
 */
const inFlightBoundOf = ({shape, concurrency}: RunSpec['load'], {ratePerMinute}: Cell): number | null => {
	if (ratePerMinute !== null) {
		return null;
	}
	return shape === 'concurrency' ? concurrency : shape === 'saturate' ? maximumInFlight : null;
};

/** The winner of each goal on each target, as results.json has it. */
const bestOf = ({targets}: RunSpec, verdicts: readonly Verdict[]): readonly Best[] =>
	targets.map((_, target) => {
		const winners = verdicts
			.filter((verdict) => verdict.target === target)
			.map(({goal, basis, recommended}) => [goal, basis === 'winner' ? recommended : null] as const);
		return {target, ...(Object.fromEntries(winners) as Record<Goal, string | null>)};
	});

/** The cell that advice speaks of: the recommended one, else the leader. */
const adviceCellOf = (
	{cells, leader, target}: Contest,
	verdicts: readonly Verdict[],
	variants: readonly VariantFigures[],
): number | undefined => {
	const recommended = verdicts.find((verdict) => verdict.target === target)?.recommended;
	return cells.find((cell) => variants[cell]?.name === recommended) ?? leader;
};

/** Where a cell stands: whether it is still in, and what its gate says. */
const standingOf = ({contests, spec}: RunCore, figures: VariantFigures, cell: number): VariantFigures => {
	const contest = contests[figures.target];
	if (contest === undefined) {
		return figures;
	}
	const gate = contest.gateOf(cell);
	return {
		...figures,
		...(contest.cells.length > 1 && contest.cells.includes(cell) ? {state: contest.stateOf(cell)} : {}),
		quality: {...figures.quality, ...(spec.minQuality === null ? {gate: 'none'} : {gate})},
	};
};

/** Everything that the screen, the printouts and the reports show, at one instant. */
export const makeSnapshot = (core: RunCore, underWay: UnderWay): Snapshot => {
	const {spec, status, figures, cells, buckets, contests} = core;
	const now = core.clock.now();
	const figuresOfCells = cells.map(({cell, variant, target, bucket, maxTokens, isAlive}, index) =>
		toVariantFigures(figures, index, {
			name: variant.name,
			cell,
			target,
			shape: spec.load.shape,
			hasServiceLevel: spec.serviceLevel !== null,
			isCaching: variant.cache,
			itemsPerRequest: variant.itemsPerRequest,
			inFlightBound: inFlightBoundOf(spec.load, cell),
			others: bucket.limits.othersUse(now),
			countsFrom: bucket.stamping.countsFrom,
			...(isAlive ? {sentUntil: core.sentUntilMs} : {}),
			maxTokens,
		}),
	);
	const timeline = figures.timeline.toTimeline();
	const verdicts = contests.flatMap((contest) => contest.verdicts(figuresOfCells));
	const variants = figuresOfCells.map((each, cell) => standingOf(core, each, cell));
	const rivals = new Set(spec.targets.flatMap((_, target) => comparableCells(spec, target)));
	const learntMaxTokens = spec.isMaxTokensAuto ? cells.map(({maxTokens}) => maxTokens) : undefined;
	const leaders = contests.map((contest) => adviceCellOf(contest, verdicts, variants));
	const adviceInput = {spec, figures, variants, timeline, learntMaxTokens, leaders};
	const elapsedMs = figures.endedAt ?? core.time.elapsedMs();
	return {
		phase: status.phase,
		startedAt: figures.startedEpochMs === undefined ? null : isoAt(figures, 0),
		endedAt: figures.endedAt === undefined ? null : isoAt(figures, figures.endedAt),
		elapsedMs,
		simulated: figures.isSimulated,
		outcome: status.outcome ?? null,
		stoppedBy: status.stoppedBy ?? null,
		progress: progressOf(core, underWay),
		spec: specOf(core),
		targets: spec.targets,
		buckets: spec.targets.flatMap((target, index) => {
			const bucket = buckets[index];
			return bucket === undefined ? [] : [bucketState(bucket, target, core)];
		}),
		variants,
		best: bestOf(spec, verdicts),
		verdicts,
		gain: gainOf(
			spec.load.shape,
			variants.filter((_, cell) => rivals.has(cell)),
			verdicts,
		),
		advice: adviceOf(adviceInput),
		events: figures.events,
		timeline,
		failures: [...figures.failures.values()],
		...spentUsd(figures.spent),
	};
};
