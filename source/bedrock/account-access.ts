import type {Connection, QuotaOverride} from '../domain/run-config.ts';
import {UserError} from '../domain/user-error.ts';
import {type Clients, createClients} from './clients/clients.ts';
import {type AccountLists, quotaCacheFor} from './quotas/account-lists.ts';
import {quotaSourceOf} from './quotas/aws-quota-source.ts';
import type {ResolveOptions} from './quotas/resolve-targets.ts';

/** Access to the lists of an account: models, profiles and quotas. */

export type AccountRequest = {
	readonly connection: Connection;
	readonly override: QuotaOverride;
	readonly isRefreshing: boolean;
	/** Service tier; undefined for the account's default. */
	readonly tier: string | undefined;
};

export type OpenAccount = {readonly options: ResolveOptions; readonly clients: Clients};

/** How the lists of an account are read. They are kept for a day, but not those of the embedded simulator: each start is another account. */
export function listOptions(
	clients: Clients,
	region: string,
	{connection, override, isRefreshing, tier}: AccountRequest,
	source = quotaSourceOf(clients),
): ResolveOptions {
	const {endpoint} = clients;
	const place = {region, profile: connection.profile, endpoint};
	return {
		source,
		region,
		endpoint,
		override,
		tier: tier ?? null,
		cache: connection.simulatorUrl === undefined ? quotaCacheFor(place, process.env) : undefined,
		isRefreshing,
	};
}

/**
 * Opens an account for reading its lists. Close its clients.
 * @throws UserError (exit 1) without a Region or credentials.
 */
export async function openAccount(request: AccountRequest): Promise<OpenAccount> {
	const clients = createClients(request.connection, {maxSockets: 1});
	const region = await clients.region();
	await clients.checkCredentials();
	return {clients, options: listOptions(clients, region, request)};
}

/**
 * A list that could not be read is not an empty one.
 * @throws UserError (exit 1) with the reason.
 */
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
