import type {Gauge} from '../../domain/snapshot.ts';
import {gaugeFraction, gaugeLevel, gaugeLevels} from '../../text/bars.ts';
import {formatCount, formatTokens} from '../../text/numbers.ts';
import {flowLines, type Line, segment} from '../../text/segment.ts';
import {cleanText, wrapText} from '../../text/width.ts';
import {freeWords, roomTone} from '../../view/account/account-columns.ts';
import {listedBuckets} from '../../view/account/account-rows.ts';
import {keyOf} from '../../view/keymap.ts';
import {minuteLimits} from '../../view/quotas.ts';
import {bucketNow, shownSnapshot, snapshotNowMs, throttledSinceMs} from '../../view/selectors.ts';
import type {State} from '../../view/state.ts';
import {accountStatus, statusOf} from '../../view/status.ts';
import {requestCount} from '../../view/tap/client-rows.ts';
import {throttledTotal} from '../../view/variant-rows.ts';
import {footerLine, isSimulatedIn, shownTargetIndex} from './header.ts';
import {briefVerdict} from './verdict.ts';

/** Buckets that are shown where there is no room for a table. */
const maxBuckets = 3;

/** The essentials of the account: what its fullest buckets have left, before the name, which may be cut. */
function accountTinyParts(state: State): readonly Line[] {
	const {word, tone} = accountStatus(state);
	const rows = listedBuckets(state).filter(({bucket}) => bucket.activity !== 'idle');
	return [
		[segment(word, tone)],
		...rows
			.slice(0, maxBuckets)
			.map((row): Line => [segment(`${freeWords(row)} `, roomTone(row)), segment(row.model)]),
	];
}

/**
 * The essentials, where there is no room for panels, on as many lines as fit.
 * @returns lines of at most `width` cells.
 */
export function tinyLines(state: State, width: number, height: number): readonly Line[] {
	const parts = state.view === 'account' ? accountTinyParts(state) : runParts(state);
	const tail = tailLines(state, width);
	const lines = flowLines(
		[
			isSimulatedIn(state) ? [segment('SIMULATED', 'inverse')] : [],
			...parts,
			tail.length === 0 ? [segment('enlarge to 40x8', 'muted')] : [],
		],
		separator,
		Math.max(0, width - 1),
	);
	return [...lines.slice(0, Math.max(1, height - tail.length)), ...tail].slice(0, height);
}

/** What is being typed, or a passing remark. */
function tailLines(state: State, width: number): readonly Line[] {
	if (state.isTyping || state.flash === undefined) {
		return state.isTyping ? [footerLine(state, width)] : [];
	}
	return wrapText(`! ${cleanText(state.flash.text)}`, Math.max(1, width - 1)).map((line) => [segment(line)]);
}

/** The essentials of a run. */
function runParts(state: State): readonly Line[] {
	const snapshot = shownSnapshot(state);
	const bucket = bucketNow(state, shownTargetIndex(state));
	const quota = snapshot?.targets[shownTargetIndex(state)]?.quota;
	const nowMs = snapshotNowMs(state);
	const status = statusOf(state);
	const throttled = (snapshot?.variants ?? []).reduce(
		(sum, {requests}) => sum + throttledTotal(requests.throttled),
		0,
	);
	return [
		[segment(status.word, status.tone)],
		...(state.stage.kind === 'planned' && !state.isDemo && state.plan?.refusal === undefined
			? [[segment(`${keyOf(state, 'run')} shows the plan`)]]
			: []),
		...tapWords(state),
		...blockedWords(state),
		briefVerdict(state),
		...(bucket === undefined || quota === undefined
			? []
			: minuteLimits(quota).flatMap(({label, gaugeOf}) => {
					const gauge = gaugeOf(bucket);
					return gauge === undefined ? [] : [gaugeWords(label, gauge, nowMs)];
				})),
		throttled === 0 ? [] : [segment(`T ${formatTokens(throttled)}`, 'throttled')],
	];
}

/** Of a tap how many requests came; before the first one the way to its address, which has no room here. */
function tapWords(state: State): readonly Line[] {
	const snapshot = shownSnapshot(state);
	if (state.tap === undefined) {
		return [];
	}
	const requests = snapshot === undefined ? 0 : requestCount(snapshot);
	return requests === 0 || snapshot === undefined
		? [
				[segment('no request yet')],
				[segment(keyOf(state, 'copy'), 'accent'), segment(' copies the export lines')],
			]
		: [
				[segment(`${formatCount(requests)} requests`)],
				[segment(`${formatCount(snapshot.progress.inFlight)} in flight`)],
			];
}

const separator = segment(' · ', 'muted');

/** Why a run cannot start, or what it waits for, a part each: `others use 47 of 50`, `next request in 14 s`. */
function blockedWords(state: State): readonly Line[] {
	const snapshot = shownSnapshot(state);
	const refusal = state.stage.kind === 'planned' ? state.plan?.refusal : undefined;
	const isRunning = state.stage.kind === 'running' && snapshot?.phase === 'running';
	const reason = cleanText(refusal ?? (isRunning ? snapshot.progress.waitingFor : null) ?? '');
	const parts = reason.split(/ · |: |, /).filter((part) => part !== '');
	return parts.map((part) => [segment(part)]);
}

/** All that is taken of a limit, by whomever, marked where that is near it and within a minute of a throttle. */
function gaugeWords(label: string, gauge: Gauge, nowMs: number | undefined): Line {
	const {used, reserved, fleet = 0, others = 0, limit} = gauge;
	const taken = formatTokens(used + reserved + fleet + others);
	const level = gaugeLevel(gaugeFraction(gauge));
	const {glyph, tone} =
		gaugeLevels[level === 'ok' && throttledSinceMs(gauge, nowMs) !== undefined ? 'near' : level];
	const isNear = tone !== gaugeLevels.ok.tone;
	return [
		segment(`${label} ${limit === null ? taken : `${taken}/${formatTokens(limit)}`}`),
		...(isNear ? [segment(glyph, tone)] : []),
	];
}
