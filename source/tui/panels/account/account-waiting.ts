import type {AccountRegion} from '../../../domain/account-snapshot.ts';
import {hangingLines} from '../../../text/hanging.ts';
import {type Line, segment} from '../../../text/segment.ts';
import {cleanText, wrapText} from '../../../text/width.ts';

/**
 * What stands in place of the rows of a table that has none: what is waited for, or why there is nothing and what helps.
 * @param regions The Regions that the table is about.
 */
export function emptyTableLines(
	regions: readonly AccountRegion[],
	filter: string,
	width: number,
): readonly Line[] {
	if (filter !== '' && regions.some(({buckets}) => buckets.length > 0)) {
		return sentence(`nothing holds "${cleanText(filter)}"; Esc clears the filter`, width);
	}
	const waited = regions.filter(({phase}) => phase === 'loading');
	if (waited.length > 0 || regions.length === 0) {
		return waitingLines(waited, width);
	}
	const names = regions.map(({region}) => cleanText(region)).join(', ');
	return sentence(
		regions.every(({phase}) => phase === 'failed')
			? `Nothing can be told of ${names}: the reason stands below. R chooses other Regions.`
			: `No bucket of ${names} is in use or has a known limit. What could not be read stands below; R chooses other Regions, M lists the models that can be run.`,
		width,
	);
}

/** What the first look waits for. */
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
