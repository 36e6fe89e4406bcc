import type {FleetRow} from '../../domain/fleet-view.ts';
import {formatCount} from '../../text/numbers.ts';
import {fitLine, type Line, type Segment, segment} from '../../text/segment.ts';
import {fitColumns, formatHeader, rowLine} from '../../text/table.ts';
import {fleetColumns} from '../../view/fleet.ts';

/** Fewest lines that say something of a fleet: its state, the header and a member. */
const minLines = 3;

/** The members of a fleet below what is said of it: at most `height` lines of at most `width` cells. */
export function memberLines(
	head: Segment,
	rows: readonly FleetRow[],
	width: number,
	height = Number.POSITIVE_INFINITY,
): readonly Line[] {
	if (height < minLines) {
		return [];
	}
	const title = fitLine([head], Math.min(width, head.text.length));
	if (rows.length === 0) {
		return [title];
	}
	const fitted = fitColumns(fleetColumns, rows, width);
	const shown = rows.length > height - 2 ? rows.slice(0, height - minLines) : rows;
	const hidden = rows.length - shown.length;
	return [
		title,
		[segment(formatHeader(fitted), 'muted')],
		...shown.map((row) => rowLine(fitted, row)),
		...(hidden === 0 ? [] : [[segment(`${formatCount(hidden)} more`, 'muted')]]),
	];
}
