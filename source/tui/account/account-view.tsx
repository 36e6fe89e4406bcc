import {Box} from 'ink';
import type {WhatToChange} from '../../account/what-to-change.ts';
import {type AccountRegion, sourceIdOf} from '../../domain/account-snapshot.ts';
import {gaugeBar} from '../../text/bars.ts';
import {formatCount} from '../../text/numbers.ts';
import {flowLines, type Line, segment} from '../../text/segment.ts';
import {fitColumns, formatHeader, rowLine} from '../../text/table.ts';
import {cleanText, wrapText} from '../../text/width.ts';
import {accountColumns} from '../../view/account/account-columns.ts';
import {type AccountRow, hasDifferentAges, hasSeveralOwners} from '../../view/account/account-rows.ts';
import {isDemoOffered} from '../../view/availability.ts';
import {type KeyCommand, keyOf} from '../../view/keymap.ts';
import type {ListState} from '../../view/lists.ts';
import {sourceWords} from '../../view/quotas.ts';
import {accountFault, shownRegions} from '../../view/selectors.ts';
import type {OwnColumns, State} from '../../view/state.ts';
import {type FrameTitle, panelInside, scrolledLines} from '../frame.ts';
import type {Tier} from '../layout.ts';
import {Panel, useAppearance} from '../panel.tsx';
import {type AccountTable, accountLayout, visibleBuckets} from '../screen-layout.ts';
import {
	type AccountChartKind,
	accountChartLines,
	accountChartTitle,
	accountDetailLines,
	accountDetailTitle,
	emptyTableLines,
} from './account-detail.ts';

/** From this width on there is room for a bar of the fullest limit. */
const barFromWidth = 90;
const roomyFromWidth = 130;
const barWidthAt = (width: number): number => (width >= roomyFromWidth ? 10 : 6);

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
		folded = 0,
		own = {},
	}: {
		readonly width: number;
		readonly height: number;
		readonly hasRegions: boolean;
		/** Number of idle buckets that are not among the rows. */
		readonly folded?: number;
		readonly own?: OwnColumns;
	},
): readonly Line[] {
	const hasBar = width >= barFromWidth;
	const barWidth = barWidthAt(width);
	const markWidth = 2 + (hasBar ? barWidth + 1 : 0);
	const shown = visibleBuckets(rows, folded, height);
	// The widths depend on all rows, so that nothing moves while scrolling.
	const fitted = fitColumns(
		accountColumns({hasRegions, hasOwners: hasSeveralOwners(rows), hasAges: hasDifferentAges(rows), own}),
		rows,
		Math.max(1, width - markWidth),
		width >= roomyFromWidth ? 2 : 1,
	);
	return [
		[segment(' '.repeat(markWidth)), segment(formatHeader(fitted), 'muted')],
		...shown.map((row) => [
			segment(row.isSelected ? '› ' : '  ', 'strong'),
			...(hasBar ? [...barOf(row, barWidth), segment(' ')] : []),
			...rowLine(fitted, row),
		]),
		...(folded === 0 || height < 3
			? []
			: [
					[
						segment(`  ${formatCount(folded)} idle · `, 'muted'),
						segment('z', 'accent'),
						segment(' shows', 'muted'),
					],
				]),
	];
}

/** The fullest of the limits. */
function barOf({fullest, bucket}: AccountRow, barWidth: number): Line {
	return bucket.activity === 'idle' || fullest === null
		? [segment('·'.repeat(barWidth), 'muted')]
		: gaugeBar({used: fullest, reserved: 0, limit: 1}, barWidth);
}

/** Title of a table: its Region, order and filter. */
export function accountTitle(
	region: AccountRegion | undefined,
	{sort, isInverted, filter}: Pick<ListState, 'sort' | 'isInverted' | 'filter'>,
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
				[
					...(region === undefined
						? ['']
						: [
								'',
								region.region === ''
									? 'no Region'
									: sourceWords({profile: region.profile, region: region.region}),
							]),
					...order,
				].join(' · '),
			),
		],
		note: region === undefined ? [] : legend,
	};
}

const legend: Line = [segment('CloudWatch, 1-minute data, about 2 min behind', 'muted')];

type Props = {
	readonly state: State;
	readonly width: number;
	readonly height: number;
	readonly tier: Tier;
};

