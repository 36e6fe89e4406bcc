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
import {listWords} from '../../view/lists.ts';
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
		return [
			[
				segment(
					`no variant matches "${cleanText(state.lists.variants.filter)}"; Esc clears the filter`,
					'muted',
				),
			],
		];
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
		title: [
			segment('Variants', 'title'),
			segment([` · ${name}`, ...listWords(state, 'variants')].join(' · ')),
		],
		note: bestNote(state),
	};
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
	readonly headers: readonly [string, string];
	readonly priority: number;
	readonly minWidth: number;
	readonly format: (figures: VariantFigures) => string;
	readonly tone: ((figures: VariantFigures) => Tone) | undefined;
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

/**
 * @param headers Short header, then the one for wide screens.
 * @param priority Columns with a higher one stay longest where the width is short.
 */
function figure(
	key: string,
	headers: Figure['headers'],
	priority: number,
	minWidth: number,
	format: Figure['format'],
	tone?: Figure['tone'],
): Figure {
	return {key, headers, priority, minWidth, format, tone};
}

/** The columns of the dashboard. */
const usualFigures: readonly Figure[] = [
	figure('sent', ['Sent', 'Sent'], 60, 4, ({requests}) => formatTokens(requests.sent)),
	figure('useful', ['Useful', 'Useful'], 90, 6, ({items}) => formatTokens(items.useful)),
	figure(
		'throttled',
		['Thr', 'Throttled'],
		80,
		3,
		({requests}) => formatTokens(throttledTotal(requests.throttled)),
		({requests}) => toneOf(throttledTotal(requests.throttled) > 0, 'throttled'),
	),
	figure(
		'failed',
		['Fail', 'Failed'],
		35,
		4,
		(figures) => formatTokens(failedTotal(figures)),
		(figures) => toneOf(failedTotal(figures) > 0, 'bad'),
	),
	figure('input', ['In', 'Input'], 50, 4, ({perRequest}) => formatTokens(perRequest.inputTokens.mean)),
	figure('output', ['Out', 'Output'], 55, 4, ({perRequest}) => formatTokens(perRequest.outputTokens.mean)),
	figure(
		'quota',
		['Quota', 'Quota/req'],
		75,
		5,
		({perRequest, tokens}) => `${tokens.estimated ? '~' : ''}${formatTokens(perRequest.quotaTokens.mean)}`,
	),
	figure('first-token', ['TTFT', 'TTFT p50'], 65, 5, ({latencyMs}) =>
		formatDurationMs(latencyMs.timeToFirstToken.p50),
	),
	figure('total', ['Total', 'Total p50'], 70, 5, ({latencyMs}) => formatDurationMs(latencyMs.total.p50)),
	figure('sustainable', ['Sust/m', 'Sustain/min'], 95, 6, ({sustainable}) =>
		formatNumber(sustainable.usefulPerMinute),
	),
	figure(
		'limit',
		['Limit', 'Limited by'],
		85,
		8,
		({sustainable}) => limitWordsByCause[sustainable.limitedBy],
	),
];

/** Further columns of the Variants view. */
const furtherFigures: readonly Figure[] = [
	figure('p99', ['p99', 'Total p99'], 32, 5, ({latencyMs}) => formatDurationMs(latencyMs.total.p99)),
	figure(
		'truncated',
		['Cut', 'Truncated'],
		34,
		3,
		({requests}) => formatTokens(requests.truncated),
		({requests}) => toneOf(requests.truncated > 0, 'warning'),
	),
	figure('quality', ['Qual', 'Quality'], 33, 4, ({quality}) => formatPercent(quality.score)),
	figure('reserved', ['Resv', 'Reserved/req'], 30, 4, ({perRequest}) =>
		formatTokens(perRequest.reservedTokens.mean),
	),
	figure('overruns', ['Over', 'Overruns'], 28, 4, ({tokens}) => formatCount(tokens.overruns)),
	figure('cost', ['$/req', 'Cost/req'], 31, 7, ({perRequest}) => formatUsd(perRequest.costUsd.mean)),
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
		...figures.map((each) => figureColumn(each, options.isWide)),
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

function figureColumn(
	{key, headers, priority, minWidth, format, tone}: Figure,
	isWide: boolean,
): Column<TableRow> {
	return {
		key,
		header: headers[isWide ? 1 : 0],
		align: key === 'limit' ? 'left' : 'right',
		minWidth,
		priority,
		format: ({figures}) => (figures === undefined ? '–' : format(figures)),
		tone: ({figures, isOn}) => {
			if (figures === undefined || !isOn) {
				return 'muted';
			}
			return tone?.(figures) ?? 'plain';
		},
	};
}
