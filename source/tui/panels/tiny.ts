import type {Gauge} from '../../domain/snapshot.ts';
import {gaugeFraction, gaugeLevel, gaugeLevels} from '../../text/bars.ts';
import {formatPercent, formatTokens} from '../../text/numbers.ts';
import {fitLine, joinLines, type Line, lineWidth, segment} from '../../text/segment.ts';
import {listedBuckets} from '../../view/account/listed-buckets.ts';
import {bucketNow, shownSnapshot} from '../../view/selectors.ts';
import type {State} from '../../view/state.ts';
import {accountStatus, statusOf} from '../../view/status.ts';
import {throttledTotal} from '../../view/variant-order.ts';
import {isSimulatedIn, shownTargetIndex} from './header.ts';

/** Buckets that are shown where there is no room for a table. */
const maxBuckets = 3;

/** The essentials of the account: how full its fullest buckets are. */
function accountTinyParts(state: State): readonly Line[] {
	const {word, tone} = accountStatus(state);
	const rows = listedBuckets(state).filter(
		({bucket, fullest}) => bucket.activity !== 'idle' && fullest !== null,
	);
	return [
		[segment(word, tone)],
		...rows.slice(0, maxBuckets).map(({model, fullest}): Line => {
			const {glyph, tone: levelTone} = gaugeLevels[gaugeLevel(fullest)];
			return [segment(`${model} `), segment(`${formatPercent(fullest)}${glyph}`, levelTone)];
		}),
	];
}

/**
 * The essentials, where there is no room for panels, on as many lines as fit.
 * @returns lines of at most `width` cells.
 */
export function tinyLines(state: State, width: number, height: number): readonly Line[] {
	const parts = state.view === 'account' ? accountTinyParts(state) : runParts(state);
	return flowed(
		[
			isSimulatedIn(state) ? [segment('SIMULATED', 'inverse')] : [],
			...parts,
			[segment('enlarge to 40x8', 'muted')],
		].filter((part) => part.length > 0),
		Math.max(0, width - 1),
	).slice(0, height);
}

/** The essentials of a run. */
function runParts(state: State): readonly Line[] {
	const snapshot = shownSnapshot(state);
	const bucket = bucketNow(state, shownTargetIndex(state));
	const status = statusOf(state);
	const throttled = (snapshot?.variants ?? []).reduce(
		(sum, {requests}) => sum + throttledTotal(requests.throttled),
		0,
	);
	return [
		[segment(status.word, status.tone)],
		...(bucket === undefined ? [] : [gaugeWords('RPM', bucket.requests), gaugeWords('TPM', bucket.tokens)]),
		throttled === 0 ? [] : [segment(`T ${formatTokens(throttled)}`, 'throttled')],
	];
}

const separator = segment(' · ', 'muted');

/** Puts parts one after the other, on a new line where the next one does not fit. */
function flowed(parts: readonly Line[], width: number): readonly Line[] {
	const lines: Line[] = [];
	for (const part of parts) {
		const joined = joinLines([lines.at(-1) ?? [], part], separator);
		if (lines.length > 0 && lineWidth(joined) <= width) {
			lines[lines.length - 1] = joined;
		} else {
			lines.push(fitLine(part, Math.min(width, lineWidth(part))));
		}
	}
	return lines;
}

/** All that is taken of a limit, by whomever. */
function gaugeWords(label: string, gauge: Gauge): Line {
	const {used, reserved, others = 0, limit} = gauge;
	const taken = formatTokens(used + reserved + others);
	const {glyph, tone} = gaugeLevels[gaugeLevel(gaugeFraction(gauge))];
	const isNear = tone !== gaugeLevels.ok.tone;
	return [
		segment(`${label} ${limit === null ? taken : `${taken}/${formatTokens(limit)}`}`),
		...(isNear ? [segment(glyph, tone)] : []),
	];
}
