import {createHash} from 'node:crypto';
import {readdir, rm, stat} from 'node:fs/promises';
import path from 'node:path';
import {type PastPlan, type PastReading, planPast, quietModels, readPast} from '../../account/past-plan.ts';
import {PastStore} from '../../account/past-store.ts';
import {type PastReport, type PastSource, pastUse} from '../../account/past-use.ts';
import {usageFailureWords} from '../../account/region-poller.ts';
import {listOptions} from '../../bedrock/account-access.ts';
import {type Clients, createClients} from '../../bedrock/clients/clients.ts';
import {type AccountDirectory, readDirectory} from '../../bedrock/cloudwatch/account-directory.ts';
import {createUsageSource} from '../../bedrock/cloudwatch/usage-reader.ts';
import {quotaSourceOf} from '../../bedrock/quotas/aws-quota-source.ts';
import type {Arguments, FlagValues} from '../../config/parse-arguments.ts';
import {resolveOverride, resolveRegions} from '../../config/resolve-account.ts';
import {resolveOutput} from '../../config/resolve-output.ts';
import {readMaxCost, readSince} from '../../config/values.ts';
import {type Clock, systemClock} from '../../domain/clock.ts';
import type {Connection, QuotaOverride} from '../../domain/run-config.ts';
import type {UsageFailure, UsageSource} from '../../domain/usage-source.ts';
import {faultOf, UserError} from '../../domain/user-error.ts';
import {assertAffordable} from '../../metrics/decisions/cost-refusal.ts';
import {pastJson, pastLines, pastMarkdown, pastPage} from '../../plain/past.ts';
import {pageOf} from '../../reports/pull-request.ts';
import {heatMapsOf} from '../../reports/specs/heat-map.ts';
import {assertCiWritable, isForCi, writeForCi} from '../../terminal/ci.ts';
import {assertWritable} from '../../terminal/files.ts';
import {columnsOf, type Io, isConfirmed, withProgress, writeLines} from '../../terminal/io.ts';
import {signalExitCode} from '../../terminal/signals.ts';
import {formatCount, formatUsd} from '../../text/numbers.ts';
import {cacheFolder} from '../../text/private-file.ts';
import {cleanText} from '../../text/width.ts';
import {writeReports} from '../../threads/reports-handle.ts';
import {sourceWords} from '../../view/quotas.ts';
import {startDemo} from '../demo.ts';
import {claimReportFolder, printJsonOr} from '../report.ts';

/** `watch --since T`: the account's use over a past time, read once. */

/** Attempts of a throttled call: pauses of 1 to 32 s, about a minute in all. */
const maxTries = 7;
const demoSeed = 1;
/** Sockets of a source. */
const maxSockets = 4;

type Asked = {
	readonly sinceMs: number;
	readonly override: QuotaOverride;
	readonly isRefreshing: boolean;
	readonly signal: AbortSignal;
	readonly clock: Clock;
};

/** A source whose models are known and that can be read. */
type Opened = {
	readonly place: Pick<PastReport, 'profile' | 'region' | 'account' | 'simulated' | 'endpoint'>;
	readonly clients: Clients;
	readonly usage: UsageSource;
	readonly directory: AccountDirectory;
	readonly store: PastStore;
	readonly plan: PastPlan;
	readonly remarks: readonly string[];
};

/** Files of what was read; those of a simulator are of no use once it has ended. */
const keptDays = {aws: 60, simulator: 1} as const;

/** Removes files that nobody asks for any more. */
const tidy = async (folder: string): Promise<void> => {
	const names = await readdir(folder).catch(() => []);
	for (const name of names) {
		const file = path.join(folder, name);
		const days = name.startsWith('simulator-') ? keptDays.simulator : keptDays.aws;
		const status = await stat(file).catch(() => undefined);
		if (status !== undefined && status.mtimeMs < Date.now() - days * 86_400_000) {
			await rm(file, {force: true});
		}
	}
};

