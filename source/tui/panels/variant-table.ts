import type {LimitedBy, VariantFigures} from '../../domain/figures-schema.ts';
import type {Verdict} from '../../domain/verdict.ts';
import {atLeastText} from '../../metrics/decisions/verdict-words.ts';
import {
	formatCount,
	formatDurationMs,
	formatNumber,
	formatPercent,
	formatRatio,
	formatTokens,
	formatUsd,
} from '../../text/numbers.ts';
import {type Line, segment, type Tone} from '../../text/segment.ts';
import {type Column, fitColumns, formatHeader, rowLine} from '../../text/table.ts';
import {cleanText} from '../../text/width.ts';
import {shownSnapshot} from '../../view/selectors.ts';
import type {State} from '../../view/state.ts';
import {throttledTotal, verdictFor} from '../../view/variant-order.ts';
import {listedRows, selectedRow, type VariantRow} from '../../view/variant-rows.ts';
import {type FrameTitle, firstShown} from '../frame.ts';

/** From this width on the headers are spelt out. */
const wideTable = 112;

/**
 * The table of variants: a header and as many rows as fit, the selected one always among them.
 * @param isFull With the columns of the Variants view.
 */
export function variantTableLines(
	state: State,
	width: number,
	height: number,
	isFull: boolean,
): readonly Line[] {
	const rows = listedRows(state);
	if (rows.length === 0) {
		return [[segment(`no variant matches "${cleanText(state.filter)}"; Esc clears the filter`, 'muted')]];
	}
	const targets = shownSnapshot(state)?.targets ?? [];
	const selected = selectedRow(state, rows);
	const columns = variantColumns({isWide: width >= wideTable, hasModels: targets.length > 1, isFull});
	const tableRows = rows.map(
		(row): TableRow => ({
			...row,
			isSelected: row === selected,
			model: cleanText(targets[row.targetIndex]?.model ?? ''),
		}),
	);
	const fitted = fitColumns(columns, tableRows, width, width >= wideTable ? 2 : 1);
	const shown = visibleRows(tableRows, Math.max(1, height - 1));
	return [[segment(formatHeader(fitted), 'muted')], ...shown.map((row) => rowLine(fitted, row))];
}

/** The part of the rows that is on screen: around the selected one where not all fit. */
function visibleRows(rows: readonly TableRow[], count: number): readonly TableRow[] {
	const at = rows.findIndex(({isSelected}) => isSelected);
	const first = firstShown(at, count, rows.length);
	return rows.slice(first, first + count);
}

/** Title of the table: what runs, and who is best for the goal. */
export function variantTableTitle(state: State): FrameTitle {
	const name = cleanText(state.config.preset ?? 'own task');
	return {
		title: [segment('Variants', 'title'), segment([` · ${name}`, ...listWords(state)].join(' · '))],
		note: bestNote(state),
	};
}

/** Sorting and filter in words. */
function listWords({view, sort, isInverted, filter}: State): readonly string[] {
	if (view !== 'variants') {
		return [];
	}
	const order =
		sort === 'order' ? (isInverted ? ['inverted'] : []) : [`by ${sort}${isInverted ? ', inverted' : ''}`];
	return [...order, ...(filter === '' ? [] : [`/${cleanText(filter)}`])];
}

/** What to use for the goal that is shown, in the corner of the table. */
function bestNote(state: State): Line {
	const snapshot = shownSnapshot(state);
	const {goal} = state.config;
	if (snapshot === undefined || snapshot.startedAt === null) {
		return [];
	}
	const verdicts = snapshot.targets.flatMap((_, target) => verdictFor(snapshot, target, goal) ?? []);
	const decided = verdicts.filter(({basis}) => basis === 'winner' || basis === 'tie');
	if (decided.length === 0) {
		return [segment(`${goal}: ${undecidedWords(verdicts, snapshot.phase === 'ended')}`, 'muted')];
	}
	const {gain} = snapshot;
	const serial = gain?.over === 'serial' ? `, ${formatRatio(gain.ratio)} the serial load` : '';
	return [segment('★ ', 'good'), segment(`${goal}: ${decided.map(decidedWords).join(', ')}${serial}`)];
}

