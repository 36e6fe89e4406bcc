import type {Target} from '../../domain/target.ts';
import type {Identity} from '../identify/identify.ts';
import type {AccountLists} from '../quotas/account-lists.ts';

/** What has to be known about one row of the account, a sentence each. */

/** Names of quotas that Service Quotas has more than once, under several codes. */
export const duplicateNames = ({applied, defaults}: AccountLists): ReadonlySet<string> => {
	const codes = new Map<string, Set<string>>();
	for (const {name, code} of [...applied, ...defaults]) {
		codes.set(name, (codes.get(name) ?? new Set()).add(code ?? ''));
	}
	return new Set([...codes].filter(([, known]) => known.size > 1).map(([name]) => name));
};

type Context = {
	readonly isLatencyOptimized: boolean;
	readonly failures: AccountLists['failures'];
	readonly duplicates: ReadonlySet<string>;
};

/** Sentences about a bucket. */
export const modelNotes = (identity: Identity, target: Target, context: Context): readonly string[] => {
	if (context.isLatencyOptimized) {
		return ['Latency-optimised calls have small quotas of their own, which are not told.'];
	}
	const hidden = hiddenNote(identity, context);
	return hidden === undefined ? quotaNotes(target, context) : [hidden];
};

const hiddenNote = ({kind, isResolved}: Identity, {failures}: Context): string | undefined => {
	if (isResolved) {
		return undefined;
	}
	switch (kind) {
		case 'provisioned-model':
			return 'Purchased capacity: quotas a minute do not limit it.';
		case 'prompt-router':
			return 'A router chooses among models, each with quotas of its own.';
		case 'application-profile':
			return 'An application profile that could not be looked up: its bucket is not known.';
		default:
			return failures.get('applicationProfiles')?.kind === 'denied'
				? 'Perhaps an application profile; allow bedrock:ListInferenceProfiles to see its bucket.'
				: 'This ModelId hides its model, so its quotas are not known.';
	}
};

const quotaNotes = ({quota, baseModel}: Target, {duplicates}: Context): readonly string[] => {
	const limits = [quota.requestsPerMinute, quota.tokensPerMinute, quota.tokensPerDay];
	const blocked = limits.filter(({state}) => state === 'blocked');
	const twice = limits.filter(({name}) => name !== null && duplicates.has(name));
	const isUnknown = limits.slice(0, 2).every(({state}) => state === 'unknown');
	return [
		...(blocked.length === 0
			? []
			: [
					`Blocked: AWS has set ${blocked.map(({name}) => `"${name}"`).join(' and ')} to 0. AWS Support can raise it.`,
				]),
		...(twice.length === 0
			? []
			: [
					`Service Quotas has "${twice[0]?.name}" more than once; the one with code ${twice[0]?.code} is shown.`,
				]),
		...(isUnknown ? [`No quota name is exactly about ${baseModel}: its limits are not known.`] : []),
	];
};
