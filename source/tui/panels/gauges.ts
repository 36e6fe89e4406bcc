import type {BucketState, Gauge, Snapshot, Timeline} from '../../domain/snapshot.ts';
import {dayQuotaOf, type Limit, type Quota, type Target} from '../../domain/target.ts';
import {gaugeBar, gaugeFraction, gaugeGlyphs, gaugeLevel, gaugeLevels} from '../../text/bars.ts';
import {formatCount, formatPercent, formatSecondsLeft, formatTokens} from '../../text/numbers.ts';
import {fitLine, type Line, lineWidth, segment, type Tone} from '../../text/segment.ts';
import {fleetWords, isApart} from '../../view/fleet.ts';
import {minuteLimits, sourceWord} from '../../view/quotas.ts';
import {bucketNow, isRunning, shownSnapshot, snapshotNowMs, throttledSinceMs} from '../../view/selectors.ts';
import type {State} from '../../view/state.ts';
import {lastSecond, secondsToLimit} from '../../view/timeline.ts';
import type {Tier} from '../layout.ts';
import {shownTargetIndex} from './header.ts';

type GaugesInput = {
	readonly target: Target | undefined;
	readonly targetIndex: number;
	readonly bucket: BucketState | undefined;
	readonly timeline: Timeline | undefined;
	/** Milliseconds since 1970; undefined where that is not known, and nothing ages. */
	readonly nowMs: number | undefined;
	/** What is left of the run; undefined once it is over: nothing is forecast then. */
	readonly progress: Snapshot['progress'] | undefined;
	readonly isDayShown: boolean;
};

type GaugeRow = {
	readonly label: string;
	readonly gauge: Gauge | undefined;
	readonly limit: Limit | undefined;
	readonly format: (value: number | null) => string;
	/** Seconds until the limit is reached at this pace; null when it is not. */
	readonly leftSeconds: number | null;
	/** How long ago the service throttled by this limit; undefined: not within the last minute. */
	readonly throttledMs: number | undefined;
	/** The service throttled by a limit of the bucket within the last minute. */
	readonly isThrottling: boolean;
};

/** What the figures of the gauges are of. */
type GaugesAge = {
	readonly bucket: BucketState | undefined;
	readonly nowMs: number | undefined;
	/** When the run ended; undefined while it has not. ISO 8601 UTC. */
	readonly endedAt: string | undefined;
};

const minuteMs = 60_000;

/** Title of the gauges: what they count, where the limits come from, how old others' use is, and the fleet. */
export function gaugesTitle(target: Target | undefined, age: GaugesAge): Line {
	const {bucket, nowMs} = age;
	const fleet = bucket?.fleet;
	const words = [sourceOf(target), windowWords(age), othersWords(age)].filter((text) => text !== '');
	return [
		segment('Quota', 'title'),
		segment(` ${words.join(' · ')}`.replace(/^ (?=last|nothing|at)/, ' · ')),
		...(fleet === undefined
			? []
			: [segment(` · ${fleetWords(fleet, nowMs)}`, isApart(fleet) ? 'warning' : 'plain')]),
	];
}

/** Where the limits per minute come from: `applied`, `applied and assumed`. */
function sourceOf(target: Target | undefined): string {
	const limits = target === undefined ? [] : minuteLimits(target.quota);
	const words = limits.map(({limit}) => sourceWord(limit));
	return [...new Set(words)].filter((word) => word !== '').join(' and ');
}

/** The window that the figures are of. An old one is dated. */
function windowWords({nowMs, endedAt}: GaugesAge): string {
	if (endedAt === undefined) {
		return 'last 60 s';
	}
	const clock = `${endedAt.slice(11, 19)} UTC`;
	if (nowMs === undefined) {
		return `at the end, ${clock}`;
	}
	return nowMs - Date.parse(endedAt) < minuteMs ? 'last 60 s' : `nothing sent since ${clock}`;
}

/** How old the figures of others are; empty where nothing is known of them. */
function othersWords({bucket, nowMs}: GaugesAge): string {
	if (bucket?.others === undefined) {
		return '';
	}
	const {at, from, reportedAt} = bucket.others;
	if (nowMs === undefined) {
		return `others at ${at.slice(11, 16)} UTC`;
	}
	const ageOf = (iso: string): number => Math.max(0, nowMs - Date.parse(iso));
	const oldWords = (iso: string): string =>
		`${ageOf(iso) < minuteMs ? 'under 1 min' : `${Math.floor(ageOf(iso) / minuteMs)} min`} old`;
	return from === 'throttle'
		? `others by a throttle ${formatSecondsLeft(ageOf(at))} ago${reportedAt === undefined ? '' : `, else ${oldWords(reportedAt)}`}`
		: `others ${oldWords(at)}`;
}

