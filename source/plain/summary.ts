import type {
	CandidateFigures,
	OptimizeFigures,
	SearchFigures,
	TurnFigures,
	VariantFigures,
} from '../domain/figures-schema.ts';
import type {Snapshot} from '../domain/snapshot.ts';
import {finalistsOf} from '../metrics/decisions/search/search-state.ts';
import {enforcementOf} from '../reports/results.ts';
import {verdictSentences} from '../reports/verdict.ts';
import {
	caveatsOf,
	formatQuota,
	formatTarget,
	judgeTexts,
	leverTexts,
	lostTexts,
	searchTexts,
} from '../reports/words.ts';
import {
	formatCount,
	formatDurationMs,
	formatElapsedMs,
	formatNumber,
	formatPercent,
	formatUsd,
	formatUsdWithin,
} from '../text/numbers.ts';
import {type Line, segment, type Tone} from '../text/segment.ts';
import {type Column, fitColumns, formatHeader, rowLine} from '../text/table.ts';
import {paintLine, type Theme, toAscii} from '../text/themes.ts';
import {asSentence, cleanText, wrapText} from '../text/width.ts';
import {candidateHeadings, candidateRows, optimizeTexts} from '../view/rewrites.ts';
import {isRecommended, passedWords, standingWord, verdictFor} from '../view/variant-rows.ts';
import {stateText} from './run.ts';

type SummaryStyle = {readonly width: number; readonly theme: Theme | undefined; readonly ascii: boolean};

/**
 * The findings of a run, printed after the screen is closed, and for pipes: targets with their quota, the table of
 * variants, the verdict, advice, failures with what to do, and caveats.
 *
 * @returns Lines of at most `width` cells.
 */
export function summaryLines(snapshot: Snapshot, {width, theme, ascii}: SummaryStyle): readonly string[] {
	const lines: readonly Line[] = [
		...headLines(snapshot, width),
		...snapshot.targets.flatMap((_, index) => targetLines(snapshot, index, width)),
		...searchTableLines(snapshot.search, width),
		...optimizeTableLines(snapshot.optimize, width),
		...listBlock('Prompt levers', leverTexts(snapshot.variants), width),
		...block(
			verdictSentences({...snapshot, verdict: snapshot.verdicts, goal: snapshot.spec.goal}),
			width,
			'strong',
		),
		...block(judgeTexts(snapshot.judges), width, 'plain'),
		...listBlock(
			'Advice',
			snapshot.advice.map(({text}) => text),
			width,
		),
		...listBlock('Failures', [...lostTexts(snapshot), ...failureTexts(snapshot)], width),
		...block(caveatsOf({...snapshot, targets: targetsOf(snapshot)}), width, 'muted'),
	];
	const shown = lines.at(-1)?.length === 0 ? lines.slice(0, -1) : lines;
	return shown.map((line) => {
		const text = paintLine(
			line.map((each) => ({...each, text: cleanText(each.text)})),
			theme,
		).trimEnd();
		return ascii ? toAscii(text) : text;
	});
}

/** With how the service enforces their quotas: of a run that was read again it is there already. */
const targetsOf = ({targets, buckets}: Snapshot): Parameters<typeof caveatsOf>[0]['targets'] =>
	targets.map((target, index) => ({...target, ...enforcementOf(buckets[index])}));

function headLines(snapshot: Snapshot, width: number): readonly Line[] {
	const {spec, simulated, elapsedMs, costUsd, costUsdWithin, judges = []} = snapshot;
	const mark = simulated ? 'SIMULATED: these answers came from a simulator, not from Amazon Bedrock.' : '';
	const judgesUsd = judges.reduce((sum, judge) => sum + (judge.costUsd ?? 0), 0);
	const apart = judgesUsd === 0 ? '' : ` and ${formatUsd(judgesUsd)} for judges`;
	const cost =
		costUsd === null
			? []
			: [`cost ${formatUsdWithin(costUsd, costUsdWithin)}${apart}${simulated ? ' (simulated)' : ''}`];
	const what = [
		`bedrock-top ${spec.preset ?? 'task'}`,
		`${spec.method}, load ${spec.load.shape}`,
		`${stateText(snapshot)} after ${formatElapsedMs(elapsedMs)}`,
		...cost,
	];
	return [
		...(mark === '' ? [] : wrapped(mark, width, 'warning')),
		...wrapped(what.join(' · '), width, 'title'),
	];
}

function targetLines(snapshot: Snapshot, index: number, width: number): readonly Line[] {
	const target = snapshot.targets[index];
	if (target === undefined) {
		return [];
	}
	const rows = variantRows(snapshot, index);
	const fitted = fitColumns(columnsFor(rows), rows, width);
	return [
		...wrapped(formatTarget(target), width, 'plain'),
		...wrapped(`quota: ${formatQuota(target)}`, width, 'plain'),
		[],
		[segment(formatHeader(fitted).trimEnd(), 'strong')],
		...rows.map((row) => rowLine(fitted, row)),
		[],
		...turnLines(snapshot, index, width),
	];
}