/** The recommended variant, and either whom it ties with or by how much it beats the nearest at least. */
function decidedWords({recommended, basis, leaders, beaten}: Verdict): string {
	const name = cleanText(recommended ?? '');
	if (basis === 'tie') {
		return `${name}, ties with ${leaders
			.filter((leader) => leader !== recommended)
			.map((leader) => cleanText(leader))
			.join(', ')}`;
	}
	const nearest = beaten.toSorted((one, other) => one.atLeast - other.atLeast)[0];
	return nearest === undefined
		? name
		: `${name}, >= ${atLeastText(nearest.atLeast)} of ${cleanText(nearest.name)}`;
}

function undecidedWords(verdicts: readonly Verdict[], isOver: boolean): string {
	if (verdicts.length > 0 && verdicts.every(({basis}) => basis === 'only')) {
		return 'one variant';
	}
	if (isOver && verdicts.length > 0 && verdicts.every(({basis}) => basis === 'none')) {
		return 'no useful answer';
	}
	return isOver ? 'not decided' : 'not decided yet';
}

/** A row of the table with its selection and model. */
type TableRow = VariantRow & {readonly isSelected: boolean; readonly model: string};

type Figure = {
	readonly key: string;
	/** Short header, then the one for wide screens. */
	readonly headers: readonly [string, string];
	readonly priority: number;
	readonly minWidth: number;
	readonly format: (figures: VariantFigures) => string;
	readonly tone?: (figures: VariantFigures) => Tone;
};

const limitWordsByCause: Readonly<Record<LimitedBy, string>> = {
	requests: 'requests',
	tokens: 'tokens',
	day: 'day',
	concurrency: 'in flight',
	none: '–',
};

function failedTotal({requests}: VariantFigures): number {
	return Object.values(requests.failed).reduce((sum, count) => sum + count, 0);
}

const toneOf = (isRaised: boolean, tone: Tone): Tone => (isRaised ? tone : 'plain');

/** The columns of the dashboard, most important ones with the highest priority. */
const usualFigures: readonly Figure[] = [
	{
		key: 'sent',
		headers: ['Sent', 'Sent'],
		priority: 60,
		minWidth: 4,
		format: ({requests}) => formatTokens(requests.sent),
	},
	{
		key: 'useful',
		headers: ['Useful', 'Useful'],
		priority: 90,
		minWidth: 6,
		format: ({items}) => formatTokens(items.useful),
	},
	{
		key: 'throttled',
		headers: ['Thr', 'Throttled'],
		priority: 80,
		minWidth: 3,
		format: ({requests}) => formatTokens(throttledTotal(requests.throttled)),
		tone: ({requests}) => toneOf(throttledTotal(requests.throttled) > 0, 'throttled'),
	},
	{
		key: 'failed',
		headers: ['Fail', 'Failed'],
		priority: 35,
		minWidth: 4,
		format: (figures) => formatTokens(failedTotal(figures)),
		tone: (figures) => toneOf(failedTotal(figures) > 0, 'bad'),
	},
	{
		key: 'input',
		headers: ['In', 'Input'],
		priority: 50,
		minWidth: 4,
		format: ({perRequest}) => formatTokens(perRequest.inputTokens.mean),
	},
	{
		key: 'output',
		headers: ['Out', 'Output'],
		priority: 55,
		minWidth: 4,
		format: ({perRequest}) => formatTokens(perRequest.outputTokens.mean),
	},
	{
		key: 'quota',
		headers: ['Quota', 'Quota/req'],
		priority: 75,
		minWidth: 5,
		format: ({perRequest, tokens}) =>
			`${tokens.estimated ? '~' : ''}${formatTokens(perRequest.quotaTokens.mean)}`,
	},
	{
		key: 'first-token',
		headers: ['TTFT', 'TTFT p50'],
		priority: 65,
		minWidth: 5,
		format: ({latencyMs}) => formatDurationMs(latencyMs.timeToFirstToken.p50),
	},
	{
		key: 'total',
		headers: ['Total', 'Total p50'],
		priority: 70,
		minWidth: 5,
		format: ({latencyMs}) => formatDurationMs(latencyMs.total.p50),
	},
	{
		key: 'sustainable',
		headers: ['Sust/m', 'Sustain/min'],
		priority: 95,
		minWidth: 6,
		format: ({sustainable}) => formatNumber(sustainable.usefulPerMinute),
	},
	{
		key: 'limit',
		headers: ['Limit', 'Limited by'],
		priority: 85,
		minWidth: 8,
		format: ({sustainable}) => limitWordsByCause[sustainable.limitedBy],
	},
];