/** The file in which the values of an account and Region are kept; undefined where nothing is. */
const storeFile = async (
	clients: Clients,
	region: string,
	simulator: string | undefined,
	{simulatorUrl}: Connection,
): Promise<string | undefined> => {
	const cache = cacheFolder();
	if (cache === undefined || simulatorUrl !== undefined) {
		return undefined;
	}
	const folder = path.join(cache, 'past');
	await tidy(folder);
	const {name} = await clients.owner();
	const key = createHash('sha256')
		.update(JSON.stringify([name, region, simulator ?? null]))
		.digest('hex');
	return path.join(folder, `${simulator === undefined ? 'account' : 'simulator'}-${key.slice(0, 32)}.jsonl`);
};

const failureText = (failure: UsageFailure): string => `${usageFailureWords(failure)}.`;

/** Reads which models there are. @throws UserError with the reason why nothing can be read. */
const open = async (connection: Connection, asked: Asked): Promise<Opened> => {
	const {sinceMs, signal, clock, override, isRefreshing} = asked;
	const clients = createClients(connection, {maxSockets});
	try {
		const region = await clients.region();
		await clients.checkCredentials();
		const usage = createUsageSource(clients, clock, maxTries);
		const source = quotaSourceOf(clients);
		const request = {connection, override, isRefreshing, tier: undefined};
		const [active, directory] = await Promise.all([
			usage.listActive(signal, 'kept'),
			readDirectory(listOptions(clients, region, request, source)),
		]);
		const {failure, simulator} = active;
		if (failure !== undefined && failure.kind !== 'denied') {
			if (failure.kind === 'network' || failure.kind === 'credentials') {
				await directory.assertReachable();
			}
			throw new UserError(failureText(failure), {exitCode: 1});
		}
		const store = new PastStore(await storeFile(clients, region, simulator, connection));
		await store.open(isRefreshing);
		const listed = failure === undefined ? active.models : undefined;
		const nowMs = clock.epoch() + (active.clockAheadMs ?? 0);
		const modelIds = [...(listed?.keys() ?? directory.candidates)];
		const simulated = simulator !== undefined || (source.isSimulated?.() ?? false);
		const account = simulated ? undefined : await clients.account();
		const {endpoint} = clients;
		return {
			place: {profile: connection.profile, region, account, simulated, endpoint},
			clients,
			usage,
			directory,
			store,
			plan: planPast({nowMs, sinceMs, modelIds, candidates: [...directory.candidates], listed}, store),
			remarks: [
				...(failure === undefined
					? []
					: [
							`Cannot list the models in use (${usageFailureWords(failure)}): the Region's models and profiles are read instead, others are missing.`,
						]),
				...directory.remarks,
			],
		};
	} catch (error) {
		clients.close();
		throw error;
	}
};

/** Reads what is missing, and makes the report. @throws UserError with the reason why it is not whole. */
const report = async (
	{place, usage, directory, store, plan, remarks}: Opened,
	signal: AbortSignal,
	onCall: (done: number) => void,
): Promise<PastReport> => {
	const reading = await readPast(plan, store, {source: usage, signal, onCall});
	if (reading.failure !== undefined) {
		throw new UserError(brokenOff(reading.failure, reading, plan), {exitCode: 1});
	}
	const use = pastUse(await directory.map([...plan.asked.keys()]), {...plan, store});
	return {
		type: 'read',
		...place,
		windows: plan.windows,
		use,
		quiet: quietModels(plan, store),
		remarks: [
			...remarks,
			...(use.unread.length === 0
				? []
				: [
						`CloudWatch returned only part of ${use.unread.map(cleanText).join(', ')}: left out. The same command asks again.`,
					]),
		],
		cost: {...plan.cost, calls: reading.calls},
	};
};

/** What was read is kept: nobody has to begin again. */
const brokenOff = (failure: UsageFailure, {answered}: PastReading, plan: PastPlan): string =>
	`${failureText(failure)}${
		answered === 0
			? failure.kind === 'throttled'
				? ' Try again in a few minutes.'
				: ''
			: ` ${formatCount(answered)} of ${formatCount(plan.calls.length)} calls are answered and kept: the same command continues there.`
	}`;

