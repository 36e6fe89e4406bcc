import {
	type AccountRequest,
	assertListed,
	destinationOf,
	type OpenAccount,
	openAccount,
} from '../bedrock/account-access.ts';
import {assertReachable} from '../bedrock/clients/reachability.ts';
import type {AccountLists} from '../bedrock/quotas/account-lists.ts';
import type {Arguments} from '../config/parse-arguments.ts';
import {resolveConnection, resolveOverride, resolveTier} from '../config/resolve-account.ts';
import {columnsOf, type Io, withProgress} from '../terminal/io.ts';
import {cleanText, escapeUnseen} from '../text/width.ts';
import {placeLine} from '../view/quotas.ts';
import {startDemo} from './demo.ts';

/** The common part of the commands that list what an account has, `quotas` and `models`: flags, access, output. */

export type ListIo = {
	readonly stdout: NodeJS.WritableStream;
	readonly stderr: NodeJS.WritableStream;
	/** Cells of a line on stdout. */
	readonly columns: number;
};

export type ListRequest = AccountRequest & {readonly isJson: boolean};

/** The entries of a list, with remarks. */
type Found<Entry> = {
	readonly entries: readonly Entry[];
	readonly remarks: readonly string[];
	readonly failures: AccountLists['failures'];
};

type ListPorts<Entry> = {
	/** Names the entries while they are read: "quotas". */
	readonly what: string;
	readonly read: (account: OpenAccount) => Promise<Found<Entry>>;
	readonly tableOf: (entries: readonly Entry[], columns: number) => readonly string[];
};

const placeText = async ({options, clients}: OpenAccount): Promise<string> => {
	const isSimulated = options.source.isSimulated?.() ?? false;
	return cleanText(placeLine(options.region, clients.endpoint, isSimulated, await clients.account()));
};

/**
 * Reads a list of the account and prints it: as a table below the place that it holds in, or as JSON. Remarks go to
 * stderr, one per line.
 * @returns Exit code 0.
 * @throws UserError (exit 1) without a Region, credentials or a reachable service.
 */
export async function printList<Entry>(
	{isJson, ...request}: ListRequest,
	io: ListIo,
	{what, read, tableOf}: ListPorts<Entry>,
): Promise<number> {
	const account = await openAccount(request);
	try {
		const reading = read(account);
		const {entries, remarks, failures} = await withProgress(
			io.stderr,
			`Reading the ${what} of the account ...`,
			reading,
		);
		await assertReachable({...destinationOf(account), needsLists: true}, failures);
		assertListed(entries.length, failures);
		const lines = isJson
			? [escapeUnseen(JSON.stringify(entries, null, 2))]
			: [await placeText(account), ...tableOf(entries, io.columns)];
		io.stdout.write(`${lines.join('\n')}\n`);
		for (const remark of [...account.clients.remarks, ...remarks]) {
			io.stderr.write(`${cleanText(remark)}\n`);
		}
		return 0;
	} finally {
		account.clients.close();
	}
}

/** Seed of the simulator behind `--demo`: its quotas do not depend on it. */
const demoSeed = 1;

/**
 * Reads the flags of such a command and runs it, against the simulator with `--demo`.
 * @param list Gets the models that were named, too.
 */
export async function withListRequest(
	{words, flags}: Arguments,
	io: Io,
	list: (request: ListRequest & {readonly models: readonly string[]}, io: ListIo) => Promise<number>,
): Promise<number> {
	const models = [...words, ...flags.texts('model')];
	const typed = {
		models,
		connection: resolveConnection(flags, models),
		override: resolveOverride(flags),
		isRefreshing: flags.isSet('refresh') ?? false,
		tier: resolveTier(flags),
		isJson: flags.text('json') !== undefined,
	};
	const demo = await startDemo(flags.isSet('demo'), typed.connection, demoSeed);
	try {
		const request = {...typed, connection: demo.connection};
		return await list(request, {stdout: io.stdout, stderr: io.stderr, columns: columnsOf(io.stdout)});
	} finally {
		await demo.stop();
	}
}
