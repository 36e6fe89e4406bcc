import {charactersPerToken} from '../../domain/accounting.ts';
import type {Use} from '../../domain/bucket-usage.ts';
import type {Plan} from '../../domain/plan.ts';
import type {CellSpec, Price, RunSpec} from '../../domain/run-spec.ts';
import type {Limit, Target} from '../../domain/target.ts';
import type {Task} from '../../domain/task.ts';
import {chatInLane} from '../../prompts/compose.ts';
import {formatCount} from '../../text/numbers.ts';
import {cleanText} from '../../text/width.ts';
import {fewestBlocks} from './elimination.ts';

/** Requests that the items of a cell take; unlimited where it goes over all of them as often as it is asked to. */
export function requestsForItems({onlyItems}: Pick<CellSpec, 'onlyItems'>, itemsPerRequest: number): number {
	return onlyItems === undefined
		? Number.POSITIVE_INFINITY
		: Math.ceil(onlyItems.length / Math.max(1, itemsPerRequest));
}

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
		input += answerTokens + Math.ceil(turn.length / charactersPerToken);
		sum += input;
	}
	return sum / chat.turns.length;
}

/** What a run would send and cost at most, from its spec alone: every answer is taken to be as long as it may be. */

const minuteMs = 60_000;

const limitOf = (limit: Limit): number | null => (limit.state === 'known' ? limit.value : null);

const targetOf = (spec: RunSpec, cell: CellSpec): Target => {
	const target = spec.targets[cell.target];
	if (target === undefined) {
		throw new RangeError(`cell names target ${cell.target}, but there are ${spec.targets.length}`);
	}
	return target;
};

/** The cell at the most input tokens that its prompt can have: what nobody counted may be more than an estimate. */
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

/** USD of an input token at most: a variant that caches may write all of it. */
const inputPrice = ({variants}: RunSpec, {variant}: CellSpec, {input, cacheWrite}: Price): number =>
	variants[variant]?.cache === true ? Math.max(input, cacheWrite) : input;

const mean = (numbers: readonly number[]): number =>
	numbers.reduce((sum, number) => sum + number, 0) / Math.max(1, numbers.length);

