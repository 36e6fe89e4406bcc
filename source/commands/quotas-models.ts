import {type AccountRequest, assertListed, destinationOf, openAccount} from '../bedrock/account-access.ts';
import {assertReachable} from '../bedrock/clients/reachability.ts';
import {listRunnableModels, type RunnableModel} from '../bedrock/identify/runnable-models.ts';
import {resolveTargets} from '../bedrock/quotas/resolve-targets.ts';
import type {Arguments} from '../config/parse-arguments.ts';
import {resolveConnection, resolveOverride, resolveTier} from '../config/resolve-account.ts';
import type {Target} from '../domain/target.ts';
import {limitColumns, limitRows, limitState, placeLine} from '../plain/quota-report.ts';
import {columnsOf, type Io} from '../terminal/io.ts';
import {withProgress} from '../terminal/with-progress.ts';
import {formatTokens, unknownMark} from '../text/numbers.ts';
import {type Column, renderTable} from '../text/table.ts';
import {cleanText, escapeUnseen} from '../text/width.ts';
import {startDemo} from './demo.ts';

type ReportIo = {
	readonly stdout: NodeJS.WritableStream;
	readonly stderr: NodeJS.WritableStream;
	/** Cells of a line on stdout. */
	readonly columns: number;
};

type QuotasOptions = AccountRequest & {
	/** Identifiers of any kind; all that can be run when none is named. */
	readonly models: readonly string[];
	readonly isJson: boolean;
};

/** A target as `quotas --json` prints it; `near` only where no quota name matched. */
type QuotaReport = Target & {readonly near?: readonly string[]};

/**
 * Prints the resolved quotas of models.
 * @returns the exit code: 0 also where limits are unknown, which the report says.
 * @throws UserError (exit 1) without a Region, credentials or a reachable service.
 */
export async function quotas(options: QuotasOptions, io: ReportIo): Promise<number> {
	const account = await openAccount(options);
	try {
		const finding = findTargets(options.models, account.options);
		const found = await withProgress(io.stderr, 'Reading the quotas of the account ...', finding);
		await assertReachable({...destinationOf(account), needsLists: true}, found.failures);
		assertListed(found.targets.length, found.failures);
		const reports = found.targets.map(
			(target, index): QuotaReport => withNear(target, found.near[index] ?? []),
		);
		const isSimulated = account.options.source.isSimulated?.() ?? false;
		const lines = options.isJson
			? [escapeUnseen(JSON.stringify(reports, null, 2))]
			: [
					cleanText(
						placeLine(
							account.options.region,
							account.clients.endpoint,
							isSimulated,
							await account.clients.account(),
						),
					),
					...renderTable(limitColumns, limitRows(reports), io.columns),
					// Of all models there are too many that nothing is known about.
					...(options.models.length === 0 ? [] : reports.flatMap((report) => nearLines(report))),
				];
		io.stdout.write(`${lines.join('\n')}\n`);
		writeRemarks([...account.clients.remarks, ...found.remarks], io);
		return 0;
	} finally {
		account.clients.close();
	}
}

/** One sentence a line on stderr, beside the result. */
function writeRemarks(remarks: readonly string[], io: ReportIo): void {
	if (remarks.length > 0) {
		io.stderr.write(`${remarks.map((remark) => cleanText(remark)).join('\n')}\n`);
	}
}

const findTargets = async (
	models: readonly string[],
	options: Parameters<typeof resolveTargets>[1],
): Promise<Awaited<ReturnType<typeof resolveTargets>>> => {
	if (models.length > 0) {
		return resolveTargets(models, options);
	}
	const {entries, ...rest} = await listRunnableModels(options);
	return {...rest, targets: entries.map(({name, provider, isStreaming, lifecycle, ...target}) => target)};
};

/** Where no quota is known, the names that came close are part of the answer, even when there are none. */
const withNear = (target: Target, near: readonly string[]): QuotaReport => {
	const {state, name} = target.quota.requestsPerMinute;
	const isUnmatched = state === 'unknown' || (name === null && near.length > 0);
	return isUnmatched ? {...target, near} : target;
};

const nearLines = ({model, near = []}: QuotaReport): readonly string[] =>
	near.length === 0
		? []
		: ['', `Quota names near ${cleanText(model)}:`, ...near.map((name) => `  ${cleanText(name)}`)];

type ModelsOptions = Omit<AccountRequest, 'tier'> & {readonly isJson: boolean};

/**
 * Prints the models and profiles of the Region that can be asked for text, with scope, quota and streaming support.
 * @throws UserError (exit 1) without a Region, credentials or a reachable service.
 */
export async function models(options: ModelsOptions, io: ReportIo): Promise<number> {
	const account = await openAccount({...options, tier: undefined});
	try {
		const reading = listRunnableModels(account.options);
		const {entries, remarks, failures} = await withProgress(
			io.stderr,
			'Reading the models of the account ...',
			reading,
		);
		await assertReachable({...destinationOf(account), needsLists: true}, failures);
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
}

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

/** Seed of the simulator behind `--demo`: its quotas do not depend on it. */
const demoSeed = 1;

/** The commands `quotas` and `models`, from their flags. @returns Exit code. */
export async function account(name: 'quotas' | 'models', {words, flags}: Arguments, io: Io): Promise<number> {
	const json = flags.text('json');
	const request = {
		override: resolveOverride(flags),
		isJson: json !== undefined,
		isRefreshing: flags.isSet('refresh') ?? false,
		tier: resolveTier(flags),
	};
	const named = [...words, ...flags.texts('model')];
	const connection = resolveConnection(flags, named);
	const demo = await startDemo(flags.isSet('demo'), connection, demoSeed);
	const options = {...request, connection: demo.connection};
	const output = {stdout: io.stdout, stderr: io.stderr, columns: columnsOf(io.stdout)};
	try {
		return name === 'quotas'
			? await quotas({...options, models: named}, output)
			: await models(options, output);
	} finally {
		await demo.stop();
	}
}
