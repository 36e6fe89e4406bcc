import {listRunnableModels, type RunnableModel} from '../bedrock/identify/runnable-models.ts';
import type {Arguments} from '../config/parse-arguments.ts';
import {limitState} from '../plain/quota-report.ts';
import type {Io} from '../terminal/io.ts';
import {formatTokens, unknownMark} from '../text/numbers.ts';
import {type Column, renderTable} from '../text/table.ts';
import {cleanText} from '../text/width.ts';
import {type ListIo, type ListRequest, printList, withListRequest} from './account-lists.ts';

const limitText = (limit: RunnableModel['quota']['tokensPerMinute']): string => {
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

const columns: ReadonlyArray<Column<RunnableModel>> = [
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

/**
 * Prints the models and profiles of the Region that answer text, with scope, quota and streaming support.
 * @returns Exit code 0.
 * @throws UserError (exit 1) without a Region, credentials or a reachable service.
 */
export async function printModels(request: Omit<ListRequest, 'tier'>, io: ListIo): Promise<number> {
	return printList({...request, tier: undefined}, io, {
		what: 'models',
		read: listRunnableModels,
		tableOf: (entries, width) => renderTable(columns, entries, width),
	});
}

/** The command `models`. @returns Exit code. */
export async function models(given: Arguments, io: Io): Promise<number> {
	return withListRequest(given, io, async ({models: _, ...request}, output) => printModels(request, output));
}
