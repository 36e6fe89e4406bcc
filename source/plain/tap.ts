import type {AccountRegion} from '../domain/account-snapshot.ts';
import type {Snapshot} from '../domain/snapshot.ts';
import type {Peak, WhatIf, WhatIfBucket, WhatIfRow} from '../domain/tap.ts';
import {formatTarget} from '../reports/words.ts';
import {
	formatCount,
	formatDurationMs,
	formatElapsedMs,
	formatPercent,
	formatTokens,
	formatUsdWithin,
} from '../text/numbers.ts';
import {type Column, renderTable} from '../text/table.ts';
import {toAscii} from '../text/themes.ts';
import {cleanText, wrapText} from '../text/width.ts';
import {shortModel} from '../view/account/account-rows.ts';
import {clientColumns, clientName, clientRows, gaugeWords} from '../view/tap/client-rows.ts';
import {accountJson} from './account.ts';

/** A tap as append-only lines: one block per minute, and a summary at the end. */

type TapStyle = {readonly width: number; readonly ascii: boolean};

const requestWords = (count: number): string =>
	`${formatCount(count)} ${count === 1 ? 'request' : 'requests'}`;

const bucketLines = ({targets, buckets}: Snapshot): readonly string[] =>
	targets.flatMap((target, index) => {
		const bucket = buckets[index];
		return bucket === undefined ? [] : [formatTarget(target), `  ${gaugeWords(bucket, target.quota)}`];
	});

const costOf = ({costUsd, costUsdWithin, simulated}: Snapshot): readonly string[] =>
	costUsd === null
		? []
		: [`cost ${formatUsdWithin(costUsd, costUsdWithin)}${simulated ? ' (simulated)' : ''}`];

const linesOf = (
	head: readonly string[],
	snapshot: Snapshot,
	{width, ascii}: TapStyle,
): readonly string[] => {
	const rows = clientRows(snapshot);
	const lines = [
		...head,
		...(rows.length === 0 ? ['No request so far.'] : renderTable(clientColumns, rows, width)),
		...rows.flatMap((row) =>
			row.refused === 0
				? []
				: [`${clientName(row)}: ${requestWords(row.refused)} refused by the tap, never sent`],
		),
		...bucketLines(snapshot),
	];
	return ascii ? lines.map(toAscii) : lines;
};

/** One block of a tap that runs. */
export function tapBlock(snapshot: Snapshot, style: TapStyle): readonly string[] {
	const {at, progress, simulated} = snapshot;
	const head = [
		`${(at ?? '').slice(0, 16).replace('T', ' ')} UTC`,
		...(simulated ? ['SIMULATED'] : []),
		requestWords(progress.done),
		`${formatCount(progress.inFlight)} in flight`,
		...costOf(snapshot),
	].join(' · ');
	return [...linesOf([head], snapshot, style), ''];
}

/** What has passed, once the tap has ended. */
export function tapSummary(snapshot: Snapshot, style: TapStyle): readonly string[] {
	const {elapsedMs, progress, simulated, failures} = snapshot;
	const head = [
		'bedrock-top tap',
		`${requestWords(progress.done)} in ${formatElapsedMs(elapsedMs)}`,
		...costOf(snapshot),
	].join(' · ');
	const mark = simulated ? ['SIMULATED: these answers came from a simulator, not from Amazon Bedrock.'] : [];
	return [
		...linesOf([...mark, head], snapshot, style),
		...snapshot.advice.flatMap(({text}) => wrapText(`- ${cleanText(text)}`, style.width)),
		...failures.map(
			({class: kind, count, message, advice}) => `${formatCount(count)} ${kind}: ${message} ${advice}`,
		),
	];
}

/**
 * One line of `tap --json`: the form of `watch --json`, with the clients and their time.
 * @param account Undefined where the account is not read yet, or cannot be.
 */
export function tapJson(
	{tap, at, simulated}: Pick<Snapshot, 'tap' | 'at' | 'simulated'>,
	account: AccountRegion | undefined,
	region: string,
): string {
	const watched: object =
		account === undefined
			? {at: null, region, ...(simulated ? {simulated} : {}), complete: false, buckets: []}
			: (JSON.parse(accountJson(account)) as object);
	return JSON.stringify({...watched, clientsAt: at ?? null, clients: tap?.clients ?? []});
}

/** What a recording would have met under a quota, as lines. */

type Settings = {
	readonly requestsPerMinute: number | null;
	readonly tokensPerMinute: number | null;
	readonly share: number;
	readonly holdMs: number;
};

const column = (header: string, priority: number, format: (row: WhatIfRow) => string): Column<WhatIfRow> => ({
	key: header,
	header,
	align: 'right',
	priority,
	format,
});

