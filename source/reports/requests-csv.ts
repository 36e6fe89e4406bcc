import type {AnswerRecord, LostRecord} from '../engine/attempts/request-records.ts';
import {cleanLines} from '../text/width.ts';

/** requests.csv: a line per request, in the CSV of RFC 4180 (commas, CRLF, quotes doubled), safe to open in a spreadsheet. */

type Cell = string | number | boolean | null | undefined;

/** A spreadsheet takes a text that begins like this for a formula and would run it. */
const formulaStart = /^[=+\-@\t\r]/;

const cellText = (cell: Cell): string => {
	if (cell === null || cell === undefined) {
		return '';
	}
	// Cleaned first: what begins with something invisible begins with what follows it.
	const clean = typeof cell === 'string' ? cleanLines(cell) : String(cell);
	const text = typeof cell === 'string' && formulaStart.test(clean) ? `'${clean}` : clean;
	return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/**
 * One row with its end of line.
 * @param cells An unknown value is an empty cell; a text that begins with = + - @ gets an apostrophe before it.
 */
export function csvLine(cells: readonly Cell[]): string {
	return `${cells.map(cellText).join(',')}\r\n`;
}

/** A column of requests.csv; `help` is its line in the README. */
type Column = {
	readonly name: string;
	readonly help: string;
	readonly read: (record: AnswerRecord) => Cell;
	/** Its value for a request without an answer; absent where it is empty then. */
	readonly lost?: (record: LostRecord) => Cell;
};

/** The flaw of all its items, or `answered`. */
const outcomeOf = ({isTruncated, isRefused, verdicts}: AnswerRecord): string => {
	const flaw = verdicts.find(({kind}) => kind === 'malformed' || kind === 'tool-call')?.kind;
	return isRefused ? 'refused' : isTruncated ? 'truncated' : (flaw ?? 'answered');
};

const usefulItems = (record: AnswerRecord): number =>
	outcomeOf(record) === 'answered' ? record.verdicts.filter(({kind}) => kind === 'useful').length : 0;

/** To a microsecond: more digits of the clock are noise. */
const milliseconds = (value: number | undefined): Cell =>
	value === undefined ? undefined : Number(value.toFixed(3));

const columns: readonly Column[] = [
	{name: 'at', help: 'ISO 8601 UTC of the last byte', read: ({at}) => at, lost: ({at}) => at},
	{name: 'variant', help: 'name', read: ({variant}) => variant, lost: ({variant}) => variant},
	{name: 'model', help: 'as it was called', read: ({model}) => model, lost: ({model}) => model},
	{
		name: 'items',
		help: 'indexes of its items, from 0, separated by spaces',
		read: ({items}) => items.join(' '),
		lost: ({items}) => items.join(' '),
	},
	{
		name: 'outcome',
		help: '`answered`, `truncated`, `refused`, `malformed` or `tool-call`; `lost` without an answer',
		read: outcomeOf,
		lost: () => 'lost',
	},
	{name: 'stopReason', help: 'as the service names it', read: ({stopReason}) => stopReason},
	{name: 'tier', help: 'service tier that served it, as echoed', read: ({tier}) => tier},
	{name: 'latencyMode', help: 'latency mode that served it, as echoed', read: ({latencyMode}) => latencyMode},
	{name: 'usefulItems', help: 'items answered with all checks passed', read: usefulItems},
	{
		name: 'attempts',
		help: 'HTTP exchanges, retries included',
		read: ({attempts}) => attempts,
		lost: ({attempts}) => attempts,
	},
	{name: 'inputTokens', help: 'without cached ones', read: ({usage}) => usage.inputTokens},
	{name: 'outputTokens', help: '', read: ({usage}) => usage.outputTokens},
	{name: 'cacheReadTokens', help: '', read: ({usage}) => usage.cacheReadTokens},
	{name: 'cacheWriteTokens', help: '', read: ({usage}) => usage.cacheWriteTokens},
	{
		name: 'reasoningTokens',
		help: 'part of the output tokens; empty where the service does not report them',
		read: ({usage}) => usage.reasoningTokens,
	},
	{
		name: 'isEstimated',
		help: '`true` where the service reported no counts',
		read: ({usage}) => usage.isEstimated,
	},
	{name: 'quotaTokens', help: 'settled', read: ({quotaTokens}) => quotaTokens},
	{
		name: 'timeToFirstTokenMs',
		help: 'send to first non-empty token; empty without a stream',
		read: ({latencyMs}) => milliseconds(latencyMs.timeToFirstToken),
	},
	{
		name: 'serviceMs',
		help: 'send to last byte of the last attempt',
		read: ({latencyMs}) => milliseconds(latencyMs.service),
	},
	{
		name: 'dispatchDelayMs',
		help: 'intended start to send',
		read: ({latencyMs}) => milliseconds(latencyMs.dispatchDelay),
	},
	{
		name: 'totalMs',
		help: 'intended start to last byte',
		read: ({latencyMs}) => milliseconds(latencyMs.total),
	},
	{
		name: 'failure',
		help: 'of a lost request: class of its last failure, or `stopped` where the run ended before its attempts were spent',
		read: () => undefined,
		lost: ({reason}) => reason,
	},
];

/** First line of the file. */
export const requestsCsvHead = csvLine(columns.map(({name}) => name));

/** Row of one answered request. */
export function requestsCsvLine(record: AnswerRecord): string {
	return csvLine(columns.map(({read}) => read(record)));
}

/** Row of one request that got no answer. */
export function lostRequestCsvLine(record: LostRecord): string {
	return csvLine(columns.map(({lost}) => lost?.(record)));
}

/** The table of columns for the README. */
export function requestsCsvMarkdown(): readonly string[] {
	return ['| column | |', '|---|---|', ...columns.map(({name, help}) => `| \`${name}\` | ${help} |`)];
}
