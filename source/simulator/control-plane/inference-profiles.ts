import {randomUUID} from 'node:crypto';
import {findProfile, type Profile, profileArn, profiles} from '../catalog/profiles.ts';
import {scenarioProfiles} from '../cloudwatch/background.ts';
import type {Json} from '../families/prompt.ts';
import {sendJson} from '../runtime/replies.ts';
import type {Simulation} from '../runtime/simulation.ts';
import type {Exchange} from '../wire/exchange.ts';
import {regionOf} from '../wire/region.ts';
import {ServiceError, validationError} from '../wire/service-error.ts';

/** ListInferenceProfiles and GetInferenceProfile. */

/** Pages are shorter than the service's, so that a client has to ask for more than one. */
const pageLength = 25;
const longestPage = 1000;

const createdAt = '2026-01-15T00:00:00Z';

const summary = (profile: Profile, region: string): Json => ({
	inferenceProfileName: profile.name,
	description: profile.description,
	createdAt,
	updatedAt: createdAt,
	inferenceProfileArn: profileArn(profile, region),
	models: profile.regions.map((destination) => ({
		modelArn: `arn:aws:bedrock:${destination}::foundation-model/${profile.model.id}`,
	})),
	inferenceProfileId: profile.id,
	status: 'ACTIVE',
	type: profile.type,
});

const pageSize = (query: URLSearchParams): number => {
	const asked = Number(query.get('maxResults') ?? pageLength);
	if (!Number.isInteger(asked) || asked < 1 || asked > longestPage) {
		throw validationError(
			`1 validation error detected: Value '${query.get('maxResults')}' at 'maxResults' failed to satisfy constraint: Member must have value between 1 and ${longestPage}`,
		);
	}
	return Math.min(asked, pageLength);
};

/** Lists system profiles, or those of the type asked for, in pages. */
export const serveInferenceProfiles = async (
	exchange: Exchange,
	{scenario, lifecycle}: Simulation,
): Promise<void> => {
	const {query} = exchange;
	const type = query.get('type') ?? query.get('typeEquals') ?? 'SYSTEM_DEFINED';
	const all = [...profiles, ...scenarioProfiles(scenario.background ?? [])];
	const listed = all.filter((profile) => profile.type === type && lifecycle(profile.model) !== 'unreleased');
	const start = Number(query.get('nextToken') ?? 0);
	const end = start + pageSize(query);
	const region = regionOf(exchange.headers);
	const body = {
		inferenceProfileSummaries: listed.slice(start, end).map((profile) => summary(profile, region)),
		...(end < listed.length ? {nextToken: String(end)} : {}),
	};
	sendJson(exchange.reply, 200, body, {'x-amzn-requestid': randomUUID()});
};

/** Describes one profile, named by ID or ARN. */
export const serveInferenceProfile = async (
	exchange: Exchange,
	{lifecycle}: Simulation,
	identifier: string,
): Promise<void> => {
	const id = identifier.replace(/^arn:.*\//, '');
	const profile = findProfile(id);
	if (profile === undefined || lifecycle(profile.model) === 'unreleased') {
		throw new ServiceError('ResourceNotFoundException', `Inference profile ${identifier} was not found.`);
	}
	const body = summary(profile, regionOf(exchange.headers));
	sendJson(exchange.reply, 200, body, {'x-amzn-requestid': randomUUID()});
};
