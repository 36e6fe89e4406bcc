import type {LimitedBy, VariantFigures} from '../../domain/figures-schema.ts';
import {
	formatCount,
	formatDurationMs,
	formatNumber,
	formatPercent,
	formatTokens,
	formatUsd,
} from '../../text/numbers.ts';
import type {Tone} from '../../text/segment.ts';
import type {Column} from '../../text/table.ts';
import {throttledTotal} from '../../view/variant-order.ts';
import type {VariantRow} from '../../view/variant-rows.ts';

/** A row of the variant table, with what it takes to show it among others. */
export type TableRow = VariantRow & {readonly isSelected: boolean; readonly model: string};

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
export function variantColumns(options: {
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
