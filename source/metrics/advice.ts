import {type Cell, type Goal, goals, type RunSpec} from '../engine/run-spec.ts';
import type {Target} from '../engine/target.ts';
import type {Figures} from './figures.ts';
import {quotaIncreaseAdvice} from './quota-increase.ts';
import {type Ranking, rank} from './ranking.ts';
import {sustainableUnderReservation} from './reservation-pressure.ts';
import type {Advice, Best, Timeline, VariantFigures} from './snapshot.ts';
import {sustainableBound} from './sustainable.ts';

/** Gain below which a change of max tokens is not worth a line. */
const leastGain = 1.02;
/** Most items that packing is advised for: more make the answers of a reply depend on each other. */
const mostPacked = 10;

const inWords: Readonly<Record<Goal, string>> = {
	throughput: 'throughput',
	efficiency: 'quota tokens a useful item',
	cost: 'cost a useful item',
	latency: 'latency',
};

const figure = (value: number): string =>
	value >= 100 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)));

/** What the advice is made from. */
export type AdviceInput = {
	readonly spec: Pick<RunSpec, 'cells' | 'targets' | 'goal' | 'minQuality' | 'variants' | 'task'>;
	readonly figures: Figures;
	readonly variants: readonly VariantFigures[];
	readonly timeline: Timeline;
};

const cellsOf = ({cells}: {readonly cells: readonly Cell[]}, target: number): readonly number[] =>
	cells.flatMap((cell, index) => (cell.target === target ? [index] : []));

const rankingOf = ({spec, figures, variants}: AdviceInput, target: number, goal: Goal): Ranking =>
	rank(goal, figures, cellsOf(spec, target), variants, spec.minQuality);

/** Winner of each goal for each target. */
export const bestOf = (input: AdviceInput): readonly Best[] =>
	input.spec.targets.map((_target, target) => {
		const winners = goals.map((goal) => [goal, rankingOf(input, target, goal).winner?.name ?? null] as const);
		return {target, ...(Object.fromEntries(winners) as Record<Goal, string | null>)};
	});

const noWinnerAdvice = (ranking: Ranking, goal: Goal, model: string): readonly Advice[] => {
	const {leader, winner, moreRequests} = ranking;
	if (leader === undefined || winner !== undefined) {
		return [];
	}
	const tell =
		moreRequests === undefined
			? 'more requests would not tell'
			: `about ${figure(moreRequests)} more requests a variant would tell`;
	const text = `${model}: no clear winner for ${inWords[goal]}; ${leader.name} leads, ${tell}.`;
	return [{kind: 'no-clear-winner', text, usefulPerMinute: leader.sustainable.usefulPerMinute}];
};

const maxTokensAdvice = (variant: VariantFigures, cell: Cell, target: Target): readonly Advice[] => {
	const {value, truncationRisk, sustainablePerMinute} = variant.maxTokensAdvice;
	const {truncated, succeeded} = variant.requests;
	if (truncated > 0) {
		const text = `${variant.name}: ${truncated} of ${succeeded} answers were cut off at ${cell.maxTokens} max tokens and are not useful; raise it.`;
		return [{kind: 'max-tokens', text, usefulPerMinute: null}];
	}
	const now = sustainableUnderReservation(target.quota, {
		useful: succeeded === 0 ? 0 : variant.items.useful / succeeded,
		quotaTokens: variant.perRequest.quotaTokens.mean ?? 0,
		reservedTokens: variant.perRequest.reservedTokens.mean ?? 0,
		serviceMs: variant.latencyMs.service.mean ?? 0,
	});
	if (value === null || sustainablePerMinute === null || now === undefined || now === 0) {
		return [];
	}
	if (sustainablePerMinute < now * leastGain) {
		return [];
	}
	const text = `${variant.name}: max tokens ${value} fits its answers (risk of a cut ${figure((truncationRisk ?? 0) * 100)} %) and raises the sustainable rate from ${figure(now)} to ${figure(sustainablePerMinute)} useful items a minute.`;
	return [{kind: 'max-tokens', text, usefulPerMinute: sustainablePerMinute}];
};

const limitAdvice = (variant: VariantFigures, target: Target): readonly Advice[] => {
	const {usefulPerMinute, limitedBy} = variant.sustainable;
	if (usefulPerMinute === null || limitedBy === 'none' || limitedBy === 'concurrency') {
		return [];
	}
	const limit = {
		requests: `requests a minute (${figure(target.quota.requestsPerMinute.value ?? 0)})`,
		tokens: `tokens a minute (${figure(target.quota.tokensPerMinute.value ?? 0)})`,
		day: `tokens a day (${figure(target.quota.tokensPerDay.value ?? 0)})`,
	}[limitedBy];
	const text = `${variant.name}: the quota of ${limit} binds, at ${figure(usefulPerMinute)} useful items a minute.`;
	return [{kind: 'limit', text, usefulPerMinute}];
};

/** Packing helps where requests bind and items remain; input that the items would share is not counted on. */
const packingAdvice = (
	variant: VariantFigures,
	spec: AdviceInput['spec'],
	target: Target,
): readonly Advice[] => {
	const cell = spec.cells.find(
		(each) =>
			spec.variants[each.variant]?.name === variant.name && spec.targets.indexOf(target) === each.target,
	);
	const packed = cell === undefined ? 1 : (spec.variants[cell.variant]?.itemsPerRequest ?? 1);
	const {mean: quotaTokens} = variant.perRequest.quotaTokens;
	const rate = variant.sustainable.usefulPerMinute;
	const isFitting =
		variant.sustainable.limitedBy === 'requests' && packed === 1 && spec.task.items.length > 1;
	if (!isFitting || quotaTokens === null || rate === null || variant.requests.succeeded === 0) {
		return [];
	}
	const useful = variant.items.useful / variant.requests.succeeded;
	const items = Math.min(mostPacked, spec.task.items.length);
	const packedRate =
		sustainableBound(target.quota, useful * items, quotaTokens * items)?.usefulPerMinute ?? rate;
	if (packedRate < rate * leastGain) {
		return [];
	}
	const text = `${variant.name}: requests bind; ${items} items in a request would allow up to ${figure(packedRate)} useful items a minute, if the answers stay as good.`;
	return [{kind: 'packing', text, usefulPerMinute: packedRate}];
};

const qualityAdvice = (variant: VariantFigures, minQuality: number | null): readonly Advice[] => {
	const {score, passed, checked} = variant.quality;
	if (minQuality === null || score === null || score >= minQuality) {
		return [];
	}
	const text = `${variant.name} cannot win: ${passed} of ${checked} checks passed, below the minimum quality of ${minQuality}.`;
	return [{kind: 'quality', text, usefulPerMinute: null}];
};

/** What the figures advise, each line with its figure, for each target. */
export const adviceOf = (input: AdviceInput): readonly Advice[] =>
	input.spec.targets.flatMap((target, index) => {
		const cells = cellsOf(input.spec, index);
		const ranking = rankingOf(input, index, input.spec.goal);
		const perVariant = cells.flatMap((position) => {
			const variant = input.variants[position];
			const cell = input.spec.cells[position];
			return variant === undefined || cell === undefined
				? []
				: [...maxTokensAdvice(variant, cell, target), ...qualityAdvice(variant, input.spec.minQuality)];
		});
		const {leader} = ranking;
		return leader === undefined
			? perVariant
			: [
					...noWinnerAdvice(ranking, input.spec.goal, target.model),
					...limitAdvice(leader, target),
					...packingAdvice(leader, input.spec, target),
					...perVariant,
					...quotaIncreaseAdvice(leader, target, index, input.timeline),
				];
	});
