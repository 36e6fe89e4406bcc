import {Box} from 'ink';
import {useContext, useEffect} from 'react';
import type {AccountRegion} from '../../domain/account-snapshot.ts';
import {gaugeBar} from '../../text/bars.ts';
import {type Line, segment} from '../../text/segment.ts';
import {fitColumns, formatHeader, rowLine} from '../../text/table.ts';
import {cleanText, wrapText} from '../../text/width.ts';
import {accountColumns} from '../../view/account/account-columns.ts';
import type {AccountRow, AccountSort} from '../../view/account/account-rows.ts';
import {accountFault, shownRegions} from '../../view/account/account-state.ts';
import {listedRegions, selectedBucket} from '../../view/account/listed-buckets.ts';
import {isDemoOffered} from '../../view/availability.ts';
import type {State} from '../../view/state.ts';
import type {FrameTitle} from '../frame.ts';
import type {Tier} from '../layout.ts';
import {Panel, panelInside} from '../panel.tsx';
import {AccountDetailView} from './account-detail.tsx';
import {accountNoteLines, emptyTableLines} from './account-notes.ts';
import {VisibleRowsContext} from './visible-buckets.ts';

/** From this width on there is room for a bar of the fullest limit. */
const barFromWidth = 90;
const barWidth = 10;
const roomyFromWidth = 130;

/** The rows that a table of this height shows: around the selected one where not all fit. */
function visibleBuckets(rows: readonly AccountRow[], height: number): readonly AccountRow[] {
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

type Props = {
	readonly state: State;
	readonly width: number;
	readonly height: number;
	readonly tier: Tier;
};

/** From this width on each of several Regions has a table of its own beside the others. */
const besideFromWidth = 76;
/** Lines for sentences below the table, where there is room for them. */
const mostNoteRows = 8;
const leastTableRows = 8;

/** The Account view: every bucket that is active or limited, and what has to be said about them. */
export function AccountView(props: Props) {
	const {state, width, height, tier} = props;
	const regions = shownRegions(state.account);
	const listed = listedRegions(state);
	const rows = listed.flatMap((each) => each.rows);
	const selected = selectedBucket(state, rows);
	if (accountFault(state.account) !== undefined || regions.length === 0) {
		return (
			<Panel {...props} title={{title: [segment('Account', 'title')]}} lines={emptyLines(state, width - 4)} />
		);
	}
	if (state.isDetailOpen && selected !== undefined) {
		return <AccountDetailView {...props} row={selected} />;
	}
	const inside = panelInside(width, height, tier).width;
	const notes = accountNoteLines(regions, selected, inside);
	const noteRows = Math.max(0, Math.min(notes.length, mostNoteRows, height - leastTableRows));
	const tableHeight = height - noteRows;
	const tables: ReadonlyArray<{readonly rows: readonly AccountRow[]; readonly index: number | undefined}> =
		isBeside(listed.length, width)
			? listed.map((each, index) => ({rows: each.rows, index}))
			: [{rows, index: listed.length === 1 ? 0 : undefined}];
	const each = Math.floor(width / tables.length);
	return (
		<Box flexDirection="column" width={width} height={height} flexShrink={0}>
			<Box width={width} height={tableHeight}>
				{tables.map((table, at) => (
					<TableView
						key={table.index ?? 'all'}
						{...props}
						rows={marked(table.rows, selected)}
						regionIndex={table.index}
						width={at === tables.length - 1 ? width - each * at : each}
						height={tableHeight}
					/>
				))}
			</Box>
			{noteRows === 0 ? null : <NotesView {...props} lines={notes.slice(0, noteRows)} height={noteRows} />}
		</Box>
	);
}

function isBeside(count: number, width: number): boolean {
	return count > 1 && width / count >= besideFromWidth;
}

function marked(rows: readonly AccountRow[], selected: AccountRow | undefined): readonly AccountRow[] {
	return rows.map((row) => (row.id === selected?.id ? {...row, isSelected: true} : row));
}

type TableProps = Props & {
	readonly rows: readonly AccountRow[];
	/** Of the Region that the table is about; undefined: all of them. */
	readonly regionIndex: number | undefined;
};

function TableView({rows, regionIndex, ...props}: TableProps) {
	const {state, width, height, tier} = props;
	const inside = panelInside(width, height, tier);
	const region = regionIndex === undefined ? undefined : shownRegions(state.account)[regionIndex];
	const seen = visibleBuckets(rows, inside.height);
	useSeen(String(regionIndex), seen);
	const {account, filter} = state;
	const lines =
		rows.length === 0
			? emptyTableLines(region === undefined ? shownRegions(account) : [region], filter, inside.width)
			: accountTableLines(rows, {...inside, hasRegions: region === undefined});
	return <Panel {...props} title={accountTitle(region, {...account, filter})} lines={lines} />;
}

/** Tells which rows are on screen: percentiles are asked for of them alone. */
function useSeen(table: string, rows: readonly AccountRow[]): void {
	const see = useContext(VisibleRowsContext);
	const seen = rows
		.filter(({bucket}) => bucket.activity !== 'idle')
		.map(({id}) => id)
		.join('\n');
	useEffect(() => {
		see(table, seen === '' ? [] : seen.split('\n'));
		return () => {
			see(table, []);
		};
	}, [see, table, seen]);
}

function NotesView({lines, ...props}: Props & {readonly lines: readonly Line[]}) {
	// Without a border: what is said here belongs to the table above it.
	return <Panel {...props} tier="narrow" title={{title: []}} lines={lines} />;
}

/** What stands in place of the table while nothing is known, or nothing can be. */
function emptyLines(state: State, width: number): readonly Line[] {
	const fault = accountFault(state.account);
	if (fault === undefined) {
		return emptyTableLines([], '', width);
	}
	return [
		...fault.remarks.flatMap((remark, index) =>
			wrapText(cleanText(remark), width).map(
				(line): Line => [segment(line, index === 0 ? 'strong' : 'plain')],
			),
		),
		[],
		[
			...(isDemoOffered(state) ? [segment('d', 'accent'), segment(' shows the demo   ')] : []),
			segment('o', 'accent'),
			segment(' chooses a preset   '),
			segment('q', 'accent'),
			segment(' quits'),
		],
	];
}
