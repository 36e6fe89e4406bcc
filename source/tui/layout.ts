import type {ViewName} from '../view/keymap.ts';

/** The place of every panel, from the size of the terminal: one pure function without overflow. */

export type Rect = {
	readonly left: number;
	readonly top: number;
	readonly width: number;
	readonly height: number;
};

/** `wide` has all panels, `normal` one chart, `narrow` no borders and a chart only if it is high, `tiny` is a line or two. */
export type Tier = 'wide' | 'normal' | 'narrow' | 'tiny';

export type RegionName =
	| 'header'
	| 'gauges'
	| 'requests-chart'
	| 'tokens-chart'
	/** Where there is room for one chart: the limit that is nearer. */
	| 'nearer-chart'
	| 'traffic-chart'
	/** Requests per second, for runs that are shorter than a minute. */
	| 'rate-chart'
	/** What the answers took over time, a strip for each variant. */
	| 'latency-chart'
	/** Bars by variant with their intervals. */
	| 'bars'
	| 'notice'
	| 'verdict'
	| 'table'
	| 'detail'
	| 'notes'
	| 'body'
	| 'footer'
	| 'line';

type Region = {readonly name: RegionName; readonly rect: Rect};
export type Layout = {readonly tier: Tier; readonly regions: readonly Region[]};

export type LayoutInput = {
	readonly columns: number;
	readonly rows: number;
	readonly view: ViewName;
	/** Rows of the variant table. */
	readonly rowCount: number;
	/** Lines of the plan or fault that is shown instead of the charts; 0 for none. */
	readonly noticeLines: number;
	/** Lines of the verdict; 0 before anything was sent. */
	readonly verdictLines: number;
	/** The run is over. */
	readonly isOver: boolean;
	readonly isDetailOpen: boolean;
	/** Gauges that are shown: requests, tokens and, where it is set, the day. */
	readonly gaugeCount: number;
	/** The run is too short for curves of a minute. */
	readonly isShortRun: boolean;
};

/** Minimum sizes of the tiers, in cells. */
const tierSizes = {
	wide: {columns: 120, rows: 30},
	normal: {columns: 80, rows: 24},
	narrow: {columns: 40, rows: 8},
} as const;

/** The tier of a size. */
export function tierOf(columns: number, rows: number): Tier {
	const fits = (size: {readonly columns: number; readonly rows: number}) =>
		columns >= size.columns && rows >= size.rows;
	if (fits(tierSizes.wide)) {
		return 'wide';
	}
	if (fits(tierSizes.normal)) {
		return 'normal';
	}
	return fits(tierSizes.narrow) ? 'narrow' : 'tiny';
}

/** A region before it has a place; side by side where there is more than one in a band. */
type Band = {readonly height: number; readonly names: readonly RegionName[]};

/**
 * The regions of the screen. They tile it exactly: no cell is in two of them, none in none.
 *
 *     header
 *     gauges
 *     verdict                            (as soon as something was sent)
 *     requests-chart | tokens-chart      (or notice: the plan, a fault)
 *     table
 *     notes
 *     footer
 */
export function computeLayout(input: LayoutInput): Layout {
	const columns = Math.max(0, Math.floor(input.columns));
	const rows = Math.max(0, Math.floor(input.rows));
	const tier = tierOf(columns, rows);
	if (tier === 'tiny') {
		return {tier, regions: place([{height: rows, names: ['line']}], columns)};
	}
	const headerHeight = tier === 'narrow' ? (rows < 12 ? 1 : 2) : 3;
	const left = rows - headerHeight - 1;
	const bands: readonly Band[] = [
		{height: headerHeight, names: ['header']},
		...viewBands(input, tier, left),
		{height: 1, names: ['footer']},
	];
	return {tier, regions: place(bands, columns)};
}

