import {
	createRedisLedger,
	glanceAt,
	redisKeys,
	type ScriptStore,
} from '../../source/admission/fleet/redis-ledger.ts';
import {
	type Ask,
	type AskVerdict,
	type FleetState,
	type MemberFacts,
	probationMs,
	type SharedLedger,
	type Step,
} from '../../source/admission/fleet/shared-ledger.ts';
import {promisesSettled} from '../../source/domain/clock.ts';
import {FakeClock} from './fake-clock.ts';
import type {RedisServer} from './redis-server.ts';

/** Ledgers in a real Redis at a time that the test sets. */

const timeKey = 'test:time';

const timed = new Map<string, string>();

/** Scripts read the time from a key instead: the product has no such door. */
const timedScript = (script: string): string => {
	const text =
		timed.get(script) ??
		script.replaceAll(
			"redis.call('TIME')",
			`{math.floor(redis.call('GET', '${timeKey}') / 1000), (redis.call('GET', '${timeKey}') % 1000) * 1000}`,
		);
	timed.set(script, text);
	return text;
};

export const virtualTime = (store: ScriptStore): ScriptStore => ({
	eval: async (script, keys, words) => store.eval(timedScript(script), keys, words),
});

/**
 * A time that moves for a real Redis and for those who ask it alike: what was asked is answered before the next timer rings,
 * however busy the machine is.
 */
export class RedisClock extends FakeClock {
	readonly #asked = new Set<Promise<unknown>>();

	/** Scripts on a server, at this time. */
	store({call, store}: Pick<RedisServer, 'call' | 'store'>): ScriptStore {
		const timed = virtualTime(store);
		return {
			eval: async (script, keys, words) => {
				// One connection: the time is set before the script runs.
				void call('SET', timeKey, String(Math.floor(this.epoch())));
				const answer = timed.eval(script, keys, words);
				this.#asked.add(answer);
				return answer.finally(() => this.#asked.delete(answer));
			},
		};
	}

	override async advance(byMs: number): Promise<void> {
		const until = this.currentMs + byMs;
		await this.#answered();
		for (let timer = this.next(until); timer !== undefined; timer = this.next(until)) {
			this.ring(timer);
			if ((this.next(until)?.at ?? Number.POSITIVE_INFINITY) > this.currentMs) {
				await this.#answered();
			}
		}
		this.currentMs = until;
	}

	async #answered(): Promise<void> {
		await promisesSettled();
		while (this.#asked.size > 0) {
			await Promise.allSettled(this.#asked);
			await promisesSettled();
		}
	}
}

export const factsOf = (id: string): MemberFacts => ({id, name: `service ${id}`, host: 'host', pid: 1});

/** An ask of 100 quota tokens that nothing limits but what is named. */
export const askOf = (id: string, more: Partial<Ask> = {}): Ask => ({
	id,
	lane: 'normal',
	tokens: 100,
	reserved: 100,
	headroom: 0,
	limits: {requests: null, tokens: 1000},
	capacity: null,
	ownPart: 0,
	mayProbe: false,
	...more,
});

export type LedgerLab = {
	readonly clock: FakeClock;
	readonly bucket: string;
	readonly keys: readonly string[];
	/** A ledger as one more member sees it; it has not entered yet. */
	readonly ledger: (windowMs?: number, clock?: FakeClock) => SharedLedger;
	/** As somebody sees it who has not joined. */
	readonly glance: () => ReturnType<typeof glanceAt>;
	/** Moves the time of members and store. */
	readonly pass: (ms: number) => Promise<void>;
	/** Moves the store's clock alone. */
	readonly jump: (ms: number) => Promise<void>;
};

let buckets = 0;

/** A bucket of its own on a server, where time stands still. Labs on one server share its time. */
export async function createLedgerLab(redis: RedisServer): Promise<LedgerLab> {
	const clock = new FakeClock();
	const store = virtualTime(redis.store);
	const bucket = `111122223333/us-east-1/model-${++buckets}/on-demand`;
	let offsetMs = 0;
	const set = async (): Promise<void> => {
		await redis.call('SET', timeKey, String(clock.epoch() + offsetMs));
	};
	await set();
	return {
		clock,
		bucket,
		keys: redisKeys(bucket),
		ledger: (windowMs, own = clock) =>
			createRedisLedger({store, bucket, clock: own, ...(windowMs === undefined ? {} : {windowMs})}),
		glance: async () => glanceAt({store, bucket}),
		async pass(ms) {
			clock.skip(ms);
			await set();
		},
		async jump(ms) {
			offsetMs += ms;
			await set();
		},
	};
}

/** Members of a new ledger that is past its probation. */
export async function enterAll<Ids extends readonly string[]>(
	lab: LedgerLab,
	...ids: Ids
): Promise<{readonly [Index in keyof Ids]: SharedLedger}> {
	const ledgers = ids.map(() => lab.ledger());
	for (const [index, ledger] of ledgers.entries()) {
		await ledger.enter(factsOf(ids[index] ?? ''), [], []);
	}
	await lab.pass(probationMs);
	return ledgers as unknown as {readonly [Index in keyof Ids]: SharedLedger};
}

/** @throws Where the ledger did not know the member. */
export function stateOf(step: Step<unknown>): FleetState {
	if (step.kind === 'forgotten') {
		throw new Error('forgotten');
	}
	return step.state;
}

/** What the ledger says to an ask. */
export async function verdictOn(
	ledger: SharedLedger,
	...ask: Parameters<typeof askOf>
): Promise<AskVerdict | {readonly kind: 'forgotten'}> {
	const step = await ledger.reserve(askOf(...ask));
	return step.kind === 'done' ? step.value : step;
}

/** Says that a member lives. */
export async function renew(
	ledger: SharedLedger,
	inFlight: readonly string[] = [],
	waiting = 1,
): Promise<FleetState> {
	return stateOf(
		await ledger.renew({inFlight: inFlight.map((id) => ({id})), use: {requests: 0, tokens: 0}, waiting}),
	);
}

/** Time passes, and members live. @param inFlight Of the first of them. */
export async function passAlive(
	lab: LedgerLab,
	ms: number,
	ledgers: readonly SharedLedger[],
	inFlight: readonly string[] = [],
): Promise<void> {
	for (let left = ms; left > 0; left -= 1000) {
		await lab.pass(Math.min(1000, left));
		for (const [index, ledger] of ledgers.entries()) {
			await renew(ledger, index === 0 ? inFlight : []);
		}
	}
}