const holdColumn = (header: 'p50' | 'p99' | 'max', priority: number): Column<WhatIfRow> =>
	column(header, priority, ({holdMs}) => formatDurationMs(holdMs?.[header] ?? null));

const columns: ReadonlyArray<Column<WhatIfRow>> = [
	{
		...column('Client', 10, ({client}) => cleanText(client)),
		align: 'left',
		cut: 'end',
		minWidth: 8,
	},
	{...column('Model', 7, ({model}) => shortModel(cleanText(model))), align: 'left', cut: 'end', minWidth: 8},
	column('Requests', 6, ({requests}) => formatCount(requests)),
	column('Throttled', 9, ({throttled}) => formatCount(throttled.sliding)),
	column('Held', 8, ({held}) => formatCount(held)),
	holdColumn('p50', 3),
	holdColumn('p99', 5),
	holdColumn('max', 4),
	column('Sent away', 2, ({sentAway}) => formatCount(sentAway)),
	column('Too large', 1, ({tooLarge}) => formatCount(tooLarge)),
];

const perMinute = (requests: number | null, tokens: number | null, output?: number): string =>
	[
		...(requests === null ? [] : [`${formatCount(requests)} requests`]),
		...(tokens === null ? [] : [`${formatTokens(tokens)} ${output === undefined ? '' : 'input '}tokens`]),
		...(output === undefined ? [] : [`${formatTokens(output)} output tokens`]),
	].join(' and ');

const partOf = (use: number, limit: number | null): string =>
	limit === null ? '' : ` (${formatPercent(use / limit)})`;

const useWords = (
	{requests, tokens, outputTokens}: Peak,
	{requestsPerMinute, tokensPerMinute}: Settings,
): string =>
	[
		`${formatCount(requests)} requests${partOf(requests, requestsPerMinute)}`,
		`${formatTokens(tokens)} ${outputTokens === undefined ? '' : 'input '}tokens${partOf(tokens, tokensPerMinute)}`,
		...(outputTokens === undefined
			? []
			: [`${formatTokens(outputTokens)} output tokens${partOf(outputTokens, tokensPerMinute)}`]),
	].join(' and ');

const whatIfBucketLines = ({models, peak, smallest}: WhatIfBucket, settings: Settings): readonly string[] => [
	'',
	models.map(cleanText).join(', '),
	`  Most in a minute as it came: ${useWords(peak.unpaced, settings)}`,
	`  Most in a minute paced: ${useWords(peak.paced, settings)}`,
	smallest === null
		? '  No quota was found under which nobody waits with --burst full.'
		: `  Smallest quota under which nobody waits: ${perMinute(smallest.requestsPerMinute, smallest.tokensPerMinute, smallest.outputTokensPerMinute)} per minute (--burst full)`,
];

const shareWords = ({share}: Settings): string =>
	share === 1 ? '' : ` (${formatPercent(share)} of it with --pace)`;

/** @param width Of the terminal, in cells. */
export function whatIfLines(found: WhatIf, settings: Settings, width: number): readonly string[] {
	const {all, spanMs, unanswered, rows, buckets} = found;
	const {throttled, held, holdMs, sentAway, tooLarge} = all;
	const part = (count: number): string => `${formatCount(count)} (${formatPercent(count / all.requests)})`;
	return [
		`${formatCount(all.requests)} recorded requests of ${formatDurationMs(spanMs)} under ${perMinute(settings.requestsPerMinute, settings.tokensPerMinute)} per minute${shareWords(settings)}. Nothing was sent.`,
		`As they came: ${part(throttled.sliding)} throttled by a sliding minute (assumed below), ${part(throttled.fixed)} by fixed minutes.`,
		`With --pace: ${part(held)} held${holdMs === null ? '' : `, p50 ${formatDurationMs(holdMs.p50)}, p99 ${formatDurationMs(holdMs.p99)}, at most ${formatDurationMs(holdMs.max)}`}; ${formatCount(sentAway)} sent away after ${formatDurationMs(settings.holdMs)}; ${formatCount(tooLarge)} larger than the quota.`,
		'',
		...renderTable(columns, rows, width),
		...buckets.flatMap((bucket) => whatIfBucketLines(bucket, settings)),
		'',
		'Assumed: tokens count from the first byte of an answer, nobody tries again (retries in the recording are requests of their own), and input is known before it is sent.',
		...(buckets.some(({peak}) => peak.unpaced.outputTokens !== undefined)
			? [
					'Assumed: on bedrock-mantle --tpm is the quota of the input and that of the output; a request for whose output there is no room counts as throttled (the service cuts it).',
				]
			: []),
		...(unanswered === 0
			? []
			: [
					`Assumed: ${formatCount(unanswered)} requests have no whole answer in the recording and count with the means of their client and model.`,
				]),
	];
}
