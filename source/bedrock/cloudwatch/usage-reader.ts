import type {Clock} from '../../domain/clock.ts';
import type {
	SeriesName,
	SeriesQuery,
	UsageFailure,
	UsageReading,
	UsageSource,
} from '../../domain/usage-source.ts';
import {
	type BatchOutcome,
	listActiveMetrics,
	type MetricClients,
	maxQueries,
	metricStatOf,
	type NamedQuery,
	readBatch,
	seriesOf,
} from './metric-calls.ts';

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
		async listActive(signal) {
			const found = await listActiveMetrics(clients, {epoch: clock.epoch, signal});
			if (found.failure === undefined) {
				listed = found.names;
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
