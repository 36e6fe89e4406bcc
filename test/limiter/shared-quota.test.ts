import {describe, expect, it} from 'vitest';
import {askedOf, givenFacts, type ModelFacts} from '../../source/limiter/quota.ts';
import {type QuotaNews, SharedQuota} from '../../source/limiter/shared-quota.ts';
import {FakeClock} from '../helpers/fake-clock.ts';

/** Who of several members asks the account. */

const hourMs = 3_600_000;
const {name} = await askedOf('amazon.nova-lite-v1:0', 'detect', 'us-east-1');
const given = (tokensPerMinute: number): ModelFacts => ({
	...givenFacts({name, given: 'detect', isResolved: true}, {tokensPerMinute}),
	isDetected: true,
});
const unknown: ModelFacts = {...givenFacts({name, given: 'detect', isResolved: true}, {}), isUnknown: true};

/** A note and a task, as a store has them. */
const fleetOf = () => {
	const clock = new FakeClock();
	let note: {readonly json: string; readonly at: number} | undefined;
	let task: {readonly until: number; readonly who: string} | undefined;
	const open = (who: string): QuotaNews => ({
		read: async () => note && {json: note.json, agoMs: clock.now() - note.at},
		async claim(forMs) {
			const isFree = task === undefined || task.until <= clock.now() || task.who === who;
			task = isFree ? {until: clock.now() + forMs, who} : task;
			return isFree;
		},
		async write(json) {
			note = {json, at: clock.now()};
		},
	});
	const asks: string[] = [];
	const member = async (who: string, detect: () => Promise<ModelFacts>) =>
		new SharedQuota(open(who), clock).read(
			name,
			async () => {
				asks.push(who);
				return detect();
			},
			hourMs,
		);
	return {clock, asks, member, news: open('someone')};
};

const tokensOf = ({quota}: ModelFacts): number | null => quota.tokensPerMinute.value;
const pause = async (clock: FakeClock, ms: number): Promise<void> =>
	new Promise((resolve) => clock.after(ms, resolve));

describe('the quota that a fleet shares', () => {
	it('is read by one while the others wait, and again by one after an hour', async () => {
		const {clock, asks, member} = fleetOf();
		const slow = async () => pause(clock, 3000).then(() => given(5000));
		const all = Promise.all(['a', 'b', 'c'].map(async (who) => member(who, slow)));
		await clock.advance(4000);
		expect((await all).map(tokensOf)).toEqual([5000, 5000, 5000]);
		expect(asks).toEqual(['a']);
		await clock.advance(hourMs);
		const again = Promise.all(
			['b', 'c'].map(async (who) => member(who, async () => pause(clock, 3000).then(() => given(6000)))),
		);
		await clock.advance(4000);
		// The one that does not ask goes on by what it knows.
		expect((await again).map(tokensOf)).toEqual([6000, 5000]);
		expect(asks).toEqual(['a', 'b']);
		expect(tokensOf(await member('c', slow))).toBe(6000);
	});

	it('is read by the next where the first fails, or does not come back', async () => {
		const failing = async (): Promise<ModelFacts> => {
			throw new Error('no network');
		};
		const {clock, asks, member} = fleetOf();
		const first = member('a', failing).catch((error: unknown) => String(error));
		const second = member('b', async () => given(5000));
		await clock.advance(1000);
		expect(await first).toBe('Error: no network');
		expect(tokensOf(await second)).toBe(5000);
		expect(asks).toEqual(['a', 'b']);

		const other = fleetOf();
		void other.member('a', async () => new Promise(() => {}));
		const waiting = other.member('b', async () => given(5000));
		await other.clock.advance(10_500);
		expect(tokensOf(await waiting)).toBe(5000);
	});

	it('holds, with its age, where it can not be read again', async () => {
		const {clock, member} = fleetOf();
		await member('a', async () => given(5000));
		await clock.advance(2 * hourMs);
		const facts = await member('b', async () => unknown);
		expect(tokensOf(facts)).toBe(5000);
		expect(facts).toMatchObject({
			readAgoMs: 2 * hourMs,
			assumed: [
				"The quota of amazon.nova-lite-v1:0 can't be read now: it is as a member of the fleet read it 2 h ago.",
			],
		});
	});

	it('is read again where a member wrote something else', async () => {
		const {member, news} = fleetOf();
		for (const json of ['{"quota":{}}', '{}', '[', 'null', JSON.stringify({...given(1), burndown: {}})]) {
			await news.write(json);
			await news.claim(1);
			expect(tokensOf(await member('someone', async () => given(5000)))).toBe(5000);
		}
	});
});
