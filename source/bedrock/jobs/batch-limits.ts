import {type BatchLimits, gigabyte, usualLimits} from '../../domain/batch-limits.ts';
import {baseModelKey, createModelIndex} from '../identify/identifiers.ts';
import {minBatchRecordsName} from '../quotas/quota-name.ts';
import {labelOwners} from '../quotas/quota-row-owners.ts';
import type {FoundationModel, ListedQuota, QuotaSource} from '../quotas/quota-source.ts';

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
