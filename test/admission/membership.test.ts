import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {Bucket} from '../../source/admission/bucket.ts';
import type {MemberRecord} from '../../source/admission/member-shares.ts';
import {Membership} from '../../source/admission/membership.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {isSoak} from '../helpers/random-cases.ts';
import {countIn, createLabStore, type SharingScene, share, windowMs} from '../helpers/sharing-lab.ts';
import {quotaOf} from '../helpers/spec-fixture.ts';

const enforcements = ['sliding', 'fixed', 'refill'] as const;
const quotas = {
	requests: {requestsPerMinute: 120, tokensPerMinute: null},
	tokens: {requestsPerMinute: null, tokensPerMinute: 60_000},
};
const cases = enforcements.flatMap((enforcement) =>
	(['requests', 'tokens'] as const).map((limit) => [enforcement, limit] as const),
);

const scene = (
	[enforcement, limit]: (typeof cases)[number],
	programs: SharingScene['programs'],
	minutes = 6,
): SharingScene => ({enforcement, ...quotas[limit], programs, minutes, phaseMs: 17_000});

const perMinute = (times: readonly number[] | undefined, minute: number): number =>
	countIn(times, minute * windowMs, (minute + 1) * windowMs);

describe('programs that share a bucket', () => {
	it.each(cases)('are not throttled and get half each from the second minute on: %s, %s', async (...it) => {
		const {admittedAt, throttledAt} = await share(scene(it, [{startMs: 0}, {startMs: 3000}], 4));
		const [first, second] = admittedAt;
		expect(throttledAt).toEqual([[], []]);
		expect(second?.[0]).toBeLessThan(3000 + windowMs);
		for (const minute of [1, 2, 3]) {
			const [one, other] = [perMinute(first, minute), perMinute(second, minute)];
			expect(one / (one + other)).toBeGreaterThan(0.4);
			expect(one / (one + other)).toBeLessThan(0.6);
		}
		// And the quota is used: as much as one alone gets.
		const alone = await share(scene(it, [{startMs: 0}], 4));
		const whole = countIn(admittedAt.flat(), 2 * windowMs, 4 * windowMs);
		expect(whole / countIn(alone.admittedAt[0], 2 * windowMs, 4 * windowMs)).toBeGreaterThan(0.97);
	});

	it.each(cases)('leave to one what the other does not want: %s, %s', async (...it) => {
		const {admittedAt, throttledAt} = await share(
			scene(it, [{startMs: 0}, {startMs: 3000, ratePerMinute: 20}], 4),
		);
		expect(throttledAt).toEqual([[], []]);
		for (const minute of [1, 2, 3]) {
			expect(perMinute(admittedAt[1], minute)).toBeGreaterThanOrEqual(20);
			const whole = perMinute(admittedAt[0], minute) + perMinute(admittedAt[1], minute);
			expect(whole).toBeGreaterThan(it[1] === 'requests' ? 118 : 195);
		}
	});

	it.each(cases)('know the last minute of one that was killed, or that ended: %s, %s', async (...it) => {
		for (const end of [{killMs: 100_000}, {stopMs: 100_000}]) {
			const beside = await share(scene(it, [{startMs: 0, ...end}, {startMs: 3000}], 4));
			expect(beside.throttledAt).toEqual([[], []]);
			// Alone again, it has the whole quota.
			expect(perMinute(beside.admittedAt[1], 3)).toBeGreaterThan(it[1] === 'requests' ? 118 : 195);
			const after = await share(scene(it, [{startMs: 0, ...end}, {startMs: 103_000}], 4));
			expect(after.throttledAt).toEqual([[], []]);
			expect(after.admittedAt[1]?.[0]).toBeLessThan(100_000 + windowMs + 5000);
		}
	});

	it('do not starve each other by large requests', async () => {
		const large = {startMs: 1000, maxTokens: 40_000};
		for (const programs of [
			[{startMs: 0}, large],
			[{...large, startMs: 0}, large],
		]) {
			const {admittedAt, throttledAt} = await share(scene(['sliding', 'tokens'], programs));
			expect(throttledAt).toEqual([[], []]);
			for (const times of admittedAt) {
				expect(perMinute(times, 3)).toBeGreaterThan(3);
				expect(perMinute(times, 5)).toBeGreaterThan(3);
			}
		}
	});

	it('are not throttled whenever they come and go, whatever they ask for', async () => {
		const program = fc.record({
			startMs: fc.integer({min: 0, max: 90_000}),
			end: fc.constantFrom({}, {killMs: 120_000}, {stopMs: 120_000}),
			ratePerMinute: fc.option(fc.integer({min: 1, max: 300}), {nil: undefined}),
			maxTokens: fc.constantFrom(300, 1000, 4096),
		});
		await fc.assert(
			fc.asyncProperty(
				fc.array(program, {minLength: 2, maxLength: 4}),
				fc.constantFrom(...enforcements),
				fc.constantFrom('first-byte' as const, 'end' as const),
				fc.integer({min: 0, max: 59_999}),
				fc.constantFrom(10, 100, 500),
				async (programs, enforcement, countFrom, phaseMs, ioMs) => {
					const {throttledAt} = await share({
						programs: programs.map(({end, ratePerMinute, ...rest}) => ({
							...rest,
							...end,
							...(ratePerMinute === undefined ? {} : {ratePerMinute}),
						})),
						minutes: 4,
						requestsPerMinute: 150,
						tokensPerMinute: 60_000,
						enforcement,
						countFrom,
						phaseMs,
						ioMs,
						seed: phaseMs,
					});
					// One refusal may teach where tokens count from.
					const most = countFrom === 'end' && enforcement !== 'refill' ? 1 : 0;
					expect(throttledAt.flat().length).toBeLessThanOrEqual(most);
				},
			),
			{numRuns: isSoak ? 300 : 6, seed: 16},
		);
	}, 120_000);
});

