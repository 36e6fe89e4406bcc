import {connect} from 'node:net';
import {UserError} from '../../domain/user-error.ts';
import type {AccountLists} from '../quotas/account-lists.ts';
import type {SourceError} from '../quotas/quota-source.ts';
import {mayNeedProxy, proxyRemark} from './network.ts';

/** Milliseconds that a foreign endpoint has to take a connection. */
const patienceMs = 5000;

/** Why an endpoint accepts no connection, in words; undefined where it does, or a proxy is between. */
const refusalBy = async (endpoint: string): Promise<string | undefined> => {
	const {hostname, port, protocol} = new URL(endpoint);
	if (mayNeedProxy(hostname, process.env)) {
		return undefined;
	}
	const socket = connect({
		host: hostname.replace(/^\[|\]$/g, ''),
		port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
	});
	socket.setTimeout(patienceMs);
	return new Promise((resolve) => {
		const settle = (reason?: string): void => {
			socket.destroy();
			resolve(reason);
		};
		socket
			.once('connect', () => settle())
			.once('error', (error: NodeJS.ErrnoException) => settle(wordsOf(error)))
			.once('timeout', () => settle('it does not answer'));
	});
};

const wordsOf = ({code, message}: NodeJS.ErrnoException): string => {
	switch (code) {
		case 'ECONNREFUSED':
			return 'nothing listens there';
		case 'ENOTFOUND':
		case 'EAI_AGAIN':
			return 'its name cannot be found';
		default:
			return message || (code ?? 'the connection failed');
	}
};

/** Without its full stop. */
const clause = (sentence: string): string => sentence.replace(/\.$/, '');

const lists = ['models', 'profiles', 'applied', 'defaults'] as const;

/**
 * Finds out before anything is sent that nothing answers: an endpoint or an AWS service that accepts no connection or
 * no credentials. Every command asks here, so that the reason is the same everywhere.
 * @param place URL of an endpoint that is not AWS's, null for AWS; such an endpoint may answer requests without
 * having the lists, unless only the lists are wanted.
 * @param failures Of the account's lists.
 * @throws UserError (exit 1).
 */
export async function assertReachable(
	place: {readonly endpoint: string | null; readonly region: string; readonly needsLists?: boolean},
	failures: AccountLists['failures'],
): Promise<void> {
	const {endpoint, region, needsLists = false} = place;
	const refusal = endpoint === null ? undefined : await refusalBy(endpoint);
	if (refusal !== undefined) {
		throw new UserError(`The endpoint ${endpoint} is not reachable: ${refusal}.`, {
			exitCode: 1,
			hint: 'Start what should listen there, or correct AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_BEDROCK_RUNTIME or endpoint_url of the profile.',
		});
	}
	if (endpoint !== null && !needsLists) {
		return;
	}
	const unreachable = commonReason(failures, 'network');
	if (unreachable !== undefined) {
		throw new UserError(
			`${endpoint ?? 'AWS'} is not reachable in ${region}: ${clause(unreachable.message)}.`,
			{
				exitCode: 1,
				hint: [
					proxyRemark(process.env),
					unreachable.advice ?? 'Check the network, the proxy settings and the name of the Region.',
				]
					.filter((part) => part !== undefined)
					.join(' '),
			},
		);
	}
	const refused = commonReason(failures, 'credentials');
	if (refused !== undefined) {
		throw new UserError(`The AWS credentials are not accepted: ${clause(refused.message)}.`, {
			exitCode: 1,
			hint:
				refused.advice ??
				'Sign in again with "aws sso login" or "aws configure" (--profile names a profile), or try --demo.',
		});
	}
}

/** The reason that all lists of the account share; undefined where one was read or they differ. */
const commonReason = (
	failures: AccountLists['failures'],
	kind: SourceError['kind'],
): SourceError | undefined => {
	const own = lists.map((name) => failures.get(name));
	const [first] = own.filter((failure) => failure !== undefined);
	return own.every((failure) => failure?.kind === kind) ? first : undefined;
};
