import type {VariantFigures} from '../../domain/figures-schema.ts';
import type {CellSpec, RunSpec} from '../../domain/run-config.ts';
import type {Advice, Timeline} from '../../domain/snapshot.ts';
import {dayQuotaOf, type Scope, type Target} from '../../domain/target.ts';
import type {Task, Variant} from '../../domain/task.ts';
import {composePrompt} from '../../prompts/compose.ts';
import {formatCount, formatNumber, formatPercent} from '../../text/numbers.ts';
import type {Figures} from '../figures/figures.ts';
import {readTimeoutAdvice} from './client-settings.ts';
import {
	costOfTypical,
	dayBoundOf,
	quotaIncreaseAdvice,
	sustainableBound,
	sustainableUnderReservation,
	type TypicalRequest,
} from './sustainable.ts';
import {stoppedBy, stopWords} from './verdict-words.ts';

/** One function for each kind of advice; each gives its line, or none. */

/** Smallest gain worth a line. */
const minGain = 1.02;
/** Maximum of items that packing is advised for: with more, the answers of a reply depend on each other. */
const maxPacked = 10;
/** Smallest prefix that any model with explicit cache points can cache (AWS: 512 to 4,096 tokens). */
const minCached = 512;

/** A variant on a target, with what it was run as. */
type Subject = {
	readonly figures: VariantFigures;
	readonly variant: Variant;
	readonly target: Target;
	/** Max tokens that was sent. */
	readonly maxTokens: number;
	/** Value now where it is right-sized; undefined otherwise. */
	readonly learntMaxTokens?: number | undefined;
};

const scopeWords: Readonly<Record<Scope, string>> = {
	'on-demand': 'on-demand',
	'cross-region': 'cross-Region',
	mantle: 'bedrock-mantle',
	global: 'global',
};

const usefulPerRequest = ({items, requests}: VariantFigures): number =>
	requests.succeeded === 0 ? 0 : items.useful / requests.succeeded;

/** A request of a variant as it was on average. */
const typicalOf = ({figures, maxTokens}: Pick<Subject, 'figures' | 'maxTokens'>): TypicalRequest => ({
	useful: usefulPerRequest(figures),
	quotaTokens: figures.perRequest.quotaTokens.mean ?? 0,
	reservedTokens: figures.perRequest.reservedTokens.mean ?? 0,
	serviceMs: figures.latencyMs.service.mean ?? 0,
	timeToFirstTokenMs: figures.latencyMs.timeToFirstToken.mean ?? undefined,
	reservedByService: (figures.perRequest.inputTokens.mean ?? 0) + maxTokens,
	countsFrom: figures.sustainable.countsFrom,
});

/** A max tokens that fits the answers, when it raises the rate; or that answers were cut off. */
export function betterMaxTokens({figures, target, maxTokens}: Subject): readonly Advice[] {
	const {name, requests, maxTokensAdvice} = figures;
	if (requests.truncated > 0) {
		// More max tokens would not help these.
		const beyondWindow = stoppedBy(figures, stopWords.windowFull);
		const atLimit = requests.truncated - beyondWindow;
		const texts = [
			...(beyondWindow === 0
				? []
				: [
						`${name}: ${beyondWindow} of ${requests.succeeded} prompts and answers did not fit the window of the model together; shorten the prompt.`,
					]),
			...(atLimit <= 0
				? []
				: [
						`${name}: ${atLimit} of ${requests.succeeded} answers were cut off at ${maxTokens} max tokens and are not useful; raise it.`,
					]),
		];
		return texts.map((text) => ({kind: 'max-tokens', text, usefulPerMinute: null}));
	}
	const {value, truncationRisk, sustainablePerMinute} = maxTokensAdvice;
	const now = sustainableUnderReservation(target.quota, typicalOf({figures, maxTokens}));
	const isBoundElsewhere = figures.sustainable.limitedBy === 'concurrency';
	// Where no answer was useful, both are 0.
	const isGain =
		sustainablePerMinute !== null && sustainablePerMinute > 0 && sustainablePerMinute >= (now ?? 0) * minGain;
	if (value === null || !isGain || isBoundElsewhere) {
		return [];
	}
	const text =
		`${name}: max tokens ${value} fits its answers (risk of a cut ${formatNumber((truncationRisk ?? 0) * 100)}%) and raises ` +
		`the sustainable rate from ${formatNumber(now ?? 0)} to ${formatNumber(sustainablePerMinute)} useful items per minute.`;
	return [{kind: 'max-tokens', text, usefulPerMinute: sustainablePerMinute}];
}

