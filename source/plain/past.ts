import {
	type PastBucket,
	type PastCell,
	type PastReport,
	type PastSource,
	pastSpan,
	weekdays,
} from '../account/past-use.ts';
import {minuteMs} from '../account/usage-history.ts';
import {ceilingJson, ceilingWords} from '../metrics/figures/measured-ceiling.ts';
import {type Page, sectionOf} from '../reports/page.ts';
import {columnsMarkdown, escapeMarkdown} from '../reports/words.ts';
import {formatCount, formatPercent, formatTokens, formatUsd, unknownMark} from '../text/numbers.ts';
import {type Column, renderTable} from '../text/table.ts';
import {toAscii} from '../text/themes.ts';
import {cleanText, fitText, wrapText} from '../text/width.ts';
import {sourceWords} from '../view/quotas.ts';

/** The past use of an account as a table and as JSON. */

type Style = {readonly width: number; readonly ascii: boolean};

const dayAndTime = (atMs: number): string => new Date(atMs).toISOString().slice(0, 16).replace('T', ' ');

const headOf = (report: PastReport): string => {
	const {fromMs, toMs} = pastSpan(report);
	return [
		sourceWords(report),
		...(report.simulated ? ['SIMULATED'] : []),
		...(report.endpoint !== null && !report.simulated ? [cleanText(report.endpoint)] : []),
		`${dayAndTime(fromMs)} to ${dayAndTime(toMs)} UTC`,
	].join(' · ');
};

/** The hour of the week in which a bucket came nearest to its quota, or was used most. */
const busiestCell = ({cells}: PastBucket): PastCell | undefined =>
	cells
		.filter(({activeMinutes}) => activeMinutes > 0)
		.reduce<PastCell | undefined>(
			(most, cell) => (most === undefined || pressureOf(cell) > pressureOf(most) ? cell : most),
			undefined,
		);

const pressureOf = ({ofQuota, requests}: PastCell): number => ofQuota ?? requests.peak ?? 0;

const columns: ReadonlyArray<Column<PastBucket>> = [
	{
		key: 'model',
		header: 'MODEL',
		align: 'left',
		priority: 100,
		minWidth: 16,
		cut: 'middle',
		format: ({model}) => cleanText(model),
	},
	{key: 'scope', header: 'SCOPE', align: 'left', priority: 60, format: ({scope}) => scope},
	{
		key: 'ofQuota',
		header: 'PEAK OF QUOTA',
		align: 'right',
		priority: 95,
		format: ({ofQuota}) => formatPercent(ofQuota),
	},
	...(['requests', 'quotaTokens', 'outputTokens'] as const).flatMap(
		(figure, weight): ReadonlyArray<Column<PastBucket>> => {
			const unit = {requests: 'RPM', quotaTokens: 'TPM', outputTokens: 'OUT'}[figure];
			const format = formatTokens;
			return [
				{
					key: `${figure}P50`,
					header: `${unit} P50`,
					align: 'right',
					priority: 40 + weight,
					format: (bucket) => format(bucket[figure]?.p50),
				},
				{
					key: `${figure}P90`,
					header: 'P90',
					align: 'right',
					priority: 30 + weight,
					format: (bucket) => format(bucket[figure]?.p90),
				},
				{
					key: `${figure}P99`,
					header: 'P99',
					align: 'right',
					priority: 70 + weight,
					format: (bucket) => format(bucket[figure]?.p99),
				},
				{
					key: `${figure}Peak`,
					header: 'PEAK',
					align: 'right',
					priority: 80 + weight,
					format: (bucket) => format(bucket[figure]?.peak),
				},
				{
					key: `${figure}Limit`,
					header: 'QUOTA',
					align: 'right',
					priority: 50 + weight,
					format: (bucket) => format(bucket[figure]?.limit),
				},
			];
		},
	),
	{
		key: 'throttles',
		header: 'THROTTLED',
		align: 'right',
		priority: 90,
		format: ({throttles}) => formatTokens(throttles?.total),
	},
	{
		key: 'throttledMinutes',
		header: 'IN MIN',
		align: 'right',
		priority: 45,
		format: ({throttles}) => formatTokens(throttles?.minutes),
	},
	{
		key: 'busiest',
		header: 'BUSIEST',
		align: 'left',
		priority: 65,
		format(bucket) {
			const cell = busiestCell(bucket);
			return cell === undefined ? unknownMark : `${weekdays[cell.weekday]} ${cell.hour}h`;
		},
	},
	{
		key: 'cost',
		header: 'LIST PRICE',
		align: 'right',
		priority: 20,
		format: ({costUsd}) => formatUsd(costUsd),
	},
];

/** Columns of output only where it has a quota of its own. */
const columnsFor = (buckets: readonly PastBucket[]): ReadonlyArray<Column<PastBucket>> =>
	buckets.some(({outputTokens}) => outputTokens !== null)
		? columns
		: columns.filter(({key}) => !key.startsWith('outputTokens'));

