import {expect, it} from 'vitest';
import {accountJson, accountLines, accountMetrics} from '../../source/plain/account.ts';
import {accountRegionFixture, idleBucketFixture} from '../helpers/account-fixture.ts';
import {fleetFixture} from '../helpers/snapshot-fixture.ts';

/** A bucket that CloudWatch knows no traffic of, and a fleet shares. */
const region = accountRegionFixture({
	buckets: [
		idleBucketFixture('amazon.nova-lite-v1:0', {fleet: fleetFixture().rows}),
		idleBucketFixture('amazon.nova-pro-v1:0'),
	],
});

it('members of a fleet are rows below the account, also of a bucket that is idle', () => {
	const lines = accountLines(region, {width: 110, ascii: false});
	const from = lines.findIndex((line) => line.includes('fleet of'));
	expect(lines.slice(from, from + 5).map((line) => line.trimEnd())).toMatchInlineSnapshot(`
		[
		  "amazon.nova-lite-v1:0 (cross-region): fleet of 3, 1 vanished",
		  "  Member                                  In flight  RPM   TPM  Waiting      Seen",
		  "  run on build-7, process 4711  this one          3   24   31k        0   0 s ago",
		  "  tap on web-1, process 31                        5   51   18k       12   0 s ago",
		  "  limiter on web-2, process 1   vanished          3    9  2.6k        0  47 s ago",
		]
	`);
	expect(lines).toContain('1 idle bucket not listed');
});

it('members of a fleet are in each line of JSON, and counted for Prometheus', () => {
	const {buckets} = JSON.parse(accountJson(region)) as {buckets: ReadonlyArray<{fleet?: unknown}>};
	expect(buckets).toHaveLength(1);
	expect(buckets[0]?.fleet).toContainEqual({
		name: 'tap on web-1, process 31',
		state: 'live',
		requests: 51,
		quotaTokens: 18_400,
		inFlight: 5,
		waiting: 12,
		seenSecondsAgo: 0,
	});
	expect(accountMetrics([region])).toMatch(/account_fleet_members\{.*nova-lite.*state="vanished"\} 1/);
});
