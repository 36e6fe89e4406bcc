import {createHash} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import path from 'node:path';
import type {Clock} from '../../domain/clock.ts';
import type {FleetRow} from '../../domain/fleet-view.ts';
import {writeWithFolder} from '../../text/private-file.ts';
import type {FleetMemberState, MemberFacts, SharedLedger} from './shared-ledger.ts';
import type {StoreLine} from './store-line.ts';

/** Milliseconds between two lists while nobody looks at them, and while somebody does. */
const listMs = {unseen: 5000, seen: 1000} as const;

type MemberListOptions = {
	readonly clock: Clock;
	readonly ledger: SharedLedger;
	readonly line: StoreLine;
	readonly facts: MemberFacts;
	/** Whether a process of this host runs. */
	readonly isRunning: ((pid: number) => boolean) | undefined;
};

/** The members of a fleet, as one of them sees them. It buries those of its own host whose process is gone. */
export class MemberList {
	readonly #options: MemberListOptions;
	#members: readonly FleetMemberState[] = [];
	#readAt = Number.NEGATIVE_INFINITY;
	#seenAt = Number.NEGATIVE_INFINITY;

	constructor(options: MemberListOptions) {
		this.#options = options;
	}

	/** For people, by name. */
	get rows(): readonly FleetRow[] {
		const {clock, facts} = this.#options;
		this.#seenAt = clock.now();
		const sinceMs = Math.max(0, this.#seenAt - this.#readAt);
		return this.#members
			.map(({id, name, state, use, inFlight, waiting, ...seen}): FleetRow => {
				const isSelf = id === facts.id;
				const seenAgoMs = isSelf ? 0 : seen.seenAgoMs + sinceMs;
				return {name, isSelf, state, use, inFlight, waiting, seenAgoMs};
			})
			.toSorted((first, second) => (first.name < second.name ? -1 : 1));
	}

	/** Other members that were seen live. */
	get others(): readonly string[] {
		const {facts} = this.#options;
		return this.#members.flatMap(({id, state}) => (id !== facts.id && state === 'live' ? [id] : []));
	}

	/** Reads it when it is due. @param vanished Members that vanished. */
	async refresh(vanished: number): Promise<void> {
		const {clock, line, ledger} = this.#options;
		const now = clock.now();
		const isSeen = now - this.#seenAt < listMs.unseen;
		const isDue = now - this.#readAt >= (isSeen ? listMs.seen : listMs.unseen);
		if (!isDue && vanished === 0) {
			return;
		}
		const members = await line.step(async () => ledger.members());
		if (members === undefined) {
			return;
		}
		this.#members = members;
		this.#readAt = now;
		for (const {id} of members.filter((member) => this.#isGone(member))) {
			await line.step(async () => ledger.bury(id));
		}
	}

	#isGone({id, state, host, pid}: FleetMemberState): boolean {
		const {facts, isRunning} = this.#options;
		return id !== facts.id && state === 'vanished' && host === facts.host && isRunning?.(pid) === false;
	}
}

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
