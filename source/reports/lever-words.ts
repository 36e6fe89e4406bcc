import {formatCount, formatDurationMs, formatNumber} from '../text/numbers.ts';
import type {VariantResults} from './results-schema.ts';

/** What the prompt levers did, in phrases that the screen, plain output and Markdown share. */

type Levers = Pick<VariantResults, 'name' | 'caching' | 'compression'>;
type Side = NonNullable<VariantResults['caching']>['cold'];

/** One side of a cache: how many answers, what one costs its quota, how soon it starts. */
const sideWords = ({requests, inputTokens, quotaTokens, timeToFirstToken}: Side): string =>
	[
		`${formatCount(requests)} ${requests === 1 ? 'answer' : 'answers'}`,
		...(requests === 0
			? []
			: [`${formatNumber(inputTokens.mean)} tokens in`, `${formatNumber(quotaTokens.mean)} quota tokens`]),
		...(timeToFirstToken.p50 === null ? [] : [`first token p50 ${formatDurationMs(timeToFirstToken.p50)}`]),
	].join(', ');

/** Cold and warm answers of a variant that caches, by label; empty for any other. */
export const cachingEntries = ({
	caching,
}: Pick<Levers, 'caching'>): ReadonlyArray<{readonly label: string; readonly text: string}> =>
	caching === undefined
		? []
		: caching.cold.requests + caching.warm.requests === 0
			? [
					{
						label: 'cache',
						text: 'nothing was cached: the prompt is too short for it, or the model does not cache',
					},
				]
			: [
					{label: 'cache cold', text: `${sideWords(caching.cold)} (wrote the cache)`},
					{
						label: 'cache warm',
						text: `${sideWords(caching.warm)} (read it, free of quota)`,
					},
				];

/** What each rule took away from the prompt as first sent; undefined for a variant without rules. */
export const compressionText = ({compression}: Pick<Levers, 'compression'>): string | undefined => {
	if (compression === undefined) {
		return undefined;
	}
	const {system, user} = compression.original;
	const before = (system ?? '').length + (user ?? '').length;
	const rules = compression.rules.map(({rule, savedCharacters}) => `${rule} ${formatCount(savedCharacters)}`);
	return `of ${formatCount(before)} characters the rules took away: ${rules.join(', ')}`;
};

/** Everything that the levers of some variants did, one sentence each; empty where none has any. */
export const leverTexts = (variants: readonly Levers[]): readonly string[] =>
	variants.flatMap((variant) => {
		const entries = cachingEntries(variant).map(({label, text}) => `${variant.name}: ${label}: ${text}.`);
		const isWarm = (variant.caching?.warm.requests ?? 0) > 0;
		const rate = isWarm ? [`${variant.name}: the sustainable rate is that of its warm answers.`] : [];
		const compressed = compressionText(variant);
		return [
			...entries,
			...rate,
			...(compressed === undefined ? [] : [`${variant.name}: compressed: ${compressed}.`]),
		];
	});
