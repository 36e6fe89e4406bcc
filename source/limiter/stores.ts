import {DayLimits} from '../admission/day-limit.ts';
import {WaitingRoom} from '../admission/waiting-room.ts';
import type {Quota} from '../domain/target.ts';
import type {LimiterStore} from './api.ts';
import type {BucketStore, Opening} from './model-bucket.ts';
import type {RedisClient} from './redis-clients.ts';
import type {StoreDays} from './shared-stores.ts';

/** Where limiters share their buckets. What a store needs is loaded with the first bucket in it. */

/** Tells limits apart that are not the same quota. */
const keyOf = ({name: {region, baseModel, scope}, account = ''}: Opening): string =>
	JSON.stringify([account, region, baseModel, scope]);

/**
 * The ledger in memory: limiters of this process that are given the same one share their buckets. The first that uses a
 * bucket decides its share.
 */
export function memoryStore(): LimiterStore {
	const buckets = new Map<string, {readonly room: WaitingRoom; members: number}>();
	/** By account. */
	const days = new Map<string, DayLimits>();
	const store: BucketStore = {
		kind: 'memory',
		async open(opening) {
			const key = keyOf(opening);
			const {name, account = '', clock, make} = opening;
			const daysOf = days.get(account) ?? new DayLimits(clock);
			days.set(account, daysOf);
			const dayOf = (quota: Quota) => daysOf.of(name.region, quota);
			const known = buckets.get(key) ?? {room: new WaitingRoom(make(dayOf), clock), members: 0};
			buckets.set(key, known);
			known.members++;
			return {
				room: known.room,
				members: () => known.members,
				async close() {
					known.members--;
				},
			};
		},
	};
	return store;
}

/**
 * The ledger on the disk: all programs of one user on this host share their buckets, bedrock-top itself among them.
 * @param options `folder`: of the files; the user's cache folder where it is left out.
 */
export function diskStore({folder}: {readonly folder?: string} = {}): LimiterStore {
	const days: StoreDays = new Map();
	const store: BucketStore = {
		kind: 'disk',
		open: async (opening) => (await import('./shared-stores.ts')).openOnDisk({folder, days}, opening),
	};
	return store;
}

/**
 * The ledger in Redis or Valkey: all limiters that use the same server or cluster share the buckets of an account.
 * @param client One that the application has connected: of `@redis/client` or `redis`, `ioredis`, `iovalkey`,
 * `@valkey/valkey-glide`.
 */
export function redisStore(client: RedisClient): LimiterStore {
	const days: StoreDays = new Map();
	const store: BucketStore = {
		kind: 'redis',
		open: async (opening) => (await import('./shared-stores.ts')).openInRedis({client, days}, opening),
	};
	return store;
}
