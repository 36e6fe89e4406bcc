import {calledAs} from '../bedrock/identify/identify.ts';
import {type BatchProgress, paceOf} from '../domain/accounting.ts';
import type {BucketState, Gauge, Snapshot} from '../domain/snapshot.ts';
import type {Target} from '../domain/target.ts';
import {toAscii} from '../text/glyphs.ts';
import {
	formatCount,
	formatDurationMs,
	formatElapsedMs,
	formatPercent,
	formatTokens,
	quietWords,
} from '../text/numbers.ts';
import {cleanText, truncateEnd} from '../text/width.ts';
import {fleetWords, isApart} from '../view/fleet.ts';
import {minuteLimits} from '../view/quotas.ts';
import {leftWords, stopWords} from '../view/status.ts';

/** The state of the run, and why nothing is sent, where nothing is. */
export function stateText(snapshot: Snapshot): string {
	const {phase, outcome, stoppedBy, progress} = snapshot;
	const quiet = quietWords(progress.quietMs);
	const withQuiet = (words: string): string => (quiet === undefined ? words : `${words}, ${quiet}`);
	switch (phase) {
		case 'ready':
			return 'ready';
		case 'running':
			return withQuiet(progress.waitingFor === null ? 'running' : progress.waitingFor);
		case 'paused':
			return 'paused';
		case 'draining':
			return withQuiet(
				`${stoppedBy === null ? 'finishing' : 'stopping'} · ${progress.waitingFor ?? 'closing the run'}`,
			);
		case 'ended': {
			const by = stopWords(snapshot);
			return [outcome ?? 'ended', by].filter(Boolean).join(' ');
		}
	}
}

type ProgressStyle = {readonly width: number; readonly ascii: boolean};

/**
 * One line about the present run: time, state, requests done, use of each quota, throttles.
 *
 * @returns At most `width` cells, no colour, no line break.
 */
export function progressLine(snapshot: Snapshot, {width, ascii}: ProgressStyle): string {
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
	const left = leftWords(snapshot);
	const parts = [
		`${simulated ? 'SIMULATED ' : ''}${formatElapsedMs(elapsedMs)}`,
		stateText(snapshot),
		`${formatCount(progress.done)}${total} requests`,
		`${formatCount(useful)} useful`,
		...buckets.map((bucket, index) => {
			const target = targets[index];
			const name = targets.length === 1 || target === undefined ? '' : `${cleanText(calledAs(target))} `;
			return `${name}${bucketText(bucket, target)}`;
		}),
		`${formatCount(throttled)} throttled`,
		...(left === undefined || snapshot.phase === 'ended' ? [] : [left]),
	];
	const line = truncateEnd(cleanText(parts.join(' · ')), width);
	return ascii ? toAscii(line) : line;
}

function bucketText(bucket: BucketState, target: Target | undefined): string {
	const {fleet} = bucket;
	const others = ({fleet: ofFleet = 0, others: use = 0}: Gauge, format: (value: number) => string) =>
		[ofFleet > 0 ? ` + fleet ${format(ofFleet)}` : '', use > 0 ? ` + others ${format(use)}` : ''].join('');
	const limits = (target === undefined ? [] : minuteLimits(target.quota)).flatMap(
		({label, field, gaugeOf}) => {
			const gauge = gaugeOf(bucket);
			if (gauge === undefined) {
				return [];
			}
			const format = field === 'requests' ? formatCount : formatTokens;
			const used = field === 'requests' ? gauge.used : gauge.used + gauge.reserved;
			const of = gauge.limit === null ? '' : ` of ${format(gauge.limit)}`;
			return [`${label} ${format(used)}${others(gauge, format)}${of}`];
		},
	);
	return [...limits, ...(fleet === undefined || !isApart(fleet) ? [] : [fleetWords(fleet, undefined)])].join(
		', ',
	);
}

/** Progress of batch jobs: `InProgress: 1,200 of 5,000 records (24%), 3 failed, 90 per minute, about 42s left`. */
export function batchProgressLine(progress: BatchProgress): string {
	const {states, records, processed, failed} = progress;
	const names = Object.entries(states)
		.map(([state, count]) => (Object.keys(states).length === 1 && count === 1 ? state : `${count} ${state}`))
		.join(', ');
	const done = `${formatCount(processed)} of ${formatCount(records)} records (${formatPercent(processed / records)})`;
	const pace = paceOf(progress);
	const parts = [
		done,
		...(failed > 0 ? [`${formatCount(failed)} failed`] : []),
		...(pace === null
			? []
			: [`${formatCount(pace.perMinute)} per minute`, `about ${formatDurationMs(pace.leftMs)} left`]),
	];
	return `${names}: ${parts.join(', ')}`;
}

/** Shown after a poll of the jobs has failed. */
export function troubleLine(message: string): string {
	return `${message} (trying again)`;
}

const barLength = 24;

/** Progress of an upload: `uploading [######------] 12.3 of 24.6 MB`. */
export function uploadLine(bytes: number, totalBytes: number): string {
	const share = totalBytes === 0 ? 1 : bytes / totalBytes;
	const filled = Math.round(share * barLength);
	const bar = '#'.repeat(filled) + '-'.repeat(barLength - filled);
	const megabytes = (count: number): string => (count / 1e6).toFixed(1);
	return `uploading [${bar}] ${megabytes(bytes)} of ${megabytes(totalBytes)} MB`;
}
