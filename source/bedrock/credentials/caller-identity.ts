import {text} from 'node:stream/consumers';
import {HttpRequest} from '@smithy/core/protocols';
import {Hash} from '@smithy/core/serde';
import type {NodeHttpHandler} from '@smithy/node-http-handler';
import {SignatureV4} from '@smithy/signature-v4';
import type {AwsCredentialIdentity} from '@smithy/types';

/** Whose keys these are, by STS: the one call that every caller may make. */

type CallerCall = {
	readonly region: string;
	/** URL to ask at; undefined for AWS's own. */
	readonly endpoint: string | undefined;
	readonly credentials: () => Promise<AwsCredentialIdentity>;
	readonly handler: NodeHttpHandler;
};

/** Nobody waits longer for a number that is shown and nothing else. */
const patienceMs = 3000;

const query = 'Action=GetCallerIdentity&Version=2011-06-15';

const ownAddress = (region: string): string =>
	`https://sts.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;

/** @returns The number of the account; null where it is refused, not understood or does not come in time. */
export const askForAccount = async (call: CallerCall): Promise<string | null> => {
	try {
		const {hostname, port, protocol, pathname, host} = new URL(call.endpoint ?? ownAddress(call.region));
		const request = new HttpRequest({
			protocol,
			hostname,
			path: pathname,
			method: 'POST',
			body: query,
			headers: {host, 'content-type': 'application/x-www-form-urlencoded'},
			...(port === '' ? {} : {port: Number(port)}),
		});
		const signer = new SignatureV4({
			credentials: call.credentials,
			region: call.region,
			service: 'sts',
			sha256: Hash.bind(null, 'sha256') as never,
		});
		const abortSignal = AbortSignal.timeout(patienceMs);
		const {response} = await call.handler.handle((await signer.sign(request)) as HttpRequest, {abortSignal});
		abortSignal.addEventListener('abort', () => response.body.destroy());
		const answer = await text(response.body);
		return response.statusCode === 200
			? (/<Account>\s*(\d{12})\s*<\/Account>/.exec(answer)?.[1] ?? null)
			: null;
	} catch {
		return null;
	}
};