/** What will be asked for and what it costs, before it is. */
const priceLines = (opened: readonly Opened[]): readonly string[] => {
	const words = ({plan: {cost, keptSeries}}: Pick<Opened, 'plan'>): string =>
		cost.calls === 0
			? 'nothing to ask for, all is kept from before'
			: `${formatCount(cost.calls)} ${cost.calls === 1 ? 'call' : 'calls'} of GetMetricData for ${formatCount(cost.metrics)} metrics, about ${formatUsd(cost.usd)} at list price (not verified)${keptSeries === 0 ? '' : `; ${formatCount(keptSeries)} series are kept from before`}`;
	const models = ({plan: {asked}}: Opened): string =>
		`${formatCount(asked.size)} ${asked.size === 1 ? 'model' : 'models'}`;
	const usd = opened.reduce((sum, {plan}) => sum + plan.cost.usd, 0);
	return [
		...opened.map((each) => `CloudWatch of ${sourceWords(each.place)}: ${models(each)}, ${words(each)}.`),
		...(opened.length < 2 ? [] : [`In all about ${formatUsd(usd)}.`]),
	];
};

/** Asks or refuses where the price is above the limit. @throws UserError (exit 2). */
const confirm = async (usd: number, flags: FlagValues, lines: readonly string[], io: Io): Promise<void> => {
	const typed = flags.text('max-cost');
	const limit = {
		maxCostUsd: readMaxCost(typed),
		isMaxCostGiven: typed !== undefined,
		isConfirmed: flags.isSet('yes') ?? false,
	};
	const isAbove = limit.maxCostUsd !== null && usd > limit.maxCostUsd;
	const isAsked = isAbove && !limit.isMaxCostGiven && !limit.isConfirmed && io.stdin.isTTY && io.stderr.isTTY;
	assertAffordable({
		costUsd: usd,
		limit: {...limit, isConfirmed: limit.isConfirmed || isAsked},
		words: {notDone: 'nothing was read', start: 'Read', lower: '--since'},
	});
	await writeLines(io.stderr, lines);
	if (isAsked && !(await isConfirmed(io, 'Read?'))) {
		throw new UserError('Nothing was read.', {exitCode: 2, hint: '--yes reads unasked.'});
	}
};

const beside = ['alert', 'port', 'new-secret', 'ledger', 'junit'] as const;

/** @throws UserError (exit 2) for what belongs to watching what comes. */
const assertAlone = (flags: FlagValues): void => {
	const typed = beside.find((name) => flags.typed(name).length > 0);
	if (typed !== undefined) {
		throw new UserError(`--since reads what was, --${typed} goes with watching what comes.`, {
			exitCode: 2,
			hint: `Leave one of them out.`,
		});
	}
};

const failedSource = (
	connection: Connection,
	{simulated}: {readonly simulated: boolean},
	error: unknown,
): PastSource => ({
	type: 'failed',
	profile: connection.profile,
	region: connection.region ?? '',
	account: undefined,
	simulated,
	reason: [faultOf(error).message, faultOf(error).hint].filter((part) => part !== undefined).join(' '),
});

/**
 * Reads and prints the past use of every source; one that fails leaves the others.
 * @returns Exit code.
 * @throws UserError exit 2 for what was typed or costs too much, exit 1 where no source could be read.
 */