/** The legend of the bars; fleet and others only where something is known of them. */
export function gaugesLegend(bucket: BucketState | undefined): Line {
	const parts = [
		[gaugeGlyphs.used, 'used'],
		...(bucket?.fleet === undefined ? [] : [[gaugeGlyphs.fleet, 'fleet']]),
		...(bucket?.others === undefined && bucket?.day.others === undefined
			? []
			: [[gaugeGlyphs.others, 'others']]),
		[gaugeGlyphs.reserved, 'reserved'],
		[gaugeGlyphs.free, 'free'],
	];
	return parts.flatMap(([glyph = '', word], index) => [
		segment(`${index === 0 ? '' : '  '}${glyph}`),
		segment(` ${word}`, 'muted'),
	]);
}

/** From this part on a day's quota is used up: hardly a request fits. */
const usedUpPart = 0.995;

/** Part of a day's quota from which on it is worth a line everywhere. */
const dayFraction = 0.5;

/** Whether the day's limit is worth a line: where there is room, or where it comes near. */
export function isDayShown(state: State, tier: Tier, index = shownTargetIndex(state)): boolean {
	const snapshot = shownSnapshot(state);
	const quota = snapshot?.targets[index]?.quota;
	if (quota === undefined || dayQuotaOf(quota).limit.state !== 'known') {
		return false;
	}
	const day = snapshot?.buckets[index]?.day;
	return tier === 'wide' || (day !== undefined && (gaugeFraction(day) ?? 0) >= dayFraction);
}

/** How much is said beside the bars, from the most to the least: the first form that leaves the bars their room is taken. */
const forms = [
	{from: 100, numbers: 'spelt', words: Number.POSITIVE_INFINITY},
	{from: 100, numbers: 'spelt', words: 1},
	{from: 70, numbers: 'short', words: 2},
	{from: 56, numbers: 'short', words: 1},
	{from: 56, numbers: 'tight', words: 1},
	{from: 0, numbers: 'tight', words: 0},
] as const;

type Form = (typeof forms)[number];

/** Part of the width that the bars have at least, as long as anything else can be shorter. */
const barPart = 0.2;
const labelWidth = 4;

/**
 * A line for each limit of the bucket: used, set aside and free of the last minute, against the limit.
 * @returns lines of exactly `width` cells.
 */
export function gaugeLines(input: GaugesInput, width: number): readonly Line[] {
	const rows = gaugeRows(input);
	const source = sourceOf(input.target);
	const [first, ...others] = forms
		.filter(({from}) => width >= from)
		.map((form) => {
			const texts = rows.map((row) => rowTexts(row, input.bucket, form, source));
			const numberWidth = Math.max(...texts.map(({numbers}) => lineWidth(numbers)));
			const wordWidth = Math.max(...texts.map(({words}) => lineWidth(words)));
			return {texts, numberWidth, barWidth: width - labelWidth - numberWidth - wordWidth - 4};
		});
	const chosen =
		[first, ...others].find((form) => (form?.barWidth ?? 0) >= width * barPart) ?? others.at(-1) ?? first;
	const {texts = [], numberWidth = 0, barWidth = 0} = chosen ?? {};
	const barCells = Math.max(4, barWidth);
	return rows.map((row, index) =>
		fitLine(
			[
				...fitLine([segment(row.label, 'strong')], labelWidth),
				...fitLine(barOf(row, barCells), barCells),
				segment('  '),
				...fitLine(texts[index]?.numbers ?? [], numberWidth, 'right'),
				segment('  '),
				...(texts[index]?.words ?? []),
			],
			width,
		),
	);
}

const unknown: Limit = {
	...{value: null, state: 'unknown', source: null, applied: null, default: null},
	...{adjustable: null, code: null, name: null},
};
/** Before a target is known. */
const notKnown: Quota = {requestsPerMinute: unknown, tokensPerMinute: unknown, tokensPerDay: unknown};

