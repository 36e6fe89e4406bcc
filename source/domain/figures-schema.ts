import {z} from 'zod';
import {countsFrom, lanes} from './bucket-usage.ts';
import type {Goal} from './run-config.ts';
import {compressions, levers} from './task.ts';

/**
 * The figures of a variant, of a search and of an optimisation: one schema, which is the type inside the program, the check when results are
 * read back, and a part of the published JSON Schema. Null means not known, never 0. Only types are imported where
 * figures are made, so that a run does not load zod for them.
 */

/**
 * `winner`: every other is out; `tie`: those left are practically equal; `undecided`: the budget ended first, or
 * the leader's quality is not proven; `only`: one variant was run; `none`: no useful answer, or every gate failed.
 */
export const verdictBases = ['winner', 'tie', 'undecided', 'only', 'none'] as const;
type VerdictBasis = (typeof verdictBases)[number];

/** `off`: it was given up, nothing can be sent to it. */
const variantStates = ['in', 'out', 'leader', 'off'] as const;
export type VariantState = (typeof variantStates)[number];

/** Whether the quality is proven to be above or below `minQuality`; `none` without a gate. */
const gateStates = ['none', 'passed', 'failed', 'unproven'] as const;
export type GateState = (typeof gateStates)[number];

/** What to use for a goal, and why. Names as in results.json. */
export type Verdict = {
	/** Index into the targets. */
	readonly target: number;
	readonly goal: Goal;
	/** Name of the variant to use; null without a verdict. */
	readonly recommended: string | null;
	readonly basis: VerdictBasis;
	/** The variants still in. */
	readonly leaders: readonly string[];
	readonly tieBrokenBy: Goal | null;
	/** Lower bounds of the recommended one's lead: 1.2 is 20% more. */
	readonly beaten: ReadonlyArray<{readonly name: string; readonly atLeast: number}>;
	readonly text: string;
};

/** How many of something. */
export const count = z.int().nonnegative();

/** A quantity that may not be known. */
export const quantity = z.number().nullable();

/** USD at least and at most, where the fate of an attempt or the price of an answer is not known. */
export const costRange = z
	.object({low: z.number().nonnegative(), high: z.number().nonnegative().nullable()})
	.describe(
		'where the fate of an attempt or the price of an answer is not known: what it cost at least and at most; high is null where no upper bound is known',
	);

/** Mean over the succeeded requests with its 95% interval. */
const mean = z.object({mean: quantity, low: quantity, high: quantity});

/** Distribution in milliseconds; a percentile with too few samples is null. */
export const distribution = z.object({
	count,
	mean: quantity,
	p50: quantity,
	p90: quantity,
	p99: quantity,
	max: quantity,
	histogram: z.array(z.tuple([z.number().describe('upper bound in milliseconds'), count])).max(60),
});

/** One turn of a conversation, over its answers. */
const turn = z.object({
	turn: z.int().positive().describe('place in the conversation, from 1'),
	requests: count.describe('answered ones'),
	inputTokens: mean.describe('the history and cached tokens included'),
	outputTokens: mean,
	quotaTokens: mean,
	timeToFirstToken: distribution,
});

/** The answers of a variant that caches which wrote the cache, or which read it. */
const cachingSide = z.object({
	requests: count.describe('answered ones'),
	inputTokens: mean.describe('what was read and written included'),
	quotaTokens: mean.describe('settled: what was read is free'),
	timeToFirstToken: distribution,
});

const prompt = z.object({system: z.string().nullable(), user: z.string().nullable()});

const limitedBy = ['requests', 'tokens', 'output', 'day', 'concurrency', 'none'] as const;

const share = z.number().min(0).max(1);

