import {expect, it} from 'vitest';
import type {Plan, RunConfig} from '../../source/domain/run-config.ts';
import {planLines} from '../../source/plain/run.ts';
import {target} from '../helpers/results-fixture.ts';

const config: RunConfig = {
	preset: 'summarize',
	task: {task: 'Summarise.', content: 'Text.', items: [], checks: []},
	variants: ['concise', 'minimal'].map((name) => ({
		name,
		instruction: '{{task}}',
		system: undefined,
		maxTokens: undefined,
		stop: [],
		parameters: {},
		itemsPerRequest: 1,
		cache: false,
		compress: [],
	})),
	models: [target.model],
	connection: {region: 'us-east-1', profile: undefined, simulatorUrl: undefined},
	override: {requestsPerMinute: undefined, tokensPerMinute: undefined, burndown: undefined},
	method: 'converse-stream',
	load: {
		shape: 'measure',
		requests: 20,
		durationMs: null,
		concurrency: 10,
		ratePerMinute: null,
		arrival: 'constant',
	},
	lanes: [],
	goal: 'throughput',
	policy: 'fixed',
	burst: 'full',
	share: 1,
	isBalanced: false,
	maxTokens: 1000,
	isMaxTokensAuto: false,
	minQuality: null,
	serviceLevel: null,
	guards: {maxRequests: null, maxCostUsd: 1, isConfirmed: false},
	tier: undefined,
	seed: 1,
	isRefreshing: false,
};

const plan: Plan = {
	targets: [target],
	requests: 40,
	durationSeconds: null,
	quotaTokens: 52_000,
	quotaShare: 0.52,
	quotaMinutes: 0.52,
	costUsd: 0.0123,
	priceSource: 'list prices of 2026-10-01',
	remarks: [],
};

it('states what is sent, what it takes and what it costs', () => {
	expect(planLines(plan, config).join('\n')).toMatchInlineSnapshot(`
		"Plan
		  model         us.amazon.nova-lite-v1:0 · cross-region · us-east-1
		  quota         400 (applied) requests and 100,000 (default) tokens per minute, none per day
		  preset        summarize
		  variants      concise, minimal
		  load          measure, converse-stream, concurrency 10, share 100%
		  requests      40, 20 per variant
		  max tokens    1,000
		  quota tokens  about 52k, at most 52% of a minute's quota
		  cost          at most $0.012 (list prices of 2026-10-01)"
	`);
});

it('says what is not known, and never 0 for it', () => {
	const text = planLines(
		{
			...plan,
			requests: null,
			durationSeconds: 60,
			quotaTokens: null,
			quotaShare: null,
			costUsd: null,
			priceSource: null,
			remarks: ['Did you mean "us.amazon.nova-lite-v1:0"?'],
		},
		{...config, preset: null, isMaxTokensAuto: true},
	).join('\n');
	expect(text).toContain('requests      as many as the duration allows');
	expect(text).toContain('duration      60 s');
	expect(text).toContain('quota tokens  not known');
	expect(text).toContain('cost          not known');
	expect(text).toContain('max tokens    auto, 1,000 at first');
	expect(text).toContain('note          Did you mean');
});

it('says how long the quotas make it wait', () => {
	const text = planLines({...plan, quotaShare: 1, quotaMinutes: 3.2}, config).join('\n');
	expect(text).toContain("at most 100% of a minute's quota, for at most 4 minutes");
});

it('says that a demo is SIMULATED', () => {
	const connection = {...config.connection, simulatorUrl: 'http://127.0.0.1:1'};
	expect(planLines(plan, {...config, connection})[0]).toContain('SIMULATED');
});
