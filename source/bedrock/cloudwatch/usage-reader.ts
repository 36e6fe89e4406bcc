import type {CloudWatchClient, MetricDataQuery, MetricDataResult} from '@aws-sdk/client-cloudwatch';
import {readFailureKind} from '../../domain/backend.ts';
import {type Clock, pause} from '../../domain/clock.ts';
import type {
	ListedSpan,
	SeriesName,
	SeriesValues,
	TimeWindow,
	UsageFailure,
	UsageReading,
	UsageSource,
} from '../../domain/usage-source.ts';
import {failureOf} from '../failures/failure-of.ts';
import {headersFor, simulatorOf} from '../methods/response-headers.ts';
import {
	type MetricPlace,
	metricPlaces,
	modelIdOf,
	type NamedQuery,
	named,
	placeOf,
	projectOf,
	seriesOf,
} from './metric-names.ts';

/** Batches in flight together: the service limits datapoints per second, not only calls. */
const batchesAtOnce = 3;
/** Attempts of a throttled batch, where the next poll is a minute away. */
const defaultTries = 3;
const firstPauseMs = 1000;

/**
 * Reads the account's use with the AWS clients, which are made by the first call.
 * @param maxTries Attempts of a throttled call, after pauses of 1, 2, 4 s and so on.
 */
export function createUsageSource(
	clients: MetricClients,
	clock: Clock,
	maxTries = defaultTries,
): UsageSource {
	let listed: ReadonlyMap<string, ReadonlySet<string>> = new Map();

	/** Asks again after a growing pause while the answer is a throttle. */
	const patiently = async <
		Answer extends {readonly calls: number; readonly failure: UsageFailure | undefined},
	>(
		ask: () => Promise<Answer>,
		signal: AbortSignal,
		tries = maxTries,
	): Promise<Answer> => {
		let calls = 0;
		for (let attempt = 1; ; attempt++) {
			const answer = await ask();
			calls += answer.calls;
			if (answer.failure?.kind !== 'throttled' || attempt >= tries || signal.aborted) {
				return {...answer, calls};
			}
			await pause(clock, firstPauseMs * 2 ** (attempt - 1), signal);
		}
	};

	return {
		async listActive(signal, span = 'recent') {
			const found = await patiently(
				() => listActiveMetrics(clients, {epoch: clock.epoch, signal, span}),
				signal,
				span === 'recent' ? 1 : maxTries,
			);
			if (found.failure === undefined) {
				listed =
					span === 'recent' ? new Map([...listed, ...found.names]) : new Map([...found.names, ...listed]);
			}
			return {
				models: new Map(
					[...found.names].map(([modelId, names]) => [
						modelId,
						new Set<SeriesName>([...names].flatMap((name) => seriesOf(name))),
					]),
				),
				projects: found.projects,
				cost: {calls: found.calls, metrics: 0},
				failure: found.failure,
				clockAheadMs: found.clockAheadMs,
				simulator: found.simulator,
			};
		},
		async read(queries, window, periodMs, signal) {
			const [asked, without] = [
				queries.flatMap((query) => named(query, listed) ?? []),
				queries.filter((query) => named(query, listed) === undefined),
			];
			const batches = batchesOf(asked);
			const outcomes: BatchOutcome[] = [];
			const waiting = [...batches];
			const work = async (): Promise<void> => {
				for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift()) {
					const options = {epoch: clock.epoch, signal};
					const read = () => readBatch(clients, batch, window, periodMs, options);
					const outcome = await patiently(read, signal);
					outcomes.push(outcome);
					if (isHopeless(outcome.failure)) {
						waiting.length = 0;
					}
				}
			};
			await Promise.all(Array.from({length: batchesAtOnce}, work));
			const reading = readingOf(outcomes, asked.length);
			// What no metric has is known to have no values, and costs nothing.
			const empty = without.map((query) => ({...query, at: [], values: [], isPartial: false}));
			return {...reading, series: [...reading.series, ...empty]};
		},
	};
}

const batchesOf = (queries: readonly NamedQuery[]): ReadonlyArray<readonly NamedQuery[]> =>
	Array.from({length: Math.ceil(queries.length / maxQueries)}, (_, index) =>
		queries.slice(index * maxQueries, (index + 1) * maxQueries),
	);

/** Whether every other batch would fail the same way. */
const isHopeless = (failure: UsageFailure | undefined): boolean =>
	failure !== undefined && failure.kind !== 'other';

