import type {AccountBucket} from '../domain/account-snapshot.ts';
import {leftBeside} from '../domain/bucket-usage.ts';
import type {Plan} from '../domain/run-config.ts';
import type {RunSpec} from '../domain/run-spec.ts';
import type {Limit, Target} from '../domain/target.ts';
import {formatCount, formatPercent, formatTokens} from '../text/numbers.ts';

/** Above this part of a limit a run that shares the bucket with others asks before it starts. */
const crowdedFraction = 0.9;

type Dimension = {
	readonly word: 'requests' | 'quota tokens' | 'quota tokens of the day';
	readonly limit: Limit;
	readonly others: number;
	/** What the run could send per minute, or in all, if nothing held it back. */
	readonly demand: number;
	/** Part of the limit that the run may fill. */
	readonly share: number;
};

const dimensionsOf = (
	{requests, quotaTokens, targets}: Plan,
	{load, share}: Pick<RunSpec, 'load' | 'share'>,
	target: Target,
	{others, dayTokens}: AccountBucket,
): readonly Dimension[] => {
	const part = 1 / Math.max(1, targets.length);
	const inAll = (quotaTokens ?? Infinity) * part;
	const wanted = load.shape === 'rate' ? (load.ratePerMinute ?? Infinity) : (requests ?? Infinity);
	const perRequest = requests === null || quotaTokens === null ? Infinity : quotaTokens / requests;
	return [
		{
			word: 'requests',
			limit: target.quota.requestsPerMinute,
			others: others.requests,
			demand: wanted * part,
			share,
		},
		{
			word: 'quota tokens',
			limit: target.quota.tokensPerMinute,
			others: others.quotaTokens,
			demand: load.shape === 'rate' ? wanted * part * perRequest : inAll,
			share,
		},
		// What is used of the day is gone, by others or by the user.
		{
			word: 'quota tokens of the day',
			limit: target.quota.tokensPerDay,
			others: dayTokens ?? 0,
			demand: inAll,
			share: 1,
		},
	];
};

/** Greatest use per minute, or of the day, with the run in it: admission leaves others what they use. */
const peakOf = ({limit, others, demand, share}: Dimension): number => {
	return others + Math.min(demand, Math.max(0, leftBeside(limit.value ?? 0, share, others)));
};

/**
 * Whether a run would push a bucket that others use over 90% of a limit. A bucket that only this run uses may be
 * filled: that is the purpose of a benchmark.
 * @param buckets Of each target: what the account uses; undefined where it is not known.
 * @returns a sentence for the plan; undefined where there is room enough.
 */
export function crowdingOf(
	plan: Plan,
	spec: Pick<RunSpec, 'load' | 'share' | 'targets'>,
	buckets: ReadonlyArray<AccountBucket | undefined>,
): string | undefined {
	for (const [index, target] of spec.targets.entries()) {
		const bucket = buckets[index];
		const crowded =
			bucket === undefined
				? undefined
				: dimensionsOf(plan, spec, target, bucket).find(
						(dimension) =>
							dimension.limit.state === 'known' &&
							dimension.others > 0 &&
							peakOf(dimension) > crowdedFraction * (dimension.limit.value ?? 0),
					);
		if (crowded !== undefined) {
			return crowdedWords(crowded, target);
		}
	}
	return undefined;
}

/** CloudWatch does not say whose requests it counts: runs of this host are taken off, those of other machines can't be. */
const ownIncluded = 'your own runs on other machines included';

const crowdedWords = (crowded: Dimension, {baseModel, scope}: Target): string => {
	const {word, others} = crowded;
	const limit = crowded.limit.value ?? 0;
	const format = word === 'requests' ? formatCount : formatTokens;
	const used = `${format(others)} of ${format(limit)} ${word}`;
	const after = `with this run it would be ${formatPercent(peakOf(crowded) / limit)}.`;
	return word === 'quota tokens of the day'
		? `${used} are used up by now of ${baseModel} (${scope}); ${after}`
		: `Others use ${used} per minute of ${baseModel} (${scope}), ${ownIncluded}; ${after}`;
};

/**
 * Says that a day's quota is used up, by CloudWatch; undefined where there is some of it, or it is not known.
 * @param bucket What the account uses.
 */
export function dayUsedUp(
	{quota: {tokensPerDay}}: Target,
	bucket: AccountBucket | undefined,
): string | undefined {
	const used = bucket?.dayTokens ?? null;
	const limit = tokensPerDay.state === 'known' ? tokensPerDay.value : null;
	return used === null || limit === null || used < limit
		? undefined
		: `daily token quota used up: ${formatTokens(used)} of ${formatTokens(limit)}, resets 00:00 UTC`;
}

/** Room that others leave, for the plan; undefined where others use nothing, or it is not known. */
export function headroomRemark(target: Target, bucket: AccountBucket | undefined): string | undefined {
	const {requests = 0, quotaTokens = 0} = bucket?.others ?? {};
	if (requests < 0.5 && quotaTokens < 0.5) {
		return undefined;
	}
	const {requestsPerMinute, tokensPerMinute} = target.quota;
	const parts = [
		...(requestsPerMinute.state === 'known'
			? [`${formatPercent(requests / (requestsPerMinute.value ?? 1))} of the requests`]
			: []),
		...(tokensPerMinute.state === 'known'
			? [`${formatPercent(quotaTokens / (tokensPerMinute.value ?? 1))} of the quota tokens`]
			: []),
	];
	return parts.length === 0
		? undefined
		: `Others in the account use ${parts.join(' and ')} per minute, ${ownIncluded}: the rest is what this run may take.`;
}
