import type {VariantFigures} from '../../domain/figures-schema.ts';
import type {RunSpec} from '../../domain/run-spec.ts';
import type {Advice} from '../../domain/snapshot.ts';
import type {Scope, Target} from '../../domain/target.ts';
import type {Task, Variant} from '../../domain/variant.ts';
import {composePrompt} from '../../prompts/compose.ts';
import {costOfTypical, sustainableUnderReservation, type TypicalRequest} from './reservation-pressure.ts';
import {stoppedBy, stopWords} from './stop-words.ts';
import {dayBoundOf, sustainableBound} from './sustainable.ts';

/** One function for each kind of advice; each gives its line, or none. */

/** A gain below this is not worth a line. */
const leastGain = 1.02;
/** Most items that packing is advised for: more make the answers of a reply depend on each other. */
const mostPacked = 10;
/** Fewer tokens than this can be cached by no model that takes explicit cache points (AWS: 512 to 4,096). */
const leastCached = 512;

/** A variant on a target, with what it was run as. */
export type Subject = {
	readonly figures: VariantFigures;
	readonly variant: Variant;
	readonly target: Target;
	/** Max tokens that was sent. */
	readonly maxTokens: number;
	/** Sent at present where it is right-sized; undefined where it is not. */
	readonly learntMaxTokens?: number | undefined;
};

const scopeWords: Readonly<Record<Scope, string>> = {
	'on-demand': 'on-demand',
	'cross-region': 'cross-Region',
	global: 'global',
};