/** The concurrency is the limit: how much more the quota allows, and how many in flight that needs (Little's law). */
const concurrencyLimit = (subject: Subject, reached: number): readonly Advice[] => {
	const {figures, target} = subject;
	const {name, latencyMs} = figures;
	const useful = usefulPerRequest(figures);
	const serviceMs = latencyMs.service.mean ?? 0;
	const allowed = sustainableUnderReservation(target.quota, typicalOf(subject));
	const inFlight = (rate: number): number => ((rate / useful) * serviceMs) / 60_000;
	if (allowed === undefined || allowed < reached * minGain || useful === 0) {
		return [];
	}
	const text =
		`${name}: limited by ${formatNumber(Math.round(inFlight(reached)))} requests in flight to ${formatNumber(reached)} useful items per ` +
		`minute; with about ${formatNumber(Math.ceil(inFlight(allowed)))} in flight the quota allows ${formatNumber(allowed)}.`;
	return [{kind: 'limit', text, usefulPerMinute: allowed}];
};

/** What others leave of a rate, and by which limit where that is another; empty where nothing of them is known. */
const besideWords = ({sustainable: {limitedBy, afterOthers}}: VariantFigures): string => {
	if (afterOthers === undefined || afterOthers.usefulPerMinute === null) {
		return '';
	}
	const {usefulPerMinute, othersShare, limitedBy: cause = limitedBy} = afterOthers;
	const by = cause === limitedBy || cause === 'none' ? '' : `, limited by ${cause}`;
	return `; others use ${formatPercent(othersShare)} of the quota and leave ${formatNumber(usefulPerMinute)}${by}`;
};

/** What the rate is limited by. */
function limitAdvice(subject: Subject): readonly Advice[] {
	const {figures, target} = subject;
	const {usefulPerMinute, limitedBy} = figures.sustainable;
	if (usefulPerMinute === null || limitedBy === 'none') {
		return [];
	}
	if (limitedBy === 'concurrency') {
		return concurrencyLimit(subject, usefulPerMinute);
	}
	const {requestsPerMinute, tokensPerMinute, outputTokensPerMinute} = target.quota;
	const {limit: tokensPerDay, isShared} = dayQuotaOf(target.quota);
	const limit = {
		output: `output tokens per minute (${formatNumber(outputTokensPerMinute?.value ?? 0)})`,
		requests: `requests per minute (${formatNumber(requestsPerMinute.value ?? 0)})`,
		tokens: `tokens per minute (${formatNumber(tokensPerMinute.value ?? 0)})`,
		day: `tokens per day (${formatNumber(tokensPerDay.value ?? 0)})`,
	}[limitedBy];
	const text = `${figures.name}: limited by the quota of ${limit} to ${formatNumber(usefulPerMinute)} useful items per minute${besideWords(figures)}.`;
	const day = dayBoundOf(figures.sustainable);
	const minutes = (day ?? 0) / usefulPerMinute;
	const after = minutes < 120 ? `${formatNumber(minutes)} minutes` : `${formatNumber(minutes / 60)} hours`;
	const dayText = `${figures.name}: the day's quota (${formatNumber(tokensPerDay.value ?? 0)} tokens${isShared ? ' for all models, by estimate' : ''}) allows ${formatNumber(day ?? 0)} useful items per day: it is used up after ${after} at that rate.`;
	return [
		{kind: 'limit', text, usefulPerMinute},
		...(day === undefined || usefulPerMinute <= 0
			? []
			: [{kind: 'limit' as const, text: dayText, usefulPerMinute: null}]),
	];
}

/** Packing helps where requests are the limit; input that packed items would share is ignored. */
function packing(subject: Subject, task: Task): readonly Advice[] {
	const {figures, variant, target} = subject;
	const {mean: quotaTokens} = figures.perRequest.quotaTokens;
	const {usefulPerMinute: rate, limitedBy} = figures.sustainable;
	const canPack = limitedBy === 'requests' && variant.itemsPerRequest === 1 && task.items.length > 1;
	if (!canPack || quotaTokens === null || rate === null) {
		return [];
	}
	const items = Math.min(maxPacked, task.items.length);
	const cost = costOfTypical({...typicalOf(subject), quotaTokens: quotaTokens * items});
	const packed = sustainableBound(target.quota, usefulPerRequest(figures) * items, cost);
	if (packed === undefined || packed.usefulPerMinute < rate * minGain) {
		return [];
	}
	const {usefulPerMinute} = packed;
	const text = `${figures.name}: limited by requests; ${items} items per request would allow up to ${formatNumber(usefulPerMinute)} useful items per minute, if the answers stay as good.`;
	return [{kind: 'packing', text, usefulPerMinute}];
}

