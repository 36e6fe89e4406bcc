import type {VariantFigures} from '../domain/figures-schema.ts';
import type {Snapshot} from '../domain/snapshot.ts';
import {formatCount, formatDurationMs, formatNumber, formatPercent} from '../text/numbers.ts';
import type {Column} from '../text/table.ts';
import {cleanText} from '../text/width.ts';
import {isRecommended, standingWord, verdictFor} from '../view/standings.ts';

/** A row of the printed table: the figures with what the run as a whole says about them. */
export type VariantRow = {
	readonly figures: VariantFigures;
	readonly isBest: boolean;
	/** Where it stands for the goal. */
	readonly standing: string;
};

/** The variants of one target, with what to use for the goal marked. */
export function variantRows(snapshot: Snapshot, target: number): readonly VariantRow[] {
	const verdict = verdictFor(snapshot, target, snapshot.spec.goal);
	return snapshot.variants
		.filter((figures) => figures.target === target)
		.map((figures) => ({
			figures,
			isBest: isRecommended(verdict, figures.name),
			standing: standingWord(verdict, figures.name),
		}));
}

const throttledOf = ({requests: {throttled}}: VariantFigures): number =>
	throttled.requests + throttled.tokens + throttled.day + throttled.overloaded;

const failedOf = ({requests: {failed}}: VariantFigures): number =>
	Object.values(failed).reduce((sum, count) => sum + count, 0);

const nameOf = ({name, lane, tokens}: VariantFigures): string =>
	`${tokens.estimated ? '~ ' : ''}${cleanText(name)}${lane === 'normal' ? '' : ` (${lane})`}`;

/** Columns as on the live screen; the least important ones go first where the width is short. */
export const variantColumns: ReadonlyArray<Column<VariantRow>> = [
	{
		key: 'name',
		header: 'variant',
		align: 'left',
		minWidth: 10,
		priority: 100,
		cut: 'middle',
		format: ({figures}) => nameOf(figures),
		tone: ({isBest}) => (isBest ? 'good' : 'plain'),
	},
	count('requests', 'requests', 80, (figures) => figures.requests.sent),
	count('useful', 'useful', 85, (figures) => figures.items.useful),
	column('passed', 'passed (95 %)', 38, passedWords),
	{
		...count('throttled', 'throttled', 60, throttledOf),
		tone: ({figures}) => (throttledOf(figures) > 0 ? 'throttled' : 'plain'),
	},
	{
		...count('failed', 'failed', 50, failedOf),
		tone: ({figures}) => (failedOf(figures) > 0 ? 'bad' : 'plain'),
	},
	number('input', 'input', 30, (figures) => figures.perRequest.inputTokens.mean),
	number('output', 'output', 35, (figures) => figures.perRequest.outputTokens.mean),
	number('quota', 'quota tokens', 75, (figures) => figures.perRequest.quotaTokens.mean),
	duration('ttft', 'TTFT p50', 55, (figures) => figures.latencyMs.timeToFirstToken.p50),
	duration('total', 'total p50', 65, (figures) => figures.latencyMs.total.p50),
	number('sustainable', 'sustainable/min', 90, (figures) => figures.sustainable.usefulPerMinute),
	{
		key: 'limitedBy',
		header: 'limited by',
		align: 'left',
		priority: 40,
		format: ({figures}) => (figures.sustainable.limitedBy === 'none' ? '–' : figures.sustainable.limitedBy),
	},
	{
		key: 'best',
		header: '',
		align: 'left',
		priority: 95,
		format: ({standing}) => standing,
		tone: ({isBest}) => (isBest ? 'good' : 'muted'),
	},
];

/** The columns that have something to say about these rows. */
export function columnsFor(rows: readonly VariantRow[]): ReadonlyArray<Column<VariantRow>> {
	const hasChecks = rows.some(({figures}) => figures.quality.score !== null);
	return variantColumns.filter(({key}) => key !== 'passed' || hasChecks);
}

/** Part of the items that passed, where it lies by all odds, and what the gate says: `93% (84-98) unproven`. */
function passedWords({quality: {score, low, high, gate = 'none'}}: VariantFigures): string {
	const interval = low === null || high === null ? '' : ` (${percentOf(low)}-${percentOf(high)})`;
	const state = gate === 'none' ? '' : ` ${gate}`;
	return `${formatPercent(score)}${score === null ? '' : interval}${state}`;
}

function percentOf(share: number): string {
	return formatPercent(share).replace('%', '');
}

function column(
	key: string,
	header: string,
	priority: number,
	format: (figures: VariantFigures) => string,
): Column<VariantRow> {
	return {key, header, align: 'right', priority, format: ({figures}) => format(figures)};
}

function count(key: string, header: string, priority: number, of: (figures: VariantFigures) => number) {
	return column(key, header, priority, (figures) => formatCount(of(figures)));
}

function number(
	key: string,
	header: string,
	priority: number,
	of: (figures: VariantFigures) => number | null,
) {
	return column(key, header, priority, (figures) => formatNumber(of(figures)));
}

function duration(
	key: string,
	header: string,
	priority: number,
	of: (figures: VariantFigures) => number | null,
) {
	return column(key, header, priority, (figures) => formatDurationMs(of(figures)));
}
