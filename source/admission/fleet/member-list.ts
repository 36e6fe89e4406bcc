import type {Clock} from '../../domain/clock.ts';
import type {FleetRow} from '../../domain/fleet-view.ts';
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
