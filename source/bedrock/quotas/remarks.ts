import {dayQuotaOf, type Quota, type Target} from '../../domain/target.ts';
import {didYouMean} from '../../text/nearest-name.ts';
import type {Identity, ModelIndex} from '../identify/identify.ts';
import type {AccountLists} from './account-lists.ts';
import {actions, type ListName, type SourceError} from './quota-source.ts';

/** Sentences for the user about quotas that are not plain, each with the way out. */

type Failures = AccountLists['failures'];

const otherCallerRemark =
	'AWS_BEARER_TOKEN_BEDROCK calls Bedrock, but Service Quotas and CloudWatch do not take it: quotas and metrics are read with other credentials, perhaps of another account, and are marked other-caller.';

/** Sentences about lists that could not be read, or were read as another caller. */
export function listRemarks(failures: Failures, hasBearerToken: boolean): string[] {
	const quotaLists = (['applied', 'defaults'] as const).filter((name) => failures.has(name));
	const modelLists = (['models', 'profiles'] as const).filter((name) => failures.has(name));
	return [
		...(hasBearerToken && quotaLists.length < 2 ? [otherCallerRemark] : []),
		...quotaRemarks(failures, quotaLists, hasBearerToken),
		...modelRemarks(failures, modelLists),
	];
}

const quotaRemarks = (
	failures: Failures,
	failed: ReadonlyArray<'applied' | 'defaults'>,
	hasBearerToken: boolean,
): string[] => {
	const [first] = failed;
	if (first === undefined) {
		return [];
	}
	const reason =
		hasBearerToken && failures.get(first)?.kind === 'credentials'
			? 'it does not accept AWS_BEARER_TOKEN_BEDROCK; give AWS credentials as well'
			: reasonOf(failures.get(first), failed);
	if (failed.length === 2) {
		return [
			`Service Quotas could not be read (${reason}): limits are assumed. --rpm and --tpm set them by hand.`,
		];
	}
	return first === 'applied'
		? [
				`The account's own quotas could not be read (${reason}): AWS's defaults are shown, which may be higher.`,
			]
		: [`AWS's default quotas could not be read (${reason}): only the account's own are shown.`];
};

const reasonOf = (failure: SourceError | undefined, lists: readonly ListName[]): string => {
	const needed = [...new Set(lists.map((name) => actions[name]))].join(' and ');
	switch (failure?.kind) {
		case 'denied':
			return `IAM permission needed: ${needed}`;
		case 'credentials':
			return `no credentials that it accepts: ${clause(failure.message)}`;
		case 'network':
			return `not reachable: ${clause(failure.message)}`;
		default:
			return failure?.message ?? 'no answer';
	}
};

/** Without its full stop. */
const clause = (sentence: string): string => sentence.replace(/\.$/, '');

const modelRemarks = (failures: Failures, failed: ReadonlyArray<'models' | 'profiles'>): string[] => {
	const [first] = failed;
	return first === undefined
		? []
		: [
				`Models of the Region could not be listed (${reasonOf(failures.get(first), failed)}): identifiers are judged by their form.`,
			];
};

/** Sentences about one target. */
export function targetRemarks(
	identity: Identity,
	target: Target,
	{
		isMatched,
		region,
		failures,
		modelIndex,
	}: {isMatched: boolean; region: string; failures: Failures; modelIndex: ModelIndex},
): string[] {
	const remarks: string[] = [];
	if (identity.region !== undefined && identity.region !== region) {
		remarks.push(
			`${target.model} belongs to ${identity.region}, but requests go to ${region}: its quotas may be others.`,
		);
	}
	const kindRemark = kindRemarkOf(identity, failures);
	if (kindRemark !== undefined) {
		return [...remarks, kindRemark];
	}
	// What bedrock-runtime lists says nothing of bedrock-mantle.
	const routeRemark = identity.scope === 'mantle' ? undefined : routeRemarkOf(identity, region, modelIndex);
	if (routeRemark !== undefined) {
		remarks.push(routeRemark);
	}
	const isReadable = !(failures.has('applied') && failures.has('defaults'));
	if (!isMatched && isReadable) {
		remarks.push(
			`${target.model}: no quota name is exactly about ${target.baseModel}, so its limits are assumed. --rpm and --tpm set them by hand.`,
		);
	}
	return isMatched ? [...remarks, ...matchedRemarks(target)] : remarks;
}

