import {type AccountRequest, assertListed, openAccount, placeOf} from '../bedrock/account-access.ts';
import {assertReachable} from '../bedrock/clients/reachability.ts';
import {type CatalogEntry, readCatalog} from '../bedrock/identify/catalog.ts';
import {limitState, placeLine} from '../plain/quota-report.ts';
import {withProgress} from '../terminal/with-progress.ts';
import {formatTokens, unknownMark} from '../text/numbers.ts';
import {type Column, renderTable} from '../text/table.ts';
import {cleanText, escapeUnseen} from '../text/width.ts';
import {type ReportIo, writeRemarks} from './quotas.ts';

export type ModelsOptions = Omit<AccountRequest, 'tier'> & {readonly isJson: boolean};

/**
 * Prints the models and profiles of the Region that can be asked for text, with scope, quota and streaming support.
 * @throws UserError (exit 1) without a Region, credentials or a reachable service.
 */
export const models = async (options: ModelsOptions, io: ReportIo): Promise<number> => {
	const account = await openAccount({...options, tier: undefined});
	try {
		const reading = readCatalog(account.options);
		const {entries, remarks, failures} = await withProgress(
			io.stderr,
			'Reading the models of the account ...',
			reading,
		);
		await assertReachable({...placeOf(account), needsLists: true}, failures);
		assertListed(entries.length, failures);
		const isSimulated = account.options.source.isSimulated?.() ?? false;
		const lines = options.isJson
			? [escapeUnseen(JSON.stringify(entries, null, 2))]
			: [
					cleanText(
						placeLine(
							account.options.region,
							account.clients.endpoint,
							isSimulated,
							await account.clients.account(),
						),
					),
					...renderTable(columns, entries, io.columns),
				];
		io.stdout.write(`${lines.join('\n')}\n`);
		writeRemarks([...account.clients.remarks, ...remarks], io);
		return 0;
	} finally {
		account.clients.close();
	}
};

const limitText = (limit: CatalogEntry['quota']['tokensPerMinute']): string => {
	switch (limit.state) {
		case 'known':
			return formatTokens(limit.value);
		case 'none':
			return 'none';
		case 'blocked':
			return 'blocked';
		case 'unknown':
			return limitState(limit);
	}
};

const columns: ReadonlyArray<Column<CatalogEntry>> = [
	{
		key: 'model',
		header: 'MODEL',
		align: 'left',
		minWidth: 20,
		priority: 9,
		format: ({model}) => cleanText(model),
		cut: 'middle',
	},
	{key: 'scope', header: 'SCOPE', align: 'left', priority: 8, format: ({scope}) => scope},
	{
		key: 'rpm',
		header: 'REQUESTS/MIN',
		align: 'right',
		priority: 7,
		format: ({quota}) => limitText(quota.requestsPerMinute),
	},
	{
		key: 'tpm',
		header: 'TOKENS/MIN',
		align: 'right',
		priority: 7,
		format: ({quota}) => limitText(quota.tokensPerMinute),
	},
	{
		key: 'tpd',
		header: 'TOKENS/DAY',
		align: 'right',
		priority: 4,
		format: ({quota}) => limitText(quota.tokensPerDay),
	},
	{
		key: 'streaming',
		header: 'STREAMING',
		align: 'left',
		priority: 6,
		format: ({isStreaming}) => (isStreaming === null ? unknownMark : isStreaming ? 'yes' : 'no'),
	},
	{
		key: 'state',
		header: 'LIFECYCLE',
		align: 'left',
		priority: 3,
		format: ({lifecycle}) => cleanText(lifecycle ?? unknownMark).toLowerCase(),
	},
	{
		key: 'name',
		header: 'NAME',
		align: 'left',
		minWidth: 10,
		priority: 2,
		format: ({name}) => cleanText(name ?? unknownMark),
		cut: 'end',
	},
];
