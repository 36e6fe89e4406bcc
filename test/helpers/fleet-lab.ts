import {Bucket} from '../../source/admission/bucket.ts';
import {FleetMember, type FleetMemberOptions} from '../../source/admission/fleet/fleet-member.ts';
import type {SharedLedger} from '../../source/admission/fleet/shared-ledger.ts';
import {type Clock, createRandom} from '../../source/domain/clock.ts';
import type {FleetEvent} from '../../source/domain/fleet-view.ts';
import {createBucket} from '../../source/simulator/enforcement.ts';
import {type Link, SharedLedgerModel} from './shared-ledger-model.ts';
import {quotaOf} from './spec-fixture.ts';

/** A program of the fleet that sends what it may. */
export type Program = {
	readonly startMs?: number;
	/** It ends in order. */
	readonly stopMs?: number;
	/** It is killed: nothing is heard of it any more. */
	readonly killMs?: number;
	/** Requests per window that it wants; undefined: all it may. */
	readonly perWindow?: number;
	/** Quota tokens that a request sets aside, from ... to. */
	readonly reserved?: readonly [number, number];
	/** Part of that which it settles at, from ... to. */
	readonly settledPart?: readonly [number, number];
	readonly known?: FleetMemberOptions['known'];
	readonly whenDown?: FleetMemberOptions['whenDown'];
	/** Its clock is ahead by so much. */
	readonly skewMs?: number;
};

export type FleetScene = {
	readonly programs: readonly Program[];
	readonly windows: number;
	readonly windowMs?: number;
	readonly requests: number | null;
	readonly tokens: number | null;
	readonly enforcement: 'sliding' | 'fixed' | 'refill';
	readonly countFrom?: 'first-byte' | 'end';
	readonly phaseMs?: number;
	readonly firstByteMs?: number;
	readonly answerMs?: number;
	/** Of the network to the store, there and back. */
	readonly storeMs?: number;
	readonly seed?: number;
	/** What happens to the store and to the members, by when. */
	readonly happens?: ReadonlyArray<readonly [atMs: number, what: (lab: FleetLab) => void]> | undefined;
};

/** One member in the lab. */
export type LabMember = {
	readonly bucket: Bucket;
	readonly member: FleetMember;
	readonly link: Link;
	readonly events: FleetEvent[];
	/** When requests were let in by the service, with what they settled at. */
	readonly admitted: Array<readonly [at: number, tokens: number]>;
	readonly throttledAt: number[];
	/** When answers came, with what they settled at. */
	readonly answered: Array<readonly [at: number, tokens: number]>;
	isDead: boolean;
};

/** Virtual or real time. */
export type LabClock = Clock & {readonly advance: (byMs: number) => Promise<void>};

export type FleetLab = {
	readonly clock: LabClock;
	readonly store: SharedLedgerModel;
	readonly members: readonly LabMember[];
	/** Most that the service counted in any window. */
	readonly peak: {requests: number; tokens: number};
};

const delayMs = 20;

/** A clock whose time of day is ahead. */
const skewed = (clock: Clock, byMs: number): Clock => ({
	now: () => clock.now(),
	epoch: () => clock.epoch() + byMs,
	after: (afterMs, callback) => clock.after(afterMs, callback),
});

/** What an unlimited service would count in a sliding window. */
class Counted {
	readonly peak = {requests: 0, tokens: 0};
	readonly #clock: Clock;
	readonly #windowMs: number;
	#requests = 0;
	#tokens = 0;

	constructor(clock: Clock, windowMs: number) {
		this.#clock = clock;
		this.#windowMs = windowMs;
	}

	/** Tokens count as reserved until the end, then as settled until a window after the first byte. */
	add(reserved: number, settled: number, firstByteMs: number, answerMs: number): void {
		this.#requests++;
		this.#tokens += reserved;
		this.#note();
		this.#clock.after(this.#windowMs, () => {
			this.#requests--;
		});
		this.#clock.after(answerMs, () => {
			this.#tokens += settled - reserved;
			this.#note();
		});
		this.#clock.after(Math.max(answerMs, firstByteMs + this.#windowMs), () => {
			this.#tokens -= settled;
		});
	}

	#note(): void {
		this.peak.requests = Math.max(this.peak.requests, this.#requests);
		this.peak.tokens = Math.max(this.peak.tokens, this.#tokens);
	}
}

