import {z} from 'zod';
import {methods} from '../domain/backend.ts';
import {countsFrom, lanes, setAsides, windowKinds} from '../domain/bucket-usage.ts';
import {
	costRange,
	count,
	type DeepReadonly,
	distribution,
	judgeSchema,
	optimizeSchema,
	quantity,
	searchSchema,
	variantSchema,
	verdictBases,
} from '../domain/figures-schema.ts';
import {bursts, goals, loadShapes, policies} from '../domain/run-config.ts';
import {limitSources, scopes} from '../domain/target.ts';
import {UserError} from '../domain/user-error.ts';
import {withoutMark} from '../text/as-written.ts';

/** The one source of results schema 1: the type, the check when a file is read back, and the published JSON Schema. */

/** Raised when a reader of the old schema would misread the new one. */
export const schemaVersion = 1;

const timestamp = z.iso.datetime();

const limit = z.object({
	value: quantity.describe('the number in force'),
	state: z.enum(['known', 'none', 'blocked', 'unknown']),
	source: z.enum(limitSources).nullable(),
	applied: quantity,
	default: quantity,
	adjustable: z.boolean().nullable(),
	code: z.string().nullable(),
	name: z.string().nullable(),
});

const target = z.object({
	model: z.string(),
	baseModel: z.string(),
	scope: z.enum(scopes),
	region: z.string(),
	endpoint: z.string().nullable().describe("URL of an endpoint that is not AWS's"),
	tier: z.string().nullable(),
	burndown: z.object({value: z.number(), source: z.string()}),
	quota: z.object({
		requestsPerMinute: limit,
		tokensPerMinute: limit.describe('bedrock-mantle: of input tokens'),
		tokensPerDay: limit,
		outputTokensPerMinute: limit.exactOptional().describe('bedrock-mantle only'),
		accountTokensPerDay: limit
			.exactOptional()
			.describe('one for all models of account and Region; holds where tokensPerDay has no row of its own'),
	}),
	stamping: z
		.object({
			countsFrom: z.enum(countsFrom),
			since: z.iso.datetime().describe('when that was confirmed; unknown: since when it is tested'),
			accepted: count.describe('accepted requests without room if tokens counted from the end'),
			refused: count.describe('such requests that were throttled'),
		})
		.exactOptional()
		.describe('when the tokens of an answer start to count, as far as confirmed, with the evidence'),
	enforcement: z
		.object({
			from: z.iso.datetime(),
			to: z.iso.datetime(),
			quotaTokensPerMinute: z.number().describe('the quota that the evidence was held against'),
			accepted: count.describe('accepted requests that were tested'),
			refused: count.describe('throttled ones'),
			windows: z.array(z.enum(windowKinds)),
			setAside: z.array(z.enum(setAsides)),
			countsFrom: z.array(z.enum(countsFrom).exclude(['unknown'])),
		})
		.exactOptional()
		.describe(
			'rules of enforcement that fit what was accepted and throttled, of each kind all that are possible; empty: none fits this quota; absent: too little evidence',
		),
	fleet: z
		.object({
			members: count.nullable().describe('programs that shared the quota at the end; null: not known'),
			losses: count.describe('how often the ledger was lost'),
			lostSeconds: z.number().nonnegative().describe('how long the run went without it, in all'),
		})
		.exactOptional()
		.describe('of a run with --ledger: the fleet that shared the quota'),
});

const lane = z.object({variants: z.array(z.string()), ratePerMinute: quantity});

const plan = z.object({
	preset: z.string().nullable(),
	task: z.string(),
	method: z.enum([...methods, 'batch']),
	load: z.enum([...loadShapes, 'replay', 'tap']),
	goal: z.enum(goals),
	policy: z.enum(policies),
	requests: count.nullable().describe('of each variant in measure, of the whole run otherwise'),
	durationSeconds: quantity,
	concurrency: count,
	ratePerMinute: quantity,
	maxTokens: z.union([count, z.literal('auto')]).nullable(),
	hasOwnMaxTokens: z
		.boolean()
		.exactOptional()
		.describe('true: variants have their own max tokens, which take precedence; absent: they have none'),
	share: z.number(),
	burst: z.enum(bursts),
	lanes: z.partialRecord(z.enum(lanes), lane),
	seed: z.number(),
	chat: z
		.object({turns: count, thinkSeconds: z.number().nonnegative()})
		.exactOptional()
		.describe('of a chat: turns of a conversation, and the time to think between them'),
});