/** Hours of one cell of the grid, by what is wide enough. */
const hoursPerCell = (width: number): number =>
	[1, 2, 3, 6].find((hours) => weekdayWidth + (24 / hours) * cellWidth <= width) ?? 12;
const weekdayWidth = 4;
/** A count takes four cells: `2.3k`. */
const cellWidth = 5;

/** Hours and weekdays of one bucket. @param textOf What stands in a cell; empty: nothing happened in it. */
const gridLines = (
	cells: readonly PastCell[],
	width: number,
	textOf: (members: readonly PastCell[]) => string,
): readonly string[] => {
	const hours = hoursPerCell(width);
	const starts = Array.from({length: 24 / hours}, (_, index) => index * hours);
	return [
		' '.repeat(weekdayWidth) + starts.map((start) => fitText(`${start}h`, cellWidth, 'right')).join(''),
		...weekdays.map((name, weekday) =>
			[
				fitText(name, weekdayWidth),
				...starts.map((start) => {
					const members = cells.slice(weekday * 24 + start, weekday * 24 + start + hours);
					const text = members.every(({minutes}) => minutes === 0) ? unknownMark : textOf(members);
					return fitText(text === '' ? '.' : text, cellWidth, 'right');
				}),
			].join(''),
		),
	];
};

const shareText = (members: readonly PastCell[]): string => {
	const shares = members.flatMap(({ofQuota}) => (ofQuota === null ? [] : [ofQuota]));
	const most = Math.max(0, ...shares);
	return most === 0 ? '' : most < 0.01 ? '<1' : String(Math.min(999, Math.floor(most * 100)));
};

const requestsText = (members: readonly PastCell[]): string => {
	const most = Math.max(0, ...members.map(({requests}) => requests.peak ?? 0));
	return most === 0 ? '' : formatTokens(most);
};

const throttlesText = (members: readonly PastCell[]): string => {
	const sum = members.reduce((total, {throttles}) => total + throttles, 0);
	return sum === 0 ? '' : formatTokens(sum);
};

const bucketLines = (bucket: PastBucket, width: number): readonly string[] => {
	const {model, scope, cells, ofQuota, throttles} = bucket;
	const name = `${cleanText(model)} (${scope})`;
	return [
		'',
		...measuredTexts(bucket).flatMap((text) => wrapText(text, width)),
		ofQuota === null
			? `${name}: greatest minute by weekday and hour (UTC), requests; no quota is known`
			: `${name}: greatest minute by weekday and hour (UTC), % of the nearer quota`,
		...gridLines(cells, width, ofQuota === null ? requestsText : shareText),
		...((throttles?.total ?? 0) === 0
			? []
			: [`${name}: throttled requests by weekday and hour (UTC)`, ...gridLines(cells, width, throttlesText)]),
	];
};

/** What figures of older time are: CloudWatch keeps them in sums of several minutes. */
const periodLines = ({windows}: PastReport): readonly string[] =>
	windows.fine
		.filter(({periodMs}) => periodMs > minuteMs)
		.map(
			({toMs, periodMs}) =>
				`Before ${dayAndTime(toMs)} UTC CloudWatch keeps sums of ${formatCount(periodMs / minuteMs)} minutes: use per minute is their mean, so a peak was at least that.`,
		);

const unitsLine =
	'RPM: requests per minute, TPM: quota tokens per minute; percentiles over the minutes with requests. The quota is that of now.';

/** Models that would be missing without a word. */
const quietTexts = ({quiet}: PastReport): readonly string[] =>
	quiet.map(
		({modelId, requests, lastAt}) =>
			`Not used for more than 14 days, so CloudWatch no longer lists it and it is not in the table: ${cleanText(modelId)}, ${formatCount(requests)} requests in this time, the last before ${dayAndTime(lastAt + 60 * minuteMs)} UTC.`,
	);

/** The limit as throttled minutes show it; empty where they do not. */
const measuredTexts = ({model, scope, quota, measured}: PastBucket): readonly string[] =>
	measured === null
		? []
		: [
				`${cleanText(model)} (${scope}): ${ceilingWords(measured, quota, `between ${dayAndTime(measured.fromMs)} and ${dayAndTime(measured.toMs + minuteMs)} UTC`)}`,
			];

const emptyLine = ({region}: PastReport): string =>
	`CloudWatch has no request to Bedrock in this time in ${region}.`;

/** One source: its buckets, their hours and weekdays, and what figures have to be read with. */
export function pastLines(report: PastReport, {width, ascii}: Style): readonly string[] {
	const {buckets} = report.use;
	const lines = [
		headOf(report),
		...(buckets.length === 0 ? [emptyLine(report)] : renderTable(columnsFor(buckets), buckets, width)),
		...(buckets.length === 0 ? [] : [unitsLine]),
		...periodLines(report),
		...quietTexts(report).flatMap((text) => wrapText(text, width)),
		...report.remarks,
		...buckets.flatMap((bucket) => bucketLines(bucket, width)),
		'',
	];
	return ascii ? lines.map(toAscii) : lines;
}

