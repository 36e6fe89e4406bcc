import {createHash} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import path from 'node:path';
import type {Clock} from '../../domain/clock.ts';
import {writeWithFolder} from '../../text/private-file.ts';

/** How many members buckets had when this host saw them last: for a start while the store can't be reached. */
type KnownMembers = {
	readonly read: (bucket: string) => Promise<{readonly count: number; readonly agoMs: number} | undefined>;
	/** Never rejects. */
	readonly write: (bucket: string, members: number) => Promise<void>;
};

/** A number that is older says nothing any more, in milliseconds. */
const rememberedMs = 86_400_000;

/** @param folder Cache folder of the user; undefined: nothing is kept. */
export function createKnownMembers(folder: string | undefined, {epoch}: Pick<Clock, 'epoch'>): KnownMembers {
	const fileOf = (bucket: string): string | undefined =>
		folder &&
		path.join(folder, 'use', `fleet-${createHash('sha256').update(bucket).digest('hex').slice(0, 32)}.json`);
	const written = new Map<string, number>();
	return {
		async read(bucket) {
			const file = fileOf(bucket);
			try {
				const text = file === undefined ? '' : await readFile(file, 'utf8');
				const {members, at} = JSON.parse(text) as {readonly members: unknown; readonly at: unknown};
				if (typeof members !== 'number' || !Number.isSafeInteger(members) || typeof at !== 'number') {
					return undefined;
				}
				const agoMs = epoch() - at;
				return members >= 1 && agoMs >= 0 && agoMs < rememberedMs ? {count: members, agoMs} : undefined;
			} catch {
				return undefined;
			}
		},
		async write(bucket, members) {
			const file = fileOf(bucket);
			if (file !== undefined && written.get(bucket) !== members) {
				written.set(bucket, members);
				await writeWithFolder(file, JSON.stringify({members, at: epoch()})).catch(() => {});
			}
		},
	};
}
