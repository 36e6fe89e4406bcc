import type {Gauge} from '../../metrics/snapshot.ts';
import {shownSnapshot} from '../../state/selectors.ts';
import {throttledTotal} from '../../state/sort.ts';
import type {State} from '../../state/state.ts';
import {statusOf} from '../../state/status.ts';
import {formatTokens} from '../../text/numbers.ts';
import {fitLine, joinLines, type Line, segment} from '../../text/segment.ts';
import {shownTargetIndex} from './header.ts';

/** All that fits on one line where there is no room for panels. */
export function tinyLine(state: State, width: number): Line {
	const snapshot = shownSnapshot(state);
	const bucket = snapshot?.buckets[shownTargetIndex(state)];
	const status = statusOf(state);
	const throttled = (snapshot?.variants ?? []).reduce(
		(sum, {requests}) => sum + throttledTotal(requests.throttled),
		0,
	);
	const line = joinLines(
		[
			[segment(status.word, status.tone)],
			...(bucket === undefined ? [] : [gaugeWords('RPM', bucket.requests), gaugeWords('TPM', bucket.tokens)]),
			throttled === 0 ? [] : [segment(`T ${formatTokens(throttled)}`, 'throttled')],
			[segment('enlarge to 40x8', 'muted')],
		],
		segment(' · ', 'muted'),
	);
	return fitLine(line, Math.max(0, width - 1));
}

function gaugeWords(label: string, {used, reserved, limit}: Gauge): Line {
	const taken = formatTokens(used + reserved);
	return [segment(`${label} ${limit === null ? taken : `${taken}/${formatTokens(limit)}`}`)];
}