/** The figures of one variant on one target in one lane. */
export const variantSchema = z.object({
	name: z.string(),
	target: count.describe('index into targets'),
	lane: z.enum(lanes),
	requests: z.object({
		sent: count.describe('logical requests'),
		succeeded: count.describe('answered, truncated and refused included'),
		truncated: count,
		refused: count,
		attempts: count.describe('HTTP exchanges'),
		throttled: z.object({requests: count, tokens: count, day: count, overloaded: count}).describe('attempts'),
		failed: z.record(z.string(), count).describe('attempts by class of failure'),
	}),
	items: z.object({
		sent: count,
		useful: count,
		checkFailed: count,
		unparsed: count,
		empty: count.exactOptional().describe('part of checkFailed: nothing was answered'),
	}),
	tokens: z.object({
		input: count,
		output: count,
		cacheRead: count,
		cacheWrite: count,
		reasoning: count.nullable(),
		quota: z.number().nonnegative().describe('settled quota tokens'),
		reserved: z.number().nonnegative(),
		overruns: count,
		estimated: z.boolean(),
	}),
	attemptsBroken: z
		.object({count, quotaTokens: z.number().nonnegative(), estimated: z.boolean()})
		.exactOptional()
		.describe('attempts whose fate is not known; part of tokens.quota and costUsd'),
	costUsd: quantity,
	costUsdWithin: costRange.exactOptional(),
	perRequest: z.object({
		inputTokens: mean,
		outputTokens: mean,
		totalTokens: mean,
		quotaTokens: mean,
		reservedTokens: mean,
		costUsd: mean,
	}),
	latencyMs: z.object({
		timeToFirstToken: distribution.describe('send to first non-empty token'),
		timeToFirstAnswerToken: distribution
			.exactOptional()
			.describe('send to first token of the answer itself, which reasoning may come before'),
		total: distribution.describe('first intended start to last byte, failed attempts included'),
		perOutputToken: distribution,
		dispatchDelay: distribution.describe('first intended start to the send that was answered'),
		service: distribution.describe('send to last byte'),
	}),
	rate: z
		.object({
			requestsPerMinute: quantity,
			tokensPerMinute: quantity,
			outputTokensPerSecond: quantity,
			usefulPerMinute: quantity,
			goodputPerMinute: quantity,
		})
		.describe('over the seconds in which the variant was being sent; null in measure'),
	sustainable: z.object({
		usefulPerMinute: quantity,
		low: quantity,
		high: quantity,
		limitedBy: z.enum(limitedBy),
		ceilingPerMinute: quantity.exactOptional().describe('by settled tokens alone'),
		usefulPerDay: quantity.exactOptional().describe("that the day's quota allows"),
		afterOthers: z
			.object({
				usefulPerMinute: quantity,
				othersShare: z.number(),
				limitedBy: z.enum(limitedBy).exactOptional().describe('what the rate beside others is limited by'),
			})
			.exactOptional()
			.describe('of what others leave, and their part of the quota'),
		countsFrom: z
			.enum(countsFrom)
			.exactOptional()
			.describe('where the tokens of an answer count from in its bucket, as far as it was learnt'),
	}),
	state: z.enum(variantStates).exactOptional().describe('for the goal of the run'),
	quality: z.object({
		gate: z.enum(gateStates).exactOptional().describe('minQuality, by evidence'),
		checked: count,
		passed: count,
		score: share.nullable(),
		low: quantity,
		high: quantity,
	}),
	stopReasons: z.record(z.string(), count),
	maxTokensAdvice: z.object({
		value: count.nullable(),
		truncationRisk: share.nullable(),
		sustainablePerMinute: quantity,
	}),
	prompt: prompt.describe('as first sent'),
	sample: z.string().nullable().describe('first 100 characters of one answer'),
	example: z
		.object({
			system: z.string().nullable(),
			user: z.string(),
			answer: z.string(),
			failed: z.object({check: z.string(), why: z.string()}).nullable(),
		})
		.exactOptional()
		.describe('one request with its answer: the first with an item that failed, else the first answered'),
	itemsFailed: z
		.record(z.string(), count)
		.exactOptional()
		.describe('items that are not useful, by the check that failed, or by what is wrong with the answer'),
	tiers: z
		.record(z.string(), count)
		.exactOptional()
		.describe('answers by the service tier that they say they were served by'),
	latencyModes: z
		.record(z.string(), count)
		.exactOptional()
		.describe('answers by the latency mode that they say they were served by'),
	turns: z.array(turn).exactOptional().describe('in a chat only'),
	caching: z
		.object({
			cold: cachingSide.describe('wrote the cache and read nothing'),
			warm: cachingSide.describe('read a part of the prompt; the sustainable rate is theirs'),
		})
		.exactOptional()
		.describe('of a variant with cache: true only'),
	compression: z
		.object({
			rules: z
				.array(z.object({rule: z.enum(compressions), savedCharacters: z.int()}))
				.describe('in the order in which they were applied'),
			original: prompt.describe('the prompt as first sent, before the rules'),
		})
		.exactOptional()
		.describe('of a variant with compress only'),
});

