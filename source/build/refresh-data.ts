import {readFile} from 'node:fs/promises';
import path from 'node:path';
import {parseArgs} from 'node:util';
import {openAccount} from '../bedrock/account-access.ts';
import {type AccountLists, readLists} from '../bedrock/quotas/account-lists.ts';
import {joinAppliedAndDefault} from '../bedrock/quotas/bucket-quota.ts';
import {burndownOf, burndownSource} from '../bedrock/quotas/burndown.ts';
import {isAccountTokensPerDay, parseQuotaName} from '../bedrock/quotas/quota-name.ts';
import type {Connection} from '../domain/run-config.ts';
import {faultOf, UserError} from '../domain/user-error.ts';
import {writeAtomically} from '../text/private-file.ts';

/**
 * `npm run refresh-data`: renews the data about quotas and models (`bedrock/data/`) from an account's own lists. What the
 * account does not list stays as it was, with its source and date: each Region has others. Burndown is on a page of AWS
 * alone; what that page does not name is listed.
 */

type Source = {readonly what: string; readonly asOf: string; readonly simulated?: true};
type Row = {readonly source: string};

/** A file of data: each row names its source. */
export type DataFile<Each extends Row> = {
	readonly sources: Readonly<Record<string, Source>>;
	readonly rows: readonly Each[];
};

type QuotaData = Row & {readonly code: string; readonly name: string; readonly adjustable: boolean | null};
type ModelData = Row & {readonly id: string; readonly name: string | null; readonly provider: string | null};

type Renewed<Each extends Row> = {
	readonly file: DataFile<Each>;
	/** Keys of the rows that were not there before. */
	readonly added: readonly string[];
};

/**
 * The data with the rows of a list in place of older ones; sources that no row names any more go, and so does what was
 * simulated once a real list comes.
 */
export function renewed<Each extends Row>(
	old: DataFile<Each>,
	listed: readonly Each[],
	[name, source]: readonly [name: string, source: Source],
	keyOf: (row: Each) => string,
): Renewed<Each> {
	const before = new Set(old.rows.map(keyOf));
	const kept = old.rows.filter(
		(row) => old.sources[row.source]?.simulated !== true || source.simulated === true,
	);
	const byKey = new Map([...kept, ...listed].map((row) => [keyOf(row), row] as const));
	const rows = [...byKey].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, row]) => row);
	const used = new Set(rows.map((row) => row.source));
	const sources = Object.entries({...old.sources, [name]: source}).filter(([key]) => used.has(key));
	return {
		file: {sources: Object.fromEntries(sources), rows},
		added: [...new Set(listed.map(keyOf))].filter((key) => !before.has(key)),
	};
}

/** The quotas of calling models that an account lists. */
const quotasOf = ({applied, defaults}: AccountLists, source: string): readonly QuotaData[] =>
	joinAppliedAndDefault(applied, defaults).flatMap(({code, name, adjustable}) =>
		code !== null && (parseQuotaName(name) !== undefined || isAccountTokensPerDay(name))
			? [{code, name, adjustable, source}]
			: [],
	);

const modelsOf = ({models}: AccountLists, source: string): readonly ModelData[] =>
	models.map(({modelId, modelName, providerName}) => ({
		id: modelId,
		name: modelName,
		provider: providerName,
		source,
	}));

/** @throws UserError (exit 1) where a list could not be read: half of them is worse than the old ones. */
const assertWhole = ({failures}: AccountLists): void => {
	const [failure] = (['defaults', 'models', 'applied'] as const)
		.map((list) => failures.get(list))
		.filter((each) => each !== undefined);
	if (failure !== undefined) {
		throw new UserError(`The lists of the account cannot be read: ${failure.message}`, {
			exitCode: 1,
			hint: failure.advice,
		});
	}
};

const readData = async <Each extends Row>(file: string): Promise<DataFile<Each>> =>
	JSON.parse(await readFile(file, 'utf8')) as DataFile<Each>;

const dataFolder = path.resolve(import.meta.dirname, '../bedrock/data');

/** The names in a line, or that there are none. */
const listWords = (names: readonly string[]): string => (names.length === 0 ? 'none' : names.join(', '));

/**
 * Renews `quotas.json` and `models.json`.
 * @param folder Where they are written; what was known before is read from the project.
 * @param today ISO 8601 day.
 * @returns What is new, as lines.
 * @throws UserError (exit 1) without a Region, credentials or the lists.
 */
export async function refreshData(
	connection: Connection,
	{folder, today}: {readonly folder: string; readonly today: string},
): Promise<readonly string[]> {
	const account = await openAccount({
		connection,
		override: {requestsPerMinute: undefined, tokensPerMinute: undefined, burndown: undefined},
		isRefreshing: true,
		tier: undefined,
	});
	try {
		const {source, region} = account.options;
		const lists = await readLists(source, {
			cache: undefined,
			isRefreshing: true,
			applicationProfiles: [],
			isListingApplicationProfiles: false,
		});
		assertWhole(lists);
		const isSimulated = source.isSimulated?.() ?? false;
		const name = `${region}${isSimulated ? ' simulated' : ''}`;
		const from = (what: string): readonly [string, Source] => [
			name,
			{what: `${what} in ${region}`, asOf: today, ...(isSimulated ? {simulated: true as const} : {})},
		];
		const quotas = renewed(
			await readData<QuotaData>(path.join(dataFolder, 'quotas.json')),
			quotasOf(lists, name),
			from('ListServiceQuotas and ListAWSDefaultServiceQuotas'),
			({code}) => code,
		);
		const models = renewed(
			await readData<ModelData>(path.join(dataFolder, 'models.json')),
			modelsOf(lists, name),
			from('ListFoundationModels'),
			({id}) => id,
		);
		for (const [file, data] of [
			['quotas.json', quotas.file],
			['models.json', models.file],
		] as const) {
			await writeAtomically(path.join(folder, file), `${JSON.stringify(data, null, '\t')}\n`);
		}
		const assumed = lists.models
			.filter(({outputModalities}) => outputModalities.includes('TEXT'))
			.map(({modelId}) => modelId)
			.filter((baseModel) => burndownOf({baseModel, scope: 'on-demand'}).source === 'assumed');
		return [
			...(isSimulated ? ['SIMULATED: these lists are of a simulator, not of Amazon Bedrock.'] : []),
			`quotas.json: ${quotas.file.rows.length} codes, ${quotas.added.length} of them new: ${listWords(quotas.added)}`,
			`models.json: ${models.file.rows.length} models, ${models.added.length} of them new: ${listWords(models.added)}`,
			`burndown.json is of a page (${burndownSource}) and not of a list. Assumed, because the page does not name them: ${listWords(assumed)}`,
		];
	} finally {
		account.clients.close();
	}
}

if (process.argv[1] === import.meta.filename) {
	const text = {type: 'string'} as const;
	const {values} = parseArgs({options: {region: text, profile: text, out: text}});
	try {
		const connection = {region: values.region, profile: values.profile, simulatorUrl: undefined};
		const lines = await refreshData(connection, {
			folder: values.out ?? dataFolder,
			today: new Date().toISOString().slice(0, 10),
		});
		process.stdout.write(`${lines.join('\n')}\n`);
	} catch (error) {
		const {message, hint, exitCode} = faultOf(error);
		process.stderr.write(`${[message, hint].filter((part) => part !== undefined).join('\n')}\n`);
		process.exitCode = exitCode;
	}
}