function gaugeRows(input: GaugesInput): readonly GaugeRow[] {
	const {target, bucket, nowMs, isDayShown: hasDay} = input;
	const throttled = (gauge: Gauge | undefined) => throttledSinceMs(gauge, nowMs);
	const isThrottling = [bucket?.requests, bucket?.tokens].some((gauge) => throttled(gauge) !== undefined);
	const rows: readonly GaugeRow[] = [
		...minuteLimits(target?.quota ?? notKnown).map(({label, field, gaugeOf, limit}) => {
			const gauge = bucket === undefined ? undefined : gaugeOf(bucket);
			return {
				label,
				gauge,
				limit: target === undefined ? undefined : limit,
				format: field === 'requests' ? formatCount : formatTokens,
				leftSeconds: field === 'output' ? null : secondsLeft(input, field),
				throttledMs: throttled(gauge),
				isThrottling,
			};
		}),
		{
			label: 'TPD',
			gauge: bucket?.day,
			limit: target && dayQuotaOf(target.quota).limit,
			format: formatTokens,
			leftSeconds: null,
			throttledMs: undefined,
			isThrottling,
		},
	];
	return hasDay ? rows : rows.slice(0, 2);
}

/** Seconds until a limit is reached; null where it is not, or where the rest of the run fits before. */
function secondsLeft(
	{bucket, timeline, targetIndex, progress}: GaugesInput,
	field: 'requests' | 'quotaTokens',
): number | null {
	const gauge = field === 'requests' ? bucket?.requests : bucket?.tokens;
	const isWaiting = bucket?.nextRoomMs != null && bucket.nextRoomMs > 0;
	if (progress === undefined || timeline === undefined || gauge === undefined || isWaiting) {
		return null;
	}
	const seconds = secondsToLimit(timeline, targetIndex, field, gauge, lastSecond(timeline));
	const isOverBefore =
		seconds !== null && progress.remainingMs !== null && progress.remainingMs < seconds * 1000;
	return isOverBefore || hasRoomForRest(bucket, gauge, progress, field) ? null : seconds;
}

/** Whether what the run still has to send fits below a limit. */
function hasRoomForRest(
	bucket: BucketState | undefined,
	gauge: Gauge,
	{done, total, likely, inFlight}: Snapshot['progress'],
	field: 'requests' | 'quotaTokens',
): boolean {
	const end = likely ?? total;
	if (end === null || gauge.limit === null || bucket === undefined) {
		return false;
	}
	const rest = Math.max(0, end - done - inFlight);
	const each = field === 'requests' ? 1 : bucket.tokens.used / Math.max(1, bucket.requests.used);
	const taken = gauge.used + gauge.reserved + (gauge.fleet ?? 0) + (gauge.others ?? 0);
	return taken + rest * each < gauge.limit;
}

function barOf({gauge, limit}: GaugeRow, width: number): Line {
	if (gauge === undefined || limit?.state === 'none') {
		return gaugeBar({used: 0, reserved: 0, limit: null}, width);
	}
	return gaugeBar(gauge, width);
}

/** Figures and words beside the bar. @param titleSource Where the title says that the limits come from. */
function rowTexts(row: GaugeRow, bucket: BucketState | undefined, form: Form, titleSource: string) {
	const {gauge, limit} = row;
	if (gauge === undefined || limit === undefined) {
		// An earlier run has its limits; what was used of them at its end is not in its results.
		const words = limit === undefined ? 'not known yet' : 'not kept';
		return {numbers: [], words: [segment(words, 'muted')]};
	}
	const numbers = numbersOf(row, gauge, form);
	if (limit.state === 'none') {
		return {
			numbers: numbers.slice(0, 1),
			words: [segment(form.words > 1 ? 'no limit set by the service' : 'no limit set')],
		};
	}
	if (limit.state === 'blocked') {
		return {numbers, words: [segment('x blocked: the limit is 0', 'bad')]};
	}
	const {word, glyph, tone} = stateOf(row, bucket, form);
	const source = sourceWord(limit);
	const hasSource = form.words > 0 && (source === 'assumed' || (form.words > 2 && source !== titleSource));
	return {
		numbers,
		words: [
			segment(formatPercent(gaugeFraction(gauge)).padStart(4), tone),
			segment(` ${glyph}${form.words > 0 ? ` ${word}` : ''}`, tone),
			...(hasSource && source !== '' ? [segment(` · ${source}`, 'muted')] : []),
		],
	};
}

