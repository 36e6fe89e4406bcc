import type {IncomingHttpHeaders} from 'node:http';
import {accountId} from '../catalog/profiles.ts';
import type {Scenario} from '../scenario.ts';
import {defaultRegion, regionOf, serviceOf} from '../wire/region.ts';
import {MantleError} from './mantle-error.ts';

/** Who calls bedrock-mantle: a signature for it, or a Bedrock API key. Neither is verified. */

/** Names that requests are signed for; the vendors' clients use the first, and the endpoint was seen to take both. */
const signingNames = ['bedrock-mantle', 'bedrock'];

/** A key stands in `Authorization`, or where Anthropic's clients put theirs. */
const keyOf = (headers: IncomingHttpHeaders): string | undefined => {
	const bearer = /^Bearer\s+(\S+)$/i.exec(headers.authorization ?? '')?.[1];
	const apiKey = headers['x-api-key'];
	return bearer ?? (typeof apiKey === 'string' && apiKey !== '' ? apiKey : undefined);
};

/** Short-term keys are presigned URLs in disguise and name their Region; long-term keys do not. */
const regionOfKey = (key: string): string | undefined => {
	const prefix = 'bedrock-api-key-';
	if (!key.startsWith(prefix)) {
		return undefined;
	}
	const url = Buffer.from(key.slice(prefix.length), 'base64').toString('latin1');
	return /X-Amz-Credential=[^&]+?(?:%2F|\/)\d{8}(?:%2F|\/)([\w-]+)(?:%2F|\/)/i.exec(url)?.[1];
};

const regionOfHost = (headers: IncomingHttpHeaders): string | undefined =>
	/^bedrock-mantle\.([\w-]+)\.api\.aws/.exec(headers.host ?? '')?.[1];

/**
 * The Region of a request: that of the host name, of the signature or of the key.
 * @throws MantleError where it has no credentials, or is signed for another service.
 */
export const regionOfCaller = (headers: IncomingHttpHeaders): string => {
	const service = serviceOf(headers);
	if (service !== undefined) {
		if (!signingNames.includes(service)) {
			// The sentence of AWS's other services; which one this endpoint says has no primary source.
			throw new MantleError(
				'unauthenticated',
				`Credential should be scoped to correct service: 'bedrock-mantle', not '${service}'.`,
			);
		}
		return regionOfHost(headers) ?? regionOf(headers);
	}
	const key = keyOf(headers);
	if (key === undefined) {
		throw new MantleError('unauthenticated', 'Invalid bearer token');
	}
	return regionOfHost(headers) ?? regionOfKey(key) ?? defaultRegion;
};

/** @throws MantleError where the scenario denies the action, in the words of IAM. */
export const assertMayCall = ({denied}: Scenario, action: string, region: string): void => {
	if (denied?.includes(action)) {
		throw new MantleError(
			'denied',
			`User: arn:aws:iam::${accountId}:user/simulated is not authorized to perform: ${action} on resource: arn:aws:bedrock-mantle:${region}:${accountId}:project/default`,
		);
	}
};
