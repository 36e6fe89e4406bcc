import {bucketState, freeRateOf} from '../admission/run-buckets.ts';
import type {VariantFigures, Verdict} from '../domain/figures-schema.ts';
import {type CellSpec, type Goal, goals, type RunSpec} from '../domain/run-config.ts';
import type {Best, MoreRequests, Snapshot} from '../domain/snapshot.ts';
import {hasOwnMaxTokens} from '../domain/task.ts';
import {type AdviceInput, adviceOf} from '../metrics/decisions/advice.ts';
import {measuredRequests, replayedRequests} from '../metrics/decisions/make-plan.ts';
import {type Contest, comparableCells, likelyRequests} from '../metrics/decisions/variant-contest.ts';
import {gainOf, moreRequestsOf} from '../metrics/decisions/verdict.ts';
import {spentUsd} from '../metrics/figures/blocks.ts';
import {isoAt} from '../metrics/figures/fold-event.ts';
import {toVariantFigures} from '../metrics/figures/variant-figures.ts';
import {maximumInFlight, type RunCore} from './run-core.ts';
import {type BlockedOn, waitingWords} from './run-words.ts';

/** An instant of the clock as ISO 8601 UTC. */
const isoOf = (at: number, {clock}: Pick<RunCore, 'clock'>): string =>
	new Date(clock.epoch() - (clock.now() - at)).toISOString();

/** Planned requests of the whole run; null when only a duration ends it. */
const plannedRequests = ({spec, added}: RunCore): number | null => {
	const {load, cells, variants, isBalanced} = spec;
	if (added !== undefined) {
		return added.total;
	}
	if (load.shape === 'replay') {
		return replayedRequests(spec);
	}
	if (load.requests === null || load.shape !== 'measure') {
		return load.requests;
	}
	if (!isBalanced) {
		return measuredRequests(spec, load.requests);
	}
	const lanesOfVariants = new Set(cells.map(({lane, variant}) => `${lane} ${variant}`));
	return load.requests * Math.max(lanesOfVariants.size, Math.min(1, variants.length));
};

/** What is in flight at one instant. */
type InFlight = {
	readonly inFlight: number;
	/** Milliseconds since data came last; undefined while nothing is in flight. */
	readonly quietMs: number | undefined;
	/** Milliseconds until what is in flight is cut off; undefined without a deadline. */
	readonly deadlineMs: number | undefined;
	readonly blockedOn: BlockedOn | undefined;
};

/** Milliseconds that the free part of the quotas needs for `count` more requests, with the rate that decides. */
const byFreeRate = (
	count: number,
	{spec, cells, buckets, clock}: RunCore,
): {readonly leftMs: number; readonly perMinute: number} | undefined => {
	const alive = cells.filter(({isAlive}) => isAlive);
	const now = clock.now();
	const times = [...new Set(buckets)].flatMap((bucket) => {
		const rate = freeRateOf(bucket, now);
		const own = alive.filter((cell) => cell.bucket === bucket).length;
		if (rate === undefined || own === 0) {
			return [];
		}
		const rest = (count * own) / alive.length - rate.now;
		const leftMs = rest <= 0 ? 0 : (rest / rate.perWindow) * spec.windowMs;
		return [{leftMs, perMinute: (rate.perWindow * 60_000) / spec.windowMs}];
	});
	return times.sort((first, second) => second.leftMs - first.leftMs)[0];
};

type Left = Pick<Snapshot['progress'], 'remainingMs' | 'freePerMinute' | 'isSlower'>;

/** The time that `end` requests still take: by the pace so far or by what the quotas leave, whichever is slower. */
const leftOf = (core: RunCore, end: number | null, inFlight: number): Left => {
	const {done, time} = core;
	if (end === null || core.status.phase === 'ready') {
		return {remainingMs: null};
	}
	const rest = Math.max(0, end - done);
	const eachMs = core.timeLeft.paceMs(done, time.runningMs());
	const paceMs = eachMs === undefined ? undefined : eachMs * rest;
	const free = core.status.phase === 'draining' ? undefined : byFreeRate(Math.max(0, rest - inFlight), core);
	const isByRate = free !== undefined && free.leftMs > (paceMs ?? 0);
	const estimateMs = isByRate ? free.leftMs : paceMs;
	// Others that leave nothing may do so for any time.
	if (estimateMs === undefined || !Number.isFinite(estimateMs)) {
		return {remainingMs: null};
	}
	const {leftMs, isSlower} = core.timeLeft.show(estimateMs);
	return {
		remainingMs: leftMs,
		...(isByRate ? {freePerMinute: free.perMinute} : {}),
		...(isSlower ? {isSlower} : {}),
	};
};

const progressOf = (core: RunCore, state: InFlight): Snapshot['progress'] => {
	const {inFlight, quietMs, deadlineMs, blockedOn} = state;
	const {spec, time, done, contests, status} = core;
	const total = plannedRequests(core);
	const likely =
		status.phase === 'running' && spec.isEliminating ? likelyRequests(contests, done) : undefined;
	const end = likely === undefined || total === null ? total : Math.min(total, likely);
	const isOver = status.phase === 'ended' || status.phase === 'ready';
	const {remainingMs, ...left} = isOver ? {remainingMs: null} : leftOf(core, end, inFlight);
	const estimates = [
		...(remainingMs === null ? [] : [remainingMs]),
		...(spec.load.durationMs === null || deadlineMs !== undefined
			? []
			: [Math.max(0, spec.load.durationMs - time.runningMs())]),
		...(deadlineMs === undefined ? [] : [deadlineMs]),
	];
	return {
		done,
		total,
		...(likely === undefined || end === null || end <= done ? {} : {likely: end}),
		inFlight,
		remainingMs: isOver || estimates.length === 0 ? null : Math.min(...estimates),
		...left,
		...(quietMs === undefined ? {} : {quietMs}),
		waitingFor: isOver
			? null
			: waitingWords({phase: status.phase, blockedOn, inFlight, now: core.clock.now()}),
	};
};

