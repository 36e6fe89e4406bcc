import type {Phase} from '../../domain/snapshot.ts';
import type {Waiting} from './scheduler.ts';

/** Waits shorter than this are part of the flow. */
const shortestMs = 1000;

const inSeconds = (delayMs: number | undefined): string =>
	delayMs === undefined ? '' : ` in ${Math.ceil(delayMs / 1000)} s`;

/** Why nothing is being sent, in words; null when it flows. */
export const waitingWords = (phase: Phase, waiting: Waiting | undefined, inFlight: number): string | null => {
	if (phase === 'paused') {
		return 'paused';
	}
	if (phase === 'draining' && inFlight > 0) {
		return 'the last answers';
	}
	if (waiting === undefined || (waiting.delayMs !== undefined && waiting.delayMs < shortestMs)) {
		return null;
	}
	const when = inSeconds(waiting.delayMs);
	switch (waiting.reason) {
		case 'requests':
			return `room in the quota of requests${when}`;
		case 'tokens':
			return waiting.delayMs === undefined
				? 'answers that give quota tokens back'
				: `room in the quota of tokens${when}`;
		case 'pace':
			return `its turn (even pacing)${when}`;
		case 'capacity':
			return 'capacity of the service';
		case 'cost':
			return 'answers, to stay within the greatest cost';
		case 'retry':
			return `the next retry${when}`;
		case 'turn':
			// While answers come in, somebody is being talked to.
			return inFlight > 0 ? null : `the next turn of a conversation${when}`;
		case 'arrival':
			return `the next arrival${when}`;
	}
};
