import {metricPrice} from '../../../account/watch-cost.ts';
import type {AccountRegion} from '../../../domain/account-snapshot.ts';
import {hangingLines} from '../../../text/hanging.ts';
import {formatCount, formatNumber, formatTokens, formatUsd} from '../../../text/numbers.ts';
import {type Line, segment} from '../../../text/segment.ts';
import {cleanText} from '../../../text/width.ts';
import type {AccountRow} from '../../../view/account/account-row.ts';

/** Sentences below the table: about the selected row, about what is missing, and what looking costs. */
export function accountNoteLines(
	regions: readonly AccountRegion[],
	selected: AccountRow | undefined,
	width: number,
): readonly Line[] {
	const severalRegions = regions.length > 1;
	return [
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

/** What has to be known about a row. */
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
	const sum = (of: (region: AccountRegion) => number): number =>
		regions.reduce((total, region) => total + of(region), 0);
	const metrics = sum(({cost}) => cost.metrics);
	const perHour = sum(({cost}) => cost.usdPerHour);
	const next = Math.min(...regions.map(({nextPollSeconds}) => nextPollSeconds));
	return `CloudWatch was asked for ${formatCount(metrics)} metrics (${formatUsd(sum(({cost}) => cost.usd))}), about ${formatUsd(perHour)} an hour${metricPrice.isVerified ? '' : ', by a price that is not verified'}; looks once a minute${Number.isFinite(next) && next > 90 ? `, now again in ${formatCount(next)} s` : ''}.`;
}
