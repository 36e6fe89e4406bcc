import type {Gauge} from '../../domain/snapshot.ts';
import {gaugeLevel, gaugeLevels} from '../../text/bars.ts';
import {formatPercent, formatTokens} from '../../text/numbers.ts';
import {flowLines, type Line, segment} from '../../text/segment.ts';
import {wrapText} from '../../text/width.ts';
import {listedBuckets} from '../../view/account/listed-buckets.ts';
import {moreHint, offeredMore} from '../../view/more-requests.ts';
import {shownSnapshot} from '../../view/selectors.ts';
import type {State} from '../../view/state.ts';
import {accountStatus, statusOf} from '../../view/status.ts';
import {throttledTotal} from '../../view/variant-order.ts';
import {isSimulatedIn, shownTargetIndex} from './header.ts';
import {briefVerdict} from './verdict.ts';

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
	const offer = state.overlay?.kind === 'more-question' ? offeredMore(state) : undefined;
	if (offer !== undefined) {
		const words = `a ${moreHint(offer, state.isDemo)}, Esc goes back`;
		return wrapText(words, Math.max(1, width - 1))
			.slice(0, height)
			.map((line) => [segment(line)]);
	}
	const parts = state.view === 'account' ? accountTinyParts(state) : runParts(state);
	return flowLines(
		[
			isSimulatedIn(state) ? [segment('SIMULATED', 'inverse')] : [],
			...parts,
			[segment('enlarge to 40x8', 'muted')],
		],
		separator,
		Math.max(0, width - 1),
	).slice(0, height);
}

/** The essentials of a run. */
function runParts(state: State): readonly Line[] {
	const snapshot = shownSnapshot(state);
	const bucket = snapshot?.buckets[shownTargetIndex(state)];
	const status = statusOf(state);
	const throttled = (snapshot?.variants ?? []).reduce(
		(sum, {requests}) => sum + throttledTotal(requests.throttled),
		0,
	);
	return [
		[segment(status.word, status.tone)],
		briefVerdict(state),
		...(bucket === undefined ? [] : [gaugeWords('RPM', bucket.requests), gaugeWords('TPM', bucket.tokens)]),
		throttled === 0 ? [] : [segment(`T ${formatTokens(throttled)}`, 'throttled')],
	];
}

const separator = segment(' · ', 'muted');

function gaugeWords(label: string, {used, reserved, limit}: Gauge): Line {
	const taken = formatTokens(used + reserved);
	return [segment(`${label} ${limit === null ? taken : `${taken}/${formatTokens(limit)}`}`)];
}
