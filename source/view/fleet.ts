import type {FleetEvent, FleetRow, FleetView} from '../domain/fleet-view.ts';
import {formatCount, formatMinuteUtc, formatSecondsLeft, formatTokens} from '../text/numbers.ts';
import {fitLine, type Line, type Segment, segment} from '../text/segment.ts';
import {type Column, fitColumns, formatHeader, rowLine} from '../text/table.ts';
import {cleanText} from '../text/width.ts';

/** A fleet that shares a bucket, in words and as rows. */

/** `fleet of 8, 1 vanished`: those that vanished without a goodbye keep their part for a while. */
export function fleetCountWords(rows: readonly FleetRow[], members = rows.length): string {
	const vanished = rows.filter(({state}) => state === 'vanished').length;
	return `fleet of ${formatCount(members)}${vanished === 0 ? '' : `, ${formatCount(vanished)} vanished`}`;
}

/** How a member goes on without the ledger. */
const partWords = ({members, isAssumed}: FleetView): string =>
	members === null
		? 'nothing is sent, for the number of members is not known'
		: `goes by 1/${formatCount(members)} of the quota${isAssumed ? ' (assumed)' : ''}`;

/** Whether a member goes without the ledger now. */
export function isApart({state}: FleetView): boolean {
	return state !== 'connected';
}

/**
 * The state of a fleet: `fleet of 8, 1 vanished`, `ledger lost 12 s: goes by 1/8 of the quota`.
 * @param nowMs Milliseconds since 1970; undefined where that is not known, and nothing ages.
 */
export function fleetWords(fleet: FleetView, nowMs: number | undefined): string {
	const {state, since, members} = fleet;
	const age = nowMs === undefined ? '' : ` ${formatSecondsLeft(Math.max(0, nowMs - Date.parse(since)))}`;
	switch (state) {
		case 'connected':
			return fleetCountWords(fleet.rows, members ?? undefined);
		case 'joining':
			return `ledger not reached yet: ${partWords(fleet)}`;
		case 'lost':
			return `ledger lost${age}: ${partWords(fleet)}`;
		case 'healing':
			return `ledger back, healing: ${partWords(fleet)}`;
	}
}

const stateWords = ({isSelf, state}: FleetRow): string =>
	state === 'vanished' ? 'vanished' : isSelf ? 'this one' : '';

/** The members of a fleet as a table. */
export const fleetColumns: ReadonlyArray<Column<FleetRow>> = [
	{
		key: 'member',
		header: 'Member',
		align: 'left',
		minWidth: 12,
		priority: 100,
		cut: 'middle',
		format: ({name}) => cleanText(name),
	},
	{
		key: 'state',
		header: '',
		align: 'left',
		priority: 90,
		format: stateWords,
		tone: ({state}) => (state === 'vanished' ? 'warning' : 'muted'),
	},
	{
		key: 'in-flight',
		header: 'In flight',
		align: 'right',
		priority: 60,
		format: ({inFlight}) => formatCount(inFlight),
	},
	{
		key: 'requests',
		header: 'RPM',
		align: 'right',
		priority: 70,
		format: ({use}) => formatCount(use.requests),
	},
	{
		key: 'tokens',
		header: 'TPM',
		align: 'right',
		priority: 80,
		format: ({use}) => formatTokens(use.tokens),
	},
	{
		key: 'waiting',
		header: 'Waiting',
		align: 'right',
		priority: 50,
		format: ({waiting}) => formatCount(waiting),
	},
	{
		key: 'seen',
		header: 'Seen',
		align: 'right',
		priority: 40,
		format: ({seenAgoMs}) => `${formatSecondsLeft(Math.floor(seenAgoMs / 1000) * 1000)} ago`,
	},
];

/** Fewest lines that say something of a fleet: its state, the header and a member. */
const minLines = 3;

/** The members of a fleet below what is said of it: at most `height` lines of at most `width` cells. */
export function memberLines(
	head: Segment,
	rows: readonly FleetRow[],
	width: number,
	height = Number.POSITIVE_INFINITY,
): readonly Line[] {
	if (height < minLines) {
		return [];
	}
	const title = fitLine([head], Math.min(width, head.text.length));
	if (rows.length === 0) {
		return [title];
	}
	const fitted = fitColumns(fleetColumns, rows, width);
	const shown = rows.length > height - 2 ? rows.slice(0, height - minLines) : rows;
	const hidden = rows.length - shown.length;
	return [
		title,
		[segment(formatHeader(fitted), 'muted')],
		...shown.map((row) => rowLine(fitted, row)),
		...(hidden === 0 ? [] : [[segment(`${formatCount(hidden)} more`, 'muted')]]),
	];
}

const lossWords = {
	silent: 'The ledger does not answer',
	forgotten: 'The ledger has lost its memory',
	clock: 'The clock of the ledger jumped',
} as const;

const withoutLedger = (members: number | null, whenLost: 'split' | 'stop'): string =>
	whenLost === 'stop' || members === null
		? 'nothing is sent until it is back'
		: `goes by 1/${formatCount(members)} of the quota`;

/** What happened to a fleet, in a sentence. @param whenLost What its members do without their ledger. */
export function fleetEventWords(event: FleetEvent, whenLost: 'split' | 'stop'): string {
	switch (event.kind) {
		case 'lost':
			return `${lossWords[event.cause]}: ${withoutLedger(event.members, whenLost)}.`;
		case 'back': {
			const {lostMs, sent, members} = event;
			const requests = `${formatCount(sent)} ${sent === 1 ? 'request' : 'requests'}`;
			return `The ledger is back after ${formatSecondsLeft(lostMs)}: ${requests} went without it, ${formatCount(members)} ${members === 1 ? 'member' : 'members'} share the quota.`;
		}
		case 'waiting-for-members':
			return "The ledger can't be reached, and the number of members is not known: nothing is sent. Name it with --members N.";
		case 'assumed':
			return `The ledger can't be reached: ${withoutLedger(event.members, whenLost)}, with ${formatCount(event.members)} members ${event.from === 'last' ? 'as last seen' : 'as --members says'}.`;
		case 'day':
			return `The quota of the day is used up, as a member of the fleet has seen: nothing is sent until ${formatMinuteUtc(event.until)}.`;
	}
}