function viewBands(input: LayoutInput, tier: Exclude<Tier, 'tiny'>, rows: number): readonly Band[] {
	switch (input.view) {
		case 'dashboard':
			return dashboardBands(input, tier, rows);
		case 'variants':
			return variantBands(input, tier, rows);
		case 'timeline':
			return timelineBands(input, tier, rows);
		case 'account':
		case 'quotas':
		case 'log':
		case 'items':
		case 'traffic':
			return [{height: rows, names: ['body']}];
	}
}

/** Border lines around a panel; narrow panels have only a title. */
function frameRows(tier: Tier): number {
	return tier === 'narrow' ? 0 : 2;
}

function tableRows({rowCount}: LayoutInput, tier: Tier): number {
	return 1 + Math.max(1, rowCount) + frameRows(tier);
}

const minChartRows = 6;
const usualChartRows = 12;
const minNotesRows = 3;
const minDetailRows = 8;

function dashboardBands(input: LayoutInput, tier: Exclude<Tier, 'tiny'>, rows: number): readonly Band[] {
	const gauges: Band = {height: input.gaugeCount + frameRows(tier), names: ['gauges']};
	const left = rows - gauges.height;
	if (input.isDetailOpen) {
		return [gauges, {height: left, names: ['detail']}];
	}
	const frame = frameRows(tier);
	if (tier === 'narrow') {
		const minVerdictRows = Math.min(1, input.verdictLines);
		const noticeHeight =
			input.noticeLines === 0 ? 0 : Math.max(0, Math.min(input.noticeLines, left - minVerdictRows - 2));
		const tableHeight = Math.min(tableRows(input, tier), left - noticeHeight - minVerdictRows);
		const verdictHeight = fullVerdict(input, frame, left - noticeHeight - tableHeight);
		const below = left - noticeHeight - tableHeight - verdictHeight;
		// A chart needs a line for its title.
		const {middle, notes} =
			below > minChartRows && noticeHeight === 0 ? shared(input, below, frame) : {middle: 0, notes: below};
		return withoutEmpty([
			gauges,
			{height: noticeHeight, names: ['notice']},
			{height: verdictHeight, names: ['verdict']},
			{height: middle, names: middleNames(input, tier)},
			{height: tableHeight, names: ['table']},
			{height: notes, names: ['notes']},
		]);
	}
	const minVerdictRows = input.verdictLines === 0 ? 0 : 1 + frame;
	// A chart would show less than the rows of the table that it hides.
	const room = left - minVerdictRows;
	const wanted = tableRows(input, tier);
	const hasChart = input.noticeLines > 0 || wanted <= room - minChartRows;
	const tableHeight = Math.min(wanted, room - (hasChart ? minChartRows : minNotesRows));
	const verdictHeight = fullVerdict(
		input,
		frame,
		left - tableHeight - (input.noticeLines > 0 ? minChartRows : 0),
	);
	const {middle, notes, spare} = shared(input, left - tableHeight - verdictHeight, frame);
	return withoutEmpty([
		gauges,
		{height: verdictHeight + spare, names: ['verdict']},
		{height: middle, names: middleNames(input, tier)},
		{height: tableHeight, names: ['table']},
		{height: notes, names: notesNames(input, tier, notes)},
	]);
}

/** Large screens show the bars of the variants beside the log as well, where no chart has their place. */
function notesNames(
	{rowCount, isShortRun, noticeLines, verdictLines}: LayoutInput,
	tier: Tier,
	rows: number,
): readonly RegionName[] {
	const hasBars = rowCount > 1 && verdictLines > 0 && (!isShortRun || noticeLines > 0);
	return tier === 'wide' && hasBars && rows >= usualChartRows ? ['notes', 'bars'] : ['notes'];
}

/** Rows of the verdict with its border, as far as there is room. */
function fullVerdict({verdictLines}: LayoutInput, frame: number, room: number): number {
	return verdictLines === 0 ? 0 : Math.max(0, Math.min(verdictLines + frame, room));
}

