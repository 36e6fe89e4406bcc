import type {
	FoundationModel,
	InferenceProfile,
	ListedQuota,
	ProfileType,
	QuotaSource,
} from '../../../source/bedrock/quotas/quota-source.ts';

/** An account of plain data, in pages, which counts what is asked of it and how many answers had to be waited for in a row. */

export type FakeAccount = {
	readonly applied?: readonly ListedQuota[];
	readonly defaults?: readonly ListedQuota[];
	readonly models?: readonly FoundationModel[];
	readonly profiles?: readonly InferenceProfile[];
	readonly applicationProfiles?: readonly InferenceProfile[];
	readonly pageSize?: number;
	/** Lists that are refused, by method name. */
	readonly failures?: Readonly<Partial<Record<keyof QuotaSource, Error>>>;
	readonly hasBearerToken?: boolean;
};

export const listed = (
	name: string,
	value: number | null,
	facts: Partial<ListedQuota> = {},
): ListedQuota => ({
	code: `L-${name}`,
	name,
	value,
	adjustable: true,
	...facts,
});

export const foundationModel = (modelId: string, facts: Partial<FoundationModel> = {}): FoundationModel => ({
	modelId,
	modelName: null,
	providerName: null,
	isStreaming: true,
	outputModalities: ['TEXT'],
	inferenceTypes: ['ON_DEMAND'],
	lifecycle: 'ACTIVE',
	...facts,
});

const account = '123456789012';
export const modelArn = (baseModel: string, region = 'us-east-1') =>
	`arn:aws:bedrock:${region}::foundation-model/${baseModel}`;

export const systemProfile = (id: string): InferenceProfile => ({
	id,
	arn: `arn:aws:bedrock:us-east-1:${account}:inference-profile/${id}`,
	name: null,
	modelArns: [
		modelArn(id.slice(id.indexOf('.') + 1)),
		modelArn(id.slice(id.indexOf('.') + 1), id.startsWith('global.') ? '' : 'us-west-2'),
	],
});

export const applicationProfile = (id: string, modelArns: readonly string[]): InferenceProfile => ({
	id,
	arn: `arn:aws:bedrock:us-east-1:${account}:application-inference-profile/${id}`,
	name: id,
	modelArns,
});

/** The source and the calls that it has seen, `list` or `list page`. */
export const fakeSource = (
	fake: FakeAccount,
): {source: QuotaSource; calls: string[]; longestChain: () => number} => {
	const calls: string[] = [];
	let longest = 0;
	async function* pages<Item>(
		name: keyof QuotaSource,
		label: string,
		items: readonly Item[],
	): AsyncGenerator<readonly Item[]> {
		const pageSize = fake.pageSize ?? 100;
		for (let start = 0, chain = 1; start === 0 || start < items.length; start += pageSize, chain++) {
			calls.push(label);
			longest = Math.max(longest, chain);
			const failure = fake.failures?.[name];
			if (failure !== undefined) {
				throw failure;
			}
			yield items.slice(start, start + pageSize);
		}
	}
	const source: QuotaSource = {
		hasBearerToken: fake.hasBearerToken ?? false,
		listApplied: () => pages('listApplied', 'applied', fake.applied ?? []),
		listDefaults: () => pages('listDefaults', 'defaults', fake.defaults ?? []),
		listFoundationModels: () => pages('listFoundationModels', 'models', fake.models ?? []),
		listInferenceProfiles: (type: ProfileType) =>
			pages(
				'listInferenceProfiles',
				type,
				(type === 'APPLICATION' ? fake.applicationProfiles : fake.profiles) ?? [],
			),
		async getInferenceProfile(idOrArn) {
			calls.push('get');
			longest = Math.max(longest, 1);
			const failure = fake.failures?.getInferenceProfile;
			const found = fake.applicationProfiles?.find(({arn}) => arn === idOrArn);
			if (failure !== undefined || found === undefined) {
				throw failure ?? new Error('no such profile');
			}
			return found;
		},
	};
	return {source, calls, longestChain: () => longest};
};

/** Options of resolveTargets that do not matter to most tests. */
export const plainOptions = {
	region: 'us-east-1',
	endpoint: null,
	override: {requestsPerMinute: undefined, tokensPerMinute: undefined, burndown: undefined},
	tier: null,
} as const;