/** What a judge (a check by an LLM) was asked, what it said, and what it took. */
export const judgeSchema = z.object({
	model: z.string(),
	question: z.string(),
	passIf: z.string(),
	verdicts: z
		.object({passed: count, failed: count, tie: count, none: count})
		.describe('answers; tie: the verdict changed with the order of the texts; none: there was no verdict'),
	fromCache: count.describe('verdicts on an answer that it had judged before'),
	agreement: z
		.object({same: count, of: count})
		.nullable()
		.describe('with expected, over the answers that both judge; null where there are none'),
	requests: count,
	tokens: z.object({input: count, output: count, quota: z.number().nonnegative()}),
	costUsd: quantity.describe('apart: no part of the costs of variants and of the run'),
});

const candidate = z.object({
	name: z.string(),
	levers: z.array(z.enum(levers)).describe('empty: the variant as it is'),
	rungs: count.describe('rungs that it was measured in; the figures are of the last of them'),
	requests: count,
	items: z.object({sent: count, useful: count}),
	usefulRate: z
		.object({value: quantity, low: quantity, high: quantity})
		.describe('useful items of those sent, 0 to 1'),
	quotaTokensPerUseful: quantity.describe('settled; of the warm answers where it caches'),
	quotaTokensPerUsefulWithin: z
		.object({low: z.number(), high: z.number()})
		.exactOptional()
		.describe('by the 95% intervals of its parts'),
});

export const searchSchema = z.object({
	budget: count.describe('requests that were allowed'),
	requests: count.describe('that were sent'),
	combinations: count.describe('of variants and levers that apply; candidates are those that were tried'),
	rungs: z.array(z.object({candidates: count, requests: count.describe('of each')})),
	candidates: z.array(candidate),
	front: z
		.array(z.string())
		.describe(
			'finalists that no other surely beats, by their intervals, the fewest quota tokens per useful item first',
		),
});

/** A figure with its bounds; each bound is wrong in at most 5% of cases. */
const bounded = z.object({mean: z.number(), low: quantity, high: quantity});

const spend = z.object({
	requests: count.describe('HTTP exchanges, retries included'),
	quotaTokens: z.number().nonnegative(),
	costUsd: quantity,
});

const usefulRate = z
	.object({value: quantity, low: quantity, high: quantity})
	.describe('useful items of those asked, 0 to 1');

