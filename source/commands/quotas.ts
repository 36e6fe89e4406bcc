import {OwnUse} from '../account/own-traffic-registry.ts';
import {createRegionPoller, usageFailureWords} from '../account/region-poller.ts';
import {measuredPeriod} from '../account/what-to-change.ts';
import {createLedgerStore} from '../admission/member-store.ts';
import type {OpenAccount} from '../bedrock/account-access.ts';
import {directoryOfTargets} from '../bedrock/cloudwatch/account-directory.ts';
import {createUsageSource} from '../bedrock/cloudwatch/usage-reader.ts';
import {listRunnableModels} from '../bedrock/identify/runnable-models.ts';
import {accountIdentity} from '../bedrock/quotas/account-lists.ts';
import {quotaIncreasesOf} from '../bedrock/quotas/aws-quota-source.ts';
import {resolveTargets} from '../bedrock/quotas/resolve-targets.ts';
import type {Arguments} from '../config/parse-arguments.ts';
import {readIncrease, type WantedIncrease} from '../config/values.ts';
import {type AccountBucket, bucketKey, type MeasuredCeiling} from '../domain/account-snapshot.ts';
import {systemClock} from '../domain/clock.ts';
import type {Target} from '../domain/target.ts';
import {UserError} from '../domain/user-error.ts';
import {
	ceilingJson,
	ceilingWords,
	enforcementJson,
	enforcementWords,
	measuredRange,
} from '../metrics/figures/measured-ceiling.ts';
import type {Io} from '../terminal/io.ts';
import {formatCount, unknownMark} from '../text/numbers.ts';
import {type Column, renderTable} from '../text/table.ts';
import {cleanText, wrapText} from '../text/width.ts';
import {factorWords, limitColumns, limitFactor, limitRows} from '../view/quotas.ts';
import {type ListIo, type ListRequest, printList, withListRequest} from './account-lists.ts';
import {openWords, requestIncreases} from './quotas/request-increase.ts';

type QuotasRequest = ListRequest & {
	/** Identifiers of any kind; without one, all models that can be run. */
	readonly models: readonly string[];
};

/**
 * A target as `quotas --json` prints it; `near` only where no quota name matched, `measured` where throttled minutes show a
 * limit, `enforcement` where throttles of our own programs show how it is counted.
 */
type QuotaReport = Target & {
	readonly near?: readonly string[];
	readonly measured?: ReturnType<typeof ceilingJson>;
	readonly enforcement?: ReturnType<typeof enforcementJson>;
};

/** Where a quota is unknown, the names that came close are part of the answer, even when there are none. */
const withNear = (target: Target, near: readonly string[]): QuotaReport => {
	const {requestsPerMinute, outputTokensPerMinute} = target.quota;
	const {state, name} = outputTokensPerMinute ?? requestsPerMinute;
	const isUnmatched = state === 'unknown' || (name === null && near.length > 0);
	return isUnmatched ? {...target, near} : target;
};

const readReports = async (models: readonly string[], {options, clients}: OpenAccount) => {
	if (models.length === 0) {
		const {entries, ...rest} = await listRunnableModels(options, clients.mantle);
		const targets = entries.map(({name, provider, isStreaming, lifecycle, ...target}) => target);
		return {...rest, entries: targets.map((target, index) => withNear(target, rest.near[index] ?? []))};
	}
	const {targets, near, ...rest} = await resolveTargets(models, options);
	return {...rest, entries: targets.map((target, index) => withNear(target, near[index] ?? []))};
};

/** Reading the account's use once must not hold up what it stands beside. */
const onceDeadlineMs = 15_000;

/**
 * The buckets of some targets by the last three hours, read once.
 * @returns their figures, and a sentence where CloudWatch could not be read.
 */
