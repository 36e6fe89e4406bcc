import {describe, expect, it} from 'vitest';
import {Bucket} from '../../../source/admission/bucket.ts';
import {Leases} from '../../../source/admission/fleet/leases.ts';
import {type Ask, type AskVerdict, ticketMs} from '../../../source/admission/fleet/shared-ledger.ts';
import {FakeClock} from '../../helpers/fake-clock.ts';
import {quotaOf} from '../../helpers/spec-fixture.ts';

/** Asks of one member; the test answers them. */
const setUp = () => {
	const clock = new FakeClock();
	const bucket = new Bucket({clock, quota: quotaOf(null, 10_000), windowMs: 60_000, share: 1, burst: 'full'});
	const asks: Array<{readonly ask: Ask; readonly answer: (verdict: AskVerdict) => Promise<void>}> = [];
	const given: string[] = [];
	let changes = 0;
	let ids = 0;
	const leases = new Leases({
		clock,
		bucket,
		newId: () => `id-${ids++}`,
		async reserve(ask) {
			const {promise, resolve} = Promise.withResolvers<AskVerdict>();
			const answer = async (verdict: AskVerdict): Promise<void> => {
				resolve(verdict);
				await clock.advance(0);
			};
			asks.push({ask, answer});
			return promise;
		},
		giveBack: (id) => given.push(id),
		onChange() {
			changes++;
		},
		onDay() {},
	});
	const admit = (key: string | undefined, tokens = 100, isAlone = false) =>
		leases.admit({
			key,
			lane: 'normal',
			tokens,
			reserved: tokens,
			headroom: 0,
			mayProbe: false,
			isAlone,
		});
	/** Grants what was asked at an index. */
	const grant = async (index: number): Promise<void> => asks[index]?.answer({kind: 'lease'});
	return {clock, leases, asks, given, admit, grant, changes: () => changes};
};

const lease = {kind: 'lease'};
const wait = {kind: 'wait', delayMs: undefined, reason: 'fleet'};

describe('the leases of a member', () => {
	it('are asked for once for each call, and taken once', async () => {
		const {asks, admit, grant, changes} = setUp();
		expect(admit('a')).toMatchObject(wait);
		expect(admit('a')).toMatchObject(wait);
		expect(asks).toHaveLength(1);
		await grant(0);
		expect(changes()).toBe(1);
		expect(admit('a')).toMatchObject({...lease, lease: {id: 'id-0', tokens: 100}});
		expect(admit('a')).toMatchObject(wait);
		expect(asks).toHaveLength(2);
	});

	it('are asked for in windows that each grant doubles, and a refusal closes', async () => {
		const {asks, admit, grant} = setUp();
		const admitAll = (): void => {
			for (let call = 0; call < 100; call++) {
				admit(`call ${call}`);
			}
		};
		admitAll();
		expect(asks).toHaveLength(1);
		await grant(0);
		// The first is taken, and one more may be asked for at once.
		admitAll();
		expect(asks).toHaveLength(3);
		await grant(1);
		await grant(2);
		admitAll();
		expect(asks).toHaveLength(3 + 8);
		await asks[3]?.answer({kind: 'wait', delayMs: 50, reason: 'tokens'});
		admitAll();
		expect(asks).toHaveLength(11);
	});

	it('are one by one where requests are spread evenly', async () => {
		const {asks, admit, grant} = setUp();
		for (const key of ['a', 'b', 'c']) {
			admit(key, 100, true);
		}
		expect(asks).toHaveLength(1);
		await grant(0);
		admit('a', 100, true);
		admit('b', 100, true);
		admit('c', 100, true);
		expect(asks).toHaveLength(2);
	});

	it('are not asked for again before the ledger said', async () => {
		const {clock, asks, admit} = setUp();
		admit('a');
		await asks[0]?.answer({kind: 'wait', delayMs: 400, reason: 'requests'});
		await clock.advance(100);
		expect(admit('a')).toMatchObject({kind: 'wait', delayMs: 300, reason: 'requests'});
		expect(asks).toHaveLength(1);
		await clock.advance(300);
		admit('a');
		expect(asks).toHaveLength(2);
		expect(asks[1]?.ask.id).toBe('id-0');
	});

	it('keep their turn while they wait for long', async () => {
		const {clock, asks, admit} = setUp();
		admit('a');
		await asks[0]?.answer({kind: 'wait', delayMs: 30_000, reason: 'tokens'});
		await clock.advance(ticketMs);
		expect(asks.length).toBeGreaterThan(1);
		expect(new Set(asks.map(({ask}) => ask.id))).toEqual(new Set(['id-0']));
	});

	it('that nobody takes are given back', async () => {
		const {clock, given, admit, grant} = setUp();
		admit('a');
		await grant(0);
		await clock.advance(600);
		expect(given).toEqual(['id-0']);
		expect(admit('a')).toMatchObject(wait);
	});

	it('of a call that is not made leave nothing behind', async () => {
		const {given, leases, admit, grant, asks} = setUp();
		admit('a');
		leases.withdraw('a');
		expect(given).toEqual(['id-0']);
		await grant(0);
		expect(admit('b')).toMatchObject(wait);
		expect(asks[1]?.ask.id).toBe('id-1');
		expect(leases.waiting).toBe(1);
	});

	it('that are too small for their call by now are given back, and asked for again', async () => {
		const {given, admit, grant, asks} = setUp();
		admit(undefined, 100);
		await grant(0);
		expect(admit(undefined, 200)).toMatchObject(wait);
		expect(given).toEqual(['id-0']);
		expect(asks[1]?.ask.tokens).toBe(200);
		await grant(1);
		expect(admit(undefined, 150)).toMatchObject({...lease, lease: {tokens: 200}});
	});
});
