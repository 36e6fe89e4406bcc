/** Numbers in readable form. Every function takes null (not known) and shows it as a dash, never as 0. */

/** In place of an unknown number. */
export const unknownMark = '–';

type Known = number | null | undefined;

function isKnown(value: Known): value is number {
	return typeof value === 'number' && Number.isFinite(value);
}

function grouped(digits: string): string {
	return digits.replaceAll(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** A whole number with thousands separators: `1,234`. */
export function formatCount(value: Known): string {
	if (!isKnown(value)) {
		return unknownMark;
	}
	const rounded = Math.round(value);
	return (rounded < 0 ? '-' : '') + grouped(Math.abs(rounded).toFixed(0));
}

/** A number with as many decimals as its size deserves: `0.42`, `4.2`, `42`, `4,200`. */
export function formatNumber(value: Known): string {
	if (!isKnown(value)) {
		return unknownMark;
	}
	const size = Math.abs(value);
	if (size >= 99.95 || Number.isInteger(value)) {
		return formatCount(value);
	}
	return value.toFixed(size >= 9.995 ? 1 : 2).replace(/\.?0+$/, '');
}

const steps = [
	{from: 1e12, letter: 'T'},
	{from: 1e9, letter: 'G'},
	{from: 1e6, letter: 'M'},
	{from: 1e3, letter: 'k'},
] as const;

/** A count in at most four or five characters: `987`, `4.1k`, `41k`, `2.5M`. */
export function formatTokens(value: Known): string {
	if (!isKnown(value)) {
		return unknownMark;
	}
	const size = Math.abs(value);
	// Rounding comes before the choice of the unit, so that 999,999 is 1M and not 1000k.
	const step = steps.find(({from}) => size >= from * 0.9995);
	if (step === undefined || size < 999.5) {
		return formatCount(value);
	}
	const scaled = value / step.from;
	const text = scaled.toFixed(Math.abs(scaled) < 9.95 ? 1 : 0);
	return text.replace(/\.0$/, '') + step.letter;
}

/**
 * A fraction as a percentage: 0.41 gives `41%`.
 * Rounds nothing up to 100% or down to 0%: 0.999 gives `99%`, 0.001 gives `<1%`.
 */
export function formatPercent(fraction: Known): string {
	if (!isKnown(fraction)) {
		return unknownMark;
	}
	const percent = fraction * 100;
	if (percent > 0 && percent < 1) {
		return '<1%';
	}
	const rounded = percent < 100 ? Math.min(99, Math.round(percent)) : Math.round(percent);
	return `${grouped(rounded.toFixed(0))}%`;
}

/** A duration given in milliseconds: `412ms`, `1.24s`, `12.4s`, `1m 05s`, `1h 05m`. */
export function formatDurationMs(durationMs: Known): string {
	if (!isKnown(durationMs)) {
		return unknownMark;
	}
	const size = Math.max(0, durationMs);
	if (size < 999.5) {
		return `${size > 0 && size < 9.95 ? Number(size.toFixed(1)) : Math.round(size)}ms`;
	}
	if (size < 59_950) {
		return `${(size / 1000).toFixed(size < 9995 ? 2 : 1)}s`;
	}
	const seconds = Math.round(size / 1000);
	const minutes = Math.floor(seconds / 60);
	if (minutes < 60) {
		return `${minutes}m ${twoDigits(seconds % 60)}s`;
	}
	return `${Math.floor(minutes / 60)}h ${twoDigits(minutes % 60)}m`;
}

/** Elapsed time as a clock, from milliseconds: `00:12`, `1:02:03`. */
export function formatElapsedMs(elapsedMs: Known): string {
	if (!isKnown(elapsedMs)) {
		return unknownMark;
	}
	const seconds = Math.max(0, Math.floor(elapsedMs / 1000));
	const clock = `${twoDigits(Math.floor(seconds / 60) % 60)}:${twoDigits(seconds % 60)}`;
	return seconds < 3600 ? clock : `${Math.floor(seconds / 3600)}:${clock}`;
}

/** A span of time in words, rounded down: `40 s`, `5 min`, `27 h 46 min`. */
export function formatSpan(spanMs: number): string {
	const seconds = Math.floor(spanMs / 1000);
	if (seconds < 120) {
		return spanMs < 1000 ? `${Math.round(spanMs)} ms` : `${seconds} s`;
	}
	const minutes = Math.floor(seconds / 60);
	if (minutes < 120) {
		return `${minutes} min`;
	}
	const rest = minutes % 60 === 0 ? '' : ` ${minutes % 60} min`;
	return `${formatCount(Math.floor(minutes / 60))} h${rest}`;
}

/** Shorter silences are not shown, in milliseconds. */
const noticedQuietMs = 10_000;

/** How long requests in flight have been silent, in words; undefined while data comes. */
export function quietWords(quietMs: number | undefined): string | undefined {
	return quietMs === undefined || quietMs < noticedQuietMs
		? undefined
		: `nothing came for ${formatSpan(quietMs)}`;
}

/** Time left in whole seconds, at least one while anything is left: 2,400 ms gives `3 s`; from two minutes on `12m 37s`. */
export function formatSecondsLeft(leftMs: Known): string {
	if (!isKnown(leftMs)) {
		return unknownMark;
	}
	const seconds = Math.max(0, Math.ceil(leftMs / 1000));
	return seconds < 120 ? `${seconds} s` : formatDurationMs(seconds * 1000);
}

/** US dollars; small sums keep two significant digits: `$0.0012`, `$0.35`, `$1,204.50`. */
export function formatUsd(usd: Known): string {
	if (!isKnown(usd)) {
		return unknownMark;
	}
	const size = Math.abs(usd);
	const decimals = size === 0 || size >= 0.0995 ? 2 : Math.min(8, 1 - Math.floor(Math.log10(size)));
	const [whole = '0', fraction = ''] = size.toFixed(decimals).split('.');
	return `${usd < 0 ? '-' : ''}$${grouped(whole)}.${fraction}`;
}

/**
 * USD, or the range that it lies in where the fate of some attempt is not known: `$0.020 to $0.050`, `$0.020 or more`.
 * @param within `high` is null where no upper bound is known.
 */
export function formatUsdWithin(
	usd: Known,
	within: {readonly low: number; readonly high: number | null} | undefined,
): string {
	if (within === undefined) {
		return formatUsd(usd);
	}
	const low = formatUsd(within.low);
	const high = within.high === null ? undefined : formatUsd(within.high);
	return high === undefined ? `${low} or more` : low === high ? low : `${low} to ${high}`;
}

/** A ratio as a factor: `1.8x`. */
export function formatRatio(ratio: Known): string {
	return isKnown(ratio) ? `${ratio.toFixed(Math.abs(ratio) < 9.95 ? 1 : 0)}x` : unknownMark;
}

function twoDigits(value: number): string {
	return String(value).padStart(2, '0');
}

/**
 * How long a plan has to wait for its quotas, in words that follow its quota tokens; empty where it does not.
 * @param freePerMinute Requests per minute that others leave; undefined: all of the quota.
 */
export function minutesText(quotaMinutes: number | null, freePerMinute?: number): string {
	if (quotaMinutes !== null && freePerMinute !== undefined) {
		return `; others leave ${formatNumber(freePerMinute)} per minute: about ${formatSpan(Math.ceil(quotaMinutes) * 60_000)}`;
	}
	return quotaMinutes !== null && quotaMinutes > 1
		? `, for at most ${formatCount(Math.ceil(quotaMinutes))} minutes`
		: '';
}