const readBucketsOnce = async (
	targets: readonly Target[],
	{options, clients}: OpenAccount,
): Promise<{readonly buckets: readonly AccountBucket[]; readonly failure: string | undefined}> => {
	const poller = createRegionPoller({
		clock: systemClock,
		source: createUsageSource(clients, systemClock),
		readDirectory: async () => directoryOfTargets(targets, options.source),
		own: new OwnUse(),
		isEverything: false,
		signal: AbortSignal.timeout(onceDeadlineMs),
		onStep() {},
	});
	await poller.readMinutes(new Set());
	const {listing, reading} = poller.troubles();
	const failure = listing ?? reading;
	return {buckets: poller.buckets(), failure: failure === undefined ? undefined : usageFailureWords(failure)};
};

/** Adds what throttled minutes show of the limits that are enforced. */
const withMeasured = async <Stated extends Awaited<ReturnType<typeof readReports>>>(
	stated: Stated,
	account: OpenAccount,
	ceilings: Map<string, MeasuredCeiling>,
): Promise<Stated> => {
	// Nothing more is asked of an account that does not answer: that is said elsewhere.
	if ([...stated.failures.values()].some(({kind}) => kind === 'network' || kind === 'credentials')) {
		return stated;
	}
	const {buckets, failure} = await readBucketsOnce(stated.entries, account);
	for (const {key, measured} of buckets) {
		if (measured !== null) {
			ceilings.set(key, measured);
		}
	}
	return {
		...stated,
		entries: stated.entries.map((target): QuotaReport => {
			const measured = ceilings.get(bucketKey(target));
			return measured === undefined ? target : {...target, measured: ceilingJson(measured)};
		}),
		remarks:
			failure === undefined
				? stated.remarks
				: [...stated.remarks, `What throttled minutes show of the limits is not known: ${failure}.`],
	};
};

/** Adds how the service counts each limit, as runs and taps of this user on this host last saw it. */
const withEnforcement = async (
	reports: readonly QuotaReport[],
	connection: ListRequest['connection'],
): Promise<readonly QuotaReport[]> => {
	const uses = createLedgerStore();
	const caller = {...connection, identity: accountIdentity(process.env)};
	return Promise.all(
		reports.map(async (report): Promise<QuotaReport> => {
			const learnt = await uses.open(caller, report).readLearnt();
			return learnt?.enforcement === undefined
				? report
				: {...report, enforcement: enforcementJson(learnt.enforcement)};
		}),
	);
};

/** The quotas, stated and measured, with a remark for each request that is open to raise one of them. */
const readQuotas = async (
	models: readonly string[],
	account: OpenAccount,
	{connection, ceilings}: Pick<ListRequest, 'connection'> & {readonly ceilings: Map<string, MeasuredCeiling>},
) => {
	const [found, open] = await Promise.all([
		readReports(models, account).then(async (stated) => withMeasured(stated, account, ceilings)),
		// Who may not see the requests still sees the quotas.
		quotaIncreasesOf(account.clients)
			.listOpen()
			.catch(() => []),
	]);
	const limits = limitRows(found.entries).map(({limit}) => limit);
	const remarks = open.flatMap((increase) => {
		const name = limits.find(({code}) => code === increase.code)?.name ?? undefined;
		return name === undefined ? [] : [openWords(increase, name)];
	});
	return {
		...found,
		entries: await withEnforcement(found.entries, connection),
		remarks: [...found.remarks, ...remarks],
	};
};

type Row = ReturnType<typeof limitRows>[number];

/** The columns of the limits, with what was measured before how a limit is raised. */
const columnsWith = (
	reports: readonly QuotaReport[],
	ceilings: ReadonlyMap<string, MeasuredCeiling>,
): ReadonlyArray<Column<Row>> => {
	const all = limitColumns<Row>(formatCount);
	const measuredText = ({of}: Row): string => {
		const report = of === undefined ? undefined : reports[of.target];
		const measured = report === undefined ? undefined : ceilings.get(bucketKey(report));
		const limit =
			of?.kind === 'requestsPerMinute'
				? measured?.requests
				: of?.kind === 'tokensPerMinute'
					? measured?.quotaTokens
					: undefined;
		return limit == null ? unknownMark : measuredRange(limit, formatCount);
	};
	const at = all.findIndex(({key}) => key === 'increase');
	return ceilings.size === 0
		? all
		: [
				...all.slice(0, at),
				{key: 'measured', header: 'Measured', align: 'right', priority: 7, format: measuredText},
				...all.slice(at),
			];
};

