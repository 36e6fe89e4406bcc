import {existsSync, readFileSync} from 'node:fs';
import type {
	FoundationModel,
	InferenceProfile,
	ListedQuota,
} from '../../source/bedrock/quotas/quota-source.ts';
import {foundationModel, modelArn} from '../bedrock/quotas/quotas-source.ts';

/** Real names of quotas and models; they lie beside the checkout and are no part of it. */
const folder = new URL('../../../shared/data/', import.meta.url);

export const hasData = existsSync(folder);

/** For titles: says why a block is skipped. */
export const whySkipped = hasData ? '' : ' (skipped: ../shared/data is absent)';

const read = <Row>(file: string): readonly Row[] =>
	hasData ? (JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as readonly Row[]) : [];

type QuotaRow = {
	readonly QuotaName: string;
	readonly QuotaCode: string | null;
	readonly Value: number | null;
	readonly adjustable?: boolean | null;
	readonly kind: string;
	readonly metric: string | null;
};
export const quotaRows = read<QuotaRow>('quotas.json');

/** One row for each name, as an account that knows all of them would list it. */
export const allQuotas: readonly ListedQuota[] = [
	...Map.groupBy(quotaRows, ({QuotaName}) => QuotaName).values(),
].map((rows) => {
	const row = rows.find(({QuotaCode}) => QuotaCode !== null) ?? rows[0];
	return {
		code: row?.QuotaCode ?? null,
		name: row?.QuotaName ?? '',
		value: row?.Value ?? null,
		adjustable: row?.adjustable ?? null,
	};
});

export const modelRows = read<{readonly modelId: string; readonly modelName: string | null}>('models.json');

/** What ListFoundationModels really lists: rows that were captured with their name. */
export const foundationModels: readonly FoundationModel[] = modelRows
	.filter(({modelName}) => typeof modelName === 'string')
	.map(({modelId, modelName}) => foundationModel(modelId, {modelName}));

export const inferenceProfiles: readonly InferenceProfile[] = read<{
	readonly inferenceProfileId: string;
	readonly models: readonly string[];
}>('profiles.json').map(({inferenceProfileId: id, models}) => ({
	id,
	arn: `arn:aws:bedrock:us-east-1:123456789012:inference-profile/${id}`,
	name: null,
	modelArns: models.map((model) => modelArn(model)),
}));

type Cell = null | 'unsettled' | {readonly code: string; readonly name: string};
export const mapping = read<{
	readonly modelId: string;
	readonly kind: 'on-demand' | 'cross-region' | 'global';
	readonly rpm: Cell;
	readonly tpm: Cell;
}>('quota-mapping.json');

const prefixes = {'on-demand': '', 'cross-region': 'us.', global: 'global.'} as const;
/** The identifier that calls a model by a route. */
export const routed = (modelId: string, kind: keyof typeof prefixes): string => prefixes[kind] + modelId;
