import {estimatedTokens, requestsForItems} from '../../domain/accounting.ts';
import {leftBeside, type Use} from '../../domain/bucket-usage.ts';
import type {CellSpec, Plan, Price, RunSpec} from '../../domain/run-config.ts';
import {dayQuotaOf, type Limit, type Target} from '../../domain/target.ts';
import {recordedFor, type Task} from '../../domain/task.ts';
import {chatInLane} from '../../prompts/compose.ts';
import {judgePlans, judgeRemarks} from '../../prompts/judge.ts';
import {formatCount} from '../../text/numbers.ts';
import {cleanText} from '../../text/width.ts';
import {fewestBlocks} from './elimination.ts';

/** What a run would send and cost at most, from its spec alone: every answer as long as max tokens allow. */

/** Requests of a measurement over all of its cells. @param requests Of each cell at most. */
export function measuredRequests(
	{cells, variants}: Pick<RunSpec, 'cells' | 'variants'>,
	requests: number,
): number {
	return cells.reduce(
		(sum, cell) =>
			sum + Math.min(requests, requestsForItems(cell, variants[cell.variant]?.itemsPerRequest ?? 1)),
		0,
	);
}

/** Requests that a replay sends to a target. */
const replayedTo = ({task: {recorded = []}, targets, isBalanced}: RunSpec, target: number): number => {
	const model = targets[target]?.model;
	return isBalanced || model === undefined
		? recorded.length / targets.length
		: recordedFor(recorded, model).length;
};

/** Requests of a replay over all of its targets. */
export function replayedRequests(spec: RunSpec): number {
	const all = spec.targets.reduce((sum, _, target) => sum + replayedTo(spec, target), 0);
	return Math.min(all, spec.load.requests ?? all);
}

/**
 * Mean input tokens of a request before anything is sent. In a chat each turn sends again what was said before it, so
 * the mean is over the turns of a whole conversation in which every answer is as long as given; estimated.
 */
export function meanInputTokens(task: Task, {inputTokens, lane}: CellSpec, answerTokens: number): number {
	const chat = chatInLane(task, lane);
	if (chat === undefined) {
		return inputTokens.value;
	}
	let input = inputTokens.value;
	let sum = input;
	for (const turn of chat.turns.slice(1)) {
		input += answerTokens + estimatedTokens(turn.length);
		sum += input;
	}
	return sum / chat.turns.length;
}

const minuteMs = 60_000;

const limitOf = (limit: Limit | undefined): number | null => (limit?.state === 'known' ? limit.value : null);

const targetOf = (spec: RunSpec, cell: CellSpec): Target => {
	const target = spec.targets[cell.target];
	if (target === undefined) {
		throw new RangeError(`cell names target ${cell.target}, but there are ${spec.targets.length}`);
	}
	return target;
};

/** The cell at the upper bound of its input tokens: uncounted text may be more than estimated. */
const uncounted = (cell: CellSpec): CellSpec => ({
	...cell,
	inputTokens: {...cell.inputTokens, value: cell.inputTokens.most ?? cell.inputTokens.value},
});

/** Mean input tokens of a request, a history with the longest answers included. */
const maxInputTokens = ({task}: RunSpec, cell: CellSpec): number =>
	meanInputTokens(task, cell, cell.maxTokens);

/** Quota tokens of one request with the longest answer. */
const maxQuotaTokens = (spec: RunSpec, cell: CellSpec): number =>
	maxInputTokens(spec, cell) + cell.maxTokens * targetOf(spec, cell).burndown.value;

const maxCostUsd = (spec: RunSpec, cell: CellSpec): number | null =>
	cell.price === null
		? null
		: maxInputTokens(spec, uncounted(cell)) * inputPrice(spec, cell, cell.price) +
			cell.maxTokens * cell.price.output;

/** Upper bound of the price of an input token: a caching variant may write all of it. */
const inputPrice = ({variants}: RunSpec, {variant}: CellSpec, {input, cacheWrite}: Price): number =>
	variants[variant]?.cache === true ? Math.max(input, cacheWrite) : input;

/** Mean over the requests of cells: they are as many for each, except in a replay. */
const meanOverRequests = (
	spec: RunSpec,
	cells: readonly CellSpec[],
	of: (cell: CellSpec) => number,
): number => {
	const weights = cells.map((cell) => weightOf(spec, cell));
	const total = weights.reduce((sum, weight) => sum + weight, 0);
	return (
		cells.reduce((sum, cell, index) => sum + of(cell) * (weights[index] ?? 0), 0) / Math.max(1e-9, total)
	);
};