/** Tokens and latency of each turn of a conversation; nothing without a chat. */
function turnLines(snapshot: Snapshot, index: number, width: number): readonly Line[] {
	const rows = turnRows(snapshot, index);
	const fitted = fitColumns(turnColumns, rows, width);
	return rows.length === 0
		? []
		: [[segment(formatHeader(fitted).trimEnd(), 'strong')], ...rows.map((row) => rowLine(fitted, row)), []];
}

function failureTexts({failures}: Snapshot): readonly string[] {
	return failures.map(
		({class: failureClass, message, advice, count}) =>
			`${formatCount(count)} x ${failureClass}: ${advice === '' ? message : `${asSentence(message)} ${advice}`}`,
	);
}

/** Sentences, each on its own lines, followed by a blank line; nothing where there are none. */
function block(sentences: readonly string[], width: number, tone: Tone): readonly Line[] {
	return sentences.length === 0 ? [] : [...sentences.flatMap((text) => wrapped(text, width, tone)), []];
}

function listBlock(heading: string, texts: readonly string[], width: number): readonly Line[] {
	return texts.length === 0
		? []
		: [
				[segment(heading, 'title')],
				...texts.flatMap((text) =>
					wrapText(cleanText(text), Math.max(10, width - 4)).map((line, index) => [
						segment(`${index === 0 ? '  - ' : '    '}${line}`),
					]),
				),
				[],
			];
}

const wrapped = (text: string, width: number, tone: Tone): readonly Line[] =>
	wrapText(cleanText(text), width).map((line) => [segment(line, tone)]);

/** A row of the printed table: the figures with their rank in the run. */
type VariantRow = {
	readonly figures: VariantFigures;
	readonly isBest: boolean;
	/** Its rank for the goal, in words. */
	readonly standing: string;
};

