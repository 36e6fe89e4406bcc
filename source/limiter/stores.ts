import type {Bucket} from '../admission/bucket.ts';
import {WaitingRoom} from '../admission/waiting-room.ts';
import type {Clock} from '../domain/clock.ts';
import type {LimiterStore, ModelName} from './api.ts';

/** What a store needs to open a bucket. */
type Opening = {
	readonly name: Omit<ModelName, 'model'>;
	readonly account: string | undefined;
	readonly clock: Clock;
	readonly make: () => Bucket;
};

/** A bucket of a store, as one limiter has it. */
type OpenBucket = {
	readonly room: WaitingRoom;
	/** Members that share it, this limiter included; null while that is not known. */
	readonly members: () => number | null;
	/** The others know what was used. */
	readonly close: () => Promise<void>;
};

/** A store as limiters use it. */
export type BucketStore = LimiterStore & {readonly open: (opening: Opening) => Promise<OpenBucket>};

/** Tells limits apart that are not the same quota. */
const keyOf = ({name: {region, baseModel, scope}, account = ''}: Opening): string =>
	JSON.stringify([account, region, baseModel, scope]);

/**
 * The ledger in memory: limiters of this process that are given the same one share their buckets. The first that uses a
 * bucket decides its share.
 */
export function memoryStore(): LimiterStore {
	const buckets = new Map<string, {readonly room: WaitingRoom; members: number}>();
	const store: BucketStore = {
		kind: 'memory',
		async open(opening) {
			const key = keyOf(opening);
			const known = buckets.get(key) ?? {
				room: new WaitingRoom(opening.make(), opening.clock, Number.POSITIVE_INFINITY),
				members: 0,
			};
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
