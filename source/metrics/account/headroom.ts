import type {RunSpec} from '../../engine/run-spec.ts';
import type {Limit, Target} from '../../engine/target.ts';
import {formatCount, formatPercent, formatTokens} from '../../text/numbers.ts';
import type {Plan} from '../plan.ts';
import type {AccountBucket, MinuteUse} from './account-snapshot.ts';

/** From here on a run that shares a bucket with others asks before it starts. */
export const crowdedFraction = 0.9;

type Dimension = {
	readonly word: 'requests' | 'quota tokens';
	readonly limit: Limit;
	readonly others: number;
	/** Most that the run could send in a minute if nothing held it back. */
	readonly demand: number;
};

const dimensionsOf = (
	{requests, quotaTokens, targets}: Plan,
	{load}: Pick<RunSpec, 'load'>,
	target: Target,
	others: MinuteUse,
): readonly Dimension[] => {
	const share = 1 / Math.max(1, targets.length);
	const wanted = load.shape === 'rate' ? (load.ratePerMinute ?? Infinity) : (requests ?? Infinity);
	const perRequest = requests === null || quotaTokens === null ? Infinity : quotaTokens / requests;
	return [
		{
			word: 'requests',
			limit: target.quota.requestsPerMinute,
			others: others.requests,
			demand: wanted * share,
		},
		{
			word: 'quota tokens',
			limit: target.quota.tokensPerMinute,
			others: others.quotaTokens,
			demand: load.shape === 'rate' ? wanted * share * perRequest : (quotaTokens ?? Infinity) * share,
		},
	];
};

/** Greatest use of a minute with the run in it: admission leaves the others what they have. */
const peakOf = ({limit, others, demand}: Dimension, share: number): number => {
	const open = Math.max(0, (limit.value ?? 0) * share - others);
	return others + Math.min(demand, open);
};

/**
 * Whether a run would push a bucket that others use over 90 % of a limit. A bucket that nobody else uses may be filled:
 * that is what a benchmark is for.
 * @param buckets Of each target: what the account uses; undefined where it is not known.
 * @returns a sentence for the plan; undefined where there is room enough.
 */
export const crowdingOf = (
	plan: Plan,
	spec: Pick<RunSpec, 'load' | 'share' | 'targets'>,
	buckets: ReadonlyArray<AccountBucket | undefined>,
): string | undefined => {
	for (const [index, target] of spec.targets.entries()) {
		const others = buckets[index]?.others;
		const crowded =
			others === undefined
				? undefined
				: dimensionsOf(plan, spec, target, others).find(
						(dimension) =>
							dimension.limit.state === 'known' &&
							dimension.others > 0 &&
							peakOf(dimension, spec.share) > crowdedFraction * (dimension.limit.value ?? 0),
					);
		if (crowded !== undefined) {
			const limit = crowded.limit.value ?? 0;
			const format = crowded.word === 'requests' ? formatCount : formatTokens;
			return `Others use ${format(crowded.others)} of ${format(limit)} ${crowded.word} a minute of ${target.baseModel} (${target.scope}); with this run it would be ${formatPercent(peakOf(crowded, spec.share) / limit)}.`;
		}
	}
	return undefined;
};

/** How much room others leave, for the plan; undefined where nobody else is there, or it is not known. */
export const headroomRemark = (target: Target, bucket: AccountBucket | undefined): string | undefined => {
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
		: `Others in the account use ${parts.join(' and ')} of a minute: the rest is what this run may take.`;
};
