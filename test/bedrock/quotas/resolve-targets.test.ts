import {describe, expect, it} from 'vitest';
import {SourceError} from '../../../source/bedrock/quotas/quota-source.ts';
import {resolveTargets} from '../../../source/bedrock/quotas/resolve-targets.ts';
import {
	applicationProfile,
	type FakeAccount,
	fakeSource,
	foundationModel,
	listed,
	modelArn,
	plainOptions,
	systemProfile,
} from './quotas-source.ts';

const sonnet = 'anthropic.claude-sonnet-4-6';
const crossRequests = 'Cross-region model inference requests per minute for Anthropic Claude Sonnet 4.6';
const crossTokens = 'Cross-region model inference tokens per minute for Anthropic Claude Sonnet 4.6';
const sharedDay =
	'Model invocation max tokens per day for Anthropic Claude Sonnet 4.6 (doubled for cross-region calls)';
const globalDay = 'Global cross-region model inference tokens per day for Anthropic Claude Sonnet 4.6';

const resolve = async (models: readonly string[], account: FakeAccount, options = {}) =>
	resolveTargets(models, {source: fakeSource(account).source, ...plainOptions, ...options});

const quotaOf = async (model: string, account: FakeAccount, options = {}) => {
	const {targets} = await resolve([model], account, options);
	return targets[0]?.quota;
};

describe('what the Region’s lists say against a way of calling', () => {
	const profiles = [systemProfile(`eu.${sonnet}`), systemProfile(`global.${sonnet}`)];
	const account = {models: [foundationModel(sonnet, {inferenceTypes: ['INFERENCE_PROFILE']})], profiles};
	const remarksOf = async (model: string, facts: FakeAccount = account): Promise<string> =>
		(await resolve([model], facts)).remarks.join(' ');

	it('a model without on-demand throughput: the IDs to call it by', async () => {
		expect(await remarksOf(sonnet)).toContain(
			`${sonnet} is not offered on demand in us-east-1: call it as eu.${sonnet}, global.${sonnet}.`,
		);
		expect(await remarksOf(sonnet, {...account, models: [foundationModel(sonnet)]})).not.toContain(
			'call it as',
		);
	});

	it('a profile of another geography: those that there are', async () => {
		expect(await remarksOf(`us.${sonnet}`)).toContain(
			`us-east-1 lists no inference profile us.${sonnet}, but eu.${sonnet}, global.${sonnet}.`,
		);
		expect(await remarksOf(`eu.${sonnet}`)).not.toContain('lists no');
		expect(await remarksOf(systemProfile(`eu.${sonnet}`).arn)).not.toContain('lists no');
	});

	it('a model that nobody lists, and lists that could not be read', async () => {
		expect(await remarksOf('amazon.nova-typo-v1:0')).toContain('lists no model amazon.nova-typo-v1:0');
		expect(await remarksOf(sonnet, {})).not.toMatch(/lists no|call it as/);
	});
});

