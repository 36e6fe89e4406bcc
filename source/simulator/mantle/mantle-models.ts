import type {Model, Trait} from '../catalog/model.ts';
import {findModel} from '../catalog/models.ts';
import {
	type Bucket,
	createBucket,
	createRollingSum,
	type Enforcement,
	type RollingSum,
	roundingSlack,
} from '../enforcement.ts';
import {inForce, type LimitRow, type Overrides, type QuotaRow} from '../quotas/bucket-quotas.ts';

/**
 * The models of bedrock-mantle, their quotas and their buckets. They have other IDs than in the runtime, without version
 * suffix, and no inference profiles.
 */

/** The APIs of the endpoint; each model speaks some of them. */
export type ApiName = 'Messages' | 'ChatCompletions' | 'Responses';

/** The path before that of an API: it depends on the model. */
export type Surface = '/v1' | '/openai/v1' | '/anthropic/v1';

export type MantleModel = {
	/** As requests name it. */
	readonly id: string;
	/** As it names itself in an answer. */
	readonly answersAs: string;
	readonly model: Model;
	readonly apis: readonly ApiName[];
	readonly surface: Surface;
	/** Its reasoning is counted, but not shown. */
	readonly hidesReasoning: boolean;
};

/** Claude names itself without the vendor. */
const claude = (model: Model, id = model.id): MantleModel => ({
	id,
	answersAs: model.id.replace(/^anthropic\./, '').replace(/-v\d+(:\d+)?$/, ''),
	model,
	apis: ['Messages'],
	surface: '/anthropic/v1',
	hidesReasoning: false,
});

const openModel = (model: Model, id: string, more: Partial<MantleModel> = {}): MantleModel => ({
	id,
	answersAs: id,
	model,
	apis: ['ChatCompletions'],
	surface: '/v1',
	hidesReasoning: false,
	...more,
});

const onlyHere = (
	id: string,
	name: string,
	provider: string,
	more: Partial<Model> & {readonly with?: readonly Trait[]},
): Model => ({
	id,
	name,
	provider,
	family: 'openai',
	size: 'medium',
	maximumOutputTokens: 128_000,
	defaultOutputTokens: undefined,
	burndown: 1,
	isOnDemand: false,
	profiles: [],
	...more,
	traits: new Set(more.with ?? []),
});

/** GPT only has Responses here, below `/openai/v1`. */
const gpt = (id: string, name: string, size: Model['size']): MantleModel =>
	openModel(onlyHere(`openai.${id}`, name, 'OpenAI', {size, with: ['reasons', 'caches']}), `openai.${id}`, {
		apis: ['Responses'],
		surface: '/openai/v1',
		hidesReasoning: true,
	});

const fable = (id: string, name: string): MantleModel =>
	claude(onlyHere(`anthropic.${id}`, name, 'Anthropic', {size: 'large', with: ['no-sampling', 'caches']}));

/** A model of the runtime under its ID here; none where the catalog has no such model. */
const shared = (
	runtimeId: string,
	serve: (model: Model) => MantleModel = (model) => openModel(model, runtimeId),
): readonly MantleModel[] => {
	const model = findModel(runtimeId);
	return model === undefined ? [] : [serve(model)];
};

/** Responses for gpt-oss are served by this endpoint only. */
const gptOss = (size: string): readonly MantleModel[] =>
	shared(`openai.gpt-oss-${size}-1:0`, (model) =>
		openModel(model, `openai.gpt-oss-${size}`, {apis: ['ChatCompletions', 'Responses']}),
	);

/**
 * The models of `GET /v1/models`, in the order of the vendors. Surfaces and APIs as public clients found them at the
 * endpoint (Gemma 3 below `/v1`, Gemma 4 below `/openai/v1`); AWS only says that they depend on the model.
 */
export const mantleModels: readonly MantleModel[] = [
	...shared('anthropic.claude-haiku-4-5-20251001-v1:0', (model) =>
		claude(model, 'anthropic.claude-haiku-4-5'),
	),
	...['opus-4-7', 'opus-4-8', 'sonnet-5', 'opus-5'].flatMap((name) =>
		shared(`anthropic.claude-${name}`, (model) => claude(model)),
	),
	fable('claude-fable-5', 'Claude Fable 5'),
	fable('claude-fable-5-1', 'Claude Fable 5.1'),
	gpt('gpt-5.4', 'GPT-5.4', 'medium'),
	gpt('gpt-5.5', 'GPT-5.5', 'large'),
	gpt('gpt-5.6-luna', 'GPT-5.6 Luna', 'small'),
	gpt('gpt-5.6-terra', 'GPT-5.6 Terra', 'medium'),
	gpt('gpt-5.6-sol', 'GPT-5.6 Sol', 'large'),
	gpt('gpt-6-astra', 'GPT-6 Astra', 'large'),
	...gptOss('20b'),
	...gptOss('120b'),
	...shared('google.gemma-3-27b-it'),
	openModel(
		onlyHere('google.gemma-4-31b', 'Gemma 4 31B', 'Google', {maximumOutputTokens: 32_768}),
		'google.gemma-4-31b',
		{surface: '/openai/v1'},
	),
	...shared('deepseek.v3.2'),
	...shared('qwen.qwen3-32b-v1:0', (model) => openModel(model, 'qwen.qwen3-32b')),
	...shared('mistral.mistral-large-3-675b-instruct'),
	...shared('minimax.minimax-m2'),
	...shared('moonshot.kimi-k2-thinking', (model) => openModel(model, 'moonshotai.kimi-k2-thinking')),
	...shared('zai.glm-4.7-flash'),
];

