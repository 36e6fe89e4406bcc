import {bucketKey} from '../domain/account-snapshot.ts';
import type {BucketState, Snapshot} from '../domain/snapshot.ts';
import type {Times} from '../metrics/statistics/streams.ts';
import {
	type HistogramSample,
	type Metric,
	metricsContentType,
	prometheusText,
	type Sample,
} from '../text/prometheus.ts';
import type {ClientTotals} from './client-book.ts';
import {type Listener, listen, type Reply} from './listener.ts';
import {sendRefusal, unknownRoute} from './refusal.ts';
import {admitClient} from './routes.ts';
import type {Traffic} from './traffic.ts';

/** The figures of a tap for Prometheus: by client and model, over all sessions, so that the number of series is bounded. */

const boundsSeconds = [0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120];

type Group = {
	readonly labels: {readonly client: string; readonly model: string};
	readonly rows: readonly ClientTotals[];
};

const groupsOf = ({clients: {cells, rows}, models}: Traffic): readonly Group[] => {
	const byCell = Map.groupBy(rows, ({cell}) => cell);
	return cells.map(({index, caller, target}) => ({
		// A label that changed would end one series and begin another.
		labels: {client: caller.name, model: models[target]?.model ?? ''},
		rows: byCell.get(index) ?? [],
	}));
};

const sumOf = (rows: readonly ClientTotals[], pick: (row: ClientTotals) => number): number =>
	rows.reduce((sum, row) => sum + pick(row), 0);

const histogramOf = ({labels, rows}: Group, pick: (row: ClientTotals) => Times): HistogramSample => {
	const count = sumOf(rows, (row) => pick(row).count);
	return {
		labels,
		buckets: boundsSeconds.map((bound) => [
			bound,
			count - sumOf(rows, (row) => pick(row).countAbove(bound * 1000)),
		]),
		count,
		sum: sumOf(rows, (row) => pick(row).sum) / 1000,
	};
};

type Counted = readonly [name: string, help: string, pick: (row: ClientTotals) => number];

const counters: readonly Counted[] = [
	['requests_total', 'Requests of applications.', (row) => row.requests],
	[
		'quota_tokens_total',
		'Quota tokens that answers settled at; those of broken answers are estimated.',
		(row) => row.tokens.quota,
	],
	[
		'reserved_quota_tokens_total',
		'Quota tokens that the service set aside for requests that are over.',
		(row) => row.reserved,
	],
	['throttled_requests_total', 'Requests that the service throttled.', (row) => row.throttled],
	['refused_requests_total', 'Requests that the tap answered itself and never sent.', (row) => row.refused],
	[
		'client_retries_total',
		'Attempts that SDKs of applications made after a first one.',
		(row) => row.retries,
	],
	['aborted_requests_total', 'Requests that applications gave up.', (row) => row.aborted],
];

const gauges: readonly Counted[] = [
	['requests_in_flight', 'Requests that wait for the rest of their answer.', (row) => row.inFlight],
	['requests_held', 'Requests that wait for room in a quota.', (row) => row.held],
];

const tokenKinds = [
	['input', 'input'],
	['output', 'output'],
	['cache_read', 'cacheRead'],
	['cache_write', 'cacheWrite'],
] as const;

const counted = (
	groups: readonly Group[],
	type: 'counter' | 'gauge',
	all: readonly Counted[],
): readonly Metric[] =>
	all.map(([name, help, pick]) => ({
		name: `bedrock_top_tap_${name}`,
		help,
		type,
		samples: groups.map(({labels, rows}) => ({labels, value: sumOf(rows, pick)})),
	}));

const clientMetrics = (groups: readonly Group[]): readonly Metric[] => [
	...counted(groups, 'counter', counters),
	{
		name: 'bedrock_top_tap_tokens_total',
		help: 'Tokens by kind, as the service counted them.',
		type: 'counter',
		samples: groups.flatMap(({labels, rows}) =>
			tokenKinds.map(([kind, key]) => ({
				labels: {...labels, kind},
				value: sumOf(rows, (row) => row.tokens[key]),
			})),
		),
	},
	{
		name: 'bedrock_top_tap_cost_usd_total',
		help: 'Cost by list prices in US dollars; absent where no price is known.',
		type: 'counter',
		samples: groups
			.filter(({rows}) => rows.some(({costUsd}) => costUsd !== undefined))
			.map(({labels, rows}) => ({labels, value: sumOf(rows, ({costUsd}) => costUsd ?? 0)})),
	},
	...counted(groups, 'gauge', gauges),
	{
		name: 'bedrock_top_tap_time_to_first_token_seconds',
		help: 'From the send to the first token of a stream, without the time that a request was held.',
		type: 'histogram',
		samples: groups.map((group) => histogramOf(group, (row) => row.timesToFirstToken)),
	},
	{
		name: 'bedrock_top_tap_hold_seconds',
		help: 'How long requests waited for room in a quota.',
		type: 'histogram',
		samples: groups.map((group) => histogramOf(group, (row) => row.holds)),
	},
];

