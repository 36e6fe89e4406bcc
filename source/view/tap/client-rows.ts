import {bucketKey} from '../../domain/account-snapshot.ts';
import type {Distribution} from '../../domain/figures-schema.ts';
import type {BucketState, Gauge, Snapshot} from '../../domain/snapshot.ts';
import type {TapClient} from '../../domain/tap.ts';
import type {Limit, Quota} from '../../domain/target.ts';
import {
	formatCount,
	formatDurationMs,
	formatPercent,
	formatSpan,
	formatTokens,
	formatUsd,
} from '../../text/numbers.ts';
import type {Column} from '../../text/table.ts';
import {cleanText} from '../../text/width.ts';
import {shortModel} from '../account/account-rows.ts';
import {minuteLimits} from '../quotas.ts';

/** The clients of a tap as a table, and what the tap does in words: the same on screen and in print. */

/** One client on one model, or one session of it. */
export type ClientRow = TapClient & {
	/** Stays the same while figures and names change: its place in the order of arrival. */
	readonly key: string;
	/** The sessions that the row adds up, those that used most first. */
	readonly sessions: readonly TapClient[];
	/** The bucket that the model draws from; undefined where the tap does not know it. */
	readonly targetIndex: number | undefined;
	/** Part of the settled quota tokens that is output, by the burndown of its model; undefined before an answer. */
	readonly outputShare: number | undefined;
	/** Part of the input that was read from the cache; undefined before an answer. */
	readonly cacheShare: number | undefined;
	/** Part of what was set aside that was never used; undefined before an answer. */
	readonly unusedShare: number | undefined;
};

type TapSnapshot = Pick<Snapshot, 'tap' | 'targets' | 'variants'>;

const share = (part: number, whole: number): number | undefined => (whole > 0 ? part / whole : undefined);

const indexOf = ({targets}: TapSnapshot, client: TapClient): number | undefined => {
	const index = targets.findIndex(({model}) => model === client.model);
	return index === -1 ? undefined : index;
};

function rowOf(
	client: TapClient,
	sessions: readonly TapClient[],
	snapshot: TapSnapshot,
	key: string,
): ClientRow {
	const {input, output, cacheRead, cacheWrite, quota, reserved} = client.tokens;
	const targetIndex = indexOf(snapshot, client);
	const burndown = snapshot.targets[targetIndex ?? -1]?.burndown.value ?? 1;
	return {
		...client,
		key,
		sessions,
		targetIndex,
		outputShare: share(output * burndown, quota),
		cacheShare: share(cacheRead, input + cacheRead + cacheWrite),
		unusedShare: share(Math.max(0, reserved - quota), reserved),
	};
}

function byUse<Client extends TapClient>(clients: readonly Client[]): readonly Client[] {
	return clients.toSorted(
		(left, right) => right.tokens.quota - left.tokens.quota || right.requests - left.requests,
	);
}

/** The sessions of a tap, those that used most first. */
export function clientRows(snapshot: TapSnapshot): readonly ClientRow[] {
	return byUse(
		(snapshot.tap?.clients ?? []).map((client, index) => rowOf(client, [client], snapshot, String(index))),
	);
}

/** The same with all sessions and application profiles of a client on a bucket in one row. */
export function foldedClientRows(snapshot: TapSnapshot): readonly ClientRow[] {
	const all = snapshot.tap?.clients ?? [];
	const groups = Map.groupBy(all, (client) => {
		const target = snapshot.targets[indexOf(snapshot, client) ?? -1];
		return JSON.stringify([client.name, target === undefined ? client.model : bucketKey(target)]);
	});
	return byUse(
		[...groups.values()].flatMap((clients) => {
			const sessions = byUse(clients);
			const sum = sumOf(sessions, snapshot);
			const [first = -1] = clients.map((client) => all.indexOf(client));
			return sum === undefined ? [] : [rowOf(sum, sessions, snapshot, String(first))];
		}),
	);
}

