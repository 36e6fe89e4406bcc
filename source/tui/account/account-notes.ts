import {watchCostWords} from '../../account/watch-cost.ts';
import type {WhatToChange} from '../../account/what-to-change.ts';
import type {AccountRegion} from '../../domain/account-snapshot.ts';
import {formatCount, formatDurationMs, formatNumber, formatTokens} from '../../text/numbers.ts';
import {hangingLines, type Line, segment} from '../../text/segment.ts';
import {cleanText, wrapText} from '../../text/width.ts';
import type {AccountRow} from '../../view/account/account-rows.ts';

/** Sentences below the table: what to change about the selected row, what is missing, and the cost of polling. */
export function accountNoteLines(
	regions: readonly AccountRegion[],
	selected: AccountRow | undefined,
	advice: WhatToChange | undefined,
	width: number,
): readonly Line[] {
	const severalRegions = regions.length > 1;
	return [
		...(selected === undefined || advice === undefined ? [] : adviceLines(selected, advice, width)),
		...rowNotes(selected).flatMap((note) => hangingLines(segment('› ', 'accent'), note, width)),
		...regions.flatMap(({region, remarks}) =>
			remarks.flatMap((remark) =>
				hangingLines(
					segment('! ', 'warning'),
					cleanText(severalRegions ? `${region}: ${remark}` : remark),
					width,
				),
			),
		),
		...(regions.every(({cost}) => cost.calls === 0)
			? []
			: hangingLines(segment('$ ', 'muted'), costWords(regions), width, 'muted')),
	];
}

/** How the row stands, and the most useful change; Enter has the others. */
function adviceLines({model, bucket}: AccountRow, advice: WhatToChange, width: number): readonly Line[] {
	const {state, changes} = advice;
	const [first, ...more] = changes;
	const others = more.length === 0 ? '' : ` Enter: ${formatCount(more.length)} more.`;
	return [
		...hangingLines(segment('› ', 'accent'), `${model} (${bucket.scope}): ${state}`, width),
		...(first === undefined ? [] : hangingLines(segment('→ ', 'accent'), `${first}${others}`, width)),
	];
}

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

function costWords(regions: readonly AccountRegion[]): string {
	const next = Math.min(...regions.map(({nextPollSeconds}) => nextPollSeconds));
	const pace = Number.isFinite(next) && next > 90 ? `, next in ${formatDurationMs(next * 1000)}` : '';
	return `CloudWatch, read every minute${pace}: ${watchCostWords(regions.map(({cost}) => cost))}.`;
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
	const names = regions.map(({region}) => cleanText(region)).join(', ');
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