const modelsById = new Map(mantleModels.map((entry) => [entry.id, entry]));

/** A model by its ID on this endpoint. */
export function findMantleModel(id: string): MantleModel | undefined {
	return modelsById.get(id);
}

/** Quotas of bedrock-mantle: input and output tokens apart, no requests, no tokens per day, no burndown. */

/** The two limits of a model; undefined: neither published nor visible to an account. */
type MantleQuota = {
	readonly model: string;
	/** The model's name in the names of its quotas. */
	readonly label: string;
	readonly input: LimitRow;
	readonly output: LimitRow;
};

/** Applied values of a small account: its minute holds three answers of the maximum length. */
const appliedInput = 400_000;
const appliedOutput = 40_000;

/** Names, codes and defaults are AWS's of September 2026: first of the input, then of the output. */
const rows: ReadonlyArray<readonly [string, string, string, number, string, number]> = [
	['anthropic.claude-fable-5', 'Claude Fable 5', 'L-0F6BA833', 2_000_000, 'L-D67748AD', 200_000],
	['anthropic.claude-fable-5-1', 'Claude Fable 5.1', 'L-90E3E748', 5_000_000, 'L-901932B9', 500_000],
	['anthropic.claude-opus-4-7', 'Claude Opus 4.7', 'L-54814DC6', 20_000_000, 'L-15CD18AC', 2_000_000],
	['anthropic.claude-opus-4-8', 'Claude Opus 4.8', 'L-8528F119', 20_000_000, 'L-37491D63', 2_000_000],
	['anthropic.claude-opus-5', 'Claude Opus 5', 'L-DF09248F', 20_000_000, 'L-EDC225D2', 2_000_000],
	['anthropic.claude-sonnet-5', 'Claude Sonnet 5', 'L-38EB0A61', 3_000_000, 'L-15830237', 300_000],
	['openai.gpt-5.4', 'GPT-5.4', 'L-C593EA7C', 20_000_000, 'L-08036ECB', 2_000_000],
	['openai.gpt-5.5', 'GPT-5.5', 'L-2555C05B', 10_000_000, 'L-8A643E07', 1_000_000],
	['openai.gpt-5.6-luna', 'GPT-5.6 Luna', 'L-31615887', 20_000_000, 'L-D44E1D4E', 2_000_000],
	['openai.gpt-5.6-sol', 'GPT-5.6 Sol', 'L-137DD3C2', 10_000_000, 'L-C2E494BA', 1_000_000],
	['openai.gpt-5.6-terra', 'GPT-5.6 Terra', 'L-87594EB7', 20_000_000, 'L-574688BD', 2_000_000],
	['openai.gpt-6-astra', 'GPT-6 Astra', 'L-6CE4B557', 1_000_000, 'L-526E1ECE', 100_000],
];

export const mantleQuotas: readonly MantleQuota[] = rows.map(
	([model, label, inputCode, inputDefault, outputCode, outputDefault]) => ({
		model,
		label,
		input: [inputCode, inputDefault, appliedInput],
		output: [outputCode, outputDefault, appliedOutput],
	}),
);

/** Limits of a model of the endpoint; undefined: no limit. */
type MantleLimits = {
	readonly inputTokensPerMinute: number | undefined;
	readonly outputTokensPerMinute: number | undefined;
};

const quotasByModel = new Map(mantleQuotas.map((quota) => [quota.model, quota]));

/**
 * The limits in force for a model. Tokens per minute that the user typed hold for input and output alike; requests per
 * minute are not limited here.
 */
export function mantleLimitsOf(model: string, {tokensPerMinute}: Overrides): MantleLimits {
	const quota = quotasByModel.get(model);
	return {
		inputTokensPerMinute: tokensPerMinute ?? inForce(quota?.input),
		outputTokensPerMinute: tokensPerMinute ?? inForce(quota?.output),
	};
}

const quotaRow = (side: 'Input' | 'Output', label: string, row: LimitRow, applied?: number): QuotaRow => ({
	code: row[0],
	name: `[bedrock-mantle endpoint] ${side} tokens per minute for ${label}`,
	defaultValue: row[1],
	applied: applied ?? row[2],
	// Service Quotas lists them as adjustable, although increases go through Support (user guide, quotas-mantle).
	isAdjustable: true,
	isPerMinute: true,
});

