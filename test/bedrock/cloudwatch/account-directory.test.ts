import {describe, expect, it} from 'vitest';
import {readDirectory} from '../../../source/bedrock/cloudwatch/account-directory.ts';
import {SourceError} from '../../../source/bedrock/quotas/quota-source.ts';
import {type FakeAccount, fakeSource, foundationModel, listed} from '../quotas/quotas-source.ts';

const region = 'us-east-1';
const base = 'amazon.nova-lite-v1:0';
const requests = 'On-demand model inference requests per minute for Amazon Nova Lite';
const tokens = 'On-demand model inference tokens per minute for Amazon Nova Lite';

const directoryOf = async (account: FakeAccount) =>
	readDirectory({
		source: fakeSource(account).source,
		region,
		endpoint: null,
		override: {requestsPerMinute: undefined, tokensPerMinute: undefined, burndown: undefined},
		tier: null,
		cache: undefined,
	});

const bucketOf = async (account: FakeAccount) => {
	const {map} = await directoryOf({models: [foundationModel(base)], ...account});
	return (await map([base])).buckets.get(`${base} on-demand`);
};

describe('quotas that are not as they should be are a sentence on their row', () => {
	it('two with one name: which one is shown', async () => {
		const bucket = await bucketOf({
			applied: [
				listed(requests, 200, {code: 'L-1'}),
				listed(requests, 50, {code: 'L-2'}),
				listed(tokens, 100_000, {code: 'L-3'}),
			],
		});
		const {value, code} = bucket?.target.quota.requestsPerMinute ?? {};
		expect(bucket?.notes).toEqual([
			`Service Quotas has "${requests}" more than once; the one with code ${code} is shown.`,
		]);
		expect(value).toBe(code === 'L-1' ? 200 : 50);
		expect(bucket?.target.quota.tokensPerMinute.value).toBe(100_000);
	});

	it('one of 0: who can raise it', async () => {
		const bucket = await bucketOf({applied: [listed(requests, 0), listed(tokens, 100_000)]});
		expect(bucket?.notes).toEqual([`Blocked: AWS has set "${requests}" to 0. AWS Support can raise it.`]);
		expect(bucket?.target.quota.requestsPerMinute.state).toBe('blocked');
	});

	it('none for a model: that its limits are not known', async () => {
		const bucket = await bucketOf({applied: [listed('Something else', 5)]});
		expect(bucket?.notes.join(' ')).toContain(`No quota for ${base} found in Service Quotas`);
	});
});

it('a Region in which Bedrock does not answer is said to be one, in one sentence', async () => {
	const failure = new SourceError('network', 'getaddrinfo ENOTFOUND', undefined);
	const {remarks, candidates} = await directoryOf({
		failures: {listFoundationModels: failure, listInferenceProfiles: failure},
	});
	expect(remarks).toEqual([`Bedrock does not answer in ${region}: perhaps it is not offered there.`]);
	expect(candidates).toEqual([]);
});