const winner = z.string().nullable().describe('name of a variant; null: no clear winner');

const best = z.object({
	target: count.describe('index into targets'),
	throughput: winner,
	efficiency: winner,
	cost: winner,
	latency: winner,
});

const verdict = z.object({
	target: count.describe('index into targets'),
	goal: z.enum(goals),
	recommended: z.string().nullable().describe('name of the variant to use'),
	basis: z
		.enum(verdictBases)
		.describe(
			'winner: every other is out; tie: those left are practically equal; undecided: the budget ended first, or the quality is not proven; only: one was run; none: no useful answer, or every gate failed',
		),
	leaders: z.array(z.string()).describe('those still in'),
	tieBrokenBy: z.enum(goals).nullable(),
	beaten: z
		.array(z.object({name: z.string(), atLeast: z.number().positive()}))
		.describe('by how much at least: 1.2 is 20% more'),
	text: z.string(),
});

const timelinePoint = z.object({
	second: z.number().nonnegative(),
	target: count,
	requests: count,
	quotaTokens: z.number(),
	reserved: z.number(),
	throttled: count,
	inFlight: count,
	held: count
		.exactOptional()
		.describe('requests that waited for room at once, at most; in a run 1 while any did; absent: none'),
});

/** Beside the figures of its variant: a client on a model is one, over all of its sessions. */
const tapClient = z.object({
	name: z.string().describe('name of the variant'),
	agent: z.string().nullable().describe('product of its user agent'),
	session: z
		.string()
		.nullable()
		.describe('what its session header names, else the process id of its run where there are several'),
	model: z.string().describe('as it was called'),
	lastAt: timestamp.describe('when its last request came or ended'),
	requests: count,
	cachePoints: count.describe('requests that ask for a part of their prompt to be cached'),
	inFlight: count,
	held: count.describe('requests that waited for room at the end'),
	holdMs: distribution.describe('how long requests were held'),
	tokens: z.object({
		input: count,
		output: count,
		cacheRead: count,
		cacheWrite: count,
		quota: z.number().nonnegative().describe('settled quota tokens'),
		reserved: z.number().nonnegative().describe('set aside by the service, over all requests'),
		estimated: z.boolean(),
	}),
	throttled: count,
	refused: count.describe('requests that the tap answered itself and never sent'),
	retriesOfClient: count.describe("attempts of the client's SDK after a first one"),
	aborted: count.describe('requests that the client gave up'),
	timeToFirstToken: distribution.describe('of the service, without the time that a request was held'),
	costUsd: quantity,
});

