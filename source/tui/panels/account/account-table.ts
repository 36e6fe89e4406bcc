import type {AccountRegion} from '../../../domain/account-snapshot.ts';
import {gaugeBar} from '../../../text/gauge.ts';
import {type Line, segment} from '../../../text/segment.ts';
import {fitColumns, formatHeader, rowLine} from '../../../text/table.ts';
import {cleanText} from '../../../text/width.ts';
import {accountColumns} from '../../../view/account/account-columns.ts';
import type {AccountRow} from '../../../view/account/account-row.ts';
import type {AccountSort} from '../../../view/account/sort-rows.ts';
import type {FrameTitle} from '../../frame.ts';

/** From this width on there is room for a bar of the fullest limit. */
const barFromWidth = 90;
const barWidth = 10;
const roomyFromWidth = 130;

/** The rows that a table of this height shows: around the selected one where not all fit. */
export function visibleBuckets(rows: readonly AccountRow[], height: number): readonly AccountRow[] {
	const count = Math.max(1, height - 1);
	const at = Math.max(
		0,
		rows.findIndex(({isSelected}) => isSelected),
	);
	const first = Math.min(Math.max(0, at - Math.floor(count / 2)), Math.max(0, rows.length - count));
	return rows.slice(first, first + count);
}

/**
 * The table of buckets: a header and as many rows as fit, the selected one always among them.
 * @returns lines of at most `width` cells.
 */
export function accountTableLines(
	rows: readonly AccountRow[],
	{
		width,
		height,
		hasRegions,
	}: {readonly width: number; readonly height: number; readonly hasRegions: boolean},
): readonly Line[] {
	const hasBar = width >= barFromWidth;
	const markWidth = 2 + (hasBar ? barWidth + 1 : 0);
	const shown = visibleBuckets(rows, height);
	// All rows have a say in the widths, so that nothing moves while one scrolls.
	const fitted = fitColumns(
		accountColumns({hasRegions}),
		rows,
		Math.max(1, width - markWidth),
		width >= roomyFromWidth ? 2 : 1,
	);
	return [
		[segment(' '.repeat(markWidth)), segment(formatHeader(fitted), 'muted')],
		...shown.map((row) => [
			segment(row.isSelected ? '› ' : '  ', 'strong'),
			...(hasBar ? [...barOf(row), segment(' ')] : []),
			...rowLine(fitted, row),
		]),
	];
}

/** The fullest of the limits. */
function barOf({fullest, bucket}: AccountRow): Line {
	return bucket.activity === 'idle' || fullest === null
		? [segment('·'.repeat(barWidth), 'muted')]
		: gaugeBar({used: fullest, reserved: 0, limit: 1}, barWidth);
}

/** Title of a table: what it is about, how it is ordered, and what its newest minute is. */
export function accountTitle(
	region: AccountRegion | undefined,
	{
		sort,
		isInverted,
		filter,
	}: {readonly sort: AccountSort; readonly isInverted: boolean; readonly filter: string},
): FrameTitle {
	const order = [
		`by ${sort}`,
		...(isInverted ? ['inverted'] : []),
		...(filter === '' ? [] : [`/${cleanText(filter)}`]),
	];
	return {
		title: [
			segment('Account', 'title'),
			segment(
				[...(region === undefined ? [''] : ['', cleanText(region.region) || 'no Region']), ...order].join(
					' · ',
				),
			),
		],
		note: region === undefined ? [] : legend,
	};
}

const legend: Line = [segment('a minute of CloudWatch, two minutes late', 'muted')];
