import {axisLabel} from './labels.ts';
import {colours} from './palette.ts';

/** Height of a variant's row in pixels. */
export const rowStep = 26;

/** A length from zero to `end`, along x or y. */
export function valueChannel(
	end: number,
	options: {tickCount?: number; labelExpr?: string; grid?: boolean} = {},
) {
	return {
		type: 'quantitative' as const,
		scale: {domain: [0, end], nice: false},
		axis: {
			title: null,
			labelExpr: options.labelExpr ?? axisLabel,
			tickCount: options.tickCount ?? 4,
			grid: options.grid ?? false,
		},
	};
}

/**
 * One row for each variant, in the order of the results.
 *
 * @param labels Every row, so that one without a mark keeps its place.
 * @param hasNames Names stand beside the first of several panels only.
 */
export function rowChannel(labels: readonly string[], hasNames: boolean) {
	return {
		field: 'label',
		type: 'nominal' as const,
		sort: null,
		scale: {domain: [...labels], paddingInner: 0.35, paddingOuter: 0.2},
		axis: hasNames ? {title: null, labelLimit: 300, labelFontSize: 12} : null,
	};
}

/** Title of one panel, with a quiet line that explains it. */
export function panelTitle(text: string, subtitle?: string) {
	return {
		text,
		...(subtitle === undefined ? {} : {subtitle}),
		fontSize: 13,
		subtitleFontSize: 11,
		anchor: 'start' as const,
		frame: 'group' as const,
		offset: 8,
	};
}

/** A quota as a dashed line across a panel, drawn once; its value is the caller's `datum` along x or y. */
export const limitLine = {
	data: {values: [{}]},
	mark: {type: 'rule' as const, color: colours.vermillion, strokeWidth: 2, strokeDash: [6, 4]},
};
