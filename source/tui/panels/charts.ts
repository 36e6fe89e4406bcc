import type {BucketState, Snapshot} from '../../domain/snapshot.ts';
import type {Limit} from '../../domain/target.ts';
import {chartColumns, lineChartLines} from '../../text/line-chart.ts';
import {formatTokens} from '../../text/numbers.ts';
import {type Line, segment} from '../../text/segment.ts';
import {lastSecond, maxValues, minuteSums} from '../../view/timeline.ts';
import type {FrameTitle} from '../frame.ts';

export type ChartKind = 'requests' | 'tokens' | 'traffic';

type ChartInput = {
	readonly kind: ChartKind;
	readonly snapshot: Snapshot | undefined;
	readonly targetIndex: number;
	readonly windowSeconds: number;
	readonly isAscii: boolean;
};

/** A chart in exactly `height` lines of exactly `width` cells. */
export function chartLines(input: ChartInput, width: number, height: number): readonly Line[] {
	const {kind, snapshot, targetIndex, windowSeconds, isAscii} = input;
	if (snapshot === undefined) {
		return [];
	}
	const {timeline} = snapshot;
	const query = {
		target: targetIndex,
		windowSeconds,
		endSecond: Math.max(lastSecond(timeline), Math.ceil(snapshot.elapsedMs / 1000)),
		columns: chartColumns(width),
	};
	const values =
		kind === 'traffic'
			? maxValues(timeline, 'inFlight', query)
			: minuteSums(timeline, kind === 'requests' ? 'requests' : 'quotaTokens', query);
	const limit = kind === 'traffic' ? null : (limitOf(input)?.value ?? null);
	return lineChartLines({values, width, height, limit, format: formatTokens, isAscii});
}

function limitOf({kind, snapshot, targetIndex}: ChartInput): Limit | undefined {
	const quota = snapshot?.targets[targetIndex]?.quota;
	return kind === 'requests' ? quota?.requestsPerMinute : quota?.tokensPerMinute;
}

/** The limit of a bucket of which a greater part is taken; tokens where neither is. */
export function nearerLimit(bucket: BucketState | undefined): 'requests' | 'tokens' {
	const takenOf = (kind: 'requests' | 'tokens'): number => {
		const {used = 0, reserved = 0, limit = null} = bucket?.[kind] ?? {};
		return limit === null ? 0 : (used + reserved) / Math.max(limit, 1);
	};
	return takenOf('requests') > takenOf('tokens') ? 'requests' : 'tokens';
}

const titles: Readonly<Record<ChartKind, string>> = {
	requests: 'Requests',
	tokens: 'Quota tokens',
	traffic: 'In flight',
};

/** Title of a chart: what it counts, over which window, and what the dashed line is. */
export function chartTitle(input: ChartInput): FrameTitle {
	const {kind, windowSeconds} = input;
	const limit = kind === 'traffic' ? undefined : limitOf(input);
	const window = `last ${windowWords(windowSeconds)}`;
	const hasLine = limit?.value != null;
	return {
		title: [segment(titles[kind], 'title'), ...(kind === 'traffic' ? [] : [segment(' per minute')])],
		note: [...(hasLine ? [segment('╌ quota', 'warning'), segment(' · ', 'muted')] : []), segment(window)],
	};
}

function windowWords(seconds: number): string {
	if (seconds < 120) {
		return `${seconds} s`;
	}
	return seconds < 7200 ? `${seconds / 60} min` : `${seconds / 3600} h`;
}

/** How often the service throttled, for the title of the traffic chart; empty while it did not. */
export function throttleNote({snapshot, targetIndex, windowSeconds}: ChartInput): Line {
	if (snapshot === undefined) {
		return [];
	}
	const from = lastSecond(snapshot.timeline) - windowSeconds;
	const count = snapshot.timeline.points
		.filter(({second, target}) => target === targetIndex && second >= from)
		.reduce((sum, {throttled}) => sum + throttled, 0);
	return count === 0 ? [] : [segment(`T ${formatTokens(count)} throttled`, 'throttled')];
}