/** A fleet at one bucket of the service. @param open The ledgers of its members; absent: those of a model. */
export async function playFleet(
	clock: LabClock,
	scene: FleetScene,
	open?: (link: Link, index: number) => SharedLedger,
): Promise<FleetLab> {
	const {windowMs = 60_000, phaseMs = 0, firstByteMs = 300, answerMs = 2000, storeMs = 2, seed = 1} = scene;
	const random = createRandom(seed);
	const between = ([from, to]: readonly [number, number]): number => from + (to - from) * random();
	const store = new SharedLedgerModel(clock, windowMs);
	const server = createBucket(
		{
			requestsPerMinute: scene.requests ?? undefined,
			tokensPerMinute: scene.tokens ?? undefined,
			tokensPerDay: undefined,
		},
		{enforcement: scene.enforcement, windowMs, countFrom: scene.countFrom ?? 'first-byte'},
	);
	const serverNow = (): number => clock.now() + windowMs - phaseMs;
	const counted = new Counted(clock, windowMs);
	/** Nothing is sent any more: a member that leaves lets its program send what it wants. */
	let isOver = false;

	const begin = (program: Program, index: number): LabMember => {
		const {reserved: sizes = [400, 400], settledPart = [0.5, 0.9], perWindow, skewMs = 0} = program;
		const ownClock = skewed(clock, skewMs);
		const bucket = new Bucket({
			clock: ownClock,
			quota: quotaOf(scene.requests, scene.tokens),
			windowMs,
			share: 1,
			burst: 'full',
			roundTripMs: () => 2 * delayMs,
		});
		const link: Link = {isCut: false, delayMs: () => storeMs * (0.5 + random())};
		const lab: LabMember = {
			bucket,
			link,
			events: [],
			admitted: [],
			throttledAt: [],
			answered: [],
			isDead: false,
			member: new FleetMember({
				bucket,
				ledger: open === undefined ? store.open(link) : open(link, index),
				clock: ownClock,
				facts: {id: `m${index}`, name: `program ${index}`, host: 'lab', pid: index},
				onChange: () => pump(),
				onEvent: (event) => lab.events.push(event),
				known: program.known,
				whenDown: program.whenDown,
				isRunning: (pid) => members[pid]?.isDead !== true,
			}),
		};
		let isRunning = true;
		let dueAt = clock.now();
		let cancel = (): void => {};
		let next = Math.round(between(sizes));

		const send = (reservation: Parameters<Bucket['settle']>[0], reserved: number): void => {
			const settled = Math.max(1, Math.round(reserved * between(settledPart)));
			const takesMs = answerMs * (0.85 + 0.3 * random());
			clock.after(delayMs, () => {
				const admission = server.admit(serverNow(), reserved);
				if (!admission.isAdmitted) {
					lab.throttledAt.push(clock.now());
					clock.after(delayMs, () => {
						if (!lab.isDead) {
							bucket.throttled(reservation, admission.throttle === 'requests' ? 'requests' : 'tokens');
							pump();
						}
					});
					return;
				}
				counted.add(reserved, settled, firstByteMs, takesMs);
				lab.admitted.push([clock.now(), settled]);
				clock.after(firstByteMs + delayMs, () => {
					if (!lab.isDead) {
						bucket.confirm(reservation);
					}
				});
				clock.after(takesMs, () => {
					admission.settle(serverNow(), settled);
					clock.after(delayMs, () => {
						if (!lab.isDead) {
							lab.answered.push([clock.now(), settled]);
							bucket.settle(reservation, settled);
							pump();
						}
					});
				});
			});
		};

		/** Sends one if it may. Returns after how many milliseconds to try again. */
		const step = (): number | undefined => {
			if (perWindow !== undefined && clock.now() < dueAt) {
				return dueAt - clock.now();
			}
			const cost = {reserved: next, setAside: next, max: next, likelyMax: next};
			const admission = bucket.admit(cost, 'normal');
			if (admission.kind === 'admitted') {
				dueAt += perWindow === undefined ? 0 : windowMs / perWindow;
				send(admission.reservation, next);
				next = Math.round(between(sizes));
				return 0;
			}
			return admission.kind === 'wait' ? admission.delayMs : undefined;
		};

		const pump = (): void => {
			cancel();
			cancel = (): void => {};
			let waitMs: number | undefined = 0;
			while (isRunning && !isOver && !lab.isDead && waitMs === 0) {
				waitMs = step();
			}
			if (waitMs !== undefined && waitMs > 0 && !lab.isDead) {
				cancel = clock.after(waitMs + 0.01, pump);
			}
		};

		void lab.member.start().then(pump);
		if (program.killMs !== undefined) {
			clock.after(program.killMs - clock.now(), () => {
				lab.isDead = true;
				link.isCut = true;
			});
		}
		if (program.stopMs !== undefined) {
			clock.after(program.stopMs - clock.now(), () => {
				isRunning = false;
				void lab.member.stop();
			});
		}
		return lab;
	};

	const members: LabMember[] = [];
	const lab: FleetLab = {clock, store, members, peak: counted.peak};
	for (const [index, program] of scene.programs.entries()) {
		clock.after(program.startMs ?? 0, () => members.push(begin(program, index)));
	}
	for (const [atMs, what] of scene.happens ?? []) {
		clock.after(atMs, () => what(lab));
	}
	await clock.advance(scene.windows * windowMs);
	isOver = true;
	return lab;
}

/** Quota tokens or requests that were let in within some windows, per window. */
export function rateOf(
	members: readonly LabMember[],
	dimension: 'requests' | 'tokens',
	fromMs: number,
	toMs: number,
	windowMs = 60_000,
): number {
	const sum = members
		.flatMap(({admitted}) => admitted)
		.filter(([at]) => at >= fromMs && at < toMs)
		.reduce((total, [, tokens]) => total + (dimension === 'requests' ? 1 : tokens), 0);
	return (sum * windowMs) / (toMs - fromMs);
}
