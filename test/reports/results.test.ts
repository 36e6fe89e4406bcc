import {readFileSync} from 'node:fs';
import fc from 'fast-check';
import {describe, expect, expectTypeOf, it} from 'vitest';
import {batchResultsOf} from '../../source/batch/results.ts';
import type {Snapshot} from '../../source/domain/snapshot.ts';
import type {Target} from '../../source/domain/target.ts';
import {resultsOf, resultsText} from '../../source/reports/results.ts';
import {type Results, resultsJsonSchema, resultsSchema} from '../../source/reports/results-schema.ts';
import {chartCases} from '../helpers/chart-cases.ts';
import {violationsOf} from '../helpers/published-schema.ts';
import {environment, snapshot, target, variant} from '../helpers/results-fixture.ts';
import {bucketFixture, fleetFixture} from '../helpers/snapshot-fixture.ts';

/** Keys of an object and of what is below it, `a.b`; lists by their first element, records of free keys left out. */
function keysOf(value: unknown, path = ''): readonly string[] {
	if (Array.isArray(value)) {
		return typeof value[0] === 'object' && !Array.isArray(value[0]) ? keysOf(value[0], `${path}[]`) : [];
	}

	return typeof value === 'object' && value !== null
		? Object.entries(value).flatMap(([key, below]) => {
				const here = path === '' ? key : `${path}.${key}`;
				return [here, ...keysOf(below, here)];
			})
		: [];
}

type JsonSchema = {
	readonly description?: string;
	readonly required?: readonly string[];
	readonly properties?: Readonly<Record<string, JsonSchema>>;
	readonly items?: JsonSchema;
	readonly anyOf?: readonly JsonSchema[];
};

/** Members that may be absent, at any depth. */
function optionalOf(
	schema: JsonSchema,
): ReadonlyArray<{readonly key: string; readonly isDescribed: boolean}> {
	const {properties = {}, required = [], items, anyOf = []} = schema;
	return [
		...[...(items === undefined ? [] : [items]), ...anyOf].flatMap(optionalOf),
		...Object.entries(properties).flatMap(([key, below]) => [
			...(required.includes(key) ? [] : [{key, isDescribed: below.description !== undefined}]),
			...optionalOf(below),
		]),
	];
}

describe('resultsOf', () => {
	it.each(Object.entries(chartCases))('%s: fits the schema, nothing more and nothing less', (_, make) => {
		const results = resultsOf(make(), environment);
		// What the schema does not know would be gone.
		expect(resultsSchema.parse(results)).toEqual(results);
		expect(violationsOf(resultsText(results))).toEqual([]);
	});

	it('the daily quota over all models is part of a target only where its bucket goes by it', () => {
		const accountTokensPerDay = target.quota.tokensPerMinute;
		const none = {...target.quota.tokensPerDay, state: 'none' as const, value: null, name: null};
		const shared = {...target, quota: {...target.quota, tokensPerDay: none, accountTokensPerDay}};
		const kept = resultsOf(snapshot({targets: [shared]}), environment);
		expect(kept.targets[0]?.quota.accountTokensPerDay).toEqual(accountTokensPerDay);
		expect(violationsOf(resultsText(kept))).toEqual([]);
		const own = {
			...target.quota.tokensPerDay,
			state: 'known' as const,
			value: 1000,
			source: 'applied' as const,
		};
		const accountWide = {...target, quota: {...target.quota, tokensPerDay: own, accountTokensPerDay}};
		const results = resultsOf(snapshot({targets: [accountWide]}), environment);
		expect(results.targets[0]?.quota.accountTokensPerDay).toBeUndefined();
		expect(violationsOf(resultsText(results))).toEqual([]);
		const batch = batchResultsOf(
			{
				target: accountWide,
				preset: 'classify',
				task: 'Say.',
				records: 100,
				jobs: 1,
				hasOwnMaxTokens: false,
				maxTokens: 100,
				seed: 1,
				startedAtMs: 0,
				endedAtMs: 60_000,
				isSimulated: true,
				outcome: 'completed',
				variants: [variant({name: 'a'})],
				failures: [],
				events: [],
			},
			environment,
		);
		expect(violationsOf(resultsText(batch))).toEqual([]);
	});

	it('has the keys of schema 1 in their order', () => {
		expect(keysOf(resultsOf(snapshot(), environment)).join('\n')).toMatchSnapshot();
	});

	it('states the plan in the units of its names', () => {
		const base = snapshot();
		const spec = {
			...base.spec,
			load: {
				...base.spec.load,
				shape: 'rate' as const,
				requests: null,
				durationMs: 90_000,
				ratePerMinute: 600,
			},
		};
		const {plan} = resultsOf({...base, spec}, environment);
		expect(plan).toMatchObject({
			load: 'rate',
			requests: null,
			durationSeconds: 90,
			ratePerMinute: 600,
			maxTokens: 1000,
		});
		expect(resultsOf({...base, spec: {...spec, isMaxTokensAuto: true}}, environment).plan.maxTokens).toBe(
			'auto',
		);
		expect(
			resultsOf({...base, spec: {...spec, maxTokens: undefined}}, environment).plan.maxTokens,
		).toBeNull();
	});

	it('names the lanes that were used, and none when there are none', () => {
		const lanes = snapshot({
			variants: [
				variant({name: 'chat', patch: {lane: 'high'}}),
				variant({name: 'bulk', patch: {lane: 'low'}}),
			],
		});
		const withRate = {...lanes, spec: {...lanes.spec, laneRatesPerMinute: {high: 30}}};
		expect(resultsOf(withRate, environment).plan.lanes).toEqual({
			high: {variants: ['chat'], ratePerMinute: 30},
			low: {variants: ['bulk'], ratePerMinute: null},
		});
		expect(resultsOf(snapshot(), environment).plan.lanes).toEqual({});
	});

	it('a run that never ended failed by a fault, and ends when it was last heard of', () => {
		const crashed = snapshot({patch: {phase: 'running', outcome: null, endedAt: null, elapsedMs: 12_000}});
		expect(resultsOf(crashed, environment)).toMatchObject({
			outcome: 'failed',
			stoppedBy: 'fault',
			endedAt: '2026-11-22T13:24:17.000Z',
		});
	});

	it('keeps an assumed limit as 100 and 10,000, unknown and assumed', () => {
		const assumed = {
			...target.quota.requestsPerMinute,
			value: 100,
			state: 'unknown' as const,
			source: 'assumed' as const,
			applied: null,
			default: null,
		};
		const results = resultsOf(
			snapshot({targets: [{...target, quota: {...target.quota, requestsPerMinute: assumed}}]}),
			environment,
		);
		expect(results.targets[0]?.quota.requestsPerMinute).toMatchObject({
			value: 100,
			state: 'unknown',
			source: 'assumed',
		});
	});

	it('a snapshot has nothing that the results leave out but advice on failures', () => {
		expectTypeOf<keyof Target | 'stamping' | 'enforcement' | 'fleet'>().toEqualTypeOf<
			keyof Results['targets'][number]
		>();
		expectTypeOf<keyof Snapshot['variants'][number]>().toEqualTypeOf<keyof Results['variants'][number]>();
		expectTypeOf<keyof Snapshot['timeline']['points'][number]>().toEqualTypeOf<
			keyof Results['timeline']['points'][number]
		>();
		expect(Object.keys(resultsOf(snapshot(), environment).failures[0] ?? {})).toEqual([
			'class',
			'message',
			'count',
			'firstAt',
		]);
	});
});

