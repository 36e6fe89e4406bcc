import {identifier, type Random, uuid} from '../answers/random.ts';
import type {ApiName} from './mantle-models.ts';

/** What a request is named by: as Anthropic does for Messages, as AWS does for all others. */
export const requestIdOf = (random: Random, api: ApiName | undefined): string =>
	api === 'Messages' ? `req_${identifier(random, 52).toLowerCase()}` : uuid(random);

/** Headers that name a request. Anthropic's clients look for `request-id`. */
export const requestIdHeaders = (requestId: string): Readonly<Record<string, string>> => ({
	'x-amzn-requestid': requestId,
	...(requestId.startsWith('req_') ? {'request-id': requestId} : {}),
});