const weightOf = (spec: RunSpec, {target}: CellSpec): number =>
	spec.load.shape === 'replay'
		? replayedTo(spec, target) / spec.cells.filter((cell) => cell.target === target).length
		: 1;

const mean = (numbers: readonly number[]): number =>
	numbers.reduce((sum, number) => sum + number, 0) / Math.max(1, numbers.length);

/** Upper bound of the requests that the quotas allow in a time, with the shortest answers; null where no quota is known. */
const maxRequestsIn = (spec: RunSpec, durationMs: number): number | null => {
	// The first window may be empty when the run starts.
	const minutes = durationMs / minuteMs + 1;
	const bounds = spec.targets.map((target, index) => {
		const input = mean(
			spec.cells.filter((cell) => cell.target === index).map((cell) => cell.inputTokens.value),
		);
		const byRequests = limitOf(target.quota.requestsPerMinute);
		const byTokens = limitOf(target.quota.tokensPerMinute);
		const perMinute = Math.min(
			byRequests ?? Number.POSITIVE_INFINITY,
			byTokens === null ? Number.POSITIVE_INFINITY : byTokens / Math.max(1, input),
		);
		return perMinute * minutes * spec.share;
	});
	const total = bounds.reduce((sum, bound) => sum + bound, 0);
	return Number.isFinite(total) ? Math.ceil(total) : null;
};

/** Requests of the run: exact where a number ends it, the upper bound of the quotas where a time does. */
const requestsOf = (spec: RunSpec): {planned: number | null; max: number | null} => {
	const {load, maxRequests, task} = spec;
	const turns = task.chat?.turns.length ?? 1;
	const planned =
		load.shape === 'replay'
			? replayedRequests(spec)
			: load.requests === null
				? null
				: load.shape === 'measure'
					? measuredRequests(spec, load.requests)
					: load.requests;
	const byTime = load.durationMs === null ? null : maxRequestsIn(spec, load.durationMs);
	const byRate =
		load.ratePerMinute === null || load.durationMs === null
			? null
			: Math.ceil((load.ratePerMinute * load.durationMs * turns) / minuteMs);
	const bounds = [planned, byRate, byTime].filter((bound) => bound !== null);
	const warmUp = (load.warmUpRequests ?? 0) * spec.cells.length;
	// Warm-up requests count against the limit, as every other request does.
	const ends = [...(bounds.length === 0 ? [] : [Math.min(...bounds) + warmUp]), maxRequests];
	const known = ends.filter((end) => end !== null);
	const max = known.length === 0 ? null : Math.min(...known);
	return {planned: planned === null ? null : Math.min(planned, maxRequests ?? planned), max};
};

/** Upper bound of a target's requests, quota tokens and output; infinite where only the quota ends the run. */
const maxOf = (
	spec: RunSpec,
	max: number | null,
	target: number,
): {requests: number; tokens: number; output: number} => {
	const cells = spec.cells.filter((cell) => cell.target === target);
	const weightIn = (of: readonly CellSpec[]): number =>
		of.reduce((sum, cell) => sum + weightOf(spec, cell), 0);
	const requests = max === null ? Number.POSITIVE_INFINITY : (max * weightIn(cells)) / weightIn(spec.cells);
	const upTo = (of: (cell: CellSpec) => number): number => requests * meanOverRequests(spec, cells, of);
	return {
		requests,
		tokens: upTo((cell) => maxQuotaTokens(spec, cell)),
		output: upTo(({maxTokens}) => maxTokens),
	};
};

/**
 * Quotas of the day that are smaller than what the run may take: of single models, which are given up then, and the one that
 * all models of a Region share.
 */