/** What several sessions are together; a single one stays as it is. */
function sumOf(sessions: readonly TapClient[], {variants, targets}: TapSnapshot): TapClient | undefined {
	const [first] = sessions;
	if (first === undefined || sessions.length === 1) {
		return first;
	}
	const isOneModel = sessions.every(({model}) => model === first.model);
	// A profile of an application is an ARN, which says less than the model that it calls.
	const named = sessions.find(({model}) => !model.startsWith('arn:')) ?? first;
	const sum = (pick: (client: TapClient) => number): number =>
		sessions.reduce((total, client) => total + pick(client), 0);
	const tokens = (pick: (of: TapClient['tokens']) => number): number => sum((client) => pick(client.tokens));
	const costs = sessions.flatMap(({costUsd}) => (costUsd === null ? [] : [costUsd]));
	// The figures of the client on a model are over all of its sessions.
	const figures = isOneModel
		? variants.find(({name, target}) => name === first.name && targets[target]?.model === first.model)
		: undefined;
	return {
		...first,
		model: named.model,
		session: null,
		lastAt: sessions.reduce((last, {lastAt}) => (lastAt > last ? lastAt : last), ''),
		requests: sum(({requests}) => requests),
		cachePoints: sum(({cachePoints}) => cachePoints),
		inFlight: sum(({inFlight}) => inFlight),
		held: sum(({held}) => held),
		holdMs: joined(sessions.map(({holdMs}) => holdMs)),
		tokens: {
			input: tokens(({input}) => input),
			output: tokens(({output}) => output),
			cacheRead: tokens(({cacheRead}) => cacheRead),
			cacheWrite: tokens(({cacheWrite}) => cacheWrite),
			quota: tokens(({quota}) => quota),
			reserved: tokens(({reserved}) => reserved),
			estimated: sessions.some((client) => client.tokens.estimated),
		},
		throttled: sum(({throttled}) => throttled),
		refused: sum(({refused}) => refused),
		retriesOfClient: sum(({retriesOfClient}) => retriesOfClient),
		aborted: sum(({aborted}) => aborted),
		timeToFirstToken:
			figures?.latencyMs.timeToFirstToken ?? joined(sessions.map((client) => client.timeToFirstToken)),
		costUsd: costs.length === 0 ? null : costs.reduce((total, cost) => total + cost, 0),
	};
}

/** Several distributions as one: what is in the middle of them is not known. */
function joined(parts: readonly Distribution[]): Distribution {
	const known = parts.filter(({count}) => count > 0);
	const count = known.reduce((total, part) => total + part.count, 0);
	const [only] = known;
	if (only !== undefined && known.length === 1) {
		return only;
	}
	return {
		count,
		mean: count === 0 ? null : known.reduce((sum, part) => sum + (part.mean ?? 0) * part.count, 0) / count,
		p50: null,
		p90: null,
		p99: null,
		max: count === 0 ? null : Math.max(...known.map(({max}) => max ?? 0)),
		histogram: [],
	};
}

/** A session of so many characters is shown whole: its end may be all that tells it from another. */
const maxSession = 12;

/** The client in a word or two: its session, or how many it has. */
export function clientName({name, session, sessions}: ClientRow): string {
	const suffix =
		sessions.length > 1
			? ` (${formatCount(sessions.length)})`
			: session === null
				? ''
				: ` ${session.length > maxSession ? session.slice(0, 8) : session}`;
	return cleanText(`${name}${suffix}`);
}

/** The model in short, with the geography of its profile; of an ARN its last part. */
function modelName({model}: ClientRow): string {
	const id = cleanText(model.slice(model.lastIndexOf('/') + 1));
	const [geography = ''] = /^[a-z-]+\.(?=[a-z\d]+\.[a-z])/.exec(id) ?? [];
	return `${geography}${shortModel(id.slice(geography.length))}`;
}

const marked = (text: string, isEstimated: boolean): string => (isEstimated ? `~${text}` : text);

/** Columns of the clients; the first are the last to go where the width is short. */
export const clientColumns: ReadonlyArray<Column<ClientRow>> = [
	{
		key: 'client',
		header: 'Client',
		align: 'left',
		priority: 100,
		minWidth: 14,
		cut: 'middle',
		format: clientName,
	},
	{
		key: 'model',
		header: 'Model',
		align: 'left',
		priority: 90,
		minWidth: 18,
		cut: 'middle',
		format: modelName,
	},
	{
		key: 'requests',
		header: 'Requests',
		align: 'right',
		priority: 95,
		format: ({requests}) => formatCount(requests),
	},
	{
		key: 'in-flight',
		header: 'In flight',
		align: 'right',
		priority: 80,
		format: ({inFlight}) => formatCount(inFlight),
	},
	{
		key: 'held',
		header: 'Held',
		align: 'right',
		priority: 84,
		format: ({held}) => formatCount(held),
		tone: ({held}) => (held > 0 ? 'warning' : 'plain'),
	},
	{
		key: 'reserved',
		header: 'Reserved',
		align: 'right',
		priority: 70,
		format: ({tokens}) => marked(formatTokens(tokens.reserved), tokens.estimated),
	},
	{
		key: 'settled',
		header: 'Settled',
		align: 'right',
		priority: 85,
		format: ({tokens}) => marked(formatTokens(tokens.quota), tokens.estimated),
	},
	{
		key: 'unused',
		header: 'Unused',
		align: 'right',
		priority: 40,
		format: ({unusedShare}) => formatPercent(unusedShare),
	},
	{
		key: 'output',
		header: 'Output',
		align: 'right',
		priority: 50,
		format: ({outputShare}) => formatPercent(outputShare),
	},
	{
		key: 'cache',
		header: 'Cache',
		align: 'right',
		priority: 45,
		format: ({cacheShare}) => formatPercent(cacheShare),
	},
	{
		key: 'throttled',
		header: 'Thr',
		align: 'right',
		priority: 82,
		format: ({throttled}) => formatCount(throttled),
		tone: ({throttled}) => (throttled > 0 ? 'warning' : 'plain'),
	},
	{
		key: 'retries',
		header: 'Retries',
		align: 'right',
		priority: 35,
		format: ({retriesOfClient}) => formatCount(retriesOfClient),
	},
	{
		key: 'aborted',
		header: 'Aborted',
		align: 'right',
		priority: 30,
		format: ({aborted}) => formatCount(aborted),
	},
	{
		key: 'first-token',
		header: 'TTFT p50',
		align: 'right',
		priority: 60,
		format: ({timeToFirstToken}) => formatDurationMs(timeToFirstToken.p50),
	},
	{
		key: 'first-token-p99',
		header: 'p99',
		align: 'right',
		priority: 25,
		format: ({timeToFirstToken}) => formatDurationMs(timeToFirstToken.p99),
	},
	{key: 'cost', header: 'Cost', align: 'right', priority: 55, format: ({costUsd}) => formatUsd(costUsd)},
];

