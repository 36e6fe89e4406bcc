import type {AccountRegion} from '../domain/account-snapshot.ts';
import type {Snapshot} from '../domain/snapshot.ts';
import {formatTarget} from '../reports/words.ts';
import {toAscii} from '../text/glyphs.ts';
import {formatCount, formatElapsedMs, formatUsdWithin} from '../text/numbers.ts';
import {renderTable} from '../text/table.ts';
import {cleanText, wrapText} from '../text/width.ts';
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
