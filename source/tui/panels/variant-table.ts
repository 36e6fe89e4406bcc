import type {Verdict} from '../../domain/figures-schema.ts';
import {atLeastText} from '../../metrics/decisions/verdict-words.ts';
import {formatRatio} from '../../text/numbers.ts';
import {joinLines, type Line, segment} from '../../text/segment.ts';
import {fitColumns, formatHeader, rowLine} from '../../text/table.ts';
import {cleanText} from '../../text/width.ts';
import {listWords} from '../../view/lists.ts';
import {shownSnapshot} from '../../view/selectors.ts';
import type {State} from '../../view/state.ts';
import {
	areAnswersChecked,
	isBesideOthers,
	listedRows,
	selectedRow,
	verdictFor,
} from '../../view/variant-rows.ts';
import {type FrameTitle, firstShown} from '../frame.ts';
import {marksLegend, type TableRow, variantColumns} from './variant-columns.ts';

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
	const tableRows = rows.map(
		(row): TableRow => ({
			...row,
			isSelected: row === selected,
			model: cleanText(targets[row.targetIndex]?.model ?? ''),
		}),
	);
	const isWide = width >= wideTable;
	const columns = variantColumns(
		{
			isWide,
			hasModels: targets.length > 1,
			hasLanes: new Set(rows.flatMap(({figures}) => figures?.lane ?? [])).size > 1,
			hasChecks: areAnswersChecked(state),
			isFull,
			goal: state.config.goal,
			view: state.view,
			own: state.columns,
		},
		tableRows,
	);
	const fitted = fitColumns(columns, tableRows, width, isWide ? 2 : 1);
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
	const lanes = listedRows(state).flatMap(({figures}) => figures?.lane ?? []);
	const hasMarks = lanes.some((lane, index) => lanes.indexOf(lane) !== index);
	const legend: Line =
		hasMarks && shownSnapshot(state)?.startedAt != null
			? [segment(`${marksLegend}${isBesideOthers(state) ? ' of the whole quota' : ''}`, 'muted')]
			: [];
	const title = [
		segment('Variants', 'title'),
		segment([` · ${name}`, ...listWords(state, 'variants')].join(' · ')),
	];
	// The dashboard has a panel of its own for the verdict.
	return state.view === 'dashboard'
		? {title, note: legend}
		: {
				title: state.size.columns < wideTable ? title : joinLines([title, legend], segment(' · ')),
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
