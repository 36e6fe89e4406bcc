import type {Bucket} from '../admission/bucket.ts';
import {createLedgerStore} from '../admission/member-store.ts';
import {Membership} from '../admission/membership.ts';
import {WaitingRoom} from '../admission/waiting-room.ts';
import {backgroundClock, type Clock, systemClock} from '../domain/clock.ts';
import {reasonOf} from '../domain/user-error.ts';
import type {LimiterStore, ModelName} from './api.ts';

/** What a store needs to open a bucket. */
type Opening = {
	readonly name: Omit<ModelName, 'model'>;
	/** Number of the account as it was given. */
	readonly account: string | undefined;
	/** What separates the account from others on this host. */
	readonly identity: () => Promise<readonly string[]>;
	readonly clock: Clock;
	readonly make: () => Bucket;
	/** The store does not answer any more. */
	readonly onLost: (reason: string) => void;
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

/**
 * The ledger on the disk: all programs of one user on this host share their buckets, bedrock-top itself among them.
 * @param options `folder`: of the files; the user's cache folder where it is left out.
 */
export function diskStore({folder}: {readonly folder?: string} = {}): LimiterStore {
	const members = createLedgerStore(folder);
	const store: BucketStore = {
		kind: 'disk',
		async open({name, identity, clock, make, onLost}) {
			const bucket = make();
			const room = new WaitingRoom(bucket, clock, Number.POSITIVE_INFINITY);
			const member = new Membership({
				id: members.newMember(),
				process: members.process,
				bucket,
				store: members.open({identity: await identity()}, {...name, endpoint: null}),
				clock: clock === systemClock ? backgroundClock : clock,
				onChange: () => room.pump(),
				onLost: (error) => onLost(reasonOf(error)),
			});
			if (bucket.isLimited) {
				await member.start();
			}
			return {
				room,
				members: () => bucket.standing.neighbours.count + 1,
				close: async () => member.stop(),
			};
		},
	};
	return store;
}