const specOf = ({spec, goal, added}: RunCore): Snapshot['spec'] => {
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
		...(added === undefined || settings.load.requests === null
			? {}
			: {load: {...settings.load, requests: settings.load.requests + added.perVariant}}),
		goal,
		task: task.task,
		...(hasOwnMaxTokens(variants) ? {hasOwnMaxTokens: true} : {}),
		chat,
		laneRatesPerMinute: Object.fromEntries(rates),
	};
};

/**
 * Maximum in flight that the load allows a cell; null in a measurement, and in a serial run, which is the baseline that the
 * quota's rate is compared with.
 */
const inFlightBoundOf = ({shape, concurrency}: RunSpec['load'], {ratePerMinute}: CellSpec): number | null => {
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

/** The cell that advice is about: the recommended one, else the leader, of the run's goal where none is named. */
const adviceCellOf = (
	{cells, leader, target}: Contest,
	verdicts: readonly Verdict[],
	variants: readonly VariantFigures[],
	goal?: Goal,
): number | undefined => {
	const verdict = verdicts.find(
		(each) => each.target === target && (goal === undefined || each.goal === goal),
	);
	const name = verdict?.recommended ?? (goal === undefined ? undefined : verdict?.leaders[0]);
	return cells.find((cell) => variants[cell]?.name === name) ?? leader;
};

/** Advice for the goals that other cells lead: the screen shows it as soon as one of them is looked at. */
const otherAdviceOf = (
	contests: readonly Contest[],
	verdicts: readonly Verdict[],
	input: AdviceInput,
): Pick<Snapshot, 'adviceOfOtherGoals'> => {
	const others = goals.filter((goal) => goal !== verdicts[0]?.goal);
	const entries = others.flatMap((goal) => {
		const leaders = contests.map((contest) => adviceCellOf(contest, verdicts, input.variants, goal));
		const isSame = leaders.every((leader, index) => leader === input.leaders[index]);
		return isSame ? [] : [[goal, adviceOf({...input, leaders})] as const];
	});
	return entries.length === 0 ? {} : {adviceOfOtherGoals: Object.fromEntries(entries)};
};

/** Adds the state of a cell in its contest and of its quality gate. */
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

/** What can be added to a run that has ended. */
function moreOf(core: RunCore, variants: readonly VariantFigures[]): MoreRequests {
	const {spec, status, contests, cells, done, time} = core;
	const contestOf = (cell: number) => contests[spec.cells[cell]?.target ?? -1];
	return moreRequestsOf({
		spec,
		stoppedBy: status.stoppedBy,
		variants,
		isSent: (cell) =>
			cells[cell]?.isAlive === true && (!spec.isEliminating || contestOf(cell)?.isIn(cell) !== false),
		wants: contests.map(({wants, isRepeating}) => (isRepeating ? undefined : wants)),
		requestsPerBlock: Math.ceil(Math.max(1, ...contests.map((contest) => contest.requestsPerBlock))),
		done,
		runningMs: time.runningMs(),
	});
}

/** Everything that the screen, printouts and reports show, at one instant. */
export function makeSnapshot(core: RunCore, state: InFlight): Snapshot {
	const {spec, status, figures, cells, buckets, contests} = core;
	const now = core.clock.now();
	const figuresOfCells = cells.map(({spec: cell, variant, target, bucket, maxTokens, isAlive}, index) =>
		toVariantFigures(figures, index, {
			name: variant.name,
			cell,
			target,
			shape: spec.load.shape,
			hasServiceLevel: spec.serviceLevel !== null,
			isCaching: variant.cache,
			itemsPerRequest: variant.itemsPerRequest,
			inFlightBound: inFlightBoundOf(spec.load, cell),
			others: bucket.limits.lastingOthers(now),
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
		at: isoOf(now, core),
		startedAt: figures.startedEpochMs === undefined ? null : isoAt(figures, 0),
		endedAt: figures.endedAt === undefined ? null : isoAt(figures, figures.endedAt),
		elapsedMs,
		simulated: figures.isSimulated,
		outcome: status.outcome ?? null,
		stoppedBy: status.stoppedBy ?? null,
		...(status.stopReason === undefined ? {} : {stopReason: status.stopReason}),
		progress: progressOf(core, state),
		spec: specOf(core),
		targets: spec.targets,
		buckets: spec.targets.flatMap((target, index) => {
			const bucket = buckets[index];
			return bucket === undefined
				? []
				: [bucketState(bucket, target, {clock: core.clock, isSending: status.phase === 'running'})];
		}),
		variants,
		best: bestOf(spec, verdicts),
		verdicts,
		gain: gainOf(
			spec.load.shape,
			variants.filter((_, cell) => rivals.has(cell)),
			verdicts,
		),
		...(status.phase === 'ended' ? {more: moreOf(core, variants)} : {}),
		advice: adviceOf(adviceInput),
		...otherAdviceOf(contests, verdicts, adviceInput),
		events: figures.events,
		timeline: {...timeline, latencyMs: figures.latencies.toSeries()},
		failures: [...figures.failures.values()],
		...(core.judges.figures === undefined ? {} : {judges: core.judges.figures}),
		...(core.others.readings.length === 0 ? {} : {others: core.others.readings}),
		...spentUsd(figures.spent),
	};
}