/** Characters that the prompts of two items begin with alike, and their mean length. */
const sharedPart = (variant: Variant, task: Task): {readonly shared: number; readonly length: number} => {
	const [first = '', second = ''] = task.items.slice(0, 2).map((item) => {
		const {system, user} = composePrompt(variant, task, [item]);
		return `${system ?? ''}\n${user}`;
	});
	let shared = 0;
	while (shared < Math.min(first.length, second.length) && first[shared] === second[shared]) {
		shared++;
	}
	return {shared, length: Math.max(1, (first.length + second.length) / 2)};
};

/** Caching helps where tokens are the limit and the prompts begin alike: tokens read from the cache are not charged. */
function caching(subject: Subject, task: Task): readonly Advice[] {
	const {figures, variant, target} = subject;
	const {quotaTokens, inputTokens} = figures.perRequest;
	const {usefulPerMinute: rate, limitedBy} = figures.sustainable;
	if (variant.cache || limitedBy !== 'tokens' || task.items.length < 2 || rate === null) {
		return [];
	}
	const {shared, length} = sharedPart(variant, task);
	const cached = Math.floor(((inputTokens.mean ?? 0) * shared) / length);
	const charged = (quotaTokens.mean ?? 0) - cached;
	if (cached < minCached || charged <= 0) {
		return [];
	}
	const usefulPerMinute =
		sustainableUnderReservation(target.quota, {...typicalOf(subject), quotaTokens: charged}) ?? rate;
	const text = `${figures.name}: about ${formatNumber(cached)} input tokens are the same in every request; read from the prompt cache they would cost no quota, which allows up to ${formatNumber(usefulPerMinute)} useful items per minute, if the model can cache a part of that length.`;
	return usefulPerMinute < rate * minGain ? [] : [{kind: 'caching', text, usefulPerMinute}];
}

/** The scopes of a base model have separate quotas, which add up. */
function otherScopes(leaders: readonly Subject[]): readonly Advice[] {
	const models = [...new Set(leaders.map(({target}) => target.baseModel))];
	return models.flatMap((model) => {
		const same = leaders.filter(({target}) => target.baseModel === model);
		const scopes = [...new Set(same.map(({target}) => target.scope))];
		const rates = same.map(({figures}) => figures.sustainable.usefulPerMinute ?? 0);
		if (scopes.length < 2 || rates.length !== scopes.length || rates.includes(0)) {
			return [];
		}
		const usefulPerMinute = rates.reduce((sum, rate) => sum + rate, 0);
		const names = scopes.map((scope) => scopeWords[scope]).join(' and ');
		const text = `${model}: ${names} have separate quotas; --balance over them allows up to ${formatNumber(usefulPerMinute)} useful items per minute.`;
		return [{kind: 'scope', text, usefulPerMinute}];
	});
}

/** A variant that failed the quality gate. */
function tooLowQuality({figures}: Subject, {minQuality}: Pick<RunSpec, 'minQuality'>): readonly Advice[] {
	const {gate, passed, checked} = figures.quality;
	if (gate !== 'failed') {
		return [];
	}
	const text = `${figures.name} fails the minimum quality of ${minQuality}: ${passed} of ${checked} checks passed.`;
	return [{kind: 'quality', text, usefulPerMinute: null}];
}

