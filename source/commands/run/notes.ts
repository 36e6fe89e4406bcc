import type {Snapshot} from '../../domain/snapshot.ts';

/** A snapshot that says first among its events that it goes on with an earlier run. */
export const withResumption = (snapshot: Snapshot, note: string | undefined): Snapshot =>
	note === undefined || snapshot.startedAt === null
		? snapshot
		: {...snapshot, events: [{at: snapshot.startedAt, kind: 'resumed', text: note}, ...snapshot.events]};

/** A snapshot that says last among its events what is missing from it. */
export const withWarnings = (snapshot: Snapshot, warnings: readonly string[]): Snapshot => {
	const at = snapshot.endedAt ?? snapshot.startedAt;
	return at === null
		? snapshot
		: {
				...snapshot,
				events: [...snapshot.events, ...warnings.map((text) => ({at, kind: 'incomplete', text}))],
			};
};