export const resultsSchema = z
	.object({
		schema: z.literal(schemaVersion),
		tool: z.object({name: z.literal('bedrock-top'), version: z.string()}),
		run: z
			.string()
			.exactOptional()
			.describe('unique name of the run, as answers.jsonl has it; absent in 0.1.0 and in batches'),
		repeat: z
			.array(z.string())
			.exactOptional()
			.describe('words of the command line that repeats it, after the name of the program; absent in 0.1.0'),
		environment: z.object({node: z.string(), platform: z.string()}),
		startedAt: timestamp,
		endedAt: timestamp,
		simulated: z.boolean(),
		outcome: z.enum(['completed', 'stopped', 'failed']),
		stoppedBy: z.enum(['key', 'signal', 'requests', 'cost', 'day', 'fault']).nullable(),
		stopReason: z
			.string()
			.exactOptional()
			.describe('what stopped it, in words with the figures that say why; absent where it came to its end'),
		targets: z.array(target),
		plan,
		variants: z.array(variantSchema),
		best: z.array(best),
		verdict: z
			.array(verdict)
			.exactOptional()
			.describe('for each target one for each goal, that of the run first; absent in 0.1.0 and in batches'),
		gain: z
			.object({
				over: z.enum(['serial', 'worst']),
				ratio: quantity,
				atLeast: quantity.exactOptional().describe("the test's own bound"),
			})
			.nullable(),
		advice: z.array(z.object({kind: z.string(), text: z.string(), usefulPerMinute: quantity})),
		readTimeouts: z
			.array(
				z.object({
					seconds: z.number().positive(),
					clients: z.string().describe('whose default it is'),
					source: z.string(),
					asOf: z.iso.date().describe('when the source was read'),
					cuts: z
						.array(count)
						.describe(
							'index into variants: those whose p99 of one attempt (below 300 answers the longest) is as long or longer',
						),
				}),
			)
			.exactOptional()
			.describe(
				'read timeouts of common clients, and which variants they cut off; absent where nothing was answered',
			),
		events: z.array(z.object({at: timestamp, kind: z.string(), text: z.string()})),
		timeline: z.object({
			intervalSeconds: z.number().positive(),
			points: z.array(timelinePoint).max(600),
			latencyMs: z
				.object({intervalSeconds: z.number().positive(), cells: z.array(z.array(quantity))})
				.exactOptional()
				.describe('mean total time of the answers of each variant by interval, in milliseconds'),
		}),
		failures: z.array(z.object({class: z.string(), message: z.string(), count, firstAt: timestamp})),
		judges: z
			.array(judgeSchema)
			.exactOptional()
			.describe('checks by an LLM: what passed is judged by it; absent where the task has none'),
		search: searchSchema.exactOptional().describe('of run --search; everything else is of its last rung'),
		optimize: optimizeSchema
			.exactOptional()
			.describe('of optimize only; everything else is of its last step, as a rule the held-out items'),
		others: z
			.array(
				z.object({
					target: count.describe('index into targets'),
					requestsPerMinute: quantity,
					quotaTokensPerMinute: quantity,
					at: timestamp.describe('end of the minute of CloudWatch, or the throttle that showed it'),
				}),
			)
			.exactOptional()
			.describe(
				'what other traffic took of the quota during the run, at most one reading per minute and target; absent where nothing of it is known',
			),
		tap: z
			.object({clients: z.array(tapClient)})
			.exactOptional()
			.describe('of tap only: each session of each client on each model'),
		costUsd: quantity.exactOptional().describe('of the whole run, warm-up included'),
		costUsdWithin: costRange.exactOptional(),
	})
	.describe('Results of one bedrock-top run. Units are in the names; null means not known, never 0.');

/** One run as it is kept in `results.json` (schema 1). */
export type Results = DeepReadonly<z.infer<typeof resultsSchema>>;
export type VariantResults = Results['variants'][number];
export type TargetResults = Results['targets'][number];

/**
 * The published JSON Schema (draft 2020-12) of `results.json`.
 *
 * @returns Plain data; additional properties are not allowed in what this version writes.
 */
export function resultsJsonSchema(): Readonly<Record<string, unknown>> {
	return {title: `bedrock-top results, schema ${schemaVersion}`, ...z.toJSONSchema(resultsSchema)};
}

const hint = 'Name a results.json that this version of bedrock-top wrote.';

/**
 * Reads results back.
 *
 * @param text Content of the file.
 * @param fileName As the user typed it; quoted in the message.
 * @throws UserError (exit 2) with the reason, for text that is not JSON, of another program or schema, or damaged.
 */
export function readResults(text: string, fileName: string): Results {
	const refuse = (reason: string, cause?: unknown) =>
		new UserError(`${fileName} cannot be read as results: ${reason}.`, {exitCode: 2, hint, cause});
	let value: unknown;
	try {
		value = JSON.parse(withoutMark(text));
	} catch (error) {
		throw refuse(text.trim() === '' ? 'the file is empty' : 'it is not JSON', error);
	}
	if (typeof value !== 'object' || value === null || !('schema' in value)) {
		throw refuse('it is not from bedrock-top (no "schema")');
	}
	if (value.schema !== schemaVersion) {
		const schema = JSON.stringify(value.schema) ?? 'nothing';
		const isNewer = typeof value.schema === 'number' && value.schema > schemaVersion;
		throw refuse(
			`its schema is ${schema}, this version reads ${schemaVersion}${isNewer ? ' (a newer bedrock-top wrote it)' : ''}`,
		);
	}
	const parsed = resultsSchema.safeParse(value);
	if (!parsed.success) {
		const [issue] = parsed.error.issues;
		throw refuse(
			`${issue?.path.map(String).join('.') || 'the top level'}: ${issue?.message ?? 'does not fit the schema'}`,
			parsed.error,
		);
	}
	const missing = parsed.data.variants.find((variant) => parsed.data.targets[variant.target] === undefined);
	if (missing) {
		throw refuse(`variant "${missing.name}" names target ${missing.target}, which is not there`);
	}
	return parsed.data;
}