it('says which fleet shared a quota, and how long its ledger was lost', () => {
	const fleet = fleetFixture({losses: 2, lostMs: 12_500});
	const [target] = resultsOf({...snapshot(), buckets: [bucketFixture({fleet})]}, environment).targets;
	expect(target?.fleet).toEqual({members: 3, losses: 2, lostSeconds: 12.5});
	expect(resultsOf(snapshot(), environment).targets[0]).not.toHaveProperty('fleet');
});

describe('resultsJsonSchema', () => {
	const schema = resultsJsonSchema() as {
		properties: Record<string, {const?: unknown}>;
		required: readonly string[];
		additionalProperties: unknown;
	};

	it('asks for every key, allows no other, and names the version', () => {
		// Only a search or a tap has one, and 0.1.0 had no name, no verdict and no cost of the whole: schema 1 may only gain optional keys.
		const optional = [
			'run',
			'repeat',
			'stopReason',
			'judges',
			'search',
			'optimize',
			'tap',
			'verdict',
			'others',
			'costUsd',
			'costUsdWithin',
			'readTimeouts',
		];
		expect(schema.required).toEqual(Object.keys(schema.properties).filter((key) => !optional.includes(key)));
		expect(schema.additionalProperties).toBe(false);
		expect(schema.properties.schema?.const).toBe(1);
	});

	it('describes every member that may be absent, and the page about results names it', () => {
		const page = readFileSync(new URL('../../source/reports/README.md', import.meta.url), 'utf8');
		const names = [...page.matchAll(/`([^`]+)`/g)].flatMap(([, code = '']) => code.split(/\W+/));
		const optional = optionalOf(schema as JsonSchema);
		expect(optional.length).toBeGreaterThan(20);
		expect(optional.filter(({isDescribed}) => !isDescribed)).toEqual([]);
		expect(optional.filter(({key}) => !names.includes(key)).map(({key}) => key)).toEqual([]);
	});

	it('is plain JSON that refuses what is not results', () => {
		expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
		const results = resultsOf(snapshot(), environment);
		const isRefused = (other: unknown): boolean => violationsOf(JSON.stringify(other)).length > 0;
		expect(isRefused(results)).toBe(false);
		expect(isRefused({...results, schema: 2})).toBe(true);
		expect(isRefused({...results, variants: [{name: 'a'}]})).toBe(true);
		expect(isRefused({...results, extra: 1})).toBe(true);
	});
});

describe('resultsText', () => {
	it('is JSON that says the same, whatever is in it', () => {
		fc.assert(
			fc.property(fc.jsonValue(), (value) => {
				// JSON itself has no -0: the comparison is with what plain JSON says.
				expect(JSON.parse(resultsText(value as never))).toEqual(JSON.parse(JSON.stringify(value)));
			}),
		);
	});

	it('eight variants with full histograms and 600 points stay below 300 kB', () => {
		const bins = Array.from({length: 60}, (_, index): readonly [number, number] => [
			1000 + index * 137.125,
			123_456 + index,
		]);
		const long = snapshot({
			variants: Array.from({length: 8}, (_, index) => {
				const one = variant({name: `variant ${index}`, count: 125_000});
				const full = {...one.latencyMs.total, histogram: bins};
				return {
					...one,
					latencyMs: {
						timeToFirstToken: full,
						total: full,
						perOutputToken: full,
						dispatchDelay: full,
						service: full,
					},
				};
			}),
			seconds: 600 * 64,
			intervalSeconds: 64,
		});
		const results = resultsOf(long, environment);
		expect(results.timeline.points).toHaveLength(600);
		expect(Buffer.byteLength(resultsText(results))).toBeLessThan(300_000);
	});
});
