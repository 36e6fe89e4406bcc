import {listRunnableModels, type RunnableModel} from '../bedrock/identify/runnable-models.ts';
import type {Arguments} from '../config/parse-arguments.ts';
import {dayQuotaOf} from '../domain/target.ts';
import type {Io} from '../terminal/io.ts';
import {formatTokens, unknownMark} from '../text/numbers.ts';
import {type Column, renderTable} from '../text/table.ts';
import {cleanText} from '../text/width.ts';
import {limitValue} from '../view/quotas.ts';
import {type ListIo, type ListRequest, printList, withListRequest} from './account-lists.ts';

/** A limit in one cell; a number that no source has is marked. */
const limitText = (limit: RunnableModel['quota']['tokensPerMinute']): string =>
	`${limitValue(limit, formatTokens)}${limit.source === 'assumed' ? ' assumed' : ''}`;

const columns: ReadonlyArray<Column<RunnableModel>> = [
	{
		key: 'model',
		header: 'Model',
		align: 'left',
		minWidth: 20,
		priority: 9,
		format: ({model}) => cleanText(model),
		cut: 'middle',
	},
	{key: 'scope', header: 'Scope', align: 'left', priority: 8, format: ({scope}) => scope},
	{
		key: 'rpm',
		header: 'RPM',
		align: 'right',
		priority: 7,
		format: ({quota}) => limitText(quota.requestsPerMinute),
	},
	{
		key: 'tpm',
		header: 'TPM',
		align: 'right',
		priority: 7,
		format: ({quota}) => limitText(quota.tokensPerMinute),
	},
	{
		key: 'output',
		header: 'Output TPM',
		align: 'right',
		priority: 5,
		format: ({quota: {outputTokensPerMinute}}) =>
			outputTokensPerMinute === undefined ? '' : limitText(outputTokensPerMinute),
	},
	{
		key: 'tpd',
		header: 'TPD',
		align: 'right',
		priority: 4,
		format: ({quota}) => {
			const {limit, isShared} = dayQuotaOf(quota);
			return `${limitText(limit)}${isShared ? ' shared' : ''}`;
		},
	},
	{
		key: 'streaming',
		header: 'Streaming',
		align: 'left',
		priority: 6,
		format: ({isStreaming}) => (isStreaming === null ? unknownMark : isStreaming ? 'yes' : 'no'),
	},
	{
		key: 'state',
		header: 'Lifecycle',
		align: 'left',
		priority: 3,
		format: ({lifecycle}) => cleanText(lifecycle ?? unknownMark).toLowerCase(),
	},
	{
		key: 'name',
		header: 'Name',
		align: 'left',
		minWidth: 10,
		priority: 2,
		format: ({name}) => cleanText(name ?? unknownMark),
		cut: 'end',
	},
];

/** Models on bedrock-mantle have a limit more. */
const columnsFor = (entries: readonly RunnableModel[]): ReadonlyArray<Column<RunnableModel>> =>
	columns.filter(
		({key}) =>
			key !== 'output' ||
			entries.some(({quota: {outputTokensPerMinute}}) => outputTokensPerMinute !== undefined),
	);

/**
 * Prints the models and profiles of the Region that answer text, on both endpoints, with scope, quota and streaming support.
 * @returns Exit code 0.
 * @throws UserError (exit 1) without a Region, credentials or a reachable service.
 */
export async function printModels(request: Omit<ListRequest, 'tier'>, io: ListIo): Promise<number> {
	return printList({...request, tier: undefined}, io, {
		what: 'models',
		read: async ({options, clients}) => listRunnableModels(options, clients.mantle),
		tableOf: (entries, width) => renderTable(columnsFor(entries), entries, width),
	});
}

/** The command `models`. @returns Exit code. */
export async function models(given: Arguments, io: Io): Promise<number> {
	return withListRequest(given, io, async ({models: _, ...request}, output) => printModels(request, output));
}
