import type {AccountBucket, AccountRegion, Alert, AlertFigure} from '../domain/account-snapshot.ts';
import {dayQuotaOf, type Limit} from '../domain/target.ts';
import {formatPercent} from '../text/numbers.ts';
import {cleanText} from '../text/width.ts';

/** Alerts on the account: percent of a limit that is in use. */

/** An alert that is met by one bucket. */
export type RaisedAlert = {
	readonly alert: Alert;
	readonly bucket: AccountBucket;
	readonly percent: number;
	/** Where and when. */
	readonly of: Pick<AccountRegion, 'account' | 'simulated' | 'at'>;
};

/** Part of a limit, 0 to 1 and above; null without a limit or a figure. A limit of 0 is in use as soon as anything is. */
export function fractionOf(used: number | null, limit: Limit | undefined): number | null {
	if (used === null || limit?.value == null || (limit.state !== 'known' && limit.state !== 'blocked')) {
		return null;
	}
	return limit.value > 0 ? used / limit.value : used > 0 ? 1 : 0;
}

/** What is used of a limit; null where it is not known. */
type LimitUse = {readonly used: number | null; readonly limit: Limit};

/** What a bucket uses of each limit; of tokens, where output has a limit of its own, the one that is nearer. */
export function usesOf(bucket: AccountBucket): Readonly<Record<AlertFigure, LimitUse>> {
	const {quota, use, minute, dayTokens, reported} = bucket;
	const isKnown = minute !== null || bucket.own.requests > 0;
	const ofMinute = (used: number, limit: Limit): LimitUse => ({used: isKnown ? used : null, limit});
	const tokens = ofMinute(use.quotaTokens, quota.tokensPerMinute);
	const output = quota.outputTokensPerMinute && ofMinute(reported.outputTokens, quota.outputTokensPerMinute);
	return {
		requests: ofMinute(use.requests, quota.requestsPerMinute),
		tokens: output !== undefined && (partOf(output) ?? -1) > (partOf(tokens) ?? -1) ? output : tokens,
		day: {used: dayTokens, limit: dayQuotaOf(quota).limit},
	};
}

const partOf = ({used, limit}: LimitUse): number | null => fractionOf(used, limit);

/** Parts of its limits that a bucket uses. */
export function fractionsOf(bucket: AccountBucket): Readonly<Record<AlertFigure, number | null>> {
	const {requests, tokens, day} = usesOf(bucket);
	return {requests: partOf(requests), tokens: partOf(tokens), day: partOf(day)};
}

const holds = (percent: number, {operator, bound}: Alert): boolean => {
	switch (operator) {
		case '<=':
			return percent <= bound;
		case '>=':
			return percent >= bound;
		case '==':
			return percent === bound;
		case '!=':
			return percent !== bound;
		case '<':
			return percent < bound;
		case '>':
			return percent > bound;
	}
};

/** Alerts that are met in a Region; never by idle buckets or unknown figures. */
export function raisedAlerts(alerts: readonly Alert[], region: AccountRegion): readonly RaisedAlert[] {
	const {account, simulated, at} = region;
	const of = {...(account === undefined ? {} : {account}), simulated, at};
	return region.buckets
		.filter(({activity}) => activity !== 'idle')
		.flatMap((bucket) => {
			const fractions = fractionsOf(bucket);
			return alerts.flatMap((alert) => {
				const fraction = fractions[alert.figure];
				const percent = fraction === null ? null : fraction * 100;
				return percent !== null && holds(percent, alert) ? [{alert, bucket, percent, of}] : [];
			});
		});
}

/** A raised alert in a sentence. */
export function raisedWords({alert, bucket, percent}: RaisedAlert): string {
	return `${alert.text}: ${cleanText(bucket.model)} (${bucket.scope}, ${cleanText(bucket.region)}${bucket.owner === undefined ? '' : `, account ${cleanText(bucket.owner)}`}) uses ${formatPercent(percent / 100)} of its ${alert.figure === 'day' ? 'daily tokens' : `${alert.figure} per minute`}.`;
}

/** Identifies an alert, so that it is raised once. */
export function raisedId({alert, bucket}: RaisedAlert): string {
	return `${alert.text} ${bucket.profile ?? ''} ${bucket.region} ${bucket.key}`;
}
