import type {CloudWatchClient, Metric, MetricDataQuery, MetricDataResult} from '@aws-sdk/client-cloudwatch';
import type {Clock} from '../../domain/clock.ts';
import {readFailureKind} from '../../domain/failure.ts';
import type {
	SeriesName,
	SeriesQuery,
	SeriesValues,
	TimeWindow,
	UsageFailure,
	UsageMetric,
	UsageReading,
	UsageSource,
} from '../../domain/usage-source.ts';
import {failureOf} from '../failures/failure-of.ts';
import {headersFor} from '../methods/response-headers.ts';

/** Batches in flight together: the service limits datapoints per second, not only calls. */
const batchesAtOnce = 3;
/** Attempts of a throttled batch. */
const maxTries = 3;
const firstPauseMs = 1000;

/** Reads the account's use with the AWS clients, which are made by the first call. */
export function createUsageSource(clients: MetricClients, clock: Clock): UsageSource {
	let listed: ReadonlyMap<string, ReadonlySet<string>> = new Map();

	/** Retries a throttled batch after a growing pause. */
	const readPatiently = async (
		queries: readonly NamedQuery[],
		window: Parameters<UsageSource['read']>[1],
		periodMs: number,
		signal: AbortSignal,
	): Promise<BatchOutcome> => {
		let calls = 0;
		for (let attempt = 1; ; attempt++) {
			const outcome = await readBatch(clients, queries, window, periodMs, {epoch: clock.epoch, signal});
			calls += outcome.calls;
			if (outcome.failure?.kind !== 'throttled' || attempt === maxTries || signal.aborted) {
				return {...outcome, calls};
			}
			await pause(clock, firstPauseMs * 2 ** (attempt - 1), signal);
		}
	};

	return {
		async listActive(signal, since = 'recent') {
			const found = await listActiveMetrics(clients, {epoch: clock.epoch, signal, since});
			if (found.failure === undefined) {
				listed =
					since === 'recent' ? new Map([...listed, ...found.names]) : new Map([...found.names, ...listed]);
			}
			return {
				models: new Map(
					[...found.names].map(([modelId, names]) => [
						modelId,
						new Set<SeriesName>([...names].flatMap((name) => seriesOf(name))),
					]),
				),
				cost: {calls: found.calls, metrics: 0},
				failure: found.failure,
				clockAheadMs: found.clockAheadMs,
			};
		},
		async read(queries, window, periodMs, signal) {
			const batches = batchesOf(queries.map((query) => named(query, listed)));
			const outcomes: BatchOutcome[] = [];
			const waiting = [...batches];
			const work = async (): Promise<void> => {
				for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift()) {
					const outcome = await readPatiently(batch, window, periodMs, signal);
					outcomes.push(outcome);
					if (isHopeless(outcome.failure)) {
						waiting.length = 0;
					}
				}
			};
			await Promise.all(Array.from({length: batchesAtOnce}, work));
			return readingOf(outcomes, queries.length);
		},
	};
}

