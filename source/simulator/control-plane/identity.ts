import {randomUUID} from 'node:crypto';
import {accountId} from '../catalog/profiles.ts';
import type {Scenario} from '../faults/script.ts';
import {type Exchange, ServiceError} from '../wire/exchange.ts';
import {actionNotServed, queryResult} from '../wire/xml.ts';

/** The caller, who is always the same: the simulator checks no key. */
export const callerArn = `arn:aws:iam::${accountId}:user/simulated`;

/** IAM's message to a caller without the permission. */
export function deniedMessage(action: string): string {
	return `User: ${callerArn} is not authorized to perform: ${action} because no identity-based policy allows the ${action} action`;
}

/** @throws ServiceError where the scenario denies the action. */
export function assertAllowed({denied}: Scenario, action: string): void {
	if (denied?.includes(action)) {
		throw new ServiceError('AccessDeniedException', deniedMessage(action));
	}
}

/** STS names the caller. Many tools ask that first; it needs no permission. */

export const tokenServiceVersion = '2011-06-15';

const xmlNamespace = `https://sts.amazonaws.com/doc/${tokenServiceVersion}/`;

/** In the form of the IDs of IAM users. */
const userId = 'AIDASIMULATEDSIMULATE';

/** Answers an action. @throws ServiceError for all but GetCallerIdentity. */
export function serveTokenService({reply}: Exchange, action: string): void {
	if (action !== 'GetCallerIdentity') {
		throw actionNotServed(action, 'sts');
	}
	const requestId = randomUUID();
	const identity = {Arn: callerArn, UserId: userId, Account: accountId};
	const body = Buffer.from(queryResult(action, identity, {namespace: xmlNamespace, requestId}));
	reply.head(200, {
		'content-type': 'text/xml',
		'content-length': String(body.length),
		'x-amzn-requestid': requestId,
	});
	reply.end(body);
}
