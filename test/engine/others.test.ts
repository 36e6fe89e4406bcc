/** Tests source/admission/run-buckets.ts and source/engine/run-snapshot.ts of a run beside other tenants of its bucket: what its gauges, time left and reasons say, against what is so. */
import {describe, expect, it} from 'vitest';
import {type Beside, beside, type OthersScene} from '../helpers/others-lab.ts';

const limit = 50;
const steady = {othersPerMinute: () => 30, requests: 200} as const;
const scenes = {
	'30 of 50 all the time': steady,
	'45 of 50 all the time': {othersPerMinute: () => 45, requests: 60},
	'30 of 50, by throttles alone': {...steady, hasCloudWatch: false},
	'30 of 50, half of the quota left to them': {...steady, share: 0.5},
	'30 of 50, a refilled bucket': {...steady, enforcement: 'refill'},
	'30 of 50, fixed minutes': {...steady, enforcement: 'fixed'},
	'from 5 to 40 in the third minute': {othersPerMinute: (minute) => (minute > 3 ? 40 : 5), requests: 250},
	'from 40 to 5 in the third minute': {othersPerMinute: (minute) => (minute > 3 ? 5 : 40), requests: 250},
	'45 for three minutes, by throttles alone': {
		othersPerMinute: (minute) => (minute > 3 && minute < 6 ? 45 : 0),
		requests: 300,
		hasCloudWatch: false,
	},
} as const satisfies Readonly<Record<string, OthersScene>>;
type Name = keyof typeof scenes;

const known = new Map<Name, Promise<Beside>>();
const resultOf = async (name: Name): Promise<Beside> => {
	const result = known.get(name) ?? beside(scenes[name]);
	known.set(name, result);
	return result;
};

const quantile = (values: readonly number[], part: number): number =>
	values.toSorted((first, second) => first - second)[Math.floor(part * values.length)] ?? Number.NaN;

const all = Object.keys(scenes) as Name[];
const steadyOnes = all.filter((name) => name.startsWith('30') || name.includes('all the time'));

describe("others' use as it is shown", () => {
	it.each(all)('fits into the quota beside our own at every instant: %s', async (name) => {
		const {samples} = await resultOf(name);
		expect(samples.length).toBeGreaterThan(100);
		for (const {own, others = 0} of samples) {
			expect(others).toBeGreaterThanOrEqual(0);
			expect(own + others).toBeLessThanOrEqual(limit + 1e-9);
		}
	});

	it.each(steadyOnes)(
		'is what they use, within a tenth of the quota in the median and 0.4 of it always but one time in ten: %s',
		async (name) => {
			const {samples} = await resultOf(name);
			const errors = samples.flatMap(({others, trueOthers}) =>
				others === undefined ? [] : [Math.abs(others - trueOthers)],
			);
			expect(quantile(errors, 0.5)).toBeLessThanOrEqual(limit / 10);
			expect(quantile(errors, 0.9)).toBeLessThanOrEqual(0.4 * limit);
		},
	);

	it('is as old as the minutes of CloudWatch, and says so', async () => {
		const {samples} = await resultOf('30 of 50 all the time');
		const ages = samples.flatMap(({from, ageMs}) => (from === 'cloudwatch' ? [ageMs ?? 0] : []));
		// 95 s late, and up to a minute until it is read and until the next minute is whole.
		expect(Math.min(...ages)).toBeGreaterThanOrEqual(95_000);
		expect(Math.max(...ages)).toBeLessThan(95_000 + 2 * 60_000);
	});

	it('is raised at once by a throttle, minutes before CloudWatch shows it', async () => {
		const {samples, throttledAt} = await resultOf('from 5 to 40 in the third minute');
		const stepAt = 3 * 60_000;
		// Others fill the bucket within a minute; the first throttles are blamed on bursts, and raise the gauge alone.
		const first = throttledAt.find((at) => at > stepAt + 60_000) ?? Number.NaN;
		const after = samples.find(({at}) => at > first + 100);
		expect(first).toBeLessThan(stepAt + 120_000);
		expect(after).toMatchObject({from: 'throttle'});
		expect(after?.others).toBeGreaterThan((after?.trueOthers ?? 0) - limit / 10);
		expect(after?.ageMs).toBeLessThan(2000);
	});

	it('is lowered as our share grows back, and gone a minute after the last throttle', async () => {
		const {samples, throttledAt} = await resultOf('45 for three minutes, by throttles alone');
		const last = throttledAt.at(-1) ?? Number.NaN;
		const later = samples.filter(({at}) => at > last + 100);
		// At first they are what our own use leaves of the quota.
		const shown = later
			.filter(({own, others = 0}) => own + others < limit - 0.01)
			.map(({others}) => others ?? 0);
		expect(shown[0]).toBeGreaterThan(0);
		expect(shown).toEqual(shown.toSorted((first, second) => second - first));
		expect(later.find(({at}) => at > last + 60_000)?.others ?? 0).toBe(0);
	});

	it('is logged for the results: each minute of CloudWatch once, and the throttles that showed more', async () => {
		const {log = [], endedAt} = await resultOf('30 of 50 all the time');
		const minutes = log.map(({at}) => at.slice(0, 16));
		expect(new Set(minutes).size).toBe(minutes.length);
		expect(log.length).toBeGreaterThanOrEqual(Math.floor(endedAt / 60_000));
		for (const {requestsPerMinute} of log) {
			expect(requestsPerMinute).toBeGreaterThan(15);
			expect(requestsPerMinute).toBeLessThanOrEqual(limit);
		}
	});
});