const kindRemarkOf = ({kind, model, isResolved}: Identity, failures: Failures): string | undefined => {
	switch (kind) {
		case 'base-model':
		case 'inference-profile':
			return undefined;
		case 'application-profile':
			return isResolved
				? undefined
				: `${model} could not be resolved (${failures.get('lookedUp')?.kind === 'denied' ? 'IAM permission needed: bedrock:GetInferenceProfile' : 'GetInferenceProfile did not find its model'}): its limits are assumed.`;
		case 'provisioned-model':
			return `${model} runs on purchased capacity, which quotas per minute do not limit.`;
		case 'prompt-router':
			return `${model} chooses among models, each with its own quotas: its limits are assumed.`;
		case 'custom-model':
		case 'imported-model':
		case 'other':
			return `${model} hides its foundation model, and its quotas are others: its limits are assumed.`;
	}
};

/** What the Region's own lists say against calling a model this way, before anything is sent. */
const routeRemarkOf = (
	{kind, model, baseModel}: Identity,
	region: string,
	modelIndex: ModelIndex,
): string | undefined => {
	const profiles = modelIndex.profilesOf(baseModel);
	const listed = modelIndex.model(baseModel);
	const others = profiles === undefined || profiles.length === 0 ? undefined : profiles.join(', ');
	if (kind === 'inference-profile') {
		const isListed =
			profiles === undefined || profiles.includes(model) || modelIndex.profile(model) !== undefined;
		return isListed
			? undefined
			: `${region} lists no inference profile ${model}${others === undefined ? '' : `, but ${others}`}.`;
	}
	if (listed === undefined) {
		return modelIndex.models.length === 0
			? undefined
			: `${region} lists no model ${model}. ${didYouMean(model, [...modelIndex.models.map(({modelId}) => modelId), ...(profiles ?? [])])}"bedrock-top models" lists what can be run.`;
	}
	const {inferenceTypes} = listed;
	return inferenceTypes.length === 0 || inferenceTypes.includes('ON_DEMAND')
		? undefined
		: `${model} is not offered on demand in ${region}${others === undefined ? '' : `: call it as ${others}`}.`;
};

/** Both readings of what holds of the day once tokens per minute were raised; undefined where that is not open. */
export function undecidedDayWords(quota: Quota): string | undefined {
	const {limit, isShared} = dayQuotaOf(quota);
	if (limit.state !== 'unknown' || limit.name === null) {
		return undefined;
	}
	const stated = (limit.applied ?? limit.default)?.toLocaleString('en-US');
	return `its tokens per minute were raised, and AWS says of its tokens per day (${stated}${isShared ? ' over all models' : ''}, ${limit.code ?? limit.name}) "not applicable in case of approved TPM increase": it may be this number or no limit. The service decides; the run does not stop for it.`;
}

const matchedRemarks = ({model, scope, quota}: Target): string[] => {
	const blocked = limitsOf(quota).filter(({state}) => state === 'blocked');
	if (blocked.length > 0) {
		return [
			`${model}: AWS has set ${blocked.map(({name}) => `"${name}"`).join(' and ')} to 0 for this account. AWS Support can raise it.`,
		];
	}
	const undecided = undecidedDayWords(quota);
	if (undecided !== undefined) {
		return [`${model}: ${undecided}`];
	}
	const isUnlimited = quota.requestsPerMinute.state === 'none' && quota.tokensPerMinute.state === 'none';
	return isUnlimited
		? [`${model}: Service Quotas has no ${scope} limit for it, so it is perhaps not offered that way.`]
		: [];
};

const limitsOf = (quota: Quota) => [quota.requestsPerMinute, quota.tokensPerMinute, quota.tokensPerDay];
