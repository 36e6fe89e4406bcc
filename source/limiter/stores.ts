import {WaitingRoom} from '../admission/waiting-room.ts';
import type {LimiterStore} from './api.ts';
import type {BucketStore, Opening} from './model-bucket.ts';

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
				room: new WaitingRoom(opening.make(), opening.clock),
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

/**
 * The ledger on the disk: all programs of one user on this host share their buckets, bedrock-top itself among them.
 * @param options `folder`: of the files; the user's cache folder where it is left out.
 */
export function diskStore({folder}: {readonly folder?: string} = {}): LimiterStore {
	const store: BucketStore = {
		kind: 'disk',
		async open(opening) {
			const {openOnDisk} = await import('./disk-store.ts');
			return openOnDisk(folder, opening);
		},
	};
	return store;
}
