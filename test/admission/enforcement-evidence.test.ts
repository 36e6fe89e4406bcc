/** Tests source/admission/enforcement-evidence.ts and enforcement-rules.ts: what throttles say of how a limit is enforced. */
import {describe, expect, it} from 'vitest';
import {Bucket} from '../../source/admission/bucket.ts';
import {collectEvidence, EnforcementEvidence} from '../../source/admission/enforcement-evidence.ts';
import {bucketState} from '../../source/admission/run-buckets.ts';
import {enforcementJson, enforcementWords} from '../../source/metrics/figures/measured-ceiling.ts';
import {everyRule, judgeFit, playEnforcement} from '../helpers/enforcement-lab.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {quotaOf} from '../helpers/spec-fixture.ts';

const loads = ['steady', 'bursts', 'retries'] as const;
const windowMs = 60_000;

/** More seeds, and services that are not as they are taken to be: `npm run bench -- learning`. */
describe('what fits', () => {
	const judged = everyRule.map((rule, index) => {
		const load = loads[index % loads.length] ?? 'steady';
		return judgeFit(rule, playEnforcement({...rule, load, seed: index + 1, minutes: 8}));
	});

	it('is always what is enforced, by whatever window, reservation and stamping', () => {
		expect(judged.filter(({isWrong}) => isWrong)).toEqual([]);
		// A client that sends a few large bursts may see too few throttles.
		expect(judged.filter(({isStated}) => isStated).length).toBeGreaterThanOrEqual(judged.length - 2);
	});

	it('is one window in most cases', () => {
		expect(judged.filter(({decided}) => decided.window).length).toBeGreaterThanOrEqual(
			Math.ceil(0.8 * judged.length),
		);
	});
});

describe('no rule fits', () => {
	const rule = {window: 'sliding', setAside: 'input-and-max-tokens', countsFrom: 'first-byte'} as const;

	it('where others take a third of the limit and nobody knows of them', () => {
		const fit = playEnforcement({...rule, load: 'steady', seed: 5, minutes: 8, others: 0.3});
		expect(fit).toMatchObject({windows: [], setAside: [], countsFrom: []});
		expect(fit && enforcementWords(enforcementJson(fit))).toContain(
			'fit no way of counting 60k quota tokens per minute. Others use them too, or another limit is enforced.',
		);
	});

	it('where more is let in than the quota', () => {
		expect(playEnforcement({...rule, load: 'steady', seed: 5, minutes: 8, enforced: 1.5})?.windows).toEqual(
			[],
		);
	});
});

const usage = {
	inputTokens: 300,
	outputTokens: 200,
	cacheReadTokens: 0,
	cacheWriteTokens: 0,
	reasoningTokens: undefined,
	isEstimated: false,
};

/** A client that fills a sliding minute of 50 requests of 1,000 tokens, and is refused once per second from then on. */
const fill = (minutes: number, isAlone: boolean, quota: number | null = 50_000) => {
	const clock = new FakeClock();
	const evidence = new EnforcementEvidence({clock, windowMs, limit: () => quota});
	const counted: number[] = [];
	for (let second = 0; second < minutes * 60; second++) {
		const key = {};
		evidence.sent(key, 1000, 300);
		const inWindow = counted.filter((at) => at > clock.now() - windowMs).length;
		if (inWindow < 50) {
			counted.push(clock.now());
			clock.skip(100);
			evidence.heard(key);
			evidence.settled(key, 1000, usage);
		} else {
			clock.skip(100);
			evidence.refused(key, isAlone);
		}
		clock.skip(900);
	}
	return evidence;
};

describe('nothing is stated', () => {
	it('before throttles and accepted requests enough, and without a known quota', () => {
		expect(fill(0.5, true).fit).toBeUndefined();
		expect(fill(4, true).fit?.windows).toContain('sliding');
		expect(fill(4, true, null).fit).toBeUndefined();
	});

	it('by throttles while others are known to use the bucket', () => {
		expect(fill(4, false).fit).toBeUndefined();
	});
});

it('is collected by a bucket, whose state shows it', () => {
	const clock = new FakeClock();
	const quota = quotaOf(100_000, 50_000);
	const bucket = new Bucket({clock, quota, windowMs, share: 1, burst: 'full'});
	collectEvidence(bucket, clock);
	const cost = {reserved: 1000, setAside: 1000, max: 1000, likelyMax: 1000, input: 300};
	const counted: number[] = [];
	for (let second = 0; second < 240; second++) {
		const reservation = bucket.record(cost, 'normal');
		const inWindow = counted.filter((at) => at > clock.now() - windowMs).length;
		clock.skip(100);
		if (inWindow < 50) {
			counted.push(clock.now());
			bucket.confirm(reservation);
			bucket.settle(reservation, 1000, usage);
		} else {
			bucket.throttled(reservation, 'tokens');
		}
		clock.skip(900);
	}
	const {enforcement} = bucketState(bucket, {quota}, {clock, isSending: false});
	expect(enforcement).toMatchObject({limit: 50_000, windows: ['sliding', 'fixed']});
	expect(enforcement && enforcementWords(enforcementJson(enforcement))).toMatch(
		/^How the service counts, if it enforces 50k quota tokens per minute: over any 60 s or fixed minutes; it sets aside input and max tokens.*; an answer counts from its first byte or its end \(\d+ throttled and \d+ accepted requests until \d{4}-\d\d-\d\d \d\d:\d\d UTC\)\.$/,
	);
});