const dayRemarks = (spec: RunSpec, max: number | null): readonly string[] => {
	const days = spec.targets.map((target, index) => ({
		...dayQuotaOf(target.quota),
		target,
		tokens: maxOf(spec, max, index).tokens,
	}));
	const own = days
		.filter(({isShared}) => !isShared)
		.map(({target, limit, tokens}) => ({
			limit,
			tokens,
			of: ` of ${cleanText(target.model)}`,
			end: 'it is given up when they are used',
		}));
	const shared = [
		...Map.groupBy(
			days.filter(({isShared}) => isShared),
			({target}) => target.region,
		).values(),
	].flatMap((members) => {
		const [first] = members;
		const tokens = members.reduce((sum, each) => sum + each.tokens, 0);
		const end = 'the run stops when they are used';
		return first === undefined ? [] : [{limit: first.limit, tokens, of: '', end}];
	});
	return [...own, ...shared].flatMap(({limit, tokens, of, end}) => {
		const perDay = limitOf(limit);
		return perDay === null || !Number.isFinite(tokens) || tokens <= perDay
			? []
			: [
					of === ''
						? `The run may take ${formatCount(Math.round(tokens))} quota tokens, and the account's quota over all models allows ${formatCount(perDay)} per day: ${end}.`
						: `The run may take ${formatCount(Math.round(tokens))} quota tokens${of}, and its quota allows ${formatCount(perDay)} per day: ${end}.`,
				];
	});
};

/** The plan over a minute's limit, for the limit of which it takes the greatest part; null where no limit is known. */
const greatestPartOf = (spec: RunSpec, max: number | null): number | null => {
	const shares = spec.targets.flatMap((target, index) => {
		const {requests, tokens, output} = maxOf(spec, max, index);
		return [
			[requests, limitOf(target.quota.requestsPerMinute)] as const,
			[tokens, limitOf(target.quota.tokensPerMinute)] as const,
			[output, limitOf(target.quota.outputTokensPerMinute)] as const,
		].flatMap(([amount, limit]) => (limit === null || limit === 0 ? [] : [amount / limit]));
	});
	return shares.length === 0 ? null : Math.max(...shares);
};

/** How long a run takes at what others leave, and how many requests per minute that is. */
type Beside = {readonly minutes: number; readonly perMinute: number};

/** The run at what others leave of the quotas: infinite minutes where they leave nothing, null where no limit is known. */
const minutesBeside = (spec: RunSpec, max: number | null, others: readonly Use[]): Beside | null => {
	const times = spec.targets.flatMap(({quota}, index) => {
		const {requests, tokens, output} = maxOf(spec, max, index);
		const {requests: othersRequests, tokens: othersTokens} = others[index] ?? {requests: 0, tokens: 0};
		return [
			[requests, limitOf(quota.requestsPerMinute), othersRequests] as const,
			[tokens, limitOf(quota.tokensPerMinute), othersTokens] as const,
			[output, limitOf(quota.outputTokensPerMinute), 0] as const,
		].flatMap(([amount, limit, used]) =>
			limit === null || limit === 0
				? []
				: [{requests, minutes: amount / Math.max(0, leftBeside(limit, spec.share, used))}],
		);
	});
	const [longest] = times.sort((first, second) => second.minutes - first.minutes);
	return longest === undefined
		? null
		: {minutes: longest.minutes, perMinute: longest.requests / longest.minutes};
};

/**
 * The plan with its duration at the rate that others leave.
 * @param others Of each target: use per minute of others and of other programs of the user.
 */
export function besideOthers(plan: Plan, spec: RunSpec, others: readonly Use[]): Plan {
	if (plan.quotaMinutes === null || others.every(({requests, tokens}) => requests + tokens <= 0)) {
		return plan;
	}
	const beside = minutesBeside(spec, requestsOf(spec).max, others);
	if (beside === null) {
		return {...plan, quotaMinutes: null};
	}
	return Number.isFinite(beside.minutes)
		? {...plan, quotaMinutes: beside.minutes, freePerMinute: beside.perMinute}
		: {
				...plan,
				quotaMinutes: null,
				remarks: [...plan.remarks, 'Others use the whole quota now: nothing is sent until they leave room.'],
			};
}

/** Warning that a share above 1 exceeds the quota; undefined for any other. */
const excessOf = ({share}: RunSpec): string | undefined =>
	share > 1
		? `This run goes over the quota on purpose (share ${share}): requests will be throttled, those of other applications in the same buckets too; --share 1 stays within it.`
		: undefined;

/** Warm-up requests: they cost as the rest does. */
const warmUpRemarks = ({load: {warmUpRequests = 0}, cells}: RunSpec): readonly string[] =>
	warmUpRequests === 0
		? []
		: [
				`${warmUpRequests * cells.length} requests warm up first: they cost as the others do, and no other figure counts them.`,
			];

