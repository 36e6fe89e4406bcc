import {gaugeLevel, gaugeLevels} from '../../../text/gauge.ts';
import {formatPercent} from '../../../text/numbers.ts';
import {type Line, segment} from '../../../text/segment.ts';
import {accountStatus} from '../../../view/account/account-status.ts';
import {listedBuckets} from '../../../view/account/listed-buckets.ts';
import type {State} from '../../../view/state.ts';

/** Buckets that are named where there is no room for a table. */
const mostBuckets = 3;

/** The least that must be known of the account: how full its fullest buckets are, in parts that are put side by side. */
export function accountTinyParts(state: State): readonly Line[] {
	const {word, tone} = accountStatus(state);
	const rows = listedBuckets(state).filter(
		({bucket, fullest}) => bucket.activity !== 'idle' && fullest !== null,
	);
	return [
		[segment(word, tone)],
		...rows.slice(0, mostBuckets).map(({model, fullest}): Line => {
			const {glyph, tone: levelTone} = gaugeLevels[gaugeLevel(fullest)];
			return [segment(`${model} `), segment(`${formatPercent(fullest)}${glyph}`, levelTone)];
		}),
	];
}
