import {randomUUID} from 'node:crypto';
import {accountId} from '../catalog/profiles.ts';
import {callerArn} from '../control-plane/permissions.ts';
import type {Exchange} from '../wire/exchange.ts';
import {queryResult} from './query-answer.ts';
import {notServed} from './serve-query.ts';

/** STS: who the caller is. Many tools ask that before anything else; no permission is needed for it. */

export const tokenServiceVersion = '2011-06-15';

const namespace = `https://sts.amazonaws.com/doc/${tokenServiceVersion}/`;

/** In the form of the identifiers of IAM users. */
const userId = 'AIDASIMULATEDSIMULATE';

/** Answers an action. @throws ServiceError for all but GetCallerIdentity. */
export const serveTokenService = ({reply}: Exchange, action: string): void => {
	if (action !== 'GetCallerIdentity') {
		throw notServed(action, 'sts');
	}
	const requestId = randomUUID();
	const identity = {Arn: callerArn, UserId: userId, Account: accountId};
	const body = Buffer.from(queryResult(action, identity, {namespace, requestId}));
	reply.head(200, {
		'content-type': 'text/xml',
		'content-length': String(body.length),
		'x-amzn-requestid': requestId,
	});
	reply.end(body);
};
