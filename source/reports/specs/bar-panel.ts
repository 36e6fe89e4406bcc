import {
	ink,
	limitLine,
	type Panel,
	panelTitle,
	rowChannel,
	rowStep,
	textWidth,
	valueChannel,
} from './chart.ts';

/** One bar: a value with its interval, and what is written behind it. */
export type BarRow = {
	readonly label: string;
	readonly value: number | null;
	readonly low: number | null;
	readonly high: number | null;
	readonly text: string;
};

type BarPanelOptions = {
	readonly title: string;
	readonly subtitle: string;
	readonly rows: readonly BarRow[];
	/** Drawn as a dashed line where it fits on the axis. */
	readonly limit: number | null;
	readonly colour: string;
	/** Names stand beside the first panel only. */
	readonly hasNames: boolean;
};

const panelWidth = 265;
/** Part of the axis that is kept free for the text behind the longest bar. */
const axisRoom = 1.35;
const textGap = 6;
/** A limit further away than this many times the longest bar would flatten every bar: it is left to words. */
const farAway = 6;

/** Whether a limit can be drawn beside bars of these lengths. */
export function isLimitDrawn(limit: number | null, rows: readonly BarRow[]): limit is number {
	return limit !== null && limit > 0 && limit <= farAway * longest(rows);
}

/** Horizontal bars with 95% intervals and, where it fits, a limit: one row for each variant. */
export function barPanel({title, subtitle, rows, limit, colour, hasNames}: BarPanelOptions): Panel {
	const drawnLimit = isLimitDrawn(limit, rows) ? limit : undefined;
	const end = Math.max(longest(rows), drawnLimit ?? 0) || 1;
	const pixel = (end * axisRoom) / panelWidth;
	const values = rows.map((row) => {
		const rowEnd = Math.max(row.value ?? 0, row.high ?? 0);
		const textEnd = rowEnd + (textGap * 2 + textWidth(row.text, 11, false)) * pixel;
		// Text that would run through the limit's line stands behind it.
		const isCrossing = drawnLimit !== undefined && rowEnd < drawnLimit && textEnd > drawnLimit;
		return {...row, end: isCrossing ? drawnLimit : rowEnd};
	});
	const intervals = values.filter(({low, high}) => low !== null && high !== null);
	const x = valueChannel(end * axisRoom);
	const y = rowChannel(
		rows.map((row) => row.label),
		hasNames,
	);
	return {
		title: panelTitle(title, panelWidth, subtitle),
		width: panelWidth,
		height: {step: rowStep},
		data: {values},
		layer: [
			{
				mark: {type: 'bar', color: colour, cornerRadiusEnd: 2},
				encoding: {x: {...x, field: 'value'}, y},
			},
			{
				data: {values: intervals},
				mark: {type: 'rule', color: ink, strokeWidth: 1.5},
				encoding: {x: {...x, field: 'low'}, x2: {field: 'high'}, y},
			},
			{
				data: {values: intervals.flatMap(({label, low, high}) => [low, high].map((at) => ({label, at})))},
				mark: {type: 'tick', color: ink, thickness: 1.5, size: 7},
				encoding: {x: {...x, field: 'at'}, y},
			},
			...(drawnLimit === undefined
				? []
				: [
						{
							...limitLine,
							encoding: {x: {...x, datum: drawnLimit}},
						},
					]),
			{
				mark: {type: 'text', align: 'left', dx: textGap, color: ink},
				encoding: {x: {...x, field: 'end'}, y, text: {field: 'text', type: 'nominal'}},
			},
		],
	};
}

function longest(rows: readonly BarRow[]): number {
	return Math.max(0, ...rows.map((row) => Math.max(row.value ?? 0, row.high ?? 0)));
}
