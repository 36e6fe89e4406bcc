import type {BucketState, Gauge, Timeline} from '../../domain/snapshot.ts';
import type {Limit, Target} from '../../domain/target.ts';
import {gaugeBar, gaugeFraction, gaugeLevel, gaugeLevels} from '../../text/bars.ts';
import {formatCount, formatPercent, formatSecondsLeft, formatTokens} from '../../text/numbers.ts';
import {fitLine, type Line, lineWidth, segment} from '../../text/segment.ts';
import {sourceWord} from '../../view/quota-words.ts';
import {shownSnapshot} from '../../view/selectors.ts';
import type {State} from '../../view/state.ts';
import {lastSecond, secondsToLimit} from '../../view/timeline.ts';
import type {Tier} from '../layout.ts';
import {shownTargetIndex} from './header.ts';

type GaugesInput = {
	readonly target: Target | undefined;
	readonly targetIndex: number;
	readonly bucket: BucketState | undefined;
	readonly timeline: Timeline | undefined;
	/** False once the run is over: nothing is forecast then. */
	readonly isFlowing: boolean;
	readonly isDayShown: boolean;
};

type GaugeRow = {
	readonly label: string;
	readonly gauge: Gauge | undefined;
	readonly limit: Limit | undefined;
	readonly format: (value: number | null) => string;
	/** Seconds until the limit is reached at this pace; null when it is not. */
	readonly leftSeconds: number | null;
};

/** Title of the gauges: what they count, and where the limits come from. */
export function gaugesTitle(target: Target | undefined): Line {
	const limits = target === undefined ? [] : [target.quota.requestsPerMinute, target.quota.tokensPerMinute];
	const [requests, tokens] = limits.map((limit) => sourceWord(limit));
	const source =
		requests === tokens ? requests : [requests, tokens].filter((word) => word !== '').join(' and ');
	return [
		segment('Quota', 'title'),
		segment(source === undefined || source === '' ? ' · last 60 s' : ` ${source} · last 60 s`),
	];
}

/** Part of a day's quota from which on it is worth a line everywhere. */
const dayFraction = 0.5;

/** Whether the day's limit is worth a line: where there is room, or where it comes near. */
export function isDayShown(state: State, tier: Tier): boolean {
	const snapshot = shownSnapshot(state);
	const index = shownTargetIndex(state);
	if (snapshot?.targets[index]?.quota.tokensPerDay.state !== 'known') {
		return false;
	}
	const day = snapshot.buckets[index]?.day;
	return tier === 'wide' || (day !== undefined && (gaugeFraction(day) ?? 0) >= dayFraction);
}

/**
 * A line for each limit of the bucket: used, set aside and free of the last minute, against the limit.
 * @returns lines of exactly `width` cells.
 */
export function gaugeLines(input: GaugesInput, width: number): readonly Line[] {
	const rows = gaugeRows(input);
	const texts = rows.map((row) => rowTexts(row, input.bucket, width));
	const numberWidth = Math.max(...texts.map(({numbers}) => lineWidth(numbers)));
	const wordWidth = Math.max(...texts.map(({words}) => lineWidth(words)));
	const labelWidth = 4;
	const barWidth = Math.max(4, width - labelWidth - numberWidth - wordWidth - 4);
	return rows.map((row, index) =>
		fitLine(
			[
				...fitLine([segment(row.label, 'strong')], labelWidth),
				...fitLine(barOf(row, barWidth), barWidth),
				segment('  '),
				...fitLine(texts[index]?.numbers ?? [], numberWidth, 'right'),
				segment('  '),
				...(texts[index]?.words ?? []),
			],
			width,
		),
	);
}

