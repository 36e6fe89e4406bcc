import {type AccountBucket, incompleteMinutes} from '../../../domain/account-snapshot.ts';
import {chartColumns, lineChartLines} from '../../../text/line-chart.ts';
import {formatTokens} from '../../../text/numbers.ts';
import {type Line, segment} from '../../../text/segment.ts';
import type {FrameTitle} from '../../frame.ts';

type Kind = 'requests' | 'quotaTokens';

/** Values of so many columns: of the minutes that share one the greatest, so that no peak is lost. */
function stretched(values: readonly number[], columns: number): readonly number[] {
	return Array.from({length: columns}, (_, column) => {
		const from = Math.floor((column * values.length) / columns);
		const to = Math.max(from + 1, Math.floor(((column + 1) * values.length) / columns));
		return Math.max(0, ...values.slice(from, to));
	});
}

/** The last hour of a bucket against its limit, in exactly `height` lines of exactly `width` cells. */
export function accountChartLines(
	{series, quota}: AccountBucket,
	kind: Kind,
	size: {readonly width: number; readonly height: number; readonly isAscii: boolean},
): readonly Line[] {
	const limit = kind === 'requests' ? quota.requestsPerMinute : quota.tokensPerMinute;
	return lineChartLines({
		...size,
		// What is not whole yet would look like a drop.
		values: stretched(series[kind].slice(0, -incompleteMinutes), chartColumns(size.width)),
		limit: limit.state === 'known' ? limit.value : null,
		format: formatTokens,
	});
}

export function accountChartTitle({quota}: AccountBucket, kind: Kind): FrameTitle {
	const limit = kind === 'requests' ? quota.requestsPerMinute : quota.tokensPerMinute;
	return {
		title: [segment(kind === 'requests' ? 'Requests' : 'Quota tokens', 'title'), segment(' a minute')],
		note: [
			...(limit.state === 'known' ? [segment('╌ quota', 'warning'), segment(' · ', 'muted')] : []),
			segment('last hour, whole minutes'),
		],
	};
}