describe('limits', () => {
	it('the applied value is in force, the default stands beside it, joined by code', async () => {
		const quota = await quotaOf(`us.${sonnet}`, {
			applied: [listed(crossTokens, 40_000, {code: 'L-1'})],
			defaults: [
				listed(`${crossTokens} (renamed)`, 7, {code: 'L-2'}),
				listed(crossTokens, 400_000, {code: 'L-1'}),
			],
		});
		expect(quota?.tokensPerMinute).toEqual({
			value: 40_000,
			state: 'known',
			source: 'applied',
			applied: 40_000,
			default: 400_000,
			adjustable: true,
			code: 'L-1',
			name: crossTokens,
		});
	});

	it('what was read with other credentials than those that call is never applied', async () => {
		const {targets, remarks} = await resolve([`us.${sonnet}`], {
			applied: [listed(crossTokens, 40_000, {code: 'L-1'})],
			defaults: [listed(crossTokens, 400_000, {code: 'L-1'})],
			hasBearerToken: true,
		});
		expect(targets[0]?.quota.tokensPerMinute).toMatchObject({
			value: 40_000,
			source: 'other-caller',
			applied: null,
			default: 400_000,
		});
		expect(remarks.join()).toMatch(/AWS_BEARER_TOKEN_BEDROCK.*read with other credentials.*other-caller/);
	});

	it('the default is in force where the account does not tell its own', async () => {
		const quota = await quotaOf(`us.${sonnet}`, {
			applied: [listed(crossTokens, null, {code: 'L-1'})],
			defaults: [listed(crossTokens, 400_000, {code: 'L-1'})],
		});
		expect(quota?.tokensPerMinute).toMatchObject({value: 400_000, source: 'default', applied: null});
	});

	it('0 is blocked, and said so', async () => {
		const account = {applied: [listed(crossTokens, 0)]};
		const {targets, remarks} = await resolve([`us.${sonnet}`], account);
		expect(targets[0]?.quota.tokensPerMinute).toMatchObject({value: 0, state: 'blocked', source: 'applied'});
		expect(remarks.join()).toContain(`"${crossTokens}" to 0`);
	});

	it('a metric without a quota is none when the model is known by another', async () => {
		const quota = await quotaOf(`us.${sonnet}`, {applied: [listed(crossTokens, 5)]});
		expect(quota?.requestsPerMinute).toMatchObject({value: null, state: 'none', source: null});
	});

	it('a model of which nothing is said is unknown, with assumed values and the names that came near', async () => {
		const {targets, near, remarks} = await resolve(['us.anthropic.claude-sonnet-4-7'], {
			applied: [
				listed(crossTokens, 5),
				listed('On-demand model inference tokens per minute for Gemma 3 4B', 1),
			],
		});
		expect(targets[0]?.quota).toMatchObject({
			requestsPerMinute: {value: 100, state: 'unknown', source: 'assumed', name: null},
			tokensPerMinute: {value: 10_000, state: 'unknown', source: 'assumed', name: null},
			tokensPerDay: {value: null, state: 'unknown', source: null, name: null},
		});
		expect(near).toEqual([[crossTokens]]);
		expect(remarks.join()).toContain('no quota name is exactly about anthropic.claude-sonnet-4-7');
	});

	it('overrides win, and keep what the account says beside them', async () => {
		const quota = await quotaOf(
			`us.${sonnet}`,
			{applied: [listed(crossTokens, 40_000)]},
			{override: {requestsPerMinute: 7, tokensPerMinute: 900, burndown: undefined}},
		);
		expect(quota?.requestsPerMinute).toMatchObject({value: 7, state: 'known', source: 'override'});
		expect(quota?.tokensPerMinute).toMatchObject({value: 900, source: 'override', applied: 40_000});
	});

	it('rows about other uses of the model are never the answer', async () => {
		const quota = await quotaOf(`us.${sonnet}`, {
			applied: [
				listed(`${crossTokens} 1M Context Length`, 1),
				listed(
					'On-demand latency-optimized model inference tokens per minute for Anthropic Claude Sonnet 4.6',
					2,
				),
				listed('[bedrock-mantle endpoint] Input tokens per minute for Claude Sonnet 4.6', 3),
				listed('Records per batch inference job for Claude Sonnet 4.6', 4),
				listed('Global cross-region model inference tokens per minute for Anthropic Claude Sonnet 4.6', 5),
			],
		});
		expect(quota?.tokensPerMinute).toMatchObject({state: 'none', name: null});
	});

	it('the newer wording wins over the older one', async () => {
		const quota = await quotaOf(`us.${sonnet}`, {
			applied: [listed(crossTokens.replace('model inference', 'InvokeModel'), 1), listed(crossTokens, 2)],
		});
		expect(quota?.tokensPerMinute).toMatchObject({value: 2, name: crossTokens});
	});
});

describe('tokens per day', () => {
	const account = {applied: [listed(sharedDay, 1000), listed(globalDay, 300), listed(crossTokens, 5)]};

	it.each([
		[sonnet, 1000, sharedDay],
		[`us.${sonnet}`, 2000, sharedDay],
		[`global.${sonnet}`, 300, globalDay],
	])('%s', async (model, value, name) => {
		const quota = await quotaOf(model, account);
		expect(quota?.tokensPerDay).toMatchObject({value, name, state: 'known'});
	});

	it('what is stated stays beside what is doubled', async () => {
		expect((await quotaOf(`us.${sonnet}`, account))?.tokensPerDay.applied).toBe(1000);
	});

	it('what holds when the tokens a minute have been increased is open: the service decides', async () => {
		const {targets, remarks} = await resolve([`us.${sonnet}`], {
			applied: [listed(sharedDay, 1000, {code: 'D'}), listed(crossTokens, 6, {code: 'T'})],
			defaults: [listed(sharedDay, 1000, {code: 'D'}), listed(crossTokens, 5, {code: 'T'})],
		});
		expect(targets[0]?.quota.tokensPerDay).toMatchObject({value: null, state: 'unknown', applied: 1000});
		expect(remarks.join()).toMatch(/tokens per day \(1,000, D\).*or no limit/);
	});

	it('the global quota is not that of the Region', async () => {
		const quota = await quotaOf(`global.${sonnet}`, {applied: [listed(sharedDay, 1000)]});
		expect(quota?.tokensPerDay.state).toBe('none');
	});

	it.each(['Cross-Model Max Tokens Per Day', 'Cross-Model Account-Level Tokens Per Day'])(
		'the quota over all models is apart: %s',
		async (name) => {
			const quota = await quotaOf(sonnet, {applied: [listed(name, 700), listed(crossTokens, 5)]});
			expect(quota?.accountTokensPerDay).toMatchObject({value: 700, name});
			expect(quota?.tokensPerDay.state).toBe('none');
		},
	);
});