/** The Account view: every bucket that is active or limited, and notes about them. */
export function AccountView(props: Props) {
	const {state, width, height} = props;
	const layout = accountLayout(state);
	if (layout.kind === 'empty') {
		return (
			<Panel {...props} title={{title: [segment('Account', 'title')]}} lines={emptyLines(state, width - 4)} />
		);
	}
	if (layout.kind === 'detail') {
		return <AccountDetailView {...props} {...layout} scroll={state.detailScroll} />;
	}
	const {tables, notes} = layout;
	return (
		<Box flexDirection="column" width={width} height={height} flexShrink={0}>
			<Box width={width} height={height - notes.length}>
				{tables.map((table) => (
					<TableView key={table.region === undefined ? '' : sourceIdOf(table.region)} {...props} {...table} />
				))}
			</Box>
			{/* Without a border: the notes belong to the table above them. */}
			{notes.length === 0 ? null : (
				<Panel {...props} tier="narrow" title={{title: []}} lines={notes} height={notes.length} />
			)}
		</Box>
	);
}

function TableView({rows, region, folded, days, ...props}: Props & AccountTable) {
	const {state, width, height, tier} = props;
	const inside = panelInside(width, height, tier);
	const {account, lists} = state;
	const {filter} = lists.account;
	const lines =
		rows.length === 0
			? emptyTableLines(region === undefined ? shownRegions(account) : [region], filter, inside.width)
			: [
					...accountTableLines(rows, {
						width: inside.width,
						height: inside.height - days.length,
						hasRegions: region === undefined,
						folded,
						own: state.columns,
					}),
					...days,
				];
	return <Panel {...props} title={accountTitle(region, lists.account)} lines={lines} />;
}

/** Shown instead of the table while nothing is known, or nothing can be. */
function emptyLines(state: State, width: number): readonly Line[] {
	const fault = accountFault(state.account);
	if (fault === undefined) {
		return emptyTableLines([], '', width);
	}
	const key = (command: KeyCommand) => segment(keyOf(state, command), 'accent');
	return [
		...fault.remarks.flatMap((remark, index) =>
			wrapText(cleanText(remark), width).map(
				(line): Line => [segment(line, index === 0 ? 'strong' : 'plain')],
			),
		),
		[],
		...flowLines(
			[
				[key('regions'), segment(' chooses Regions')],
				// A Region that was chosen here is gone with the screen, unless it is kept.
				...(fault.region === '' ? [[key('remember'), segment(' keeps the chosen one')]] : []),
				...(isDemoOffered(state) ? [[key('start-demo'), segment(' shows the demo')]] : []),
				[key('presets'), segment(' chooses a preset')],
				[key('quit'), segment(' quits')],
			],
			segment('   '),
			width,
		),
	];
}

type DetailProps = {
	readonly row: AccountRow;
	readonly width: number;
	readonly height: number;
	readonly tier: Tier;
};

const minChartRows = 6;
const usualChartRows = 14;

/** All about one bucket: the last hour of requests and quota tokens, then every figure in words. */
function AccountDetailView({
	row,
	advice,
	scroll,
	...props
}: DetailProps & {readonly advice: WhatToChange | undefined; readonly scroll: number}) {
	const {width, height, tier} = props;
	const lines = accountDetailLines(row, advice, panelInside(width, height, tier).width);
	const wanted = height - lines.length - 2;
	const chartHeight = wanted >= minChartRows ? Math.min(usualChartRows, wanted) : 0;
	const isBeside = tier === 'wide';
	const shown = scrolledLines(lines, panelInside(width, height - chartHeight, tier, true).height, scroll);
	return (
		<Box flexDirection="column" width={width} height={height} flexShrink={0}>
			{chartHeight === 0 ? null : (
				<Box width={width} height={chartHeight}>
					{(isBeside ? (['requests', 'quotaTokens'] as const) : (['quotaTokens'] as const)).map(
						(kind, index, kinds) => (
							<ChartView
								key={kind}
								row={row}
								kind={kind}
								tier={tier}
								width={
									index === kinds.length - 1
										? width - Math.floor(width / kinds.length) * index
										: Math.floor(width / kinds.length)
								}
								height={chartHeight}
							/>
						),
					)}
				</Box>
			)}
			<Panel
				{...props}
				height={height - chartHeight}
				title={accountDetailTitle(row, shown.position)}
				lines={shown.lines}
				isTitled={true}
			/>
		</Box>
	);
}

function ChartView({row, kind, ...props}: DetailProps & {readonly kind: AccountChartKind}) {
	const {width, height, tier} = props;
	const {isAscii} = useAppearance();
	const inside = panelInside(width, height, tier, true);
	const lines = accountChartLines(row.bucket, kind, {...inside, isAscii});
	return <Panel {...props} title={accountChartTitle(row.bucket, kind)} lines={lines} isTitled={true} />;
}