const gaugeText = (
	{used, reserved, limit, fleet, others}: Gauge,
	unit: string,
	{source}: Pick<Limit, 'source'>,
): string =>
	[
		`${formatTokens(used)} used`,
		...(reserved > 0 ? [`${formatTokens(reserved)} reserved`] : []),
		...(fleet === undefined ? [] : [`fleet ${formatTokens(fleet)}`]),
		...(others === undefined ? [] : [`others ${formatTokens(others)}`]),
		limit === null
			? `no ${unit} quota known`
			: `of ${formatTokens(limit)} ${unit}${source === 'assumed' ? ' (assumed)' : ''}`,
	].join(', ');

/** Both limits of a bucket in one line. */
export function gaugeWords(bucket: BucketState, quota: Quota): string {
	return minuteLimits(quota)
		.flatMap(({gaugeOf, unit, limit}) => {
			const gauge = gaugeOf(bucket);
			return gauge === undefined ? [] : [gaugeText(gauge, unit, limit)];
		})
		.join(' · ');
}

/** Requests that came so far, those in flight or held among them. */
export function requestCount({tap}: Pick<Snapshot, 'tap'>): number {
	return (tap?.clients ?? []).reduce((sum, {requests}) => sum + requests, 0);
}

/** What a tap still has to answer: `3 in flight, 12 waiting`. */
export function leftWords(snapshot: Pick<Snapshot, 'progress' | 'tap'> | undefined): string {
	const held = (snapshot?.tap?.clients ?? []).reduce((sum, client) => sum + client.held, 0);
	const waiting = held === 0 ? '' : `, ${formatCount(held)} waiting`;
	return `${formatCount(snapshot?.progress.inFlight ?? 0)} in flight${waiting}`;
}

/** How long a tap is up: whole minutes, so that an idle screen stays as it is. */
export function upWords(elapsedMs: number): string {
	const minutes = Math.floor(elapsedMs / minuteMs);
	return minutes < 2 ? `up ${minutes === 0 ? 'under ' : ''}1 min` : `up ${formatSpan(elapsedMs)}`;
}

const minuteMs = 60_000;

/** What requests wait for: `held 12 s, 3 waiting, next in 4 s`; empty while none waits. */
export function heldWords({progress}: Pick<Snapshot, 'progress'>): string {
	return cleanText(progress.waitingFor ?? '');
}

/** Why input was not read from the cache, as far as the figures show; undefined before an answer. */
export function cacheMissWords({
	cachePoints,
	requests,
	inFlight,
	held,
	tokens,
}: ClientRow): string | undefined {
	const {input, cacheRead, cacheWrite} = tokens;
	if (input + cacheRead + cacheWrite === 0) {
		return undefined;
	}
	if (cacheRead > 0) {
		return cacheWrite > cacheRead
			? 'more is written than read: the prefix changes, or expires before the next request'
			: undefined;
	}
	if (cachePoints === 0) {
		return 'no cache point in its requests';
	}
	if (cacheWrite === 0) {
		return 'nothing was written: its prefix is below the minimum of the model, or the model does not cache';
	}
	return requests - inFlight - held <= 1
		? 'first request: it wrote the cache'
		: 'written and never read: the prefix changes, or expires before the next request';
}
