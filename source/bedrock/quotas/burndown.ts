import type {Burndown} from '../../domain/target.ts';

/**
 * How many quota tokens one output token costs on `bedrock-runtime`. AWS has changed this table several times, so it is data
 * with a date; the user can override it and `burndown-calibration` can measure it.
 */

/** Where the documented values are from: Amazon Bedrock user guide, "Token burndown", as it read on this day. */
export const burndownSource = 'AWS user guide, token burndown, 2026-11-22';
const assumed = 'assumed';

type Rule = {readonly models: RegExp; readonly value: number; readonly source: string};

const end = '(?=$|-v\\d|-20\\d{6}|:)';
const claude = (names: string) => new RegExp(`^anthropic\\.claude-(?:${names})${end}`);

/** The first rule that matches holds. */
const rules: readonly Rule[] = [
	{models: claude('[a-z]+-4-8'), value: 15, source: burndownSource},
	{models: claude('opus-5-5|opus-5|sonnet-5|fable-5-1'), value: 10, source: burndownSource},
	{models: claude('3-7-sonnet|[a-z]+-4|[a-z]+-4-[1-7]'), value: 5, source: burndownSource},
	// The page says "version 4.7 and below"; an earlier one said "3.7 and later". The dearer reading is assumed.
	{models: /^anthropic\.claude-(?:3|v\d|instant)/, value: 5, source: assumed},
	// Newer than the page, or not named on it: like its neighbours.
	{models: /^anthropic\./, value: 10, source: assumed},
	{models: /^openai\.gpt-5\.6-(?:sol|terra|luna)$/, value: 10, source: burndownSource},
	{models: /^openai\.gpt-\d/, value: 10, source: assumed},
	{models: /^xai\./, value: 1, source: assumed},
	// "All other models" of the page.
	{models: /^[a-z][a-z0-9]+\.[a-z]/, value: 1, source: burndownSource},
];

/**
 * The output multiplier of a base model.
 * @param override the user's own value, which wins.
 * @returns `source` says who states the value: the documentation, `override`, or `assumed` where nobody does.
 */
export function burndownOf(baseModel: string, override?: number): Burndown {
	if (override !== undefined) {
		return {value: override, source: 'override'};
	}
	const rule = rules.find(({models}) => models.test(baseModel));
	return rule === undefined ? {value: 1, source: assumed} : {value: rule.value, source: rule.source};
}
