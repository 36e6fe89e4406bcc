import type {SearchFigures} from '../domain/figures-schema.ts';
import {finalistsOf} from '../metrics/decisions/search/search-figures.ts';
import {formatCount, formatNumber, formatPercent} from '../text/numbers.ts';
import {escapeMarkdown, markdownTable} from './markdown.ts';

/** What a search tried, in sentences that plain output and Markdown share. */
export const searchTexts = ({
	candidates,
	combinations,
	requests,
	budget,
	rungs,
}: SearchFigures): readonly string[] => [
	`${formatCount(candidates.length)} of ${formatCount(combinations)} combinations of variants and prompt levers were tried, with ${formatCount(requests)} of at most ${formatCount(budget)} requests; rungs: ${rungs.map((rung) => `${formatCount(rung.candidates)} x ${formatCount(rung.requests)}`).join(', ')}.`,
	'On the front is what no other finalist surely beats, by the intervals; all other figures are of the last rung.',
];

/** The finalists of a search as Markdown; nothing for a run that was none. */
export const searchMarkdown = (search: SearchFigures | undefined): readonly string[] =>
	search === undefined
		? []
		: [
				...markdownTable(
					['Candidate', 'Items', 'Useful', 'Quota tokens a useful item', 'Front'],
					finalistsOf(search).map(({name, items, usefulRate: {value, low, high}, quotaTokensPerUseful}) => [
						name,
						formatCount(items.sent),
						`${formatPercent(value)} (${formatPercent(low)} to ${formatPercent(high)})`,
						formatNumber(quotaTokensPerUseful),
						search.front.includes(name) ? 'yes' : '',
					]),
				),
				'',
				...searchTexts(search).map((text) => `- ${escapeMarkdown(text)}`),
			];