export const amount = (value: number): string =>
	value >= 100 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)));

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
export const betterMaxTokens = ({figures, target, maxTokens}: Subject): readonly Advice[] => {
	const {name, requests, maxTokensAdvice} = figures;
	if (requests.truncated > 0) {
		// More max tokens would not help those.
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
		sustainablePerMinute !== null &&
		sustainablePerMinute > 0 &&
		sustainablePerMinute >= (now ?? 0) * leastGain;
	if (value === null || !isGain || isBoundElsewhere) {
		return [];
	}
	const text =
		`${name}: max tokens ${value} fits its answers (risk of a cut ${amount((truncationRisk ?? 0) * 100)} %) and raises ` +
		`the sustainable rate from ${amount(now ?? 0)} to ${amount(sustainablePerMinute)} useful items a minute.`;
	return [{kind: 'max-tokens', text, usefulPerMinute: sustainablePerMinute}];
};

/** What is in flight binds, and no quota: how much more the quota allows, and what that needs (Little's law). */
const bindingConcurrency = (subject: Subject, reached: number): readonly Advice[] => {
	const {figures, target} = subject;
	const {name, latencyMs} = figures;
	const useful = usefulPerRequest(figures);
	const serviceMs = latencyMs.service.mean ?? 0;
	const allowed = sustainableUnderReservation(target.quota, typicalOf(subject));
	const inFlight = (rate: number): number => ((rate / useful) * serviceMs) / 60_000;
	if (allowed === undefined || allowed < reached * leastGain || useful === 0) {
		return [];
	}
	const text =
		`${name}: ${amount(Math.round(inFlight(reached)))} requests in flight bind, at ${amount(reached)} useful items a ` +
		`minute, and no quota; with about ${amount(Math.ceil(inFlight(allowed)))} the quota allows ${amount(allowed)}.`;
	return [{kind: 'limit', text, usefulPerMinute: allowed}];
};

/** Which limit binds. */
export const bindingLimit = (subject: Subject): readonly Advice[] => {
	const {figures, target} = subject;
	const {usefulPerMinute, limitedBy} = figures.sustainable;
	if (usefulPerMinute === null || limitedBy === 'none') {
		return [];
	}
	if (limitedBy === 'concurrency') {
		return bindingConcurrency(subject, usefulPerMinute);
	}
	const {requestsPerMinute, tokensPerMinute, tokensPerDay} = target.quota;
	const limit = {
		requests: `requests a minute (${amount(requestsPerMinute.value ?? 0)})`,
		tokens: `tokens a minute (${amount(tokensPerMinute.value ?? 0)})`,
		day: `tokens a day (${amount(tokensPerDay.value ?? 0)})`,
	}[limitedBy];
	const text = `${figures.name}: the quota of ${limit} binds, at ${amount(usefulPerMinute)} useful items a minute.`;
	const day = dayBoundOf(figures.sustainable);
	const minutes = (day ?? 0) / usefulPerMinute;
	const after = minutes < 120 ? `${amount(minutes)} minutes` : `${amount(minutes / 60)} hours`;
	const dayText = `${figures.name}: the day's quota (${amount(tokensPerDay.value ?? 0)} tokens) allows ${amount(day ?? 0)} useful items per day: it is used up after ${after} at that rate.`;
	return [
		{kind: 'limit', text, usefulPerMinute},
		...(day === undefined || usefulPerMinute <= 0
			? []
			: [{kind: 'limit' as const, text: dayText, usefulPerMinute: null}]),
	];
};

/** Packing helps where requests bind; input that packed items would share is not counted on. */
export const packing = (subject: Subject, task: Task): readonly Advice[] => {
	const {figures, variant, target} = subject;
	const {mean: quotaTokens} = figures.perRequest.quotaTokens;
	const {usefulPerMinute: rate, limitedBy} = figures.sustainable;
	const canPack = limitedBy === 'requests' && variant.itemsPerRequest === 1 && task.items.length > 1;
	if (!canPack || quotaTokens === null || rate === null) {
		return [];
	}
	const items = Math.min(mostPacked, task.items.length);
	const cost = costOfTypical({...typicalOf(subject), quotaTokens: quotaTokens * items});
	const packed = sustainableBound(target.quota, usefulPerRequest(figures) * items, cost);
	if (packed === undefined || packed.usefulPerMinute < rate * leastGain) {
		return [];
	}
	const {usefulPerMinute} = packed;
	const text = `${figures.name}: requests bind; ${items} items in a request would allow up to ${amount(usefulPerMinute)} useful items a minute, if the answers stay as good.`;
	return [{kind: 'packing', text, usefulPerMinute}];
};

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

/** Caching helps where tokens bind and the prompts begin alike: tokens read from the cache are not charged. */
export const caching = (subject: Subject, task: Task): readonly Advice[] => {
	const {figures, variant, target} = subject;
	const {quotaTokens, inputTokens} = figures.perRequest;
	const {usefulPerMinute: rate, limitedBy} = figures.sustainable;
	if (variant.cache || limitedBy !== 'tokens' || task.items.length < 2 || rate === null) {
		return [];
	}
	const {shared, length} = sharedPart(variant, task);
	const cached = Math.floor(((inputTokens.mean ?? 0) * shared) / length);
	const charged = (quotaTokens.mean ?? 0) - cached;
	if (cached < leastCached || charged <= 0) {
		return [];
	}
	const usefulPerMinute =
		sustainableUnderReservation(target.quota, {...typicalOf(subject), quotaTokens: charged}) ?? rate;
	const text = `${figures.name}: about ${amount(cached)} input tokens are the same in every request; read from the prompt cache they would cost no quota, which allows up to ${amount(usefulPerMinute)} useful items a minute, if the model can cache a part of that length.`;
	return usefulPerMinute < rate * leastGain ? [] : [{kind: 'caching', text, usefulPerMinute}];
};

/** Targets of one base model in several scopes draw from quotas of their own, which add up. */
export const otherScopes = (leaders: readonly Subject[]): readonly Advice[] => {
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
		const text = `${model}: ${names} have quotas of their own; --balance over them allows up to ${amount(usefulPerMinute)} useful items a minute.`;
		return [{kind: 'scope', text, usefulPerMinute}];
	});
};

/** A variant that is out because too many checks failed, by evidence. */
export const tooLowQuality = (
	{figures}: Subject,
	{minQuality}: Pick<RunSpec, 'minQuality'>,
): readonly Advice[] => {
	const {gate, passed, checked} = figures.quality;
	if (gate !== 'failed') {
		return [];
	}
	const text = `${figures.name} fails the minimum quality of ${minQuality}: ${passed} of ${checked} checks passed.`;
	return [{kind: 'quality', text, usefulPerMinute: null}];
};
