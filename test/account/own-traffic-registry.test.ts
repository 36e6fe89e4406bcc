import {expect, it} from 'vitest';
import {OwnUse, withOwnUse} from '../../source/account/own-traffic-registry.ts';
import {accountBucketFixture} from '../helpers/account-fixture.ts';

it('what other programs of the user had answered is part of their minute, and replaced by what is known later', () => {
	const own = new OwnUse();
	const at = 1_700_000_040_000;
	own.add('bucket', {at: at + 5000, quotaTokens: 100});
	own.setElsewhere('bucket', [
		{process: 'a', at, requests: 20, tokens: 900},
		{process: 'b', at, requests: 1, tokens: 50},
		{process: 'a', at: at - 60_000, requests: 7, tokens: 70},
	]);
	expect(own.at('bucket', at)).toEqual({requests: 22, tokens: 1050});
	expect(own.at('bucket', at - 60_000)).toEqual({requests: 7, tokens: 70});
	expect(own.at('other', at)).toEqual({requests: 0, tokens: 0});
	own.setElsewhere('bucket', []);
	expect(own.at('bucket', at)).toEqual({requests: 1, tokens: 100});
});

it("the ledger of a run is added to others' use once, however often it is applied", () => {
	const bucket = accountBucketFixture({use: {requests: 20, quotaTokens: 3000}, activity: 'quiet'});
	const live = withOwnUse(bucket, {requests: 5, quotaTokens: 700});
	expect(live).toMatchObject({
		own: {requests: 5, quotaTokens: 700},
		use: {requests: 25, quotaTokens: 3700},
		activity: 'active',
	});
	expect(withOwnUse(live, {requests: 6, quotaTokens: 800}).use).toEqual({requests: 26, quotaTokens: 3800});
	expect(withOwnUse(bucket, undefined)).toBe(bucket);
});
