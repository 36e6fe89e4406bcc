import {describe, expect, it, onTestFinished} from 'vitest';
import {createAccountSession} from '../../source/account/account-session.ts';
import {createOwnTrafficRegistry} from '../../source/account/own-traffic-registry.ts';
import {Bucket} from '../../source/admission/bucket.ts';
import {FleetMember} from '../../source/admission/fleet/fleet-member.ts';
import type {AccountRegion} from '../../source/domain/account-snapshot.ts';
import type {Use} from '../../source/domain/bucket-usage.ts';
import type {FakeClock} from '../helpers/fake-clock.ts';
import {SharedLedgerModel} from '../helpers/shared-ledger-model.ts';
import {targetFixture} from '../helpers/snapshot-fixture.ts';
import {minuteMs, startAccount, traffic, until} from './account-harness.ts';

/** Tests source/account/own-traffic-registry.ts: one member of a fleet reads the figures for all. Real sessions, a simulated account. */

const model = 'us.amazon.nova-lite-v1:0';
const target = targetFixture();
const cost = {reserved: 200, setAside: 200, max: 200, likelyMax: 200};
const strangers = 30;

type Program = {
	readonly send: (requests: number) => Promise<void>;
	readonly stop: () => Promise<void>;
	/** Calls of CloudWatch so far. */
	readonly calls: () => number;
	readonly polls: () => number;
	readonly others: () => Use | undefined;
	/** It is killed. */
	isDead: boolean;
};

/** One program that joins the fleet, with the account's figures as a run uses them. */
const join = async (
	url: string,
	clock: FakeClock,
	store: SharedLedgerModel,
	id: string,
): Promise<Program> => {
	const link = createOwnTrafficRegistry();
	let latest: AccountRegion | undefined;
	const watched = {
		...link,
		update(region: AccountRegion) {
			latest = region;
			link.update(region);
		},
	};
	const session = createAccountSession({clock, link: watched, publish() {}});
	const bucket = new Bucket({clock, quota: target.quota, windowMs: minuteMs, share: 1, burst: 'full'});
	const path = {isCut: false, delayMs: () => 0};
	const facts = {id, name: id, host: 'host', pid: 1};
	const member = new FleetMember({bucket, ledger: store.open(path), clock, facts, onChange() {}});
	member.news.onFigures = (figures) => link.hear(target, figures);
	let others: Use | undefined;
	link.follow({
		targets: [target],
		setOthersUse(_, use, at) {
			others = use;
			bucket.limits.setOthersUse(use, at);
		},
		setOthersToday() {},
	});
	await member.start();
	await link.share(target, member.news.figures);
	void session.followTargets([target], {region: 'us-east-1', profile: undefined, simulatorUrl: url});
	onTestFinished(session.close);
	const program: Program = {
		isDead: false,
		calls: () => latest?.cost.calls ?? 0,
		polls: () => latest?.polls ?? 0,
		others: () => others,
		async stop() {
			session.close();
			if (program.isDead) {
				path.isCut = true;
			} else {
				await member.stop();
			}
		},
		async send(requests) {
			for (let sent = 0; sent < requests; ) {
				const admission = bucket.admit(cost, 'normal');
				if (admission.kind !== 'admitted') {
					await clock.advance(100);
					continue;
				}
				sent++;
				const answer = await fetch(`${url}/model/${encodeURIComponent(model)}/converse`, {
					method: 'POST',
					headers: {'content-type': 'application/json'},
					body: JSON.stringify({
						messages: [{role: 'user', content: [{text: 'Name three rivers.'}]}],
						inferenceConfig: {maxTokens: 40},
					}),
				});
				const {usage} = (await answer.json()) as {usage: {totalTokens: number}};
				bucket.settle(admission.reservation, usage.totalTokens);
				link.answered(target, clock.epoch(), usage.totalTokens);
			}
		},
	};
	return program;
};

const startFleet = async (count: number) => {
	const background = [traffic(model, {requestsPerMinute: strangers})];
	const {clock, url} = await startAccount({scenario: {background}});
	const store = new SharedLedgerModel(clock, minuteMs);
	// Past the probation of the ledger.
	await clock.advance(2000);
	const programs: Program[] = [];
	for (let index = 0; index < count; index++) {
		programs.push(await join(url, clock, store, `m${index}`));
	}
	const live = (): readonly Program[] => programs.filter(({isDead}) => !isDead);
	await until(() => live().every(({polls}) => polls() > 0));
	return {
		url,
		clock,
		store,
		programs,
		/** One minute: each sends, and all that are due poll. */
		async minute(requests: number) {
			const before = live().map(({polls}) => polls());
			for (const {send} of live()) {
				await send(requests);
			}
			const end = Math.floor(clock.epoch() / minuteMs) * minuteMs + minuteMs + 6000;
			while (clock.epoch() < end) {
				await clock.advance(Math.min(1000, end - clock.epoch()));
			}
			await until(() => live().every(({polls}, index) => polls() > (before[index] ?? 0)));
			await clock.advance(1500);
		},
	};
};

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

describe('the account as a fleet reads it', () => {
	it('is read by one for all, and what the fleet itself sent is not of strangers', async () => {
		const alone = await startFleet(1);
		const fleet = await startFleet(3);
		for (let minute = 0; minute < 7; minute++) {
			await alone.minute(10);
			await fleet.minute(10);
		}
		const calls = fleet.programs.map((program) => program.calls());
		expect(calls.filter((each) => each > 0)).toHaveLength(1);
		expect(sum(calls)).toBe(alone.programs[0]?.calls());
		for (const {others} of [...fleet.programs, ...alone.programs]) {
			expect(others()?.requests).toBeGreaterThan(0.75 * strangers);
			expect(others()?.requests).toBeLessThan(1.25 * strangers);
		}
	});

	it('is read by another when who did is gone, or left', async () => {
		const {programs, minute} = await startFleet(3);
		await minute(1);
		const [first, second, third] = programs;
		if (first === undefined || second === undefined || third === undefined) {
			throw new Error('three programs');
		}
		expect([first.calls() > 0, second.calls(), third.calls()]).toEqual([true, 0, 0]);
		first.isDead = true;
		await first.stop();
		await minute(1);
		await minute(1);
		expect([second.calls() > 0, third.calls()]).toEqual([true, 0]);
		second.isDead = true;
		await second.stop();
		await minute(1);
		await minute(1);
		expect(third.calls()).toBeGreaterThan(0);
		expect(third.others()?.requests).toBeGreaterThan(0.75 * strangers);
	});

	it('is not taken to be of strangers by a member that comes later', async () => {
		const {url, clock, programs, minute, store} = await startFleet(2);
		for (let each = 0; each < 5; each++) {
			await minute(20);
		}
		for (const program of programs) {
			program.isDead = true;
			await program.stop();
		}
		await clock.advance(5000);
		const late = await join(url, clock, store, 'late');
		await until(() => late.polls() > 0);
		expect(late.calls()).toBeGreaterThan(0);
		expect(late.others()?.requests).toBeLessThan(1.25 * strangers);
	});
});
