import {type PastBucket, type PastReport, pastSpan, weekdays} from '../../account/past-use.ts';
import {formatCount, formatPercent, formatTokens} from '../../text/numbers.ts';
import {truncateMiddle} from '../../text/width.ts';
import {sourceWords} from '../../view/quotas.ts';
import {
	type Chart,
	colours,
	emptySpec,
	frame,
	gridLine,
	ground,
	ink,
	type Panel,
	panelTitle,
} from './chart.ts';

/** Height and width of an hour, in pixels. */
const cellHeight = 17;
const cellWidthPixels = 25;
/** More panels would make a file that nobody reads; the table and the JSON have every bucket. */
const maxPanels = 20;

const dayText = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10);

/** From white through orange to vermillion, distinct by lightness alone too. Full at the quota. */
const shades = {domain: [0, 0.5, 0.8, 1], range: [ground, '#FBE3B5', colours.orange, colours.vermillion]};

/**
 * The past use of a source: for each bucket the greatest minute of every hour of the week, as a share of its quota, and
 * where requests were throttled.
 */
function heatMapOf(report: PastReport): Chart {
	const title = `Use by hour and weekday${report.simulated ? ' (SIMULATED)' : ''}`;
	const {buckets} = report.use;
	const {fromMs, toMs} = pastSpan(report);
	const shown = buckets.slice(0, maxPanels);
	const subtitle = [
		sourceWords(report),
		`${dayText(fromMs)} to ${dayText(toMs)} UTC · in a cell: greatest minute in % of the nearer quota (that of now) · ▼ throttled`,
		...(shown.length < buckets.length
			? [`the ${shown.length} of ${formatCount(buckets.length)} buckets that came nearest to their quota`]
			: []),
	];
	const nothing = 'No request was sent in this time.';
	return {
		name: 'heat-map',
		title,
		description: buckets.length === 0 ? nothing : shown.map(describe).join(' '),
		spec:
			buckets.length === 0
				? emptySpec(title, subtitle, nothing)
				: {...frame(title, subtitle), spacing: 18, vconcat: shown.map(panelOf)},
	};
}

const describe = ({model, scope, ofQuota, requests, throttles}: PastBucket): string =>
	`${model} (${scope}): peak ${ofQuota === null ? `${formatTokens(requests.peak)} requests per minute, no quota known` : `${formatPercent(ofQuota)} of the quota`}, ${formatCount(throttles?.total)} throttled.`;

/** The fill of a bucket without a quota follows its own greatest minute. */
const panelOf = (bucket: PastBucket): Panel => {
	const {model, scope, ofQuota, requests, throttles, cells} = bucket;
	const own = requests.peak ?? 0;
	const values = cells
		.filter(({minutes}) => minutes > 0)
		.map((cell) => {
			const share = cell.ofQuota ?? (own === 0 ? 0 : (cell.requests.peak ?? 0) / own / 2);
			return {
				day: weekdays[cell.weekday],
				hour: cell.hour,
				share: Math.min(1, share),
				text:
					ofQuota === null
						? cell.requests.peak === null
							? ''
							: formatTokens(cell.requests.peak)
						: share === 0
							? ''
							: formatPercent(share).replace('%', ''),
				throttles: cell.throttles,
			};
		});
	const x = {
		field: 'hour',
		type: 'ordinal' as const,
		scale: {domain: Array.from({length: 24}, (_, hour) => hour), padding: 0},
		axis: {title: null, labelAngle: 0, labelExpr: "datum.value % 3 === 0 ? datum.value + ' h' : ''"},
	};
	const y = {
		field: 'day',
		type: 'nominal' as const,
		sort: null,
		scale: {domain: [...weekdays], padding: 0},
		axis: {title: null},
	};
	return {
		title: panelTitle(
			`${truncateMiddle(model, 60)} (${scope})`,
			24 * cellWidthPixels,
			[
				ofQuota === null
					? 'no quota known: requests per minute'
					: `peak ${formatPercent(ofQuota)} of the quota`,
				`${formatTokens(requests.peak)} requests, ${formatTokens(bucket.quotaTokens.peak)} quota tokens in the greatest minute`,
				`${formatCount(throttles?.total)} throttled`,
			].join(' · '),
		),
		width: 24 * cellWidthPixels,
		height: 7 * cellHeight,
		data: {values},
		layer: [
			{
				mark: {type: 'rect', stroke: gridLine, strokeWidth: 0.5},
				encoding: {
					x,
					y,
					color: {field: 'share', type: 'quantitative', scale: shades, legend: null},
				},
			},
			{
				transform: [{filter: "datum.text !== ''"}],
				mark: {type: 'text', fontSize: 9, color: ink},
				encoding: {x, y, text: {field: 'text', type: 'nominal'}},
			},
			{
				transform: [{filter: 'datum.throttles > 0'}],
				mark: {
					type: 'point',
					shape: 'triangle-down',
					filled: true,
					size: 22,
					opacity: 1,
					color: ink,
					xOffset: cellWidthPixels / 2 - 5,
					yOffset: 5 - cellHeight / 2,
				},
				encoding: {x, y},
			},
		],
	};
};

/** A heat map of each source; with several, the name of the file names the source. */
export function heatMapsOf(
	reports: readonly PastReport[],
): ReadonlyArray<{readonly fileName: string; readonly chart: Chart}> {
	return reports.map((report) => {
		const {profile, region} = report;
		const suffix = [profile, region]
			.filter((part) => part !== undefined)
			.map((part) => part.replaceAll(/[^\w.-]+/g, '-'))
			.join('-');
		return {
			fileName: reports.length === 1 ? 'heat-map.svg' : `heat-map-${suffix}.svg`,
			chart: heatMapOf(report),
		};
	});
}