/** Requests that the quotas allow at most in a time, with the shortest answers; null where no quota is known. */
const maxRequestsIn = (spec: RunSpec, durationMs: number): number | null => {
	// One window may already be full of room when the run starts.
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

/** Requests of the run: exact where a number ends it, the most that the quotas allow where a time does. */
const requestsOf = (spec: RunSpec): {planned: number | null; most: number | null} => {
	const {load, maxRequests, task} = spec;
	const turns = task.chat?.turns.length ?? 1;
	const planned =
		load.requests === null
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
	// What warms up counts against the most that may be sent, as every other request does.
	const ends = [...(bounds.length === 0 ? [] : [Math.min(...bounds) + warmUp]), maxRequests];
	const known = ends.filter((end) => end !== null);
	const most = known.length === 0 ? null : Math.min(...known);
	return {planned: planned === null ? null : Math.min(planned, maxRequests ?? planned), most};
};

/** Requests and quota tokens that a target may get at most; infinite where nothing but the quota ends the run. */
const maxOf = (spec: RunSpec, most: number | null, target: number): {requests: number; tokens: number} => {
	const cells = spec.cells.filter((cell) => cell.target === target);
	const requests = most === null ? Number.POSITIVE_INFINITY : (most * cells.length) / spec.cells.length;
	return {requests, tokens: requests * mean(cells.map((cell) => maxQuotaTokens(spec, cell)))};
};

/** Which models have less left per day than the run may take: they are given up there. */
const dayRemarks = (spec: RunSpec, most: number | null): readonly string[] =>
	spec.targets.flatMap(({model, quota}, index) => {
		const perDay = limitOf(quota.tokensPerDay);
		const {tokens} = maxOf(spec, most, index);
		return perDay === null || !Number.isFinite(tokens) || tokens <= perDay
			? []
			: [
					`The run may take ${formatCount(Math.round(tokens))} quota tokens of ${cleanText(model)}, and its quota allows ${formatCount(perDay)} per day: it is given up when they are used.`,
				];
	});

/** The plan over a minute's limit, for the limit of which it takes the greatest part; null where no limit is known. */
const greatestPartOf = (spec: RunSpec, most: number | null): number | null => {
	const shares = spec.targets.flatMap((target, index) => {
		const {requests, tokens} = maxOf(spec, most, index);
		return [
			[requests, limitOf(target.quota.requestsPerMinute)] as const,
			[tokens, limitOf(target.quota.tokensPerMinute)] as const,
		].flatMap(([amount, limit]) => (limit === null || limit === 0 ? [] : [amount / limit]));
	});
	return shares.length === 0 ? null : Math.max(...shares);
};

/** Minutes of the run at what others leave of the quotas; infinite where they leave nothing, null where no limit is known. */
const minutesBeside = (spec: RunSpec, most: number | null, others: readonly Use[]): number | null => {
	const minutes = spec.targets.flatMap(({quota: {requestsPerMinute, tokensPerMinute}}, index) => {
		const {requests, tokens} = maxOf(spec, most, index);
		const {requests: othersRequests, tokens: othersTokens} = others[index] ?? {requests: 0, tokens: 0};
		return [
			[requests, limitOf(requestsPerMinute), othersRequests] as const,
			[tokens, limitOf(tokensPerMinute), othersTokens] as const,
		].flatMap(([amount, limit, used]) =>
			limit === null || limit === 0 ? [] : [amount / Math.max(0, limit * spec.share - used)],
		);
	});
	return minutes.length === 0 ? null : Math.max(...minutes);
};

/**
 * A plan beside others: how long it takes at the rate that they leave.
 * @param others Of each target: what others, other programs of one's own included, use per minute.
 */
export function besideOthers(plan: Plan, spec: RunSpec, others: readonly Use[]): Plan {
	if (plan.quotaMinutes === null || others.every(({requests, tokens}) => requests + tokens <= 0)) {
		return plan;
	}
	const minutes = minutesBeside(spec, requestsOf(spec).most, others);
	return minutes === null || Number.isFinite(minutes)
		? {...plan, quotaMinutes: minutes}
		: {
				...plan,
				quotaMinutes: null,
				remarks: [...plan.remarks, 'Others use the whole quota now: nothing is sent until they leave room.'],
			};
}

/** That a share above 1 goes over the quota, and whom that concerns; undefined for any other. */
const excessOf = ({share}: RunSpec): string | undefined =>
	share > 1
		? `This run goes over the quota on purpose (share ${share}): requests will be throttled, those of other applications in the same buckets too; --share 1 stays within it.`
		: undefined;

/** What is sent before anything is counted; it costs as the rest does. */
const warmUpRemarks = ({load: {warmUpRequests = 0}, cells}: RunSpec): readonly string[] =>
	warmUpRequests === 0
		? []
		: [
				`${warmUpRequests * cells.length} requests warm up first: they cost as the others do, and no other figure counts them.`,
			];

/** How the requests of a chat are counted, and that the input of its later turns is a guess. */
const chatRemarks = ({task: {chat}}: RunSpec): readonly string[] =>
	chat === undefined
		? []
		: [
				`Each conversation has ${chat.turns.length} turns, and each turn is a request that sends again what was said before it; the input of later turns is estimated, with answers as long as they may be.`,
			];

/** That so few items cannot decide between the variants, however often they are asked. */
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
	const {planned, most} = requestsOf(spec);
	const excess = excessOf(spec);
	const costs = spec.cells.map((cell) => maxCostUsd(spec, cell));
	const greatestPart = greatestPartOf(spec, most);
	const isPriced = costs.every((cost) => cost !== null) && costs.length > 0;
	return {
		targets: spec.targets,
		requests: planned,
		...(spec.isEliminating ? {isMost: true} : {}),
		durationSeconds: spec.load.durationMs === null ? null : spec.load.durationMs / 1000,
		quotaTokens:
			most === null ? null : Math.round(most * mean(spec.cells.map((cell) => maxQuotaTokens(spec, cell)))),
		quotaShare: greatestPart === null ? null : Math.min(spec.share, greatestPart),
		quotaMinutes: greatestPart === null || spec.load.durationMs !== null ? null : greatestPart / spec.share,
		costUsd: most === null || !isPriced ? null : most * mean(costs.map((cost) => cost ?? 0)),
		dearestRequestUsd: isPriced ? Math.max(...costs.map((cost) => cost ?? 0)) : null,
		priceSource: spec.cells.find((cell) => cell.price !== null)?.price?.source ?? null,
		remarks: [
			...remarks,
			...warmUpRemarks(spec),
			...chatRemarks(spec),
			...itemsRemarks(spec),
			...dayRemarks(spec, most),
			...(excess === undefined ? [] : [excess]),
		],
		crowding: excess,
	};
}
