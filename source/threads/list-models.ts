import {createClients} from '../bedrock/clients/clients.ts';
import {assertReachable} from '../bedrock/clients/reachability.ts';
import {readCatalog} from '../bedrock/identify/catalog.ts';
import {quotaCacheFor} from '../bedrock/quotas/cache-folder.ts';
import {quotaSourceOf} from '../bedrock/quotas/clients-source.ts';
import type {ListedModel} from '../domain/listed-model.ts';
import type {Connection, QuotaOverride, RunConfig} from '../domain/run-config.ts';

/** What a list of models needs of a run's configuration. */
export type ListingConfig = Pick<RunConfig, 'isRefreshing'> & {
	readonly connection: Connection;
	readonly override: QuotaOverride;
};

/**
 * What can be run in the Region.
 * @throws UserError (exit 1) without a Region, credentials or a reachable endpoint.
 */
export const listModels = async ({
	connection,
	override,
	isRefreshing,
}: ListingConfig): Promise<readonly ListedModel[]> => {
	const clients = createClients(connection, {maxSockets: 1});
	try {
		const region = await clients.region();
		await clients.checkCredentials();
		const {endpoint} = clients;
		const place = {region, profile: connection.profile, endpoint};
		const {entries, failures} = await readCatalog({
			source: quotaSourceOf(clients),
			region,
			endpoint,
			override,
			tier: null,
			// The embedded simulator is another one every time.
			cache: connection.simulatorUrl === undefined ? quotaCacheFor(place, process.env) : undefined,
			isRefreshing,
		});
		await assertReachable({endpoint, region, needsLists: true}, failures);
		return entries.map(({model, scope, quota, name}) => ({model, scope, quota, name}));
	} finally {
		clients.close();
	}
};
