import type {TurnFigures} from '../domain/figures-schema.ts';
import type {Snapshot} from '../domain/snapshot.ts';
import {formatCount, formatDurationMs, formatNumber} from '../text/numbers.ts';
import type {Column} from '../text/table.ts';
import {cleanText} from '../text/width.ts';

/** A turn of the conversations of a variant. */
export type TurnRow = {readonly variant: string; readonly figures: TurnFigures};

/** The turns of all variants of a target, variant by variant; empty where there is no chat. */
export const turnRows = (snapshot: Pick<Snapshot, 'variants'>, target: number): readonly TurnRow[] =>
	snapshot.variants
		.filter((figures) => figures.target === target)
		.flatMap(({name, turns}) => (turns ?? []).map((figures) => ({variant: cleanText(name), figures})));

const right = (
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
		header: 'variant',
		align: 'left',
		minWidth: 10,
		priority: 100,
		cut: 'middle',
		format: ({variant}) => variant,
	},
	right('turn', 'turn', 95, ({turn}) => formatCount(turn)),
	right('answers', 'answers', 50, ({requests}) => formatCount(requests)),
	right('input', 'input', 70, ({inputTokens}) => formatNumber(inputTokens.mean)),
	right('output', 'output', 65, ({outputTokens}) => formatNumber(outputTokens.mean)),
	right('quota', 'quota tokens', 80, ({quotaTokens}) => formatNumber(quotaTokens.mean)),
	right('ttft50', 'TTFT p50', 90, ({timeToFirstToken}) => formatDurationMs(timeToFirstToken.p50)),
	right('ttft90', 'TTFT p90', 60, ({timeToFirstToken}) => formatDurationMs(timeToFirstToken.p90)),
];