/** A page of all sources: what came nearest to its quota, then each source with its buckets. @param pictures Their heat maps. */
export function pastPage(since: string, reports: readonly PastReport[], pictures: readonly string[]): Page {
	const simulated = reports.filter((report) => report.simulated).length;
	return {
		title: `bedrock-top: use of the last ${since}`,
		warning:
			simulated === 0
				? undefined
				: `SIMULATED: ${simulated === reports.length ? 'this is' : 'some of this is'} the use of a simulator, not of Amazon Bedrock.`,
		sections: [
			...sectionOf('Nearest to their quotas', {type: 'lines', lines: nearestLines(reports)}).map(
				(section) => ({
					...section,
					isLead: true,
				}),
			),
			...sectionOf('By hour and weekday', {type: 'pictures', files: pictures}),
			...reports.flatMap((report) => [
				...sectionOf(
					headOf(report),
					{
						type: 'table',
						header: columns.map(({header}) => header),
						rows: report.use.buckets.map((bucket) => columns.map(({format}) => format(bucket))),
					},
					{
						type: 'list',
						items: [
							...(report.use.buckets.length === 0 ? [emptyLine(report)] : [unitsLine]),
							...periodLines(report),
							...report.use.buckets.flatMap(measuredTexts),
							...quietTexts(report),
							...report.remarks,
						],
					},
				),
			]),
		],
	};
}

/** Buckets that are named on top. */
const namedBuckets = 3;

const nearestLines = (reports: readonly PastReport[]): readonly string[] => {
	const known = reports
		.flatMap((report) => report.use.buckets.map((bucket) => ({report, bucket})))
		.filter(({bucket}) => bucket.ofQuota !== null)
		.toSorted((first, second) => (second.bucket.ofQuota ?? 0) - (first.bucket.ofQuota ?? 0));
	return known.length === 0
		? ['No bucket with a known quota was used.']
		: known.slice(0, namedBuckets).map(({report, bucket: {model, scope, ofQuota, throttles}}) => {
				const where = reports.length > 1 ? ` in ${sourceWords(report)}` : '';
				const throttled = throttles?.total ?? 0;
				return `${cleanText(model)} (${scope})${where}: ${formatPercent(ofQuota)} of its quota in the greatest minute${throttled === 0 ? '' : `, ${formatCount(throttled)} requests throttled`}.`;
			});
};

/** One source, for a page in Markdown: its buckets, without their hours and weekdays. */
export function pastMarkdown(report: PastReport): readonly string[] {
	const {buckets} = report.use;
	return [
		escapeMarkdown(headOf(report)),
		'',
		...(buckets.length === 0
			? [escapeMarkdown(emptyLine(report))]
			: columnsMarkdown(columnsFor(buckets), buckets)),
		'',
		...[
			...periodLines(report),
			...quietTexts(report),
			...report.use.buckets.flatMap(measuredTexts),
			...report.remarks,
		].map((text) => `- ${escapeMarkdown(text)}`),
		'',
	];
}

const isoOf = (atMs: number | null): string | null => (atMs === null ? null : new Date(atMs).toISOString());

const bucketJson = ({
	key: _key,
	busiestDay,
	requests,
	quotaTokens,
	outputTokens,
	throttles,
	measured,
	cells,
	...bucket
}: PastBucket) => ({
	...bucket,
	measured: ceilingJson(measured),
	requestsPerMinute: {...requests, peakAt: isoOf(requests.peakAt)},
	quotaTokensPerMinute: {...quotaTokens, peakAt: isoOf(quotaTokens.peakAt)},
	...(outputTokens === null
		? {}
		: {outputTokensPerMinute: {...outputTokens, peakAt: isoOf(outputTokens.peakAt)}}),
	throttled: throttles,
	busiestDay: {...busiestDay, at: isoOf(busiestDay.at)?.slice(0, 10)},
	byHourOfWeek: cells.map(
		({weekday, requests: ofRequests, quotaTokens: ofTokens, throttles: sum, ...cell}) => ({
			weekday: weekdays[weekday],
			...cell,
			requestsPerMinute: ofRequests,
			quotaTokensPerMinute: ofTokens,
			throttled: sum,
		}),
	),
});

/** Everything as JSON: one value for all sources. @param since As typed. */
export function pastJson(since: string, sources: readonly PastSource[]) {
	return {
		since,
		timeZone: 'UTC',
		sources: sources.map((source) => ({
			profile: source.profile ?? null,
			region: source.region,
			account: source.account ?? null,
			...(source.simulated ? {simulated: true} : {}),
			...(source.type === 'failed'
				? {failure: source.reason}
				: {
						from: isoOf(pastSpan(source).fromMs),
						to: isoOf(pastSpan(source).toMs),
						periods: source.windows.fine.map(({fromMs, toMs, periodMs}) => ({
							from: isoOf(fromMs),
							to: isoOf(toMs),
							minutes: periodMs / minuteMs,
						})),
						cost: source.cost,
						remarks: source.remarks,
						quiet: source.quiet.map(({lastAt, ...model}) => ({...model, lastHour: isoOf(lastAt)})),
						buckets: source.use.buckets.map(bucketJson),
					}),
		})),
	};
}
