import type {BucketState, Snapshot} from '../domain/snapshot.ts';
import {toAscii} from '../text/glyphs.ts';
import {formatCount, formatElapsedMs, formatTokens} from '../text/numbers.ts';
import {cleanText, truncateEnd} from '../text/width.ts';
import {stateText} from './state.ts';

export type ProgressLook = {readonly width: number; readonly ascii: boolean};

/**
 * One line about the run at this moment: time, state, requests done, use of each quota, throttles.
 *
 * @returns At most `width` cells, no colour, no line break.
 */
export function progressLine(snapshot: Snapshot, {width, ascii}: ProgressLook): string {
	const {progress, simulated, elapsedMs, variants, targets, buckets} = snapshot;
	const throttled = variants.reduce(
		(sum, {requests}) =>
			sum +
			requests.throttled.requests +
			requests.throttled.tokens +
			requests.throttled.day +
			requests.throttled.overloaded,
		0,
	);
	const useful = variants.reduce((sum, {items}) => sum + items.useful, 0);
	const likely = progress.likely === undefined ? '' : `~${formatCount(progress.likely)}, at most `;
	const total = progress.total === null ? '' : `/${likely}${formatCount(progress.total)}`;
	const parts = [
		`${simulated ? 'SIMULATED ' : ''}${formatElapsedMs(elapsedMs)}`,
		stateText(snapshot),
		`${formatCount(progress.done)}${total} requests`,
		`${formatCount(useful)} useful`,
		...buckets.map((bucket, index) =>
			targets.length === 1
				? bucketText(bucket)
				: `${cleanText(targets[index]?.model ?? '')} ${bucketText(bucket)}`,
		),
		`${formatCount(throttled)} throttled`,
		...(progress.remainingMs === null || snapshot.phase === 'ended'
			? []
			: [`${formatElapsedMs(progress.remainingMs)} left`]),
	];
	const line = truncateEnd(cleanText(parts.join(' · ')), width);
	return ascii ? toAscii(line) : line;
}

function bucketText({requests, tokens}: BucketState): string {
	const of = (limit: number | null, format: (value: number) => string) =>
		limit === null ? '' : ` of ${format(limit)}`;
	return `RPM ${formatCount(requests.used)}${of(requests.limit, formatCount)}, TPM ${formatTokens(tokens.used + tokens.reserved)}${of(tokens.limit, formatTokens)}`;
}