const readingOf = (outcomes: readonly BatchOutcome[], metrics: number): UsageReading => ({
	series: outcomes.flatMap(({series}) => series),
	cost: {calls: outcomes.reduce((sum, {calls}) => sum + calls, 0), metrics},
	failure: outcomes.find(({failure}) => failure !== undefined)?.failure,
	clockAheadMs: outcomes.find(({clockAheadMs}) => clockAheadMs !== undefined)?.clockAheadMs,
});

/** The AWS clients, as far as the metrics need them; `Clients` fits. */
type MetricClients = {
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
	readonly projects: ReadonlyMap<string, ReadonlySet<string>>;
	readonly calls: number;
	readonly failure: UsageFailure | undefined;
	readonly clockAheadMs: number | undefined;
	readonly simulator: string | undefined;
};

/** Lists the ModelIds of both endpoints that had traffic. */
async function listActiveMetrics(
	clients: MetricClients,
	options: {readonly epoch: () => number; readonly signal: AbortSignal; readonly span: ListedSpan},
): Promise<ListedMetrics> {
	const [runtime, mantle] = await Promise.all(
		metricPlaces.map(async (place) => listPlace(clients, place, options)),
	);
	return {
		names: new Map([...(runtime?.names ?? []), ...(mantle?.names ?? [])]),
		projects: mantle?.projects ?? new Map(),
		calls: (runtime?.calls ?? 0) + (mantle?.calls ?? 0),
		failure: runtime?.failure ?? mantle?.failure,
		clockAheadMs: runtime?.clockAheadMs ?? mantle?.clockAheadMs,
		simulator: runtime?.simulator ?? mantle?.simulator,
	};
}

/** Adds what is known of a ModelId. */
const noteIn = (
	sets: Map<string, Set<string>>,
	modelId: string | undefined,
	value: string | undefined,
): void => {
	if (modelId !== undefined && value !== undefined) {
		sets.set(modelId, (sets.get(modelId) ?? new Set()).add(value));
	}
};

async function listPlace(
	clients: MetricClients,
	place: MetricPlace,
	options: {readonly epoch: () => number; readonly signal: AbortSignal; readonly span: ListedSpan},
): Promise<ListedMetrics> {
	const {ListMetricsCommand} = await import('@aws-sdk/client-cloudwatch');
	const names = new Map<string, Set<string>>();
	const projects = new Map<string, Set<string>>();
	const seen = new Set<string>();
	let clockAheadMs: number | undefined;
	let simulator: string | undefined;
	let token: string | undefined;
	let calls = 0;
	do {
		const command = new ListMetricsCommand({
			Namespace: place.namespace,
			...(options.span === 'recent' ? {RecentlyActive: 'PT3H' as const} : {}),
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
			return {names, projects, calls, failure: outcome.failure, clockAheadMs, simulator};
		}
		for (const metric of outcome.answer.Metrics ?? []) {
			noteIn(names, modelIdOf(metric, place), metric.MetricName);
			const {modelId, project} = projectOf(metric, place) ?? {};
			noteIn(projects, modelId, project);
		}
		clockAheadMs ??= outcome.clockAheadMs;
		simulator ??= simulatorOf(headersFor(outcome.answer));
		const next = outcome.answer.NextToken;
		token = next === undefined || next === '' || seen.has(next) ? undefined : next;
		seen.add(token ?? '');
	} while (token !== undefined);
	return {names, projects, calls, failure: undefined, clockAheadMs, simulator};
}

/** Queries per call of GetMetricData. */
const maxQueries = 500;
/** Datapoints per page. */
const maxDatapoints = 100_800;

type BatchOutcome = {
	readonly series: readonly SeriesValues[];
	readonly calls: number;
	readonly failure: UsageFailure | undefined;
	readonly clockAheadMs: number | undefined;
};

const idOf = (index: number): string => `q${index}`;

const dataQuery = ({modelId, metric, stat}: NamedQuery, index: number, periodMs: number): MetricDataQuery => {
	const {namespace, dimension, value} = placeOf(modelId);
	return {
		Id: idOf(index),
		MetricStat: {
			Metric: {
				Namespace: namespace,
				MetricName: metric,
				// Exactly this dimension: series with more of them repeat the same traffic.
				Dimensions: [{Name: dimension, Value: value}],
			},
			Period: periodMs / 1000,
			Stat: stat,
		},
	};
};

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
