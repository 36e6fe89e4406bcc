import {describe, expect, it} from 'vitest';
import {parseQuotaName} from '../../source/bedrock/quotas/quota-name.ts';
import {resolveTargets} from '../../source/bedrock/quotas/resolve-targets.ts';
import {fakeSource, plainOptions} from '../bedrock/quotas/quotas-source.ts';
import {
	allQuotas,
	foundationModels,
	hasData,
	inferenceProfiles,
	mapping,
	modelRows,
	quotaRows,
	routed,
	whySkipped,
} from './quota-data.ts';

const accounts = {
	'with models and profiles listed': {models: foundationModels, profiles: inferenceProfiles},
	'with models listed without their names': {
		models: foundationModels.map((model) => ({...model, modelName: null})),
		profiles: inferenceProfiles,
	},
	'with nothing but quotas': {},
};

const cases = Object.entries(accounts).map(([title, lists], index) => [title, lists, index] as const);

describe.skipIf(!hasData).each(cases)(`quota mapping ${'%s'}${whySkipped}`, (_title, lists, turn) => {
	const {source} = fakeSource({applied: allQuotas, defaults: allQuotas, ...lists});
	const resolve = async (models: readonly string[]) => resolveTargets(models, {source, ...plainOptions});

	it('every settled cell is right, asked for together', async () => {
		const {targets} = await resolve(mapping.map(({modelId, kind}) => routed(modelId, kind)));
		const cells = mapping.flatMap((row, index) => {
			const quota = targets[index]?.quota;
			return [
				{title: `${row.modelId} ${row.kind} rpm`, expected: row.rpm, limit: quota?.requestsPerMinute},
				{title: `${row.modelId} ${row.kind} tpm`, expected: row.tpm, limit: quota?.tokensPerMinute},
			].filter(({expected}) => expected !== 'unsettled');
		});
		expect(cells.length).toBeGreaterThan(150);
		for (const {title, expected, limit} of cells) {
			if (expected === null) {
				expect(limit, title).toMatchObject({state: 'none', value: null, name: null});
			} else if (expected !== 'unsettled') {
				expect(limit, title).toMatchObject({code: expected.code, name: expected.name});
			}
		}
	});

	it('every settled cell is right, asked for one by one', {timeout: 60_000}, async () => {
		// Together all rows are asked of every account; alone each is asked of one.
		for (const row of mapping.filter((_row, index) => index % cases.length === turn)) {
			const {targets} = await resolve([routed(row.modelId, row.kind)]);
			const {quota, baseModel, scope} = targets[0] ?? {};
			expect({baseModel, scope}).toEqual({baseModel: row.modelId, scope: row.kind});
			for (const [cell, limit] of [
				[row.rpm, quota?.requestsPerMinute],
				[row.tpm, quota?.tokensPerMinute],
			] as const) {
				if (cell !== 'unsettled') {
					expect(limit?.name ?? null, `${row.modelId} ${row.kind}`).toBe(cell?.name ?? null);
				}
			}
		}
	});

	it('no name is claimed by two', async () => {
		const models = modelRows.flatMap(({modelId}) =>
			(['on-demand', 'cross-region', 'global'] as const).map((kind) => routed(modelId, kind)),
		);
		const {targets} = await resolve(models);
		const claims = targets.flatMap(({baseModel, scope, quota}) =>
			(['requestsPerMinute', 'tokensPerMinute'] as const).flatMap((metric) => {
				const {name} = quota[metric];
				return name === null ? [] : [{name, claim: `${baseModel} ${scope} ${metric}`}];
			}),
		);
		const owners = Map.groupBy(claims, ({name}) => name);
		expect(owners.size).toBeGreaterThan(300);
		for (const [name, claimed] of owners) {
			expect([...new Set(claimed.map(({claim}) => claim))], name).toHaveLength(1);
		}
	});
});

describe.skipIf(!hasData)(`quota names${whySkipped}`, () => {
	const kinds = {
		'on-demand': {scope: 'on-demand', use: 'standard'},
		'cross-region': {scope: 'cross-region', use: 'standard'},
		global: {scope: 'global', use: 'standard'},
		'tpd-shared': {scope: null, use: 'standard'},
		mantle: {use: 'mantle'},
		'latency-optimized': {use: 'latency-optimized'},
	} as const;
	const metrics = {
		rpm: 'requestsPerMinute',
		tpm: 'tokensPerMinute',
		tpd: 'tokensPerDay',
		concurrent: 'concurrentRequests',
	} as const;

	it('the grammar reads every name about inference as what it is', () => {
		const rows = quotaRows.filter(({kind, metric}) => kind in kinds && metric !== null);
		expect(rows.length).toBeGreaterThan(500);
		for (const {QuotaName: name, kind, metric} of rows) {
			const expected = {
				...kinds[kind as keyof typeof kinds],
				metric: / Output tokens per minute /.test(name)
					? 'outputTokensPerMinute'
					: metrics[metric as keyof typeof metrics],
			};
			const isLongContext = / 1M Context Length/.test(name);
			expect(parseQuotaName(name), name).toMatchObject(
				isLongContext ? {...expected, use: 'long-context'} : expected,
			);
		}
	});

	it('the grammar leaves out every name about anything else', () => {
		const rows = quotaRows.filter(({kind}) => ['other', 'custom-model', 'tpd-account'].includes(kind));
		expect(rows.length).toBeGreaterThan(500);
		for (const {QuotaName: name} of rows) {
			expect(parseQuotaName(name), name).toBeUndefined();
		}
	});

	it('every newer name about minutes has its model, but for models whose ID nobody has seen', async () => {
		const {source} = fakeSource({applied: allQuotas, models: foundationModels, profiles: inferenceProfiles});
		const models = modelRows.flatMap(({modelId}) =>
			(['on-demand', 'cross-region', 'global'] as const).map((kind) => routed(modelId, kind)),
		);
		const {targets} = await resolveTargets(models, {source, ...plainOptions});
		const claimed = new Set(
			targets.flatMap(({quota}) => [quota.requestsPerMinute.name, quota.tokensPerMinute.name]),
		);
		const unclaimed = allQuotas
			.map(({name}) => parseQuotaName(name))
			.filter((named) => named?.use === 'standard' && /PerMinute$/.test(named.metric) && !named.isOldWording)
			.filter((named) => !claimed.has(named?.name ?? ''))
			.map((named) => named?.label);
		expect([...new Set(unclaimed)]).toEqual(['Amazon Nova 2 Omni', 'Amazon Nova 2 Pro Preview']);
	});
});
