import type {Snapshot, StoppedBy} from '../domain/snapshot.ts';

const stoppedByWords: Readonly<Record<StoppedBy, string>> = {
	key: 'by a key',
	signal: 'by a signal',
	requests: 'at --max-requests',
	cost: 'at --max-cost',
	day: 'by the quota a day',
	fault: 'by a fault',
};

/** What the run is doing, in words; why nothing is sent, where nothing is. */
export function stateText({phase, outcome, stoppedBy, progress}: Snapshot): string {
	switch (phase) {
		case 'ready':
			return 'ready';
		case 'running':
			return progress.waitingFor === null ? 'running' : `waiting for ${progress.waitingFor}`;
		case 'paused':
			return 'paused';
		case 'draining':
			return 'stopping, waiting for answers';
		case 'ended': {
			const by = stoppedBy === null ? '' : ` ${stoppedByWords[stoppedBy]}`;
			return `${outcome ?? 'ended'}${by}`;
		}
	}
}