/**
 * Rows for charts or notice, and for advice and events. What a chart of usual height leaves goes to the log; where not both
 * fit the chart comes first while the run goes, and advice when it is over.
 */
function shared(
	{noticeLines, isOver, isShortRun}: LayoutInput,
	rows: number,
	frame: number,
): {readonly middle: number; readonly notes: number; readonly spare: number} {
	if (noticeLines > 0) {
		const wanted = Math.max(minChartRows, noticeLines + frame);
		const notes = rows - wanted >= minNotesRows ? rows - wanted : 0;
		return {middle: rows - notes, notes, spare: 0};
	}
	if (rows >= minChartRows + (isOver ? minNotesRows : 0)) {
		// Bars show further figures where they have rows for them; a curve of that height would be mostly empty.
		const usual = isShortRun ? Math.max(usualChartRows, Math.floor(rows / 2)) : usualChartRows;
		const notes = rows - minChartRows < minNotesRows ? 0 : Math.max(minNotesRows, rows - usual);
		return {middle: rows - notes, notes, spare: 0};
	}
	return rows > frame ? {middle: 0, notes: rows, spare: 0} : {middle: 0, notes: 0, spare: rows};
}

/** A short run shows its variants side by side, or of one what it sent and took; a longer one the curves of its limits. */
function middleNames({noticeLines, isShortRun, rowCount}: LayoutInput, tier: Tier): readonly RegionName[] {
	if (noticeLines > 0) {
		return ['notice'];
	}
	if (!isShortRun) {
		return tier === 'wide' ? ['requests-chart', 'tokens-chart'] : ['nearer-chart'];
	}
	if (tier === 'wide') {
		return rowCount > 1 ? ['bars', 'rate-chart'] : ['rate-chart', 'latency-chart'];
	}
	return rowCount > 1 ? ['bars'] : ['rate-chart'];
}

/** The table with the detail of the selected variant below it where there is room; opened, the detail takes it all. */
function variantBands(input: LayoutInput, tier: Tier, rows: number): readonly Band[] {
	if (input.isDetailOpen) {
		return [{height: rows, names: ['detail']}];
	}
	const tableHeight = tableRows(input, tier);
	const left = rows - tableHeight;
	return left < minDetailRows
		? [{height: rows, names: ['table']}]
		: [
				{height: tableHeight, names: ['table']},
				{height: left, names: ['detail']},
			];
}

/** Latency first, because no other view has it over time; then what the limits apply to, and what is in flight. */
function timelineBands({rowCount}: LayoutInput, tier: Tier, rows: number): readonly Band[] {
	const below: readonly RegionName[] =
		tier === 'wide' ? ['requests-chart', 'tokens-chart', 'traffic-chart'] : ['nearer-chart', 'traffic-chart'];
	// On narrow screens two charts side by side would have no columns left.
	const names: readonly RegionName[] = tier === 'narrow' ? ['nearer-chart'] : below;
	// Throttles, times and the frame take rows as well.
	const wanted = Math.max(1, rowCount) + 4;
	const latencyHeight = tier === 'wide' ? Math.floor(rows / 2) : Math.min(wanted, rows - minChartRows);
	if (latencyHeight < minChartRows - 1) {
		return [{height: rows, names: ['latency-chart']}];
	}
	return [
		{height: latencyHeight, names: ['latency-chart']},
		{height: rows - latencyHeight, names},
	];
}

function withoutEmpty(bands: readonly Band[]): readonly Band[] {
	return bands.filter(({height}) => height > 0);
}

function place(bands: readonly Band[], columns: number): readonly Region[] {
	const regions: Region[] = [];
	let top = 0;
	for (const {height, names} of bands) {
		const each = Math.floor(columns / names.length);
		for (const [index, name] of names.entries()) {
			const width = index === names.length - 1 ? columns - each * index : each;
			regions.push({name, rect: {left: each * index, top, width, height}});
		}
		top += height;
	}
	return regions;
}
