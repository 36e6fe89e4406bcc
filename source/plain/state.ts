import type {Snapshot, StoppedBy} from '../domain/snapshot.ts';
import {quietWords} from '../text/numbers.ts';

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
	const quiet = quietWords(progress.quietMs);
	const withQuiet = (words: string): string => (quiet === undefined ? words : `${words}, ${quiet}`);
	switch (phase) {
		case 'ready':
			return 'ready';
		case 'running':
			return withQuiet(progress.waitingFor === null ? 'running' : `waiting for ${progress.waitingFor}`);
		case 'paused':
			return 'paused';
		case 'draining':
			return withQuiet(
				`stopping, waiting for ${progress.inFlight > 0 ? 'answers' : (progress.waitingFor ?? 'answers')}`,
			);
		case 'ended': {
			const by = stoppedBy === null ? '' : ` ${stoppedByWords[stoppedBy]}`;
			return `${outcome ?? 'ended'}${by}`;
		}
	}
}