/** The variants of one target, with the recommended ones marked. */
function variantRows(snapshot: Snapshot, target: number): readonly VariantRow[] {
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
const variantColumns: ReadonlyArray<Column<VariantRow>> = [
	{
		key: 'name',
		header: 'Variant',
		align: 'left',
		minWidth: 10,
		priority: 100,
		cut: 'middle',
		format: ({figures}) => nameOf(figures),
		tone: ({isBest}) => (isBest ? 'good' : 'plain'),
	},
	count('requests', 'Sent', 80, (figures) => figures.requests.sent),
	count('useful', 'Useful', 85, (figures) => figures.items.useful),
	column('passed', 'Passed (95%)', 38, passedWords),
	{
		...count('throttled', 'Throttled', 60, throttledOf),
		tone: ({figures}) => (throttledOf(figures) > 0 ? 'throttled' : 'plain'),
	},
	{
		...count('failed', 'Failed', 50, failedOf),
		tone: ({figures}) => (failedOf(figures) > 0 ? 'bad' : 'plain'),
	},
	number('input', 'Input', 30, (figures) => figures.perRequest.inputTokens.mean),
	number('output', 'Output', 35, (figures) => figures.perRequest.outputTokens.mean),
	number('quota', 'Quota/req', 75, (figures) => figures.perRequest.quotaTokens.mean),
	duration('ttft', 'TTFT p50', 55, (figures) => figures.latencyMs.timeToFirstToken.p50),
	duration('total', 'Total p50', 65, (figures) => figures.latencyMs.total.p50),
	number('rate', 'Req/min', 32, (figures) => figures.rate.requestsPerMinute),
	number('sustainable', 'Sustain/min', 90, (figures) => figures.sustainable.usefulPerMinute),
	{
		key: 'limitedBy',
		header: 'Limited by',
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

/** The columns that apply to these rows; a measure has no rate of its own. */
export function columnsFor(rows: readonly VariantRow[]): ReadonlyArray<Column<VariantRow>> {
	const hasChecks = rows.some(({figures}) => figures.quality.score !== null);
	const isTimed = rows.some(({figures}) => figures.rate.requestsPerMinute !== null);
	return variantColumns.filter(({key}) => (key === 'passed' ? hasChecks : key !== 'rate' || isTimed));
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

/** A turn of the conversations of a variant. */
type TurnRow = {readonly variant: string; readonly figures: TurnFigures};

/** The turns of all variants of a target, variant by variant; empty without a chat. */
function turnRows(snapshot: Pick<Snapshot, 'variants'>, target: number): readonly TurnRow[] {
	return snapshot.variants
		.filter((figures) => figures.target === target)
		.flatMap(({name, turns}) => (turns ?? []).map((figures) => ({variant: cleanText(name), figures})));
}

const turnColumn = (
	key: string,
	header: string,
	priority: number,
	format: (figures: TurnFigures) => string,
): Column<TurnRow> => ({
	key,
	header,
	align: 'right',
	priority,
	format: ({figures}) => format(figures),
});

/** Columns of the table of turns; the least important ones go first where the width is short. */
export const turnColumns: ReadonlyArray<Column<TurnRow>> = [
	{
		key: 'variant',
		header: 'Variant',
		align: 'left',
		minWidth: 10,
		priority: 100,
		cut: 'middle',
		format: ({variant}) => variant,
	},
	turnColumn('turn', 'Turn', 95, ({turn}) => formatCount(turn)),
	turnColumn('answers', 'Answers', 50, ({requests}) => formatCount(requests)),
	turnColumn('input', 'Input', 70, ({inputTokens}) => formatNumber(inputTokens.mean)),
	turnColumn('output', 'Output', 65, ({outputTokens}) => formatNumber(outputTokens.mean)),
	turnColumn('quota', 'Quota/req', 80, ({quotaTokens}) => formatNumber(quotaTokens.mean)),
	turnColumn('ttft50', 'TTFT p50', 90, ({timeToFirstToken}) => formatDurationMs(timeToFirstToken.p50)),
	turnColumn('ttft90', 'TTFT p90', 60, ({timeToFirstToken}) => formatDurationMs(timeToFirstToken.p90)),
];

type SearchRow = {readonly figures: CandidateFigures; readonly isOnFront: boolean};

const searchColumn = (
	key: string,
	header: string,
	priority: number,
	format: (figures: CandidateFigures) => string,
): Column<SearchRow> => ({key, header, align: 'right', priority, format: ({figures}) => format(figures)});

const searchColumns: ReadonlyArray<Column<SearchRow>> = [
	{
		key: 'candidate',
		header: 'Candidate',
		align: 'left',
		minWidth: 12,
		priority: 100,
		cut: 'middle',
		format: ({figures}) => cleanText(figures.name),
	},
	searchColumn('items', 'Items', 60, ({items}) => formatCount(items.sent)),
	searchColumn('useful', 'Useful', 95, ({usefulRate}) => formatPercent(usefulRate.value)),
	searchColumn('low', '95% from', 70, ({usefulRate}) => formatPercent(usefulRate.low)),
	searchColumn('high', 'To', 69, ({usefulRate}) => formatPercent(usefulRate.high)),
	searchColumn('quota', 'Quota/useful item', 90, ({quotaTokensPerUseful}) =>
		formatNumber(quotaTokensPerUseful),
	),
	{
		key: 'front',
		header: '',
		align: 'left',
		priority: 80,
		format: ({isOnFront}) => (isOnFront ? 'front' : ''),
	},
];

/** The finalists of a search, those on the front marked, and what was tried; nothing for an ordinary run. */
export function searchTableLines(search: SearchFigures | undefined, width: number): readonly Line[] {
	if (search === undefined) {
		return [];
	}
	const rows = finalistsOf(search).map((figures) => ({
		figures,
		isOnFront: search.front.includes(figures.name),
	}));
	const fitted = fitColumns(searchColumns, rows, width);
	return [
		[segment('Search: quality against quota', 'title')],
		[segment(formatHeader(fitted).trimEnd(), 'strong')],
		...rows.map((row) => rowLine(fitted, row)),
		...searchTexts(search).flatMap((text) => wrapText(text, width).map((line) => [segment(line, 'muted')])),
		[],
	];
}

const rewriteColumns = candidateHeadings.map(
	(header, index): Column<readonly string[]> => ({
		key: header,
		header: index === candidateHeadings.length - 1 ? '' : header,
		align: index === 0 || index === 1 || index === candidateHeadings.length - 1 ? 'left' : 'right',
		priority: [100, 40, 60, 95, 90, 80][index] ?? 0,
		...(index === 0 ? {minWidth: 12, cut: 'middle' as const} : {}),
		format: (row) => cleanText(row[index] ?? ''),
	}),
);

/** The candidates of an optimisation, and what became of the requests; nothing for any other run. */
function optimizeTableLines(figures: OptimizeFigures | undefined, width: number): readonly Line[] {
	if (figures === undefined) {
		return [];
	}
	const rows = candidateRows(figures);
	const fitted = fitColumns(rewriteColumns, rows, width);
	return [
		...wrapped('Rewrites: quality against quota, on select items', width, 'title'),
		...(rows.length === 0
			? []
			: [
					[segment(formatHeader(fitted).trimEnd(), 'strong')] as const,
					...rows.map((row) => rowLine(fitted, row)),
				]),
		...optimizeTexts(figures).flatMap((text) =>
			wrapText(cleanText(text), width).map((line) => [segment(line, 'muted')]),
		),
		[],
	];
}
