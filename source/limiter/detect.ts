import type {AwsCredentialIdentity} from '@smithy/types';
import {type Clients, createClients} from '../bedrock/clients/clients.ts';
import {type CachedLists, type QuotaCache, quotaCacheFor} from '../bedrock/quotas/account-lists.ts';
import {quotaSourceOf} from '../bedrock/quotas/aws-quota-source.ts';
import {onlyKnown} from '../bedrock/quotas/bucket-quota.ts';
import {resolveTargets} from '../bedrock/quotas/resolve-targets.ts';
import type {Target} from '../domain/target.ts';
import type {ModelName} from './api.ts';
import type {ModelFacts} from './quota.ts';

/** The quotas of the account: loaded when they are asked for, with the clients of AWS that they need. */

const factsOf = (name: ModelName, target: Target, remarks: readonly string[]): ModelFacts => {
	const {requestsPerMinute, tokensPerMinute, outputTokensPerMinute} = target.quota;
	const isUnknown = [requestsPerMinute, tokensPerMinute, outputTokensPerMinute].some(
		(limit) => limit?.state === 'unknown',
	);
	return {
		name: {...name, baseModel: target.baseModel, scope: target.scope},
		quota: onlyKnown(target.quota),
		burndown: target.burndown,
		isDetected: true,
		readAgoMs: 0,
		isUnknown,
		assumed: isUnknown
			? [[`The quota of ${name.model} is not known: its calls pass without a limit.`, ...remarks].join(' ')]
			: [],
	};
};

/** What an account says. */
export type Detection = {
	/** Its bucket and limits of a model. */
	readonly detect: (name: ModelName, isRefreshing: boolean) => Promise<ModelFacts>;
	/** Whose it is: its number, or what stands for the access key where that cannot be found out. */
	readonly owner: Clients['owner'];
	readonly close: () => void;
};

/** @param credentials As clients of the SDK take them; undefined: the SDK's own chain. */
export function createDetection(region: string, credentials: unknown): Detection {
	const clients = createClients(
		{region, profile: undefined, simulatorUrl: undefined},
		{maxSockets: 1, credentials: credentials as AwsCredentialIdentity | undefined},
	);
	const {endpoint} = clients;
	// Keys that are given may be of any account.
	const disk =
		credentials === undefined
			? quotaCacheFor({region, profile: undefined, endpoint}, process.env)
			: undefined;
	const options = {
		source: quotaSourceOf(clients),
		region,
		endpoint,
		override: {requestsPerMinute: undefined, tokensPerMinute: undefined, burndown: undefined},
		tier: null,
		cache: inMemory(disk),
	};
	let last: Promise<unknown> = Promise.resolve();
	return {
		async detect(name, isRefreshing) {
			// One at a time: the next finds the lists that the first has read.
			const detected = last
				.then(async () => resolveTargets([name.model], {...options, isRefreshing}))
				.then(({targets: [target], remarks}) => {
					if (target === undefined) {
						throw new Error(`${name.model} was not resolved.`);
					}
					return factsOf(name, target, remarks);
				});
			last = detected.catch(() => undefined);
			return detected;
		},
		owner: clients.owner,
		close: clients.close,
	};
}

/** Lists that were read, also where the disk keeps none. */
const inMemory = (disk: QuotaCache | undefined): QuotaCache => {
	let lists: CachedLists = {};
	return {
		read: async () => ({...(await disk?.read()), ...lists}),
		async write(read) {
			lists = {...lists, ...read};
			await disk?.write(read);
		},
	};
};
