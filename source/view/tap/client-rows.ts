import type {Snapshot} from '../../domain/snapshot.ts';
import type {TapClient} from '../../domain/tap.ts';
import {formatCount, formatDurationMs, formatPercent, formatTokens, formatUsd} from '../../text/numbers.ts';
import type {Column} from '../../text/table.ts';
import {cleanText} from '../../text/width.ts';

/** The clients of a tap as a table, the same on screen and in print. */

/** One session of a client on one model. */
type ClientRow = TapClient & {
	/** Part of the settled quota tokens that is output, by the burndown of its model; undefined before an answer. */
	readonly outputShare: number | undefined;
	/** Part of the input that was read from the cache; undefined before an answer. */
	readonly cacheShare: number | undefined;
	/** Part of what was set aside that was never used; undefined before an answer. */
	readonly unusedShare: number | undefined;
};

const share = (part: number, whole: number): number | undefined => (whole > 0 ? part / whole : undefined);

/** The rows of a tap, those that used most first. */
export function clientRows({tap, targets}: Pick<Snapshot, 'tap' | 'targets'>): readonly ClientRow[] {
	const rows = (tap?.clients ?? []).map((client): ClientRow => {
		const {input, output, cacheRead, cacheWrite, quota, reserved} = client.tokens;
		const burndown = targets.find(({model}) => model === client.model)?.burndown.value ?? 1;
		return {
			...client,
			outputShare: share(output * burndown, quota),
			cacheShare: share(cacheRead, input + cacheRead + cacheWrite),
			unusedShare: share(Math.max(0, reserved - quota), reserved),
		};
	});
	return rows.toSorted(
		(left, right) => right.tokens.quota - left.tokens.quota || right.requests - left.requests,
	);
}

const nameOf = ({name, session}: ClientRow): string =>
	cleanText(session === null ? name : `${name} ${session.slice(0, 8)}`);

const marked = (text: string, isEstimated: boolean): string => (isEstimated ? `~${text}` : text);

/** Columns of the clients; the first are the last to go where the width is short. */
export const clientColumns: ReadonlyArray<Column<ClientRow>> = [
	{key: 'client', header: 'Client', align: 'left', priority: 100, minWidth: 8, cut: 'end', format: nameOf},
	{
		key: 'model',
		header: 'Model',
		align: 'left',
		priority: 90,
		minWidth: 12,
		cut: 'middle',
		format: ({model}) => cleanText(model),
	},
	{
		key: 'requests',
		header: 'Requests',
		align: 'right',
		priority: 95,
		format: ({requests}) => formatCount(requests),
	},
	{
		key: 'inFlight',
		header: 'In flight',
		align: 'right',
		priority: 80,
		format: ({inFlight}) => formatCount(inFlight),
	},
	{key: 'held', header: 'Held', align: 'right', priority: 75, format: ({held}) => formatCount(held)},
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
		header: 'Throttled',
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
		key: 'ttft50',
		header: 'TTFT p50',
		align: 'right',
		priority: 60,
		format: ({timeToFirstToken}) => formatDurationMs(timeToFirstToken.p50),
	},
	{
		key: 'ttft99',
		header: 'p99',
		align: 'right',
		priority: 25,
		format: ({timeToFirstToken}) => formatDurationMs(timeToFirstToken.p99),
	},
	{key: 'cost', header: 'Cost', align: 'right', priority: 55, format: ({costUsd}) => formatUsd(costUsd)},
];
