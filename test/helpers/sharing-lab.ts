import {Bucket} from '../../source/admission/bucket.ts';
import type {MemberRecord, MemberStore} from '../../source/admission/member-shares.ts';
import {Membership} from '../../source/admission/membership.ts';
import {createRandom} from '../../source/domain/clock.ts';
import {createBucket} from '../../source/simulator/enforcement.ts';
import {FakeClock} from './fake-clock.ts';
import {quotaOf} from './spec-fixture.ts';

export const windowMs = 60_000;
const delayMs = 20;

/** A program that sends what it may. */
export type Program = {
	readonly startMs: number;
	/** It ends in order. */
	readonly stopMs?: number;
	/** It is killed: nothing is written any more. */
	readonly killMs?: number;
	/** Requests per minute that it wants; undefined: all it may. */
	readonly ratePerMinute?: number;
	readonly maxTokens?: number;
	readonly outputTokens?: number;
};

export type SharingScene = {
	readonly programs: readonly Program[];
	readonly minutes: number;
	readonly requestsPerMinute: number | null;
	readonly tokensPerMinute: number | null;
	readonly enforcement: 'sliding' | 'fixed' | 'refill';
	readonly countFrom?: 'first-byte' | 'end';
	readonly answerMs?: number;
	readonly phaseMs?: number;
	/** Longest that reading or writing takes. */
	readonly ioMs?: number;
	readonly seed?: number;
};

export type Shared = {
	/** Of each program: when its requests were let in, and when refused. */
	readonly admittedAt: readonly number[][];
	readonly throttledAt: readonly number[][];
	/** Settled quota tokens of each program, with when they were let in. */
	readonly tokens: ReadonlyArray<ReadonlyArray<readonly [at: number, tokens: number]>>;
};

/** Records of members in memory, read and written with the delay of a disk, in virtual time. */
export const createLabStore = (clock: FakeClock, ioMs: () => number, isDead: (id: string) => boolean) => {
	const records = new Map<string, MemberRecord>();
	let learnt: Awaited<ReturnType<MemberStore['readLearnt']>>;
	const wait = async (): Promise<void> =>
		new Promise((resolve) => {
			clock.after(ioMs(), resolve);
		});
	const store: MemberStore = {
		async read() {
			await wait();
			return [...records.values()].map((record) => ({
				...record,
				isLive: !record.isEnded && !isDead(record.id),
			}));
		},
		async write(record) {
			await wait();
			if (!isDead(record.id)) {
				records.set(record.id, record);
			}
		},
		async remove(ids) {
			await wait();
			for (const id of ids) {
				records.delete(id);
			}
		},
		readLearnt: async () => learnt,
		async writeLearnt(stamping) {
			learnt = stamping;
		},
	};
	return {store, records};
};

const inputTokens = 89;