describe('a member', () => {
	const setUp = (
		store = createLabStore(
			new FakeClock(),
			() => 1,
			() => false,
		).store,
		clock = new FakeClock(),
		id = 'a',
	) => {
		const bucket = new Bucket({clock, quota: quotaOf(100, null), windowMs, share: 1, burst: 'full'});
		const lost: unknown[] = [];
		const member = new Membership({
			id,
			process: id,
			bucket,
			store,
			clock,
			onChange: () => {},
			onLost: (error) => lost.push(error),
		});
		return {bucket, member, clock, lost};
	};
	const cost = {reserved: 10, setAside: 10, max: 10, likelyMax: 10};

	it('goes on alone, and says so once, when the store fails', async () => {
		const broken = async (): Promise<never> => Promise.reject(new Error('EROFS'));
		const store = {
			read: broken,
			write: broken,
			remove: broken,
			readLearnt: broken,
			writeLearnt: broken,
		};
		const {bucket, member, lost} = setUp(store);
		await member.start();
		await member.sync();
		expect(bucket.admit(cost, 'normal').kind).toBe('admitted');
		expect(lost).toEqual([new Error('EROFS')]);
		await member.stop();
	});

	it('sends nothing after five seconds without a sync', async () => {
		const clock = new FakeClock();
		const {store} = createLabStore(
			clock,
			() => 1,
			() => false,
		);
		let isStuck = false;
		const stuck = {
			...store,
			read: async () => (isStuck ? new Promise<never>(() => {}) : store.read()),
		};
		const {bucket, member} = setUp(stuck, clock);
		void member.start();
		await clock.advance(100);
		expect(bucket.admit(cost, 'normal').kind).toBe('admitted');
		isStuck = true;
		await clock.advance(4000);
		expect(bucket.admit(cost, 'normal').kind).toBe('admitted');
		await clock.advance(2100);
		expect(bucket.admit(cost, 'normal')).toMatchObject({kind: 'wait'});
	});

	it('goes over the quota where its share says so', async () => {
		const clock = new FakeClock();
		const {store} = createLabStore(
			clock,
			() => 1,
			() => false,
		);
		const bucket = new Bucket({clock, quota: quotaOf(100, null), windowMs, share: 1.2, burst: 'full'});
		const member = new Membership({id: 'a', process: 'a', bucket, store, clock, onChange: () => {}});
		void member.start();
		await clock.advance(100);
		for (let round = 0; round < 20; round++) {
			while (bucket.admit(cost, 'normal').kind === 'admitted') {
				// As much as its claim allows.
			}
			await clock.advance(100);
		}
		expect(bucket.ledger.use().requests).toBe(120);
	});

	it('keeps to a lower claim from before it is written', async () => {
		const clock = new FakeClock();
		const {store, records} = createLabStore(
			clock,
			() => 1,
			() => false,
		);
		let isStuck = false;
		const stuck = {
			...store,
			async write(record: MemberRecord) {
				records.set(record.id, record);
				return isStuck ? new Promise<never>(() => {}) : undefined;
			},
		};
		const {bucket, member} = setUp(stuck, clock);
		const sendAll = (): void => {
			while (bucket.admit(cost, 'normal').kind === 'admitted') {
				// All that is claimed.
			}
		};
		void member.start();
		await clock.advance(100);
		sendAll();
		await clock.advance(100);
		const claimed = records.get('a')?.claim.requests ?? 0;
		expect(claimed).toBeGreaterThan(30);
		// Nothing more is sent: the next claim is smaller.
		isStuck = true;
		await clock.advance(1000);
		const lower = records.get('a')?.claim.requests ?? 0;
		expect(lower).toBeLessThan(claimed);
		sendAll();
		expect(bucket.ledger.use().requests).toBeLessThanOrEqual(lower);
	});

	it('knows by the minute what other programs had answered, also those of the past', async () => {
		const clock = new FakeClock();
		const {store} = createLabStore(
			clock,
			() => 1,
			() => false,
		);
		const [one, other] = [setUp(store, clock), setUp(store, clock, 'b')];
		void one.member.start();
		void other.member.start();
		await clock.advance(100);
		const minute = clock.epoch() - 100;
		for (let sent = 0; sent < 3; sent++) {
			const admission = other.bucket.admit(cost, 'normal');
			if (admission.kind === 'admitted') {
				other.bucket.settle(admission.reservation, 7);
			}
		}
		const expected = [{process: 'b', at: minute, requests: 3, tokens: 21}];
		await clock.advance(2000);
		expect(one.member.usedElsewhere).toEqual(expected);
		expect(other.member.usedElsewhere).toEqual([]);
		void other.member.stop();
		await clock.advance(2000);
		expect(one.member.usedElsewhere).toEqual(expected);
		void one.member.stop();
		await clock.advance(2000);
		const third = setUp(store, clock, 'c');
		void third.member.start();
		await clock.advance(100);
		expect(third.member.usedElsewhere).toEqual(expected);
	});

	it('learns from the others where tokens count from, and leaves what it learnt', async () => {
		const clock = new FakeClock();
		const {store} = createLabStore(
			clock,
			() => 1,
			() => false,
		);
		const {bucket, member} = setUp(store, clock);
		const learnt = {
			countsFrom: 'end',
			at: clock.epoch(),
			accepted: 0,
			refused: 1,
			marks: '0'.repeat(600),
		} as const;
		const enforcement = {
			...{since: 0, at: 1, limit: 1000, accepted: 30, refused: 9},
			...({windows: ['sliding'], setAside: ['input'], countsFrom: ['end']} as const),
		};
		await store.writeLearnt({...learnt, enforcement});
		void member.start();
		await clock.advance(100);
		expect(bucket.stamping.countsFrom).toBe('end');
		// How the limit is enforced is kept by a program that sees no throttle.
		bucket.stamping.adopt({...learnt, refused: 2});
		void member.stop();
		await clock.advance(2000);
		expect(await store.readLearnt()).toMatchObject({refused: 2, enforcement});
	});
});