/** Used, used by the fleet and by others, and reserved, then the limit. */
function numbersOf({format}: GaugeRow, gauge: Gauge, form: Form): Line {
	const {used, reserved, fleet = 0, others = 0, limit} = gauge;
	if (form.numbers === 'spelt') {
		const parts = [
			`${format(used)} used`,
			...(fleet > 0 ? [`${format(fleet)} fleet`] : []),
			...(others > 0 ? [`${format(others)} others`] : []),
			...(reserved > 0 ? [`${format(reserved)} reserved`] : []),
		];
		return [segment(parts.join(' + '), 'strong'), segment(` of ${format(limit)}`)];
	}
	// Where figures must be short, all that is used is one.
	const isTight = form.numbers === 'tight';
	const set = reserved > 0 ? `${isTight ? '+' : ' + '}${format(reserved)}` : '';
	return [
		segment(`${format(used + fleet + others)}${set}`, 'strong'),
		segment(`${isTight ? '/' : ' / '}${format(limit)}`),
	];
}

type GaugeState = {readonly word: string; readonly glyph: string; readonly tone: Tone};

/** The state of a limit from the whole of its use, in words: never `ok` within a minute of a throttle. */
function stateOf(row: GaugeRow, bucket: BucketState | undefined, form: Form): GaugeState {
	const {gauge, throttledMs, isThrottling} = row;
	const levelName = gaugeLevel(gauge === undefined ? null : gaugeFraction(gauge));
	const isThrottled = throttledMs !== undefined;
	const words = [
		...(isThrottled ? [`throttled ${formatSecondsLeft(throttledMs)} ago`] : []),
		...othersState(row, form),
		...roomWords(row, bucket),
	].slice(0, form.words);
	const level = gaugeLevels[isThrottled && levelName === 'ok' ? 'near' : levelName];
	if (words.length > 0) {
		return {...level, word: words.join(' · ')};
	}
	return levelName === 'ok' && isThrottling ? {word: 'has room', glyph: '!', tone: 'plain'} : level;
}

/** What others leave, where they take most of what is taken and the limit is near; when a day that is near its end is over. */
function othersState({label, gauge, format}: GaugeRow, form: Form): readonly string[] {
	const {used = 0, reserved = 0, fleet = 0, others = 0, limit = null} = gauge ?? {};
	if (limit === null || limit === 0) {
		return [];
	}
	const fraction = (used + reserved + fleet + others) / limit;
	if (label === 'TPD') {
		const isBrief = form.numbers !== 'spelt' && form.words < 2;
		const words = [
			...(fraction < usedUpPart ? [] : ['used up']),
			...(isBrief || gaugeLevel(fraction) === 'ok' ? [] : ['resets 00:00 UTC']),
		];
		return words.length === 0 ? [] : [words.join(', ')];
	}
	if (others <= used + reserved + fleet || gaugeLevel(others / limit) === 'ok') {
		return [];
	}
	const left = format(Math.max(0, limit - others));
	return [form.numbers === 'spelt' ? `others leave ${left} per minute` : `others leave ${left}`];
}

/** When there is room again, or when there will be none; empty where neither is near. */
function roomWords(
	{label, gauge, leftSeconds}: GaugeRow,
	bucket: BucketState | undefined,
): readonly string[] {
	const isFull = gaugeLevel(gauge === undefined ? null : gaugeFraction(gauge)) === 'full';
	if (isFull && label !== 'TPD' && bucket?.nextRoomMs != null && bucket.nextRoomMs > 0) {
		return [`room in ${formatSecondsLeft(bucket.nextRoomMs)}`];
	}
	return leftSeconds !== null && leftSeconds > 0 && !isFull ? [`full in ${leftSeconds} s`] : [];
}

/** The gauges of a target's bucket as they stand now, with their title and legend. */
export function gaugesNow(
	state: State,
	targetIndex: number,
	{width, isDayShown}: {readonly width: number; readonly isDayShown: boolean},
) {
	const snapshot = shownSnapshot(state);
	const target = snapshot?.targets[targetIndex];
	const bucket = bucketNow(state, targetIndex);
	const nowMs = snapshotNowMs(state);
	return {
		lines: gaugeLines(
			{
				target,
				targetIndex,
				bucket,
				timeline: snapshot?.timeline,
				nowMs,
				progress: isRunning(state) ? snapshot?.progress : undefined,
				isDayShown,
			},
			width,
		),
		title: gaugesTitle(target, {bucket, nowMs, endedAt: snapshot?.endedAt ?? undefined}),
		note: gaugesLegend(bucket),
	};
}
