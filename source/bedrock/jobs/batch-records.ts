import type {Answer, InferenceRequest} from '../../domain/backend.ts';
import {readMessage} from '../families/converse-shape.ts';
import {familyOf, readBody} from '../families/registry.ts';
import {baseModelKey, createModelIndex} from '../identify/identify.ts';
import {at, isObject, type JsonObject, parseJson, stringOf} from '../json.ts';
import {answerOf} from '../methods/answer.ts';
import {converseRequest, finished, isIntervention} from '../methods/request.ts';
import {minBatchRecordsName} from '../quotas/quota-name.ts';
import {labelOwners} from '../quotas/quota-row-owners.ts';
import type {FoundationModel, ListedQuota, QuotaSource} from '../quotas/quota-source.ts';
import {countsIn} from '../usage.ts';

/** The records that a batch job takes: how many and how large, the body of each, and what is read of its answer. */

/** Limits of a batch job: quotas of the model where the account shows them, else assumed ones. */
export type BatchLimits = {
	readonly minRecords: number;
	readonly recordsPerFile: number;
	readonly recordsPerJob: number;
	readonly bytesPerFile: number;
	readonly bytesPerJob: number;
	/** Jobs of a base model that may be submitted and in progress at once. */
	readonly activeJobs: number;
	/** Names of the limits that are assumed. */
	readonly assumed: ReadonlyArray<keyof typeof usualLimits>;
};

/** Bytes of the unit in which the quotas of sizes are stated. */
export const gigabyte = 1_000_000_000;

/**
 * Assumed limits: AWS's defaults; where they depend on the model or the edition of the General Reference, the smallest. A job
 * is then rather too small than refused.
 */
export const usualLimits = {
	/** 100 for all models that were read but one (Llama 4 Scout: 50, 2025-06). */
	minRecords: 100,
	/** 50,000 for all models in 2025-06; 100,000 for newer ones in 2026-11 (Nova 2 Lite). */
	recordsPerFile: 50_000,
	/** 50,000 for all models in 2025-06; not read since. */
	recordsPerJob: 50_000,
	/** 1 GB for all models. */
	bytesPerFile: gigabyte,
	/** 5 GB; 100 GB for Nova Lite and Nova Pro. */
	bytesPerJob: 5 * gigabyte,
	/** 20 for all models in 2025-06; 100 for newer ones in 2026-11 (Claude Haiku 4.5). */
	activeJobs: 20,
} as const;

type LimitName = keyof typeof usualLimits;

/** Names of the batch quotas (General Reference); the last group is the model. */
const names: ReadonlyArray<readonly [LimitName, RegExp, factor: number]> = [
	['minRecords', minBatchRecordsName, 1],
	['recordsPerFile', /^records per input file per batch inference job for (.+)$/i, 1],
	['recordsPerJob', /^records per batch inference job for (.+)$/i, 1],
	['bytesPerFile', /^batch inference input file size \(in GB\) for (.+)$/i, gigabyte],
	['bytesPerJob', /^batch inference job size \(in GB\) for (.+)$/i, gigabyte],
	['activeJobs', /^sum of in-progress and submitted batch inference jobs using a base model for (.+)$/i, 1],
];

type Row = {readonly name: LimitName; readonly label: string; readonly value: number};

/** Quotas of batch inference for a base model; where the account has no value, AWS's default is assumed and named. */
export async function readBatchLimits(source: QuotaSource, baseModel: string): Promise<BatchLimits> {
	const [defaults, applied, models] = await Promise.all([
		collect(() => source.listDefaults()),
		collect(() => source.listApplied()),
		collect<FoundationModel>(() => source.listFoundationModels()),
	]);
	// Applied values come last, so that they win.
	const rows = rowsOf([...defaults, ...applied]);
	const owners = labelOwners(
		rows.map(({label}) => label),
		[baseModel],
		createModelIndex(models, []),
	);
	const own = rows.filter(({label}) => owners.get(label) === baseModelKey(baseModel));
	const listed = Object.fromEntries(own.map(({name, value}) => [name, value]));
	const known = (Object.keys(usualLimits) as LimitName[]).filter((name) => listed[name] !== undefined);
	return {
		...usualLimits,
		...listed,
		assumed: (Object.keys(usualLimits) as LimitName[]).filter((name) => !known.includes(name)),
	};
}

const collect = async <Item>(pages: () => AsyncIterable<readonly Item[]>): Promise<readonly Item[]> => {
	const items: Item[] = [];
	try {
		for await (const page of pages()) {
			items.push(...page);
		}
	} catch {
		// A refused list shows nothing: AWS's defaults are assumed, and marked so.
	}
	return items;
};

const rowsOf = (quotas: readonly ListedQuota[]): readonly Row[] =>
	quotas.flatMap(({name: quotaName, value}) =>
		names.flatMap(([name, pattern, factor]) => {
			const label = pattern.exec(quotaName.trim())?.[1];
			return label === undefined || value === null ? [] : [{name, label, value: value * factor}];
		}),
	);

/** Form of the records of a batch. */
export type BatchForm = 'Converse' | 'InvokeModel';

/**
 * Body of a record. Batch inference takes neither caching nor a tier, and the job names the model.
 * @returns Plain data, to be written as `modelInput`.
 */
export function modelInput(request: InferenceRequest, form: BatchForm): JsonObject {
	const plain = {...request, cache: false, tier: undefined};
	if (form === 'InvokeModel') {
		return familyOf(request.baseModel).build(plain, false);
	}
	const {modelId, performanceConfig, ...body} = converseRequest(plain);
	return body;
}

/** The content of one line of an output. */
export type RecordOutcome =
	| {readonly kind: 'answered'; readonly recordId: string; readonly answer: Answer}
	| {readonly kind: 'failed'; readonly recordId: string; readonly message: string};

/** Reads one line of an output; undefined where it is not a record. */
export function readOutputLine(line: string, baseModel: string, form: BatchForm): RecordOutcome | undefined {
	const record = parseJson(line);
	const recordId = stringOf(at(record, 'recordId'));
	if (recordId === undefined) {
		return undefined;
	}
	const output = at(record, 'modelOutput');
	const answer = isObject(output) ? readAnswer(output, baseModel, form) : undefined;
	if (answer !== undefined) {
		return {kind: 'answered', recordId, answer};
	}
	const message = isObject(output) ? 'The output cannot be read.' : errorText(at(record, 'error'));
	return {kind: 'failed', recordId, message};
}

const readAnswer = (body: JsonObject, baseModel: string, form: BatchForm): Answer | undefined => {
	const family = familyOf(baseModel);
	const own = form === 'Converse' ? readMessage(body) : readBody(family, body);
	if (own === undefined) {
		return undefined;
	}
	const reading = form === 'Converse' ? own : finished(family, own, isIntervention(body));
	const {usageSource, ...answer} = answerOf(reading, {
		headers: {},
		requestId: undefined,
		serverLatencyMs: undefined,
		latencyMode: undefined,
		tier: undefined,
		usage: [
			{source: form === 'Converse' ? 'converse' : 'body', counts: reading.counts ?? {}},
			{source: 'metrics', counts: countsIn(at(body, 'amazon-bedrock-invocationMetrics'))},
		],
	});
	return answer;
};

const errorText = (error: unknown): string =>
	[at(error, 'errorCode'), at(error, 'errorMessage')]
		.filter((part) => typeof part === 'string' || typeof part === 'number')
		.join(' ') || 'The record failed without a message.';
