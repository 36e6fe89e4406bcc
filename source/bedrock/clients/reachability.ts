import {connect} from 'node:net';
import {UserError} from '../../domain/user-error.ts';
import type {AccountLists} from '../quotas/account-lists.ts';
import {mayNeedProxy} from './client-network.ts';

/** Milliseconds that a foreign endpoint has to take a connection. */
const patienceMs = 5000;

const takesConnection = async (endpoint: string): Promise<boolean> => {
	const {hostname, port, protocol} = new URL(endpoint);
	if (mayNeedProxy(hostname, process.env)) {
		return true;
	}
	const socket = connect({
		host: hostname.replace(/^\[|\]$/g, ''),
		port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
	});
	socket.setTimeout(patienceMs);
	return new Promise((resolve) => {
		const settle = (isReachable: boolean) => () => {
			socket.destroy();
			resolve(isReachable);
		};
		socket.once('connect', settle(true)).once('error', settle(false)).once('timeout', settle(false));
	});
};

/**
 * Finds out before anything is sent that nobody answers: an endpoint that takes no connection, or no AWS service at all.
 * @param endpoint URL of an endpoint that is not AWS's; null for AWS.
 * @param failures Of the account's lists: all of them unreachable means that AWS is.
 * @throws UserError (exit 1).
 */
export const assertReachable = async (
	endpoint: string | null,
	failures: AccountLists['failures'],
	region: string,
): Promise<void> => {
	if (endpoint !== null && !(await takesConnection(endpoint))) {
		throw new UserError(`The endpoint ${endpoint} is not reachable.`, {
			exitCode: 1,
			hint: 'Start what should listen there, or correct AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_BEDROCK_RUNTIME or endpoint_url of the profile.',
		});
	}
	const kinds = [...failures.values()].map(({kind}) => kind);
	if (endpoint === null && kinds.length >= 4 && kinds.every((kind) => kind === 'network')) {
		throw new UserError(`AWS is not reachable in ${region}.`, {
			exitCode: 1,
			hint: 'Check the network, the proxy settings and the name of the Region.',
		});
	}
};