function gaugeRows({
	target,
	targetIndex,
	bucket,
	timeline,
	isFlowing,
	isDayShown: hasDay,
}: GaugesInput): readonly GaugeRow[] {
	const left = (field: 'requests' | 'quotaTokens', gauge: Gauge | undefined) =>
		isFlowing &&
		timeline !== undefined &&
		gauge !== undefined &&
		!(bucket?.nextRoomMs != null && bucket.nextRoomMs > 0)
			? secondsToLimit(timeline, targetIndex, field, gauge, lastSecond(timeline))
			: null;
	const rows: readonly GaugeRow[] = [
		{
			label: 'RPM',
			gauge: bucket?.requests,
			limit: target?.quota.requestsPerMinute,
			format: formatCount,
			leftSeconds: left('requests', bucket?.requests),
		},
		{
			label: 'TPM',
			gauge: bucket?.tokens,
			limit: target?.quota.tokensPerMinute,
			format: formatTokens,
			leftSeconds: left('quotaTokens', bucket?.tokens),
		},
		{
			label: 'TPD',
			gauge: bucket?.day,
			limit: target?.quota.tokensPerDay,
			format: formatTokens,
			leftSeconds: null,
		},
	];
	return hasDay ? rows : rows.slice(0, 2);
}

function barOf({gauge, limit}: GaugeRow, width: number): Line {
	if (gauge === undefined || limit?.state === 'none') {
		return gaugeBar({used: 0, reserved: 0, limit: null}, width);
	}
	return gaugeBar(gauge, width);
}

/** From these widths on figures are spelt out, words are shown, and blanks are used. */
const roomyWidth = 100;
const spokenWidth = 70;
const scarceWidth = 56;

/** Figures and words beside the bar. */
function rowTexts(row: GaugeRow, bucket: BucketState | undefined, width: number) {
	const {gauge, limit} = row;
	if (gauge === undefined || limit === undefined) {
		// An earlier run has its limits; what was used of them at its end is not in its results.
		const words = limit === undefined ? 'not known yet' : 'not kept';
		return {numbers: [], words: [segment(words, 'muted')]};
	}
	const isRoomy = width >= roomyWidth;
	if (limit.state === 'none') {
		return {
			numbers: numbersOf(row, gauge, width).slice(0, 1),
			words: [segment(width >= spokenWidth ? 'no limit set by the service' : 'no limit set')],
		};
	}
	const numbers = numbersOf(row, gauge, width);
	if (limit.state === 'blocked') {
		return {numbers, words: [segment('x blocked: the limit is 0', 'bad')]};
	}
	const fraction = gaugeFraction(gauge);
	const level = gaugeLevels[gaugeLevel(fraction)];
	const word = roomWords(row, bucket) ?? level.word;
	const source = sourceWord(limit);
	return {
		numbers,
		words: [
			segment(formatPercent(fraction).padStart(4), level.tone),
			segment(` ${level.glyph}${width >= scarceWidth ? ` ${word}` : ''}`, level.tone),
			...(isRoomy || (source === 'assumed' && width >= scarceWidth) ? [segment(` ${source}`, 'muted')] : []),
		],
	};
}

/** Used and reserved, then the limit. */
function numbersOf({format}: GaugeRow, {used, reserved, limit}: Gauge, width: number): Line {
	const words =
		width >= roomyWidth
			? {used: ' used', reserved: ' reserved', of: ' of ', plus: ' + '}
			: {used: '', reserved: '', of: ' / ', plus: ' + '};
	const [of, plus] = width >= scarceWidth ? [words.of, words.plus] : ['/', '+'];
	const set = reserved > 0 ? `${plus}${format(reserved)}${words.reserved}` : '';
	return [segment(`${format(used)}${words.used}${set}`, 'strong'), segment(`${of}${format(limit)}`)];
}

/** When there is room again, or when there will be none; undefined where neither is near. */
function roomWords(
	{label, gauge, leftSeconds}: GaugeRow,
	bucket: BucketState | undefined,
): string | undefined {
	const isFull = gaugeLevel(gauge === undefined ? null : gaugeFraction(gauge)) === 'full';
	if (isFull && label !== 'TPD' && bucket?.nextRoomMs != null && bucket.nextRoomMs > 0) {
		return `room in ${formatSecondsLeft(bucket.nextRoomMs)}`;
	}
	return leftSeconds !== null && leftSeconds > 0 && !isFull ? `full in ${leftSeconds} s` : undefined;
}