describe('identifiers behind ARNs', () => {
	const account = {
		applied: [listed(crossTokens, 5), listed(crossRequests, 6)],
		models: [foundationModel(sonnet)],
		profiles: [systemProfile(`us.${sonnet}`)],
		applicationProfiles: ['a', 'b', 'c'].map((id) =>
			applicationProfile(id, [modelArn(sonnet), modelArn(sonnet, 'us-west-2')]),
		),
	};
	const [first = '', ...others] = account.applicationProfiles.map(({arn}) => arn);

	it('an application profile draws from the bucket of the profile that it was copied from', async () => {
		const {targets} = await resolve([first], account);
		expect(targets[0]).toMatchObject({model: first, baseModel: sonnet, scope: 'cross-region'});
		expect(targets[0]?.quota.tokensPerMinute.name).toBe(crossTokens);
	});

	it('few are looked up beside the lists, many are listed', async () => {
		const few = fakeSource(account);
		await resolveTargets([first], {source: few.source, ...plainOptions});
		expect(few.calls.toSorted()).toEqual(['SYSTEM_DEFINED', 'applied', 'defaults', 'get', 'models']);
		const many = fakeSource(account);
		const {targets} = await resolveTargets([first, ...others], {source: many.source, ...plainOptions});
		expect(many.calls).not.toContain('get');
		expect(many.calls).toContain('APPLICATION');
		expect(targets.map(({baseModel}) => baseModel)).toEqual([sonnet, sonnet, sonnet]);
	});

	it('one that cannot be looked up is unknown, and says which permission is needed', async () => {
		const {targets, remarks} = await resolve([first], {
			...account,
			failures: {getInferenceProfile: new SourceError('denied', 'no', undefined)},
		});
		expect(targets[0]?.quota.tokensPerMinute).toMatchObject({state: 'unknown', source: 'assumed'});
		expect(remarks.join()).toContain('bedrock:GetInferenceProfile');
	});

	it('purchased capacity has no quota a minute', async () => {
		const {targets, remarks} = await resolve(
			['arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc'],
			account,
		);
		expect(targets[0]?.quota.requestsPerMinute.state).toBe('none');
		expect(targets[0]?.quota.tokensPerMinute.state).toBe('none');
		expect(remarks.join()).toContain('purchased capacity');
	});

	it.each(['default-prompt-router/x', 'custom-model-deployment/x', 'imported-model/x', 'prompt/x'])(
		'%s is unknown',
		async (resource) => {
			const quota = await quotaOf(`arn:aws:bedrock:us-east-1:123456789012:${resource}`, account);
			expect(quota?.tokensPerMinute).toMatchObject({state: 'unknown', source: 'assumed'});
		},
	);

	it('an ARN of another Region is remarked', async () => {
		const {remarks} = await resolve([modelArn(sonnet, 'eu-west-1')], account);
		expect(remarks.join()).toContain('belongs to eu-west-1');
	});

	it('two spellings of one model are one bucket', async () => {
		const name = 'On-demand model inference tokens per minute for Amazon Nova Lite';
		const {targets} = await resolve(['amazon.nova-lite-v1', 'amazon.nova-lite-v1:0'], {
			applied: [listed(name, 5)],
		});
		expect(new Set(targets.map(({baseModel}) => baseModel)).size).toBe(1);
		expect(targets.map(({quota}) => quota.tokensPerMinute.name)).toEqual([name, name]);
	});
});

describe('lists that cannot be read', () => {
	const denied = new SourceError('denied', 'not authorized', undefined);
	const account = {applied: [listed(crossTokens, 4)], defaults: [listed(crossTokens, 5)]};

	it('without both lists of quotas everything is assumed, and the permissions are named', async () => {
		const {targets, remarks} = await resolve([`us.${sonnet}`], {
			...account,
			failures: {listApplied: denied, listDefaults: denied},
		});
		expect(targets[0]?.quota.tokensPerMinute).toMatchObject({
			value: 10_000,
			state: 'unknown',
			source: 'assumed',
		});
		expect(remarks).toHaveLength(1);
		expect(remarks[0]).toContain(
			'servicequotas:ListServiceQuotas and servicequotas:ListAWSDefaultServiceQuotas',
		);
	});

	it('without the account’s own values the defaults are shown as such', async () => {
		const {targets, remarks} = await resolve([`us.${sonnet}`], {...account, failures: {listApplied: denied}});
		expect(targets[0]?.quota.tokensPerMinute).toMatchObject({value: 5, source: 'default'});
		expect(remarks.join()).toContain('servicequotas:ListServiceQuotas');
	});

	it('a Bedrock API key alone is told apart from missing permissions', async () => {
		const noCredentials = new SourceError('credentials', 'Could not load credentials', undefined);
		const {remarks} = await resolve([`us.${sonnet}`], {
			...account,
			hasBearerToken: true,
			failures: {listApplied: noCredentials, listDefaults: noCredentials},
		});
		expect(remarks[0]).toContain('AWS_BEARER_TOKEN_BEDROCK');
		expect(remarks[0]).not.toContain('servicequotas:');
	});

	it('without models and profiles identifiers are judged by their form', async () => {
		const {targets, remarks} = await resolve([`us.${sonnet}`], {
			...account,
			failures: {listFoundationModels: denied, listInferenceProfiles: denied},
		});
		expect(targets[0]?.quota.tokensPerMinute.value).toBe(4);
		expect(remarks.join()).toContain('bedrock:ListFoundationModels and bedrock:ListInferenceProfiles');
	});
});