export async function watchPast({flags}: Arguments, io: Io, clock = systemClock): Promise<number> {
	const since = flags.text('since') ?? '';
	const sinceMs = readSince(since);
	assertAlone(flags);
	const output = resolveOutput(flags, io.environment);
	if (output.json?.file !== undefined) {
		await assertWritable(output.json.file);
	}
	await assertCiWritable(output);
	const hasHtml = flags.isSet('html') ?? false;
	const folder = output.folder === undefined && !hasHtml ? undefined : await claimReportFolder(output);
	const {connection, regions} = resolveRegions(flags);
	const demo = await startDemo(flags.isSet('demo'), connection, demoSeed);
	const asked: Asked = {
		sinceMs,
		override: resolveOverride(flags),
		isRefreshing: flags.isSet('refresh') ?? false,
		signal: io.signal,
		clock,
	};
	const places = regions.length > 0 ? regions : [connection.region];
	const connections = [connection.profile, ...(connection.otherProfiles ?? [])].flatMap((profile) =>
		places.map((region) => ({...demo.connection, profile, region})),
	);
	const opened: Opened[] = [];
	try {
		const found = new Map<Connection, Opened | PastSource>();
		await withProgress(
			io.stderr,
			'Reading which models were in use ...',
			Promise.all(
				connections.map(async (each) => {
					const source = await open(each, asked).catch((error: unknown) =>
						failedSource(each, {simulated: false}, error),
					);
					found.set(each, source);
				}),
			),
		);
		const inOrder = connections.flatMap((each) => found.get(each) ?? []);
		opened.push(...inOrder.flatMap((each) => ('plan' in each ? [each] : [])));
		if (opened.length > 0) {
			const usd = opened.reduce((sum, {plan}) => sum + plan.cost.usd, 0);
			await confirm(usd, flags, priceLines(opened), io);
		}
		const sources: PastSource[] = [];
		for (const each of inOrder) {
			sources.push('plan' in each ? await readOne(each, io) : each);
			if (io.signal.aborted) {
				await writeLines(io.stderr, ['Stopped. What was read is kept: the same command continues there.']);
				return signalExitCode(io.signal);
			}
		}
		return await finish(since, sources, {output, folder, hasHtml}, io);
	} finally {
		for (const {clients} of opened) {
			clients.close();
		}
		await demo.stop();
	}
}

const readOne = async (opened: Opened, io: Io): Promise<PastSource> => {
	let done = 0;
	const all = formatCount(opened.plan.calls.length);
	const words = (): string =>
		`Reading ${opened.place.region}: ${formatCount(done)} of ${all} calls of GetMetricData ...`;
	const work = report(opened, io.signal, (count) => {
		done = count;
	});
	try {
		return await withProgress(io.stderr, words, work);
	} catch (error) {
		return {
			...failedSource({...opened.place, simulatorUrl: undefined}, opened.place, error),
			account: opened.place.account,
		};
	}
};

const finish = async (
	since: string,
	sources: readonly PastSource[],
	{
		output,
		folder,
		hasHtml,
	}: {
		readonly output: ReturnType<typeof resolveOutput>;
		readonly folder: string | undefined;
		readonly hasHtml: boolean;
	},
	io: Io,
): Promise<number> => {
	const reports = sources.filter((each) => each.type === 'read');
	const failed = sources.filter((each) => each.type === 'failed');
	const [first] = failed;
	if (reports.length === 0 && failed.length === 1 && first !== undefined) {
		throw new UserError(first.reason, {exitCode: 1});
	}
	const value = pastJson(since, sources);
	const style = {width: columnsOf(io.stdout), ascii: output.isAscii};
	await printJsonOr(
		value,
		output.isStdoutTaken ? [] : reports.flatMap((each) => pastLines(each, style)),
		output.json,
		io,
	);
	const failures = failed.map((each) => `${sourceWords(each)} could not be read: ${each.reason}`);
	const faults = isForCi(output, io)
		? await writeForCi(
				output,
				{
					errors: failures,
					notices: [],
					page: async () => pageOf(`bedrock-top: use since ${since}`, reports.flatMap(pastMarkdown)),
					junit: async () => '',
				},
				io,
			)
		: [];
	await writeLines(io.stderr, [...failures, ...faults]);
	if (folder !== undefined && reports.length > 0) {
		const charts = heatMapsOf(reports);
		const pictures = charts.map(({fileName}) => fileName);
		const page = hasHtml ? pastPage(since, reports, pictures) : undefined;
		const files = await writeReports({
			type: 'draw',
			folder,
			figures: {fileName: 'use.json', value},
			charts,
			html: page && {fileName: 'use.html', page},
		});
		await writeLines(io.stderr, files);
	}
	return reports.length > 0 && faults.length === 0 ? 0 : 1;
};