/** Sentences for each bucket whose limit was measured, or whose way of counting was seen. */
const measuredLines = (
	reports: readonly QuotaReport[],
	ceilings: ReadonlyMap<string, MeasuredCeiling>,
	columns: number,
): readonly string[] => {
	const lines = [...new Map(reports.map((report) => [bucketKey(report), report]))].flatMap(
		([key, {model, quota, enforcement}]) => {
			const measured = ceilings.get(key);
			return [
				...(measured === undefined ? [] : [ceilingWords(measured, quota, measuredPeriod)]),
				...(enforcement === undefined ? [] : [enforcementWords(enforcement)]),
			].flatMap((words) => wrapText(`${cleanText(model)}: ${words}`, columns));
		},
	);
	return lines.length === 0 ? [] : ['', 'Measured:', ...lines];
};

const nearLines = ({model, near = []}: QuotaReport): readonly string[] =>
	near.length === 0
		? []
		: ['', `Quota names near ${cleanText(model)}:`, ...near.map((name) => `  ${cleanText(name)}`)];

/** Why some limits are a multiple of what is applied; nothing where none is. */
const factorLines = (reports: readonly QuotaReport[], columns: number): readonly string[] => {
	const multiple = limitRows(reports).find(({limit}) => limitFactor(limit) > 1);
	return multiple === undefined
		? []
		: ['', ...wrapText(`x${limitFactor(multiple.limit)}: ${factorWords(multiple.limit)}`, columns)];
};

/**
 * Prints the resolved quotas of models.
 * @returns Exit code 0, also where limits are unknown: the report says so.
 * @throws UserError (exit 1) without a Region, credentials or a reachable service.
 */
export async function printQuotas({models, ...request}: QuotasRequest, io: ListIo): Promise<number> {
	const ceilings = new Map<string, MeasuredCeiling>();
	return printList<QuotaReport>(request, io, {
		what: 'quotas',
		read: async (account) => readQuotas(models, account, {connection: request.connection, ceilings}),
		tableOf: (reports, columns) => [
			...renderTable(columnsWith(reports, ceilings), limitRows(reports), columns),
			...factorLines(reports, columns),
			...measuredLines(reports, ceilings, columns),
			// Too many of all models have no known quota.
			...(models.length === 0 ? [] : reports.flatMap(nearLines)),
		],
	});
}

/** The quotas that `--request` names. @throws UserError (exit 2), also for one that is named twice. */
const wantedIncreases = ({flags, words}: Arguments): readonly WantedIncrease[] => {
	const wanted = flags.texts('request').map(readIncrease);
	const twice = wanted.find(({code}, index) => wanted.findIndex((each) => each.code === code) < index);
	const [model] = [...words, ...flags.texts('model')];
	if (twice !== undefined) {
		throw new UserError(`--request: ${twice.code} is given twice.`, {exitCode: 2, hint: 'Give it once.'});
	}
	if (wanted.length > 0 && model !== undefined) {
		throw new UserError(`--request names quotas by their codes, and "${model}" is one word too many.`, {
			exitCode: 2,
			hint: `"bedrock-top quotas ${model}" lists the codes of this model.`,
		});
	}
	return wanted;
};

/** The command `quotas`. @returns Exit code. */
export async function quotas(given: Arguments, io: Io): Promise<number> {
	const wanted = wantedIncreases(given);
	const isConfirmed = given.flags.isSet('yes') ?? false;
	if (wanted.length > 0) {
		return withListRequest(given, io, async (request) =>
			requestIncreases({...request, wanted, isConfirmed}, io),
		);
	}
	return withListRequest(given, io, printQuotas);
}