/** How the requests of a chat are counted, and that the input of later turns is estimated. */
const chatRemarks = ({task: {chat}}: RunSpec): readonly string[] =>
	chat === undefined
		? []
		: [
				`Each conversation has ${chat.turns.length} turns, and each turn is a request that sends again what was said before it; the input of later turns is estimated, with answers as long as they may be.`,
			];

/** A replay lasts as long as its recording, or as the quota lets it: that is then said with the quota. */
const durationSecondsOf = (
	{load: {shape, durationMs}, task: {recorded = []}}: RunSpec,
	quotaMinutes: number | null,
): number | null => {
	if (durationMs !== null || shape !== 'replay') {
		return durationMs === null ? null : durationMs / 1000;
	}
	const seconds = Math.ceil((recorded.at(-1)?.atMs ?? 0) / 1000);
	return (quotaMinutes ?? 0) * 60 > Math.max(60, seconds) ? null : seconds;
};

/** Whose requests a model gets, where they were recorded on another one. */
const replayRemarks = ({task: {recorded = []}, targets, isBalanced}: RunSpec): readonly string[] =>
	isBalanced && recorded.length > 0
		? ['The recorded requests are spread over the models, whichever they were recorded on.']
		: targets.flatMap(({model}) => {
				const others = [...new Set(recorded.map((each) => each.model))];
				const own = recordedFor(recorded, model);
				if (own.length === 0 || (own.length === recorded.length && others.includes(model))) {
					return [];
				}
				return [
					others.includes(model)
						? `${model} gets the ${own.length === 1 ? '1 request that was' : `${formatCount(own.length)} requests that were`} recorded on it, of ${formatCount(recorded.length)}.`
						: `${model} gets ${own.length === 1 ? 'the only request' : `all ${formatCount(own.length)} requests`}, recorded on ${others.join(', ')}.`,
				];
			});

/** Warning that the items are too few to decide between the variants. */
const itemsRemarks = ({isEliminating = false, variants, task: {items}}: RunSpec): readonly string[] => {
	const least = fewestBlocks(variants.length - 1);
	const count = items.length;
	return !isEliminating || count === 0 || count >= least
		? []
		: [
				`${count} ${count === 1 ? 'item cannot' : 'items cannot'} decide between ${variants.length} variants, however often ${count === 1 ? 'it is' : 'they are'} asked: ${least} items are the least.`,
			];
};

/**
 * The plan of a run. Requests are spread evenly over the cells.
 * @param remarks Sentences from the resolution of quotas, shown with the plan.
 */
export function makePlan(spec: RunSpec, remarks: readonly string[]): Plan {
	const {planned, max} = requestsOf(spec);
	const excess = excessOf(spec);
	const costs = spec.cells.map((cell) => maxCostUsd(spec, cell));
	const greatestPart = greatestPartOf(spec, max);
	const quotaMinutes =
		greatestPart === null || spec.load.durationMs !== null ? null : greatestPart / spec.share;
	const judges = judgePlans(spec, max);
	const judgesUsd = judges.reduce<number | null>(
		(sum, {costUsd}) => (sum === null || costUsd === null ? null : sum + costUsd),
		0,
	);
	const isPriced =
		costs.every((cost) => cost !== null) && costs.length > 0 && (max === null || judgesUsd !== null);
	return {
		targets: spec.targets,
		requests: planned,
		...(spec.isEliminating ? {isMost: true} : {}),
		durationSeconds: durationSecondsOf(spec, quotaMinutes),
		quotaTokens:
			max === null
				? null
				: Math.round(max * meanOverRequests(spec, spec.cells, (cell) => maxQuotaTokens(spec, cell))),
		quotaShare: greatestPart === null ? null : Math.min(spec.share, greatestPart),
		quotaMinutes,
		costUsd:
			max === null || !isPriced
				? null
				: max * meanOverRequests(spec, spec.cells, (cell) => maxCostUsd(spec, cell) ?? 0) + (judgesUsd ?? 0),
		dearestRequestUsd: isPriced ? Math.max(...costs.map((cost) => cost ?? 0)) : null,
		priceSource: spec.cells.find((cell) => cell.price !== null)?.price?.source ?? null,
		remarks: [
			...remarks,
			...warmUpRemarks(spec),
			...chatRemarks(spec),
			...replayRemarks(spec),
			...itemsRemarks(spec),
			...judgeRemarks(judges),
			...dayRemarks(spec, max),
			...(excess === undefined ? [] : [excess]),
		],
		crowding: excess,
	};
}
