import {createLedgerStore, type LedgerStore} from '../admission/member-store.ts';
import {Membership} from '../admission/membership.ts';
import {WaitingRoom} from '../admission/waiting-room.ts';
import {accountIdentity} from '../bedrock/quotas/account-lists.ts';
import {backgroundClock, systemClock} from '../domain/clock.ts';
import type {OpenBucket, Opening} from './model-bucket.ts';

/** Buckets on the disk of a host: loaded with the first of them. */

const stores = new Map<string | undefined, LedgerStore>();

/** Opens a bucket of a folder. */
export async function openOnDisk(
	folder: string | undefined,
	{name, account, hasOwnKeys, askAccount, clock, make, onLost}: Opening,
): Promise<OpenBucket> {
	const store = stores.get(folder) ?? createLedgerStore(folder);
	stores.set(folder, store);
	const number = account ?? (hasOwnKeys ? await askAccount() : undefined);
	const bucket = make();
	const room = new WaitingRoom(bucket, clock);
	const member = new Membership({
		id: store.newMember(),
		process: store.process,
		bucket,
		store: store.open(
			{identity: number === undefined ? accountIdentity(process.env) : [number]},
			{...name, endpoint: null},
		),
		clock: clock === systemClock ? backgroundClock : clock,
		onChange: () => room.pump(),
		onLost: (error) => onLost(error instanceof Error ? error.message : String(error)),
	});
	if (bucket.isLimited) {
		await member.start();
	}
	return {
		room,
		members: () => bucket.standing.neighbours.count + 1,
		close: async () => member.stop(),
	};
}