/** Result of `--max-tokens auto`: the value, the risk of a cut answer, and the rate it allows. */
function learntAdvice({figures, maxTokens, learntMaxTokens}: Subject): readonly Advice[] {
	const {name, requests, maxTokensAdvice} = figures;
	if (learntMaxTokens === undefined || requests.succeeded === 0) {
		return [];
	}
	const {value, truncationRisk, sustainablePerMinute} = maxTokensAdvice;
	const learnt =
		learntMaxTokens === maxTokens
			? `${name}: auto keeps ${formatNumber(maxTokens)} max tokens`
			: `${name}: auto learnt ${formatNumber(learntMaxTokens)} max tokens instead of ${formatNumber(maxTokens)}`;
	if (requests.truncated > 0) {
		const fate =
			learntMaxTokens === maxTokens ? 'are not useful' : `were asked again with ${formatNumber(maxTokens)}`;
		const cut = `${requests.truncated} of ${requests.succeeded} answers were cut off and ${fate}`;
		return [{kind: 'max-tokens', text: `${learnt}; ${cut}.`, usefulPerMinute: null}];
	}
	if (value === null || truncationRisk === null) {
		const few = `${requests.succeeded} answers are too few to estimate the risk of a cut`;
		return [{kind: 'max-tokens', text: `${learnt}; ${few}.`, usefulPerMinute: null}];
	}
	const rate =
		sustainablePerMinute === null
			? ''
			: `, and the quota then allows ${formatNumber(sustainablePerMinute)} useful items per minute`;
	const text = `${learnt}; ${formatNumber(value)} fits its answers (risk of a cut ${formatNumber(truncationRisk * 100)}%)${rate}.`;
	return [{kind: 'max-tokens', text, usefulPerMinute: sustainablePerMinute}];
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/**
 * Loss of a loop that drops throttled requests: those whose first attempt was throttled in this run. A lower bound, for such
 * a loop does not slow down either.
 */
function unpacedBaseline({variants}: Pick<Figures, 'variants'>): readonly Advice[] {
	const sent = sum(variants.map(({requests}) => requests.sent));
	const lost = sum(variants.map(({firstThrottled}) => firstThrottled.requests));
	const rescued = sum(variants.map(({firstThrottled}) => firstThrottled.rescued));
	if (lost === 0) {
		return [];
	}
	const text =
		`A naive loop, which drops throttled requests, would have lost at least ${formatCount(lost)} of ${formatCount(sent)} requests ` +
		`(${formatPercent(lost / sent)}), whose first attempts were throttled here. Retried, ${formatCount(rescued)} of them were answered.`;
	return [{kind: 'retries', text, usefulPerMinute: null}];
}

/** What the advice is made from. */
export type AdviceInput = {
	readonly spec: Pick<
		RunSpec,
		'isBalanced' | 'cells' | 'targets' | 'goal' | 'method' | 'minQuality' | 'variants' | 'task'
	>;
	readonly figures: Figures;
	readonly variants: readonly VariantFigures[];
	readonly timeline: Timeline;
	/** Of each target, the cell that advice is about: the recommended one, else the leader. */
	readonly leaders: ReadonlyArray<number | undefined>;
	/** Of each cell, now; undefined unless max tokens are right-sized. */
	readonly learntMaxTokens?: readonly number[] | undefined;
};

const cellsOf = ({cells}: {readonly cells: readonly CellSpec[]}, target: number): readonly number[] =>
	cells.flatMap((cell, index) => (cell.target === target ? [index] : []));

const subjectOf = ({spec, variants, learntMaxTokens}: AdviceInput, index: number): Subject | undefined => {
	const cell = spec.cells[index];
	const figures = variants[index];
	const variant = cell === undefined ? undefined : spec.variants[cell.variant];
	const target = cell === undefined ? undefined : spec.targets[cell.target];
	return cell === undefined || figures === undefined || variant === undefined || target === undefined
		? undefined
		: {figures, variant, target, maxTokens: cell.maxTokens, learntMaxTokens: learntMaxTokens?.[index]};
};

/** What the figures advise, each line with its figure: for each target, then over the targets. */
export function adviceOf(input: AdviceInput): readonly Advice[] {
	const {spec, figures, timeline} = input;
	const leaders: Subject[] = [];
	const ofTargets = spec.targets.flatMap((target, index) => {
		const cells = cellsOf(spec, index);
		const subjects = cells.map((cell) => subjectOf(input, cell)).filter((subject) => subject !== undefined);
		const ofVariants = subjects.flatMap((subject) => [
			...(subject.learntMaxTokens === undefined ? betterMaxTokens(subject) : learntAdvice(subject)),
			...tooLowQuality(subject, spec),
		]);
		const leader = input.leaders[index];
		const subject = leader === undefined ? undefined : subjectOf(input, leader);
		if (subject === undefined) {
			return ofVariants;
		}
		leaders.push(subject);
		return [
			...limitAdvice(subject),
			...packing(subject, spec.task),
			...caching(subject, spec.task),
			...ofVariants,
			...quotaIncreaseAdvice(subject.figures, target, index, timeline),
		];
	});
	return [
		...ofTargets,
		...(spec.isBalanced ? [] : otherScopes(leaders)),
		...readTimeoutAdvice(input.variants, spec.method.endsWith('-stream')),
		...unpacedBaseline(figures),
	];
}