/** Further columns of the Variants view. */
const furtherFigures: readonly Figure[] = [
	{
		key: 'p99',
		headers: ['p99', 'Total p99'],
		priority: 32,
		minWidth: 5,
		format: ({latencyMs}) => formatDurationMs(latencyMs.total.p99),
	},
	{
		key: 'truncated',
		headers: ['Cut', 'Truncated'],
		priority: 34,
		minWidth: 3,
		format: ({requests}) => formatTokens(requests.truncated),
		tone: ({requests}) => toneOf(requests.truncated > 0, 'warning'),
	},
	{
		key: 'quality',
		headers: ['Qual', 'Quality'],
		priority: 33,
		minWidth: 4,
		format: ({quality}) => formatPercent(quality.score),
	},
	{
		key: 'reserved',
		headers: ['Resv', 'Reserved/req'],
		priority: 30,
		minWidth: 4,
		format: ({perRequest}) => formatTokens(perRequest.reservedTokens.mean),
	},
	{
		key: 'overruns',
		headers: ['Over', 'Overruns'],
		priority: 28,
		minWidth: 4,
		format: ({tokens}) => formatCount(tokens.overruns),
	},
	{
		key: 'cost',
		headers: ['$/req', 'Cost/req'],
		priority: 31,
		minWidth: 7,
		format: ({perRequest}) => formatUsd(perRequest.costUsd.mean),
	},
];

/** The columns of a variant table; `hasModels` where several models are compared. */
function variantColumns(options: {
	readonly isWide: boolean;
	readonly hasModels: boolean;
	readonly isFull: boolean;
}): ReadonlyArray<Column<TableRow>> {
	const figures = options.isFull ? [...usualFigures, ...furtherFigures] : usualFigures;
	return [
		{
			key: 'mark',
			header: '',
			align: 'left',
			minWidth: 2,
			priority: 100,
			format: ({isSelected, isBest}) => `${isSelected ? '›' : ' '}${isBest ? '★' : ' '}`,
			tone: ({isBest}) => (isBest ? 'good' : 'strong'),
		},
		{
			key: 'name',
			header: 'Variant',
			align: 'left',
			minWidth: 10,
			priority: 99,
			cut: 'end',
			format: ({name, isOn}) => (isOn ? name : `off ${name}`),
			tone: ({isOn, isBest}) => (isOn ? (isBest ? 'good' : 'strong') : 'muted'),
		},
		...(options.hasModels ? [modelColumn] : []),
		...figures.map((figure) => figureColumn(figure, options.isWide)),
	];
}

const modelColumn: Column<TableRow> = {
	key: 'model',
	header: 'Model',
	align: 'left',
	minWidth: 12,
	// Above the figures: without it the rows of two models look the same.
	priority: 98,
	cut: 'middle',
	format: ({model}) => model,
};

function figureColumn(figure: Figure, isWide: boolean): Column<TableRow> {
	const {format, tone} = figure;
	return {
		key: figure.key,
		header: figure.headers[isWide ? 1 : 0],
		align: figure.key === 'limit' ? 'left' : 'right',
		minWidth: figure.minWidth,
		priority: figure.priority,
		format: ({figures}) => (figures === undefined ? '–' : format(figures)),
		tone: ({figures, isOn}) => {
			if (figures === undefined || !isOn) {
				return 'muted';
			}
			return tone?.(figures) ?? 'plain';
		},
	};
}