export const optimizeSchema = z.object({
	baseline: z.string().describe('the variant that a rewrite must beat'),
	rewriter: z.string().describe('model that wrote the rewrites'),
	margin: z.number().describe('how much smaller the useful share may be'),
	minSaving: z.number(),
	split: z
		.object({seed: z.number(), train: z.array(count), select: z.array(count), heldOut: z.array(count)})
		.describe('indexes of items as in answers.jsonl; only train items reach the rewriter'),
	budget: z.object({requests: count, costUsd: quantity}),
	spend: z.object({model: spend, rewriter: spend}),
	rounds: z.array(
		z.object({
			round: count.describe('from 1'),
			parents: z.array(z.string()).describe('variants that were rewritten'),
			candidates: z.array(z.string()),
			rungs: z.array(z.object({candidates: count, items: count.describe('select items asked so far')})),
			left: z.array(z.string()).describe('at its end'),
		}),
	),
	candidates: z.array(
		z.object({
			name: z.string(),
			parent: z.string().nullable(),
			kind: z.string(),
			round: count,
			items: count.describe('select items with an answer'),
			usefulRate,
			quotaTokensPerUseful: quantity,
			out: z.string().nullable().describe('why it left the race; null: it did not'),
		}),
	),
	front: z
		.array(z.string())
		.describe('no other has more useful items for fewer quota tokens, on select items'),
	dropped: z
		.array(z.object({round: count, parent: z.string(), kind: z.string(), reason: z.string()}))
		.describe('offered and not tried'),
	heldOut: z
		.object({
			candidate: z.string().describe('chosen before any of them was asked'),
			items: count,
			difference: bounded.describe('of the useful share, candidate less baseline, on the same items'),
			saving: bounded.describe('part of the quota tokens per useful item'),
			margin: z.number(),
			isProven: z.boolean().describe('difference.low >= -margin and saving.low > minSaving'),
		})
		.nullable()
		.describe('null: no candidate was tried on them'),
	rewrites: z.array(
		z.object({
			name: z.string(),
			parent: z.string().nullable(),
			kind: z.string(),
			why: z.string().nullable(),
			diff: z.string().describe('lines removed and added, of template, system prompt and settings'),
		}),
	),
	verdict: z.string().describe('in words'),
	next: z.string().nullable().describe('what would prove it; null: it is proven, or nothing would'),
});

/** A type inferred from a schema, with nothing in it that may be changed. */
export type DeepReadonly<T> = T extends readonly unknown[] | Record<string, unknown>
	? {readonly [K in keyof T]: DeepReadonly<T[K]>}
	: T;

type Inferred<T extends z.ZodType> = DeepReadonly<z.infer<T>>;

/** Mean with its 95% interval; the interval is null below two samples. */
export type Mean = Inferred<typeof mean>;
/** USD that something cost at least and at most; `high` is null where an upper bound is not known. */
export type CostRange = Inferred<typeof costRange>;
/** Distribution in milliseconds; a percentile with too few samples is null. */
export type Distribution = Inferred<typeof distribution>;
/** One turn of the conversations of a variant, over its answers. */
export type TurnFigures = Inferred<typeof turn>;
/** Answers of a variant that caches which wrote the cache (cold), or which read it (warm). */
export type CachingSide = Inferred<typeof cachingSide>;
/** The figures of one variant on one target in one lane. */
export type VariantFigures = Inferred<typeof variantSchema>;
export type CachingFigures = NonNullable<VariantFigures['caching']>;
export type LimitedBy = VariantFigures['sustainable']['limitedBy'];

/** What a judge was asked, what it said, and what it took. */
export type JudgeFigures = Inferred<typeof judgeSchema>;
/** A candidate of a search with what the last of its rungs found; nothing is added up over rungs, which ask the same items again. */
export type CandidateFigures = Inferred<typeof candidate>;
/** What a rung found of a candidate. */
export type Standing = Pick<
	CandidateFigures,
	'name' | 'usefulRate' | 'quotaTokensPerUseful' | 'quotaTokensPerUsefulWithin'
>;
/** What a search tried and found. */
export type SearchFigures = Inferred<typeof searchSchema>;
/** What an optimisation tried, found and proved. */
export type OptimizeFigures = Inferred<typeof optimizeSchema>;
/** One rung: `candidates` with `requests` each. */
export type Rung = SearchFigures['rungs'][number];
