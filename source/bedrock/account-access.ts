import type {Connection, QuotaOverride} from '../domain/run-config.ts';
import {UserError} from '../domain/user-error.ts';
import {type Clients, createClients} from './clients/clients.ts';
import type {AccountLists} from './quotas/account-lists.ts';
import {quotaSourceOf} from './quotas/aws-quota-source.ts';
import {quotaCacheFor} from './quotas/quota-cache.ts';
import type {ResolveOptions} from './quotas/resolve-targets.ts';

/** Opens the account for commands that only read its lists. */

export type AccountRequest = {
	readonly connection: Connection;
	readonly override: QuotaOverride;
	readonly isRefreshing: boolean;
	/** Service tier; undefined for the account's default. */
	readonly tier: string | undefined;
};

export type OpenAccount = {readonly options: ResolveOptions; readonly clients: Clients};

/** @throws UserError (exit 1) without a Region or credentials. */
export async function openAccount(request: AccountRequest): Promise<OpenAccount> {
	const {connection, override, isRefreshing, tier} = request;
	const clients = createClients(connection, {maxSockets: 1});
	const region = await clients.region();
	await clients.checkCredentials();
	const {endpoint} = clients;
	const place = {region, profile: connection.profile, endpoint};
	return {
		clients,
		options: {
			source: quotaSourceOf(clients),
			region,
			endpoint,
			override,
			tier: tier ?? null,
			// The embedded simulator starts with other quotas each time.
			cache: connection.simulatorUrl === undefined ? quotaCacheFor(place, process.env) : undefined,
			isRefreshing,
		},
	};
}

/** A list that could not be read is not an empty one. @throws UserError (exit 1) with the reason. */
export function assertListed(count: number, failures: AccountLists['failures']): void {
	const failure = failures.get('models') ?? failures.get('profiles');
	if (count === 0 && failure !== undefined) {
		throw new UserError(`No model could be listed: ${failure.message}`, {
			exitCode: 1,
			hint: 'Try again in a moment, or name a model by its ID: bedrock-top quotas MODEL.',
		});
	}
}

/** Where the account's lists come from. */
export function destinationOf({clients, options}: OpenAccount): {endpoint: string | null; region: string} {
	return {
		endpoint: clients.endpoint,
		region: options.region,
	};
}