describe('what a run says of itself beside others', () => {
	it.each(steadyOnes)(
		'time left: within 1.35 of what it takes in the median, within 1.6 but one time in ten: %s',
		async (name) => {
			const {samples, endedAt} = await resultOf(name);
			const ratios = samples
				.filter(({at}) => at > 60_000 && endedAt - at > 30_000)
				.map(({at, leftMs}) => Math.abs(Math.log((leftMs ?? 0) / (endedAt - at))));
			expect(Math.exp(quantile(ratios, 0.5))).toBeLessThan(1.35);
			expect(Math.exp(quantile(ratios, 0.9))).toBeLessThan(1.6);
		},
	);

	it.each(all)('the time left never grows without a word: %s', async (name) => {
		const {samples} = await resultOf(name);
		for (const [index, {leftMs, isSlower}] of samples.entries()) {
			const beforeMs = samples[index - 1]?.leftMs;
			if (leftMs !== null && beforeMs != null && leftMs > beforeMs) {
				expect(isSlower).toBe(true);
			}
		}
	});

	it.each(steadyOnes)('the next request comes when it says, within 1.5 s in the median: %s', async (name) => {
		const {samples, admittedAt} = await resultOf(name);
		const errors = samples.flatMap(({at, nextMs}) => {
			const next = admittedAt.find((each) => each > at);
			return nextMs === undefined || next === undefined ? [] : [nextMs - (next - at)];
		});
		expect(errors.length).toBeGreaterThan(50);
		expect(Math.abs(quantile(errors, 0.5))).toBeLessThan(1500);
		// Others may be quicker, and where the bucket refills room comes earlier than the ledger knows.
		expect(quantile(errors, 0.05)).toBeGreaterThan(-15_000);
		expect(quantile(errors, 0.95)).toBeLessThan(20_000);
	});

	it('what it waits for names them and their part of the quota', async () => {
		const {samples} = await resultOf('45 of 50 all the time');
		const reasons = samples.flatMap(({waitingFor}) => waitingFor ?? []);
		expect(reasons.length).toBeGreaterThan(0.7 * samples.length);
		for (const reason of reasons) {
			expect(reason).toMatch(/^others use \d+ of 50 · next request in \d+ s$/);
		}
	});

	it('with a share it takes what they leave of the quota, up to its share: it does not starve', async () => {
		const {endedAt, admittedAt} = await resultOf('30 of 50, half of the quota left to them');
		expect(admittedAt).toHaveLength(200);
		expect(endedAt).toBeLessThan(15 * 60_000);
	});
});