/** The quotas of the endpoint as Service Quotas lists them. */
export function mantleQuotaRows({tokensPerMinute}: Overrides): readonly QuotaRow[] {
	return mantleQuotas.flatMap(({label, input, output}) => [
		quotaRow('Input', label, input, tokensPerMinute),
		quotaRow('Output', label, output, tokensPerMinute),
	]);
}

/**
 * Buckets of bedrock-mantle, as its user guide describes them (quotas-mantle): a request is admitted by its input and
 * its max tokens against the input quota; the output quota is counted while an answer is generated, and cuts it.
 */

/** A refused request: the quota that it met, and by how many tokens. */
export type MantleRefusal = {
	readonly isAdmitted: false;
	readonly side: 'input' | 'output';
	readonly exceededBy: number;
};

export type MantleAdmission =
	| {
			readonly isAdmitted: true;
			/** Counts output tokens as they are generated; returns how many of them the quota has room for. */
			readonly produce: (nowMs: number, tokens: number) => number;
			/** Gives the unused part of the reserved input quota back. Once only. */
			readonly settle: (nowMs: number, tokens: number) => void;
	  }
	| MantleRefusal;

export type MantleBuckets = {
	readonly admit: (region: string, model: string, nowMs: number, reservedTokens: number) => MantleAdmission;
	/** Limits and use of every bucket that was used. */
	readonly report: (nowMs: number) => readonly object[];
	readonly reset: () => void;
};

type Side = {readonly bucket: Bucket; readonly used: RollingSum; maximum: number};

type Entry = {
	readonly region: string;
	readonly model: string;
	readonly input: Side;
	readonly output: Side;
	seenAtMs: number;
};

const note = (side: Side, nowMs: number): void => {
	side.maximum = Math.max(side.maximum, side.used.sum(nowMs));
};

/** @param occupy Lets other traffic use its share of a bucket. */
export function createMantleBuckets(
	limitsOf: (model: string) => MantleLimits,
	enforcement: Enforcement,
	occupy: (bucket: Bucket, sinceMs: number, nowMs: number) => void,
): MantleBuckets {
	const entries = new Map<string, Entry>();

	const createSide = (tokensPerMinute: number | undefined): Side => ({
		bucket: createBucket(
			{requestsPerMinute: undefined, tokensPerMinute, tokensPerDay: undefined},
			enforcement,
		),
		used: createRollingSum(enforcement.windowMs),
		maximum: 0,
	});

	const entryOf = (region: string, model: string): Entry => {
		const key = `${region} ${model}`;
		const known = entries.get(key);
		if (known !== undefined) {
			return known;
		}
		const limits = limitsOf(model);
		const entry: Entry = {
			region,
			model,
			input: createSide(limits.inputTokensPerMinute),
			output: createSide(limits.outputTokensPerMinute),
			// Others may have used it before.
			seenAtMs: Number.NEGATIVE_INFINITY,
		};
		entries.set(key, entry);
		return entry;
	};

	const produce = ({bucket, used}: Side, nowMs: number, tokens: number): number => {
		const granted = Math.max(0, Math.min(tokens, Math.floor(bucket.tokenRoom(nowMs) + roundingSlack)));
		const admission = bucket.admit(nowMs, granted);
		if (!admission.isAdmitted) {
			return 0;
		}
		admission.settle(nowMs, granted);
		used.add(nowMs, granted);
		return granted;
	};

	return {
		admit(region, model, nowMs, reserved) {
			const entry = entryOf(region, model);
			const {input, output} = entry;
			for (const {bucket} of [input, output]) {
				occupy(bucket, entry.seenAtMs, nowMs);
			}
			entry.seenAtMs = nowMs;
			// Not documented: a used-up output quota refuses a request instead of answering it with nothing.
			const outputRoom = output.bucket.tokenRoom(nowMs);
			if (outputRoom + roundingSlack < 1) {
				return {isAdmitted: false, side: 'output', exceededBy: 1 - outputRoom};
			}
			const admission = input.bucket.admit(nowMs, reserved);
			if (!admission.isAdmitted) {
				return {isAdmitted: false, side: 'input', exceededBy: reserved - input.bucket.tokenRoom(nowMs)};
			}
			const charge = input.used.add(nowMs, reserved);
			note(input, nowMs);
			return {
				isAdmitted: true,
				produce(atMs, tokens) {
					const granted = produce(output, atMs, tokens);
					note(output, atMs);
					return granted;
				},
				settle(atMs, tokens) {
					admission.settle(atMs, tokens);
					input.used.settle(atMs, charge, tokens);
					note(input, atMs);
				},
			};
		},
		report: (nowMs) =>
			[...entries.values()].map(({region, model, input, output}) => ({
				region,
				model,
				inputTokensPerMinute: input.bucket.limits.tokensPerMinute ?? null,
				outputTokensPerMinute: output.bucket.limits.tokensPerMinute ?? null,
				inputTokens: input.used.sum(nowMs),
				outputTokens: output.used.sum(nowMs),
				maximumInputTokens: input.maximum,
				maximumOutputTokens: output.maximum,
			})),
		reset: () => entries.clear(),
	};
}
