import {type Model, type Scope, scopeOfPrefix} from './model.ts';
import {findModel, models} from './models.ts';

/** Number of the simulated account. */
export const accountId = '123456789012';

export type Profile = {
	readonly id: string;
	readonly name: string;
	readonly description: string;
	readonly type: 'SYSTEM_DEFINED' | 'APPLICATION';
	readonly model: Model;
	readonly scope: Scope;
	/** Regions that it routes to; the empty one is the ARN without a Region of global profiles. */
	readonly regions: readonly string[];
};

const regionsOfPrefix: Readonly<Record<string, readonly string[]>> = {
	us: ['us-east-1', 'us-east-2', 'us-west-2'],
	eu: ['eu-central-1', 'eu-north-1', 'eu-west-1', 'eu-west-3'],
	apac: ['ap-northeast-1', 'ap-south-1', 'ap-southeast-1', 'ap-southeast-2'],
	jp: ['ap-northeast-1', 'ap-northeast-3'],
	global: ['us-east-1', ''],
};

const systemProfiles: readonly Profile[] = models.flatMap((model) =>
	model.profiles.map((prefix) => ({
		id: `${prefix}.${model.id}`,
		name: `${prefix === 'global' ? 'Global' : prefix.toUpperCase()} ${model.name}`,
		description: `Routes requests to ${model.name} in ${prefix === 'global' ? 'all commercial Regions' : (regionsOfPrefix[prefix] ?? []).join(', ')}.`,
		type: 'SYSTEM_DEFINED' as const,
		model,
		scope: scopeOfPrefix(prefix),
		regions: regionsOfPrefix[prefix] ?? [],
	})),
);

const applicationProfile = (id: string, name: string, modelId: string, prefix: string): Profile => ({
	id,
	name,
	description: `Application profile over ${prefix}.${modelId}`,
	type: 'APPLICATION',
	model: findModel(modelId) as Model,
	scope: scopeOfPrefix(prefix),
	regions: regionsOfPrefix[prefix] ?? [],
});

/** Application profiles of the simulated account, copies of system profiles. */
const applicationProfiles: readonly Profile[] = [
	applicationProfile('sim0nova0lite', 'support-desk', 'amazon.nova-lite-v1:0', 'us'),
	applicationProfile('sim0claude0g1', 'reporting', 'anthropic.claude-sonnet-4-5-20250929-v1:0', 'global'),
];

export const profiles: readonly Profile[] = [...systemProfiles, ...applicationProfiles];

const profilesById = new Map(profiles.map((profile) => [profile.id, profile]));

/** A profile by its ID. */
export function findProfile(id: string): Profile | undefined {
	return profilesById.get(id);
}

/** ARN of a profile, called from `region`. */
export function profileArn(profile: Profile, region: string): string {
	return `arn:aws:bedrock:${region}:${accountId}:${profile.type === 'SYSTEM_DEFINED' ? 'inference-profile' : 'application-inference-profile'}/${profile.id}`;
}