type Placed = {readonly labels: Readonly<Record<string, string>>; readonly bucket: BucketState};

/** Models that draw from one bucket show it once. */
const placedOf = ({targets, buckets}: Pick<Snapshot, 'targets' | 'buckets'>): readonly Placed[] => {
	const placed = targets.flatMap((target, index) => {
		const bucket = buckets[index];
		const labels = {region: target.region, model: target.baseModel, scope: target.scope};
		return bucket === undefined ? [] : [[`${target.region} ${bucketKey(target)}`, {labels, bucket}] as const];
	});
	return [...new Map(placed).values()];
};

const dimensionMetrics = (
	placed: readonly Placed[],
	[dimension, name, what]: readonly ['requests' | 'tokens' | 'output' | 'day', string, string],
): readonly Metric[] => {
	const use = placed.flatMap(({labels, bucket}): readonly Sample[] => {
		const gauge = bucket[dimension];
		if (gauge === undefined) {
			return [];
		}
		const {used, reserved, fleet, others} = gauge;
		return [
			{labels: {...labels, by: 'own'}, value: used},
			{labels: {...labels, by: 'reserved'}, value: reserved},
			...(fleet === undefined ? [] : [{labels: {...labels, by: 'fleet'}, value: fleet}]),
			...(others === undefined ? [] : [{labels: {...labels, by: 'others'}, value: others}]),
		];
	});
	const limits = placed.flatMap(({labels, bucket}): readonly Sample[] => {
		const limit = bucket[dimension]?.limit ?? null;
		return limit === null ? [] : [{labels, value: limit}];
	});
	return [
		{
			name: `bedrock_top_bucket_${name}`,
			help: `${what} in use: own, reserved for requests in flight, of the fleet, and of others where that is known.`,
			type: 'gauge',
			samples: use,
		},
		{
			name: `bedrock_top_bucket_${name}_limit`,
			help: `${what} that the quota allows.`,
			type: 'gauge',
			samples: limits,
		},
	];
};

/** The page of a tap's figures. @param snapshot For its buckets. */
export function tapMetrics(
	traffic: Traffic,
	snapshot: Pick<Snapshot, 'targets' | 'buckets' | 'simulated'>,
): string {
	const placed = placedOf(snapshot);
	return prometheusText([
		{
			name: 'bedrock_top_tap_simulated',
			help: '1 where the answers came from a simulator.',
			type: 'gauge',
			samples: [{labels: {}, value: snapshot.simulated ? 1 : 0}],
		},
		...clientMetrics(groupsOf(traffic)),
		...dimensionMetrics(placed, ['requests', 'requests_per_minute', 'Requests of the last minute']),
		...dimensionMetrics(placed, ['tokens', 'quota_tokens_per_minute', 'Quota tokens of the last minute']),
		...dimensionMetrics(placed, ['output', 'output_tokens_per_minute', 'Output tokens of the last minute']),
		...dimensionMetrics(placed, ['day', 'quota_tokens_per_day', 'Quota tokens of the day']),
	]);
}

/** Answers with a page. */
export function sendMetrics(reply: Reply, text: string): void {
	reply
		.start(200, 'OK', [
			['content-type', metricsContentType],
			['content-length', String(Buffer.byteLength(text))],
		])
		.end(text);
}

/** Serves nothing but `GET /<secret>/metrics`. @throws UserError (exit 1) where the port cannot be opened. */
export async function serveMetrics(port: number, secret: string, page: () => string): Promise<Listener> {
	const listener: Listener = await listen(port, (incoming) => {
		incoming.body.resume();
		const admitted = admitClient(incoming, {secret, port: listener.port});
		if ('refusal' in admitted) {
			sendRefusal(incoming, admitted.refusal);
		} else if (incoming.method !== 'GET' || admitted.target !== '/metrics') {
			sendRefusal(incoming, unknownRoute(incoming.method, admitted.target.split('?', 1)[0] ?? ''));
		} else {
			sendMetrics(incoming.reply, page());
		}
	});
	return listener;
}
