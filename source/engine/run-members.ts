import type {Bucket} from '../admission/bucket.ts';
import {Membership} from '../admission/membership.ts';
import type {MinuteOfUse} from '../domain/use.ts';
import type {RunPorts} from './run-ports.ts';

/** The run as a member of each of its buckets, beside other runs of the user. */
export type RunMembers = {
	/** Reads what the others use and claims its first part; before the run starts. */
	readonly join: () => Promise<void>;
	/** Leaves its last window to the others. */
	readonly leave: () => Promise<void>;
	/** Of each target: what other programs of the user had answered of its bucket in the last minutes. */
	readonly usedElsewhere: () => ReadonlyArray<readonly MinuteOfUse[]>;
};

/**
 * @param buckets Of each target; some may be the same.
 * @param onLost A store failed; said once.
 */
export const createRunMembers = (
	buckets: readonly Bucket[],
	{sharing, clock}: Pick<RunPorts, 'sharing' | 'clock'>,
	onChange: () => void,
	onLost: (error: unknown) => void,
): RunMembers => {
	let hasLost = false;
	const loseOnce = (error: unknown): void => {
		if (!hasLost) {
			hasLost = true;
			onLost(error);
		}
	};
	const members = [...new Set(buckets)].flatMap((bucket) => {
		const store = sharing?.stores[buckets.indexOf(bucket)];
		if (sharing === undefined || store === undefined || !bucket.isLimited) {
			return [];
		}
		const {id, process} = sharing;
		const member = new Membership({id, process, bucket, store, clock, onChange, onLost: loseOnce});
		return [{bucket, member}];
	});
	return {
		async join() {
			await Promise.all(
				members.map(async ({bucket, member}) => {
					bucket.clear();
					await member.start();
				}),
			);
		},
		async leave() {
			await Promise.all(members.map(async ({member}) => member.stop()));
		},
		usedElsewhere: () =>
			buckets.map((bucket) => members.find((each) => each.bucket === bucket)?.member.usedElsewhere ?? []),
	};
};
