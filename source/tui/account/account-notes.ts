import {watchCostWords} from '../../account/poll-plan.ts';
import type {WhatToChange} from '../../account/what-to-change.ts';
import type {AccountRegion} from '../../domain/account-snapshot.ts';
import {gaugeBar} from '../../text/bars.ts';
import {formatCount, formatDurationMs, formatNumber, formatTokens, formatUsd} from '../../text/numbers.ts';
import {hangingLines, type Line, segment} from '../../text/segment.ts';
import {cleanText, fitText, wrapText} from '../../text/width.ts';
import {type AccountRow, accountDayWords, provisionedWords} from '../../view/account/account-rows.ts';
import {sourceWords} from '../../view/quotas.ts';

/**
 * Sentences below the table: what to change about the selected row, what is missing, and the cost of polling.
 * @returns at most `height` lines; a sentence that has no room is left out and not cut.
 */
export function accountNoteLines(
	regions: readonly AccountRegion[],
	selected: AccountRow | undefined,
	advice: WhatToChange | undefined,
	{width, height}: {readonly width: number; readonly height: number},
): readonly Line[] {
	const severalRegions = regions.length > 1;
	const rest = [
		...rowNotes(selected).map((note) => hangingLines(segment('› ', 'accent'), note, width)),
		...regions.flatMap(({provisioned = [], region, profile}) =>
			provisioned.map((each) =>
				hangingLines(
					segment('· ', 'muted'),
					`${severalRegions ? `${sourceWords({profile, region})}: ` : ''}${provisionedWords(each)}`,
					width,
				),
			),
		),
		...regions.flatMap(({remarks, region, profile}) =>
			remarks.map((remark) =>
				hangingLines(
					segment('! ', 'warning'),
					cleanText(severalRegions ? `${sourceWords({profile, region})}: ${remark}` : remark),
					width,
				),
			),
		),
		...(regions.every(({cost}) => cost.calls === 0)
			? []
			: [hangingLines(segment('$ ', 'muted'), costWords(regions), width, 'muted')]),
	];
	if (selected === undefined || advice === undefined) {
		return fitting(rest, height);
	}
	const [first, ...more] = advice.changes;
	const all = [...adviceLines(selected, advice, width), ...rest];
	if (more.length === 0 || all.flat().length <= height) {
		return fitting(all, height);
	}
	const brief = `${first} Enter: ${formatCount(more.length)} more.`;
	return fitting([...adviceLines(selected, {...advice, changes: [brief]}, width), ...rest], height);
}

const dayBarWidth = 10;

/** The quota of the day that all models share: a row with its gauge for each Region that has one. */
export function accountDayLines(regions: readonly AccountRegion[], width: number): readonly Line[] {
	return regions.flatMap(({region, profile, day, at}): readonly Line[] => {
		if (day === undefined) {
			return [];
		}
		const bar = gaugeBar({used: day.tokens ?? 0, reserved: 0, limit: day.limit.value}, dayBarWidth);
		const name = `day, all models${regions.length > 1 ? ` in ${sourceWords({profile, region})}` : ''}`;
		const text = fitText(
			`${name}  ${accountDayWords(day, at).join(' · ')}`,
			Math.max(1, width - dayBarWidth - 3),
		);
		return [[segment('  '), ...bar, segment(' '), segment(text)]];
	});
}

/** The sentences that fit, the first ones before the others. */
const fitting = (sentences: ReadonlyArray<readonly Line[]>, height: number): readonly Line[] => {
	const lines: Line[] = [];
	for (const sentence of sentences) {
		if (lines.length + sentence.length <= height) {
			lines.push(...sentence);
		}
	}
	return lines;
};

/** How the row stands, and what to change. */
const adviceLines = (
	{model, bucket}: AccountRow,
	{state, changes}: WhatToChange,
	width: number,
): ReadonlyArray<readonly Line[]> => [
	hangingLines(segment('› ', 'accent'), `${model} (${bucket.scope}): ${state}`, width),
	...changes.map((change) => hangingLines(segment('→ ', 'accent'), change, width)),
];

/** Notes about a row. */
export function rowNotes(row: AccountRow | undefined): readonly string[] {
	if (row === undefined) {
		return [];
	}
	const {notes, disagreement, burndown, model, scope} = row.bucket;
	return [
		...notes.map((note) => cleanText(`${model} (${scope}): ${note}`)),
		...(disagreement === null
			? []
			: [
					`In the last hour the service counted ${formatTokens(disagreement.estimated)} quota tokens; the formula with burndown ${formatNumber(burndown.value)} (${burndown.source}) gives ${formatTokens(disagreement.computed)}${disagreement.burndown === null ? '.' : `: burndown ${formatNumber(disagreement.burndown)} would explain it (--burndown sets it).`}`,
				]),
	];
}

/** What each account costs, where several are watched. */
function perAccountWords(regions: readonly AccountRegion[]): string {
	const byProfile = Map.groupBy(regions, ({profile}) => profile);
	const words = [...byProfile].map(([profile = '', members]) => {
		const usd = members.reduce((sum, {cost}) => sum + cost.usdPerHour, 0);
		return `${cleanText(profile)} ${formatUsd(usd)}`;
	});
	return words.length < 2 ? '' : `; per hour ${words.join(', ')}`;
}

function costWords(regions: readonly AccountRegion[]): string {
	const next = Math.min(...regions.map(({nextPollSeconds}) => nextPollSeconds));
	const pace = Number.isFinite(next) && next > 90 ? `, next in ${formatDurationMs(next * 1000)}` : '';
	return `CloudWatch, read every minute${pace}: ${watchCostWords(regions.map(({cost}) => cost))}${perAccountWords(regions)}.`;
}

/**
 * Shown instead of rows: what is being loaded, or why there is nothing and what helps.
 * @param regions The Regions that the table is about.
 */
export function emptyTableLines(
	regions: readonly AccountRegion[],
	filter: string,
	width: number,
): readonly Line[] {
	if (filter !== '' && regions.some(({buckets}) => buckets.length > 0)) {
		return sentence(`nothing matches "${cleanText(filter)}"; Esc clears the filter`, width);
	}
	const waited = regions.filter(({phase}) => phase === 'loading');
	if (waited.length > 0 || regions.length === 0) {
		return waitingLines(waited, width);
	}
	const names = regions.map(({profile, region}) => sourceWords({profile, region})).join(', ');
	return sentence(
		regions.every(({phase}) => phase === 'failed')
			? `Nothing is known about ${names}: the reason is below. R chooses other Regions.`
			: `No bucket of ${names} is in use or has a known limit. What could not be read is below; R chooses other Regions, M lists the models that can be run.`,
		width,
	);
}

/** What the first report waits for. */
function waitingLines(regions: readonly AccountRegion[], width: number): readonly Line[] {
	const waitingFor = [...new Set(regions.flatMap((region) => region.waitingFor))];
	return waitingFor.length === 0
		? sentence('opening the account', width)
		: [
				...sentence('The first look at the account waits for', width),
				...waitingFor.flatMap((what) => hangingLines(segment('  · ', 'accent'), cleanText(what), width)),
			];
}

function sentence(text: string, width: number): readonly Line[] {
	return wrapText(text, width).map((line): Line => [segment(line, 'muted')]);
}