/** Programs of one user at one bucket of the service, in virtual time. */
export const share = async (scene: SharingScene): Promise<Shared> => {
	const {answerMs = 2000, phaseMs = 0, ioMs = 10, seed = 1} = scene;
	const clock = new FakeClock();
	const random = createRandom(seed);
	const dead = new Set<string>();
	const {store} = createLabStore(
		clock,
		() => ioMs * (0.1 + 0.9 * random()),
		(id) => dead.has(id),
	);
	const server = createBucket(
		{
			requestsPerMinute: scene.requestsPerMinute ?? undefined,
			tokensPerMinute: scene.tokensPerMinute ?? undefined,
			tokensPerDay: undefined,
		},
		{enforcement: scene.enforcement, windowMs, countFrom: scene.countFrom},
	);
	const serverNow = (): number => clock.now() + windowMs - phaseMs;
	const admittedAt = scene.programs.map((): number[] => []);
	const throttledAt = scene.programs.map((): number[] => []);
	const tokens = scene.programs.map((): Array<readonly [number, number]> => []);

	/** What a killed program began never ends. */
	const mortal = (real: MemberStore, id: string): MemberStore => {
		const alive = async <Value>(step: Promise<Value>): Promise<Value> => {
			const value = await step;
			return dead.has(id) ? new Promise<never>(() => {}) : value;
		};
		return {
			...real,
			read: async () => alive(real.read()),
			write: async (record) => alive(real.write(record)),
			remove: async (ids) => alive(real.remove(dead.has(id) ? [] : ids)),
		};
	};

	const begin = (program: Program, index: number): void => {
		const {maxTokens = 300, outputTokens = 200, ratePerMinute} = program;
		const id = `member-${index}`;
		const bucket = new Bucket({
			clock,
			quota: quotaOf(scene.requestsPerMinute, scene.tokensPerMinute),
			windowMs,
			share: 1,
			burst: 'full',
			roundTripMs: () => 2 * delayMs,
		});
		let isRunning = true;
		let cancel = (): void => {};
		let dueAt = clock.now();
		const member = new Membership({
			id,
			process: id,
			bucket,
			store: mortal(store, id),
			clock,
			onChange: () => pump(),
		});
		const reserved = inputTokens + maxTokens;

		const send = (reservation: Parameters<Bucket['settle']>[0]): void => {
			clock.after(delayMs, () => {
				const admission = server.admit(serverNow(), reserved);
				if (!admission.isAdmitted) {
					throttledAt[index]?.push(clock.now());
					clock.after(delayMs, () => {
						bucket.throttled(reservation, admission.throttle === 'requests' ? 'requests' : 'tokens');
						pump();
					});
					return;
				}
				const at = clock.now();
				admittedAt[index]?.push(at);
				const settled = inputTokens + Math.round(Math.min(maxTokens, outputTokens * (0.85 + 0.3 * random())));
				clock.after(300 + delayMs, () => bucket.confirm(reservation));
				clock.after(answerMs * (0.85 + 0.3 * random()), () => {
					admission.settle(serverNow(), settled);
					tokens[index]?.push([at, settled]);
					clock.after(delayMs, () => {
						bucket.settle(reservation, settled);
						pump();
					});
				});
			});
		};

		const cost = {reserved, setAside: reserved, max: reserved, likelyMax: reserved};
		/** Sends one if it may. Returns after how many milliseconds the next may be tried; undefined: when it is told to. */
		const step = (): number | undefined => {
			if (ratePerMinute !== undefined && clock.now() < dueAt) {
				return dueAt - clock.now();
			}
			const admission = bucket.admit(cost, 'normal');
			if (admission.kind === 'admitted') {
				dueAt += ratePerMinute === undefined ? 0 : windowMs / ratePerMinute;
				send(admission.reservation);
				return 0;
			}
			return admission.kind === 'wait' && admission.delayMs !== undefined
				? admission.delayMs + 0.01
				: undefined;
		};

		const pump = (): void => {
			cancel();
			let waitMs: number | undefined = 0;
			while (isRunning && !dead.has(id) && waitMs === 0) {
				waitMs = step();
			}
			if (waitMs !== undefined && waitMs > 0) {
				cancel = clock.after(waitMs, pump);
			}
		};

		void member.start().then(pump);
		if (program.killMs !== undefined) {
			clock.after(program.killMs - program.startMs, () => dead.add(id));
		}
		if (program.stopMs !== undefined) {
			clock.after(program.stopMs - program.startMs, () => {
				isRunning = false;
				void member.stop();
			});
		}
	};

	for (const [index, program] of scene.programs.entries()) {
		clock.after(program.startMs, () => begin(program, index));
	}
	await clock.advance(scene.minutes * windowMs);
	return {admittedAt, throttledAt, tokens};
};

/** How many lie in a span. */
export const countIn = (times: readonly number[] = [], fromMs: number, toMs: number): number =>
	times.filter((at) => at >= fromMs && at < toMs).length;
