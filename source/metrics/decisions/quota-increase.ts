import type {VariantFigures} from '../../domain/figures-schema.ts';
import type {Advice, Timeline} from '../../domain/snapshot.ts';
import type {Target} from '../../domain/target.ts';
import {formatCount} from '../../text/numbers.ts';

/** Use per minute, for the form of a quota increase. */
type QuotaIncreaseFigures = {
	readonly steadyRequestsPerMinute: number;
	readonly peakRequestsPerMinute: number;
	readonly steadyTokensPerMinute: number;
	readonly peakTokensPerMinute: number;
};

/** Steady use (mean of the whole minutes) and peak use (busiest minute) of a target; undefined before one has passed. */
export function usageByMinute(timeline: Timeline, target: number): QuotaIncreaseFigures | undefined {
	const points = timeline.points.filter((point) => point.target === target);
	const perMinute = Math.max(1, Math.round(60 / timeline.intervalSeconds));
	if (points.length < perMinute) {
		return undefined;
	}
	const scale = 60 / (perMinute * timeline.intervalSeconds);
	const wholeMinutes = Math.floor(points.length / perMinute);
	const steady = (read: (point: (typeof points)[number]) => number): number =>
		(points.slice(0, wholeMinutes * perMinute).reduce((sum, point) => sum + read(point), 0) * scale) /
		wholeMinutes;
	const peak = (read: (point: (typeof points)[number]) => number): number => {
		let sum = 0;
		let highest = 0;
		for (const [index, point] of points.entries()) {
			const left = points[index - perMinute];
			sum += read(point) - (left === undefined ? 0 : read(left));
			highest = Math.max(highest, sum);
		}
		return highest * scale;
	};
	return {
		steadyRequestsPerMinute: steady(({requests}) => requests),
		peakRequestsPerMinute: peak(({requests}) => requests),
		steadyTokensPerMinute: steady(({quotaTokens}) => quotaTokens),
		peakTokensPerMinute: peak(({quotaTokens}) => quotaTokens),
	};
}

/** The figures for the form of a quota increase, when a quota is the limit and a minute was measured. */
export function quotaIncreaseAdvice(
	variant: VariantFigures,
	target: Target,
	index: number,
	timeline: Timeline,
): readonly Advice[] {
	const {limitedBy} = variant.sustainable;
	const use = usageByMinute(timeline, index);
	const {inputTokens, outputTokens} = variant.perRequest;
	const isQuota = limitedBy !== 'none' && limitedBy !== 'concurrency';
	if (use === undefined || !isQuota || inputTokens.mean === null || outputTokens.mean === null) {
		return [];
	}
	const text = increaseText(target.model, use, {input: inputTokens.mean, output: outputTokens.mean});
	return [{kind: 'quota-increase', text, usefulPerMinute: null}];
}

/** The figures for the form. @param mean Tokens of one request. */
export function increaseText(
	model: string,
	use: QuotaIncreaseFigures,
	mean: {readonly input: number; readonly output: number},
): string {
	return (
		`${model}: for a quota increase: steady ${formatCount(use.steadyRequestsPerMinute)} and peak ` +
		`${formatCount(use.peakRequestsPerMinute)} requests per minute, steady ${formatCount(use.steadyTokensPerMinute)} and peak ` +
		`${formatCount(use.peakTokensPerMinute)} quota tokens per minute, on average ${formatCount(mean.input)} input and ` +
		`${formatCount(mean.output)} output tokens per request.`
	);
}
