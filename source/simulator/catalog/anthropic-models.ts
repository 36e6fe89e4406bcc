import type {Model, Trait} from './model.ts';

const claude = (
	id: string,
	name: string,
	more: Partial<Model> & {readonly with?: readonly Trait[]},
): Model => ({
	id: `anthropic.${id}`,
	name,
	provider: 'Anthropic',
	family: 'anthropic',
	size: 'medium',
	maximumOutputTokens: 64_000,
	defaultOutputTokens: undefined,
	burndown: 5,
	isOnDemand: false,
	profiles: ['us', 'eu', 'global'],
	...more,
	traits: new Set(more.with ?? []),
});

const third: readonly Trait[] = ['counts-tokens', 'legacy'];
const fourth: readonly Trait[] = [
	'counts-tokens',
	'caches',
	'reports-cache',
	'reports-server-tools',
	'thinks',
	'since-2025',
];
const newest: readonly Trait[] = [
	'no-sampling',
	'caches',
	'reports-cache',
	'reports-server-tools',
	'thinks',
	'since-2025',
];
/** Before Claude 3, gone from every Region. */
const gone = {maximumOutputTokens: 4096, burndown: 1, isOnDemand: true, profiles: []} as const;

/** Claude. Burndown as AWS's page on token burndown states it for "4.7 and below" (5), 4.8 (15), Sonnet 5, Opus 5 (10). */
export const anthropicModels: readonly Model[] = [
	claude('claude-3-sonnet-20240229-v1:0', 'Claude 3 Sonnet', {
		maximumOutputTokens: 4096,
		burndown: 1,
		isOnDemand: true,
		profiles: ['us', 'eu', 'apac'],
		with: ['legacy'],
	}),
	claude('claude-3-haiku-20240307-v1:0', 'Claude 3 Haiku', {
		size: 'small',
		maximumOutputTokens: 4096,
		burndown: 1,
		isOnDemand: true,
		profiles: ['us', 'eu', 'apac'],
		with: third,
	}),
	claude('claude-3-5-sonnet-20240620-v1:0', 'Claude 3.5 Sonnet', {
		maximumOutputTokens: 8192,
		burndown: 1,
		isOnDemand: true,
		profiles: ['us', 'eu', 'apac'],
		with: third,
	}),
	claude('claude-3-5-haiku-20241022-v1:0', 'Claude 3.5 Haiku', {
		size: 'small',
		maximumOutputTokens: 8192,
		burndown: 1,
		isOnDemand: true,
		profiles: ['us'],
		with: [...third, 'caches'],
	}),
	claude('claude-3-7-sonnet-20250219-v1:0', 'Claude 3.7 Sonnet', {
		profiles: ['us', 'eu', 'apac'],
		with: [...third, 'caches', 'reports-cache', 'thinks', 'since-2025'],
	}),
	claude('claude-sonnet-4-20250514-v1:0', 'Claude Sonnet 4', {
		profiles: ['us', 'eu', 'apac', 'global'],
		with: [...fourth, 'legacy'],
	}),
	claude('claude-sonnet-4-5-20250929-v1:0', 'Claude Sonnet 4.5', {
		profiles: ['us', 'eu', 'jp', 'global'],
		with: [...fourth, 'one-sampling'],
	}),
	claude('claude-haiku-4-5-20251001-v1:0', 'Claude Haiku 4.5', {
		size: 'small',
		profiles: ['us', 'eu', 'jp', 'global'],
		with: [...fourth, 'one-sampling'],
	}),
	claude('claude-opus-4-5-20251101-v1:0', 'Claude Opus 4.5', {size: 'large', with: fourth}),
	claude('claude-sonnet-4-6', 'Claude Sonnet 4.6', {
		isOnDemand: true,
		profiles: ['us', 'eu', 'jp', 'global'],
		with: fourth,
	}),
	claude('claude-opus-4-7', 'Claude Opus 4.7', {
		size: 'large',
		maximumOutputTokens: 128_000,
		with: [...newest, 'counts-tokens'],
	}),
	claude('claude-opus-4-8', 'Claude Opus 4.8', {
		size: 'large',
		maximumOutputTokens: 128_000,
		burndown: 15,
		with: newest,
	}),
	claude('claude-sonnet-5', 'Claude Sonnet 5', {maximumOutputTokens: 128_000, burndown: 10, with: newest}),
	claude('claude-opus-5', 'Claude Opus 5', {
		size: 'large',
		maximumOutputTokens: 128_000,
		burndown: 10,
		with: newest,
	}),
	claude('claude-v2', 'Claude', {...gone, with: ['end-of-life']}),
	claude('claude-v2:1', 'Claude', {...gone, with: ['end-of-life']}),
	claude('claude-instant-v1', 'Claude Instant', {...gone, size: 'small', with: ['end-of-life']}),
];