const pause = async (clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> =>
	new Promise((resolve) => {
		const cancel = clock.after(delayMs, resolve);
		signal.addEventListener(
			'abort',
			() => {
				cancel();
				resolve();
			},
			{once: true},
		);
	});

const batchesOf = (queries: readonly NamedQuery[]): ReadonlyArray<readonly NamedQuery[]> =>
	Array.from({length: Math.ceil(queries.length / maxQueries)}, (_, index) =>
		queries.slice(index * maxQueries, (index + 1) * maxQueries),
	);

const named = (query: SeriesQuery, listed: ReadonlyMap<string, ReadonlySet<string>>): NamedQuery => ({
	...query,
	...metricStatOf(query.series, listed.get(query.modelId)),
});

/** Whether every other batch would fail the same way. */
const isHopeless = (failure: UsageFailure | undefined): boolean =>
	failure !== undefined && failure.kind !== 'other';

const readingOf = (outcomes: readonly BatchOutcome[], metrics: number): UsageReading => ({
	series: outcomes.flatMap(({series}) => series),
	cost: {calls: outcomes.reduce((sum, {calls}) => sum + calls, 0), metrics},
	failure: outcomes.find(({failure}) => failure !== undefined)?.failure,
	clockAheadMs: outcomes.find(({clockAheadMs}) => clockAheadMs !== undefined)?.clockAheadMs,
});

/**
 * The calls of CloudWatch: names of the metrics of `AWS/Bedrock` (Bedrock user guide, "Monitoring the performance of
 * Amazon Bedrock"), ListMetrics and GetMetricData.
 */

const namespace = 'AWS/Bedrock';

/** Spellings of each metric, the current one first: older pages write those of the cache without `Count`. */
const spellings: Readonly<Record<UsageMetric, readonly [string, ...string[]]>> = {
	requests: ['Invocations'],
	throttles: ['InvocationThrottles'],
	clientErrors: ['InvocationClientErrors'],
	serverErrors: ['InvocationServerErrors'],
	inputTokens: ['InputTokenCount'],
	outputTokens: ['OutputTokenCount'],
	cacheReadTokens: ['CacheReadInputTokenCount', 'CacheReadInputTokens'],
	cacheWriteTokens: ['CacheWriteInputTokenCount', 'CacheWriteInputTokens'],
	estimatedQuotaTokens: ['EstimatedTPMQuotaUsage'],
};

const durations: Readonly<Record<Exclude<SeriesName, UsageMetric>, readonly [metric: string, stat: string]>> =
	{
		firstTokenP50: ['TimeToFirstToken', 'p50'],
		firstTokenP90: ['TimeToFirstToken', 'p90'],
		latencyP50: ['InvocationLatency', 'p50'],
		latencyP90: ['InvocationLatency', 'p90'],
	};

const isDuration = (series: SeriesName): series is keyof typeof durations => series in durations;

/** A metric with the statistic that is read of it. */
type MetricStat = {readonly metric: string; readonly stat: string};

/**
 * The metric and statistic of a series.
 * @param listed Metrics that ListMetrics names for the ModelId; undefined where it is not known.
 */
function metricStatOf(series: SeriesName, listed: ReadonlySet<string> | undefined): MetricStat {
	if (isDuration(series)) {
		const [metric, stat] = durations[series];
		return {metric, stat};
	}
	const names = spellings[series];
	return {metric: names.find((name) => listed?.has(name)) ?? names[0], stat: 'Sum'};
}

/** Series that a metric of this name gives. */
function seriesOf(metric: string): readonly SeriesName[] {
	return [
		...Object.entries(spellings)
			.filter(([, names]) => names.includes(metric))
			.map(([series]) => series as UsageMetric),
		...Object.entries(durations)
			.filter(([, [name]]) => name === metric)
			.map(([series]) => series as keyof typeof durations),
	];
}

/** The AWS clients, as far as the metrics need them; `Clients` fits. */
export type MetricClients = {
	readonly cloudwatch: () => Promise<CloudWatchClient>;
	/** Values that must never be shown. */
	readonly secrets: () => readonly string[];
};

/** How one call went. */
type CallOutcome<Answer> =
	| {readonly kind: 'answered'; readonly answer: Answer; readonly clockAheadMs: number | undefined}
	| {readonly kind: 'failed'; readonly failure: UsageFailure};

/** Smaller differences between two clocks cannot be seen: the header has whole seconds. */
const minSkewMs = 5000;

/** How far the service's clock is ahead in milliseconds, from the `Date` header of an answer. */
const clockAheadOf = (date: string | undefined, sentMs: number, cameMs: number): number | undefined => {
	const serviceMs = Date.parse(date ?? '');
	if (Number.isNaN(serviceMs)) {
		return undefined;
	}
	const isBetween = serviceMs > sentMs - minSkewMs && serviceMs < cameMs + minSkewMs;
	return isBetween ? 0 : Math.round(serviceMs - (sentMs + cameMs) / 2);
};

/** Sends one command. Never rejects. @param epoch Milliseconds since 1970. */
export async function sendMetricCommand<Command, Answer extends object>(
	clients: MetricClients,
	action: string,
	command: Command,
	send: (client: CloudWatchClient, command: Command) => Promise<Answer>,
	{epoch, signal}: {readonly epoch: () => number; readonly signal: AbortSignal},
): Promise<CallOutcome<Answer>> {
	const sentMs = epoch();
	try {
		const answer = await send(await clients.cloudwatch(), command);
		return {kind: 'answered', answer, clockAheadMs: clockAheadOf(headersFor(answer).date, sentMs, epoch())};
	} catch (error) {
		const {class: failureClass, message} = failureOf(error, {action}, {secrets: clients.secrets(), signal});
		return {kind: 'failed', failure: {action, kind: readFailureKind(failureClass), message}};
	}
}

/** The answer of ListMetrics. */
type ListedMetrics = {
	/** Names of the metrics of each ModelId. */
	readonly names: ReadonlyMap<string, ReadonlySet<string>>;
	readonly calls: number;
	readonly failure: UsageFailure | undefined;
	readonly clockAheadMs: number | undefined;
};

/**
 * ModelId of a series whose only dimension that is: series with more dimensions repeat the same traffic, and adding
 * them up would count it twice.
 */
const modelIdOf = ({Dimensions}: Metric): string | undefined => {
	const [only] = Dimensions ?? [];
	return Dimensions?.length === 1 && only?.Name === 'ModelId' ? only.Value : undefined;
};

/** Lists the ModelIds that had traffic in the last three hours, or ever. */
async function listActiveMetrics(
	clients: MetricClients,
	options: {
		readonly epoch: () => number;
		readonly signal: AbortSignal;
		readonly since: 'recent' | 'ever';
	},
): Promise<ListedMetrics> {
	const {ListMetricsCommand} = await import('@aws-sdk/client-cloudwatch');
	const names = new Map<string, Set<string>>();
	const seen = new Set<string>();
	let clockAheadMs: number | undefined;
	let token: string | undefined;
	let calls = 0;
	do {
		const command = new ListMetricsCommand({
			Namespace: namespace,
			...(options.since === 'ever' ? {} : {RecentlyActive: 'PT3H'}),
			...(token === undefined ? {} : {NextToken: token}),
		});
		calls++;
		const outcome = await sendMetricCommand(
			clients,
			'cloudwatch:ListMetrics',
			command,
			(client, sent) => client.send(sent, {abortSignal: options.signal}),
			options,
		);
		if (outcome.kind === 'failed') {
			return {names, calls, failure: outcome.failure, clockAheadMs};
		}
		for (const metric of outcome.answer.Metrics ?? []) {
			const modelId = modelIdOf(metric);
			if (modelId !== undefined && metric.MetricName !== undefined) {
				names.set(modelId, (names.get(modelId) ?? new Set()).add(metric.MetricName));
			}
		}
		clockAheadMs ??= outcome.clockAheadMs;
		const next = outcome.answer.NextToken;
		token = next === undefined || next === '' || seen.has(next) ? undefined : next;
		seen.add(token ?? '');
	} while (token !== undefined);
	return {names, calls, failure: undefined, clockAheadMs};
}

/** Queries per call of GetMetricData. */
const maxQueries = 500;
/** Datapoints per page. */
const maxDatapoints = 100_800;

/** A query with its name in CloudWatch. */
type NamedQuery = SeriesQuery & MetricStat;

type BatchOutcome = {
	readonly series: readonly SeriesValues[];
	readonly calls: number;
	readonly failure: UsageFailure | undefined;
	readonly clockAheadMs: number | undefined;
};

const idOf = (index: number): string => `q${index}`;

const dataQuery = (
	{modelId, metric, stat}: NamedQuery,
	index: number,
	periodMs: number,
): MetricDataQuery => ({
	Id: idOf(index),
	MetricStat: {
		Metric: {
			Namespace: namespace,
			MetricName: metric,
			// Exactly this dimension: series with more of them repeat the same traffic.
			Dimensions: [{Name: 'ModelId', Value: modelId}],
		},
		Period: periodMs / 1000,
		Stat: stat,
	},
});

/** Values of one query, gathered over the pages. */
type Gathered = {at: number[]; values: number[]; isPartial: boolean; isReceived: boolean};

const gather = (gathered: readonly Gathered[], result: MetricDataResult): void => {
	const series = gathered[Number((result.Id ?? '').slice(1))];
	if (series === undefined) {
		return;
	}
	for (const [index, at] of (result.Timestamps ?? []).entries()) {
		const value = result.Values?.[index];
		if (value !== undefined) {
			series.at.push(at.getTime());
			series.values.push(value);
		}
	}
	series.isReceived = true;
	// A page that ends within a result says PartialData too; the last status of a result counts.
	series.isPartial = result.StatusCode !== undefined && result.StatusCode !== 'Complete';
};

/**
 * Reads up to 500 queries over all pages.
 * @returns the series received; after a failed page, those already complete.
 */
async function readBatch(
	clients: MetricClients,
	queries: readonly NamedQuery[],
	{fromMs, toMs}: TimeWindow,
	periodMs: number,
	options: {readonly epoch: () => number; readonly signal: AbortSignal},
): Promise<BatchOutcome> {
	const {GetMetricDataCommand} = await import('@aws-sdk/client-cloudwatch');
	const gathered = queries.map((): Gathered => ({at: [], values: [], isPartial: true, isReceived: false}));
	const seen = new Set<string>();
	let failure: UsageFailure | undefined;
	let clockAheadMs: number | undefined;
	let token: string | undefined;
	let calls = 0;
	do {
		const command = new GetMetricDataCommand({
			MetricDataQueries: queries.map((query, index) => dataQuery(query, index, periodMs)),
			StartTime: new Date(fromMs),
			EndTime: new Date(toMs),
			ScanBy: 'TimestampAscending',
			MaxDatapoints: maxDatapoints,
			...(token === undefined ? {} : {NextToken: token}),
		});
		calls++;
		const outcome = await sendMetricCommand(
			clients,
			'cloudwatch:GetMetricData',
			command,
			(client, sent) => client.send(sent, {abortSignal: options.signal}),
			options,
		);
		if (outcome.kind === 'failed') {
			failure = outcome.failure;
			break;
		}
		for (const result of outcome.answer.MetricDataResults ?? []) {
			gather(gathered, result);
		}
		clockAheadMs ??= outcome.clockAheadMs;
		const next = outcome.answer.NextToken;
		token = next === undefined || next === '' || seen.has(next) ? undefined : next;
		seen.add(token ?? '');
	} while (token !== undefined);
	const series = queries.flatMap(({modelId, series: name}, index) => {
		const result = gathered[index];
		return result?.isReceived
			? [{modelId, series: name, at: result.at, values: result.values, isPartial: result.isPartial}]
			: [];
	});
	return {series, calls, failure, clockAheadMs};
}
