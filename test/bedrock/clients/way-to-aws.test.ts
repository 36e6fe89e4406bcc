import {writeFileSync} from 'node:fs';
import {afterEach, describe, expect, it} from 'vitest';
import {createBackend} from '../../../source/bedrock/backend.ts';
import {type Clients, createClients} from '../../../source/bedrock/clients/clients.ts';
import {assertReachable} from '../../../source/bedrock/clients/reachability.ts';
import {readLists} from '../../../source/bedrock/quotas/account-lists.ts';
import {quotaSourceOf} from '../../../source/bedrock/quotas/aws-quota-source.ts';
import type {UserError} from '../../../source/domain/user-error.ts';
import {plainRequest} from '../../conformance/harness.ts';
import {
	type InterceptingProxy,
	type ProxyManner,
	startInterceptingProxy,
} from '../../helpers/intercepting-proxy.ts';
import {awsHome} from '../credentials/harness.ts';

/**
 * Tests source/bedrock/clients/network.ts and reachability.ts: the connection to AWS is broken, before a run and
 * during one.
 */

const home = awsHome();
let proxy: InterceptingProxy | undefined;

afterEach(() => {
	proxy?.close();
	proxy = undefined;
});

const keys = {
	AWS_REGION: 'us-east-1',
	AWS_ACCESS_KEY_ID: 'a',
	AWS_SECRET_ACCESS_KEY: 'b',
	AWS_MAX_ATTEMPTS: '1',
};

const clientsWith = (environment: Readonly<Record<string, string>>): Clients => {
	home.prepare({environment: {...keys, ...environment}});
	return createClients({region: undefined, profile: undefined, simulatorUrl: undefined}, {maxSockets: 4});
};

/** What every command does first. */
const refusalOf = async (clients: Clients): Promise<UserError | undefined> => {
	const {failures} = await readLists(quotaSourceOf(clients), {
		cache: undefined,
		isRefreshing: true,
		applicationProfiles: [],
		isListingApplicationProfiles: false,
	});
	return assertReachable({endpoint: null, region: 'us-east-1'}, failures).then(
		() => undefined,
		(error: unknown) => error as UserError,
	);
};

const failureOf = async (clients: Clients) => {
	const outcome = await createBackend(clients).invoke(plainRequest(), {
		signal: new AbortController().signal,
		onFirstToken() {},
	});
	return outcome.kind === 'failed' ? outcome.failure : undefined;
};

type Case = {readonly manner: ProxyManner; readonly message: RegExp; readonly advice: RegExp};

const cases: Readonly<Record<string, Case>> = {
	'a proxy that looks into TLS': {
		manner: 'intercepts',
		message: /self-signed certificate|unable to verify the first certificate/,
		advice: /AWS_CA_BUNDLE or NODE_EXTRA_CA_CERTS/,
	},
	'a proxy that wants a password': {
		manner: 407,
		message: / 407 /,
		advice: /asks for a password.*HTTPS_PROXY/,
	},
	'a proxy that forbids the host': {
		manner: 403,
		message: / 403 /,
		advice: /does not let a connection .* through.*NO_PROXY/,
	},
	'a proxy that cannot reach it': {manner: 502, message: / 502 /, advice: /HTTPS_PROXY/},
};

describe('the way to AWS', () => {
	it.each(Object.entries(cases))('%s', async (_name, {manner, message, advice}) => {
		proxy = await startInterceptingProxy(manner);
		const clients = clientsWith({HTTPS_PROXY: `http://${proxy.address}`});
		const error = await refusalOf(clients);
		expect(error?.message).toMatch(/^AWS is not reachable in us-east-1: /);
		expect(error?.message).toMatch(message);
		expect(error?.message).not.toMatch(/--use-system-ca/);
		expect(error?.hint).toMatch(advice);
		const failure = await failureOf(clients);
		expect(failure).toMatchObject({class: 'network', charge: 'none'});
		expect(failure?.message).toMatch(message);
		expect(failure?.advice).toMatch(advice);
		clients.close();
	});

	it('a proxy where nobody listens', async () => {
		const clients = clientsWith({HTTPS_PROXY: 'http://127.0.0.1:9'});
		const error = await refusalOf(clients);
		expect(error?.message).toMatch(/ECONNREFUSED 127\.0\.0\.1:9/);
		expect(error?.hint).toMatch(/HTTPS_PROXY/);
		clients.close();
	});

	it.each(['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'])(
		'%s without a scheme, and the certificate of the proxy',
		async (name) => {
			proxy = await startInterceptingProxy('intercepts');
			writeFileSync(home.path('ca.pem'), proxy.certificate);
			const clients = clientsWith({[name]: proxy.address, AWS_CA_BUNDLE: home.path('ca.pem')});
			expect(clients.remarks).toEqual([]);
			expect(await refusalOf(clients)).toBeUndefined();
			expect(proxy.asked).toContain('bedrock.us-east-1.amazonaws.com:443');
			clients.close();
		},
	);

	it('a file of certificates that holds none', async () => {
		const clients = clientsWith({});
		clients.close();
		home.prepare({environment: {...keys, AWS_CA_BUNDLE: home.path('config')}});
		const bare = createClients(
			{region: undefined, profile: undefined, simulatorUrl: undefined},
			{maxSockets: 1},
		);
		await expect(bare.region()).rejects.toMatchObject({
			exitCode: 1,
			message: `${home.path('config')} contains no certificate.`,
		});
	});
});
