import type {Bucket} from '../admission/bucket.ts';
import {sumOf} from '../admission/member-shares.ts';
import type {LedgerStore} from '../admission/member-store.ts';
import {Membership} from '../admission/membership.ts';
import {accountIdentity} from '../bedrock/quotas/quota-cache.ts';
import type {LedgerEntry, MinuteOfUse, Use} from '../domain/bucket-usage.ts';
import type {Clock} from '../domain/clock.ts';
import type {Connection} from '../domain/run-config.ts';
import type {Target} from '../domain/target.ts';
import {reasonOf} from '../domain/user-error.ts';
import type {BucketMember, MemberHooks} from '../engine/run.ts';

/** What other programs use of a bucket before this one joins. */
type UseBefore = {
	readonly use: Use;
	readonly minutes: readonly MinuteOfUse[];
	/** What programs that have ended left in the window. */
	readonly entries: readonly LedgerEntry[];
};

/** How the programs that share buckets know of each other: by the disk of their host, or by the ledger of a fleet. */
export type Sharing = {
	/** Never rejects. */
	readonly before: (target: Target) => Promise<UseBefore>;
	readonly memberOf: (target: Target, bucket: Bucket, hooks: MemberHooks) => BucketMember;
	readonly close: () => void;
};

const lostWords = (error: unknown): string =>
	`What other programs of yours use of this quota can't be read or written (${reasonOf(error)}): this one continues as if it were alone.`;

/** The programs of one user on this host. */
export function hostSharing(uses: LedgerStore, connection: Connection, clock: Clock): Sharing {
	const id = uses.newMember();
	const caller = {...connection, identity: accountIdentity(process.env)};
	let isLost = false;
	return {
		async before(target) {
			const members = await uses
				.open(caller, target)
				.read()
				.catch(() => []);
			return {
				use: sumOf(members.filter((member) => member.isLive).map((member) => member.use)),
				minutes: members
					.flatMap(({minutes}) => minutes)
					.filter(({process: program}) => program !== uses.process),
				entries: members.flatMap(({entries}) => entries),
			};
		},
		memberOf: (target, bucket, {onChange, note}) =>
			new Membership({
				id,
				process: uses.process,
				bucket,
				store: uses.open(caller, target),
				clock,
				onChange,
				onLost(error) {
					// Of several buckets on one disk that is said once.
					if (!isLost) {
						isLost = true;
						note(lostWords(error));
					}
				},
			}),
		close() {},
	};
}
