import type {TopLevelSpec} from 'vega-lite';
import {formatNumber} from '../../text/numbers.ts';
import {truncateMiddle} from '../../text/width.ts';
import type {Results, TargetResults} from '../results-schema.ts';
import {formatLimit, formatTarget} from '../words.ts';
import {fontFamily, gridLine, ground, ink, quietInk} from './axes.ts';

/** A chart before it is drawn: plain data. */
export type Chart = {
	/** Becomes the file's name and the identifiers in it. */
	readonly name: string;
	/** For screen readers: what is shown, and the numbers themselves. */
	readonly title: string;
	readonly description: string;
	readonly spec: TopLevelSpec;
};

/** One plot of several that stand beside or below each other. */
export type Panel = Extract<TopLevelSpec, {hconcat: unknown}>['hconcat'][number];

/** The part of some results that is about one target: what one chart is made from. */
export type ChartInput = {readonly results: Results; readonly target: TargetResults};

/** Results cut to one target, for the charts of one model. */
export function chartInput(results: Results, index: number): ChartInput | undefined {
	const target = results.targets[index];
	return (
		target && {
			target,
			results: {
				...results,
				variants: results.variants.filter((variant) => variant.target === index),
				best: results.best.filter((best) => best.target === index),
				timeline: {
					...results.timeline,
					points: results.timeline.points.filter((point) => point.target === index),
				},
			},
		}
	);
}

/** Title with the mark that nothing here came from AWS. */
export function titleOf(results: Results, title: string): string {
	return results.simulated ? `${title} (SIMULATED)` : title;
}

/** Two or three short lines below the title: target, limits, and whether counts are estimated. */
export function subtitleOf({results, target}: ChartInput): string[] {
	const sent = results.variants.reduce((sum, variant) => sum + variant.requests.sent, 0);
	const limits = [
		`quota per minute: ${formatLimit(target.quota.requestsPerMinute)} requests, ${formatLimit(target.quota.tokensPerMinute)} tokens`,
		`${formatNumber(sent)} requests sent, ${results.startedAt.slice(0, 16).replace('T', ' ')} UTC`,
	];
	const isEstimated = results.variants.some((variant) => variant.tokens.estimated);
	return [
		truncateMiddle(formatTarget(target), 110),
		limits.join(' · '),
		...(isEstimated ? ['~ token counts are estimated: the service reported none'] : []),
	];
}

/** Look of every chart; a spec is `{...frame(...), hconcat: [...]}`. */
export function frame(title: string, subtitle: readonly string[]) {
	return {
		$schema: 'https://vega.github.io/schema/vega-lite/v6.json',
		background: ground,
		padding: 16,
		title: {text: title, subtitle: [...subtitle]},
		config: {
			aria: false,
			font: fontFamily,
			title: {
				anchor: 'start',
				frame: 'bounds',
				offset: 14,
				fontSize: 17,
				fontWeight: 'bold',
				color: ink,
				subtitleColor: quietInk,
				subtitleFontSize: 12,
				subtitleLineHeight: 16,
				subtitlePadding: 5,
			},
			view: {stroke: null},
			axis: {
				labelColor: ink,
				titleColor: quietInk,
				labelFontSize: 11,
				titleFontSize: 11,
				titleFontWeight: 'normal',
				domain: false,
				ticks: false,
				gridColor: gridLine,
				labelPadding: 5,
				// Ticks are few enough; looking for overlaps costs a tenth of the drawing.
				labelOverlap: false,
			},
			legend: {
				labelColor: ink,
				labelFontSize: 12,
				titleColor: quietInk,
				orient: 'top',
				direction: 'horizontal',
				title: null,
				offset: 10,
			},
			text: {color: ink, fontSize: 11},
			// The data has no gaps to filter out: an unknown value has no row, or length 0.
			mark: {invalid: null},
		},
	} as const satisfies Partial<TopLevelSpec>;
}

/** A chart that says why there is nothing to draw. */
export function emptySpec(title: string, subtitle: readonly string[], reason: string): TopLevelSpec {
	return {
		...frame(title, subtitle),
		width: 640,
		height: 60,
		data: {values: [{reason}]},
		mark: {type: 'text', align: 'left', x: 0, fontSize: 13, color: quietInk},
		encoding: {text: {field: 'reason', type: 'nominal'}},
	};
}
