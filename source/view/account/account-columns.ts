import type {Room} from '../../account/outlook.ts';
import type {AccountBucket} from '../../domain/account-snapshot.ts';
import {gaugeLevel, gaugeLevels, sparkline} from '../../text/bars.ts';
import {
	formatCount,
	formatDurationMs,
	formatMinuteUtc,
	formatNumber,
	formatPercent,
	formatTokens,
	formatUsd,
	unknownMark,
} from '../../text/numbers.ts';
import type {Tone} from '../../text/segment.ts';
import type {Column} from '../../text/table.ts';
import {cleanText} from '../../text/width.ts';
import {chosenColumns} from '../columns/columns.ts';
import type {OwnColumns} from '../state.ts';
import {type AccountRow, isUseKnown, limitCell, mainDurations} from './account-rows.ts';

/** The columns of the account's table, on screen and in print; the lowest priority goes first where the width is short. */

type AccountColumn = Column<AccountRow>;

const levelTone = (fraction: number | null): Tone => {
	const level = gaugeLevel(fraction);
	return level === 'ok' ? 'plain' : gaugeLevels[level].tone;
};

const dimTone = ({bucket}: AccountRow): Tone => (bucket.activity === 'idle' ? 'muted' : 'plain');

const useOf = ({bucket}: AccountRow, value: number, format: (value: number) => string): string =>
	isUseKnown(bucket) ? format(value) : unknownMark;

/** Near a limit, and closer than that; without colour as well. */
const levelMarks = {ok: '  ', near: '! ', full: '!!'} as const;

const percentCell = (fraction: number | null): string =>
	`${formatPercent(fraction)}${levelMarks[gaugeLevel(fraction)]}`;

/** Units of the limits as the table calls them. */
const roomUnits = {
	requestsPerMinute: 'RPM',
	tokensPerMinute: 'TPM',
	tokensPerDay: 'day',
	outputTokensPerMinute: 'output',
} as const;

/** What is left of a limit: `3 RPM`, `5k TPM`, `26M day`; `FULL day` where nothing fits any more. */
export function roomWords({kind, left, isFull}: Room): string {
	return `${isFull ? 'FULL' : formatTokens(Math.floor(left))} ${roomUnits[kind]}`;
}

/** The same in a sentence: `3 RPM free`; a dash where it is not known. */
export function freeWords({room}: AccountRow): string {
	return room === undefined ? unknownMark : `${roomWords(room)}${room.isFull ? '' : ' free'}`;
}

/** How near the limit is. */
export function roomTone({room}: AccountRow): Tone {
	return room === undefined ? 'muted' : room.isFull ? 'bad' : levelTone(room.fraction);
}

/** `since 17:02 UTC`; by the trend, so about: `~12 min`, `~21:40 UTC` for the day. */
const outlookCell = ({outlook, nowMs, room, bucket}: AccountRow): string => {
	if (outlook === undefined) {
		return room !== undefined && bucket.activity === 'active' ? 'not rising' : unknownMark;
	}
	const {type, kind, atMs} = outlook;
	if (type === 'full') {
		return atMs === null ? 'longer' : `since ${formatMinuteUtc(atMs)}`;
	}
	if (atMs === null) {
		return '> 1 h';
	}
	return kind === 'tokensPerDay'
		? `~${formatMinuteUtc(atMs)}`
		: `~${Math.max(1, Math.round((atMs - nowMs) / 60_000))} min`;
};

const outlookTone = ({outlook}: AccountRow): Tone =>
	outlook === undefined
		? 'muted'
		: outlook.type === 'full'
			? 'bad'
			: outlook.atMs === null
				? 'plain'
				: 'warning';

const durationPair = (p50: number | null | undefined, p90: number | null | undefined): string =>
	p50 == null && p90 == null ? unknownMark : `${formatDurationMs(p50)}/${formatDurationMs(p90)}`;

const ageCell = ({ageSeconds}: AccountRow): string =>
	ageSeconds === null ? unknownMark : ageSeconds < 600 ? `${ageSeconds}s` : `${Math.round(ageSeconds / 60)}m`;

const right = (
	key: string,
	header: string,
	priority: number,
	format: (row: AccountRow) => string,
	tone: (row: AccountRow) => Tone = dimTone,
): AccountColumn => ({key, header, align: 'right', priority, format, tone});

const modelColumn: AccountColumn = {
	key: 'model',
	header: 'Model',
	align: 'left',
	minWidth: 18,
	priority: 99,
	cut: 'middle',
	format: ({model}) => model,
	tone: (row) => (row.bucket.activity === 'active' ? 'strong' : dimTone(row)),
};

const limitColumns: readonly AccountColumn[] = [
	right('rpm', 'RPM', 72, (row) => useOf(row, row.bucket.use.requests, formatNumber)),
	right('rpm-limit', 'of', 40, ({bucket}) => limitCell(bucket.quota.requestsPerMinute, formatTokens)),
	right(
		'rpm-percent',
		'RPM%',
		85,
		({fractions}) => percentCell(fractions.requests),
		({fractions}) => levelTone(fractions.requests),
	),
	right('tpm', 'TPM', 74, (row) => useOf(row, row.bucket.use.quotaTokens, formatTokens)),
	right('tpm-limit', 'of', 45, ({bucket}) => limitCell(bucket.quota.tokensPerMinute, formatTokens)),
	right(
		'tpm-percent',
		'TPM%',
		96,
		({fractions}) => percentCell(fractions.tokens),
		({fractions}) => levelTone(fractions.tokens),
	),
	right(
		'day',
		'Day',
		66,
		({bucket, fractions}) =>
			fractions.day === null ? `${formatTokens(bucket.dayTokens)}  ` : percentCell(fractions.day),
		({fractions}) => levelTone(fractions.day),
	),
	right('free', 'Free', 97, ({room}) => (room === undefined ? unknownMark : roomWords(room)), roomTone),
	right('full', 'Full in/since', 94, outlookCell, outlookTone),
];

/** As far as metrics have them. */
const errorsOf = ({clientErrors, serverErrors}: AccountBucket['reported']): number =>
	clientErrors + (serverErrors ?? 0);

const healthColumns: readonly AccountColumn[] = [
	right(
		'throttled',
		'Thr',
		80,
		({bucket}) => (bucket.minute === null ? unknownMark : formatCount(bucket.reported.throttles)),
		({bucket}) => ((bucket.reported.throttles ?? 0) > 0 ? 'throttled' : 'muted'),
	),
	right(
		'errors',
		'Err',
		55,
		({bucket: {minute, reported}}) => (minute === null ? unknownMark : formatCount(errorsOf(reported))),
		({bucket: {reported}}) => (errorsOf(reported) > 0 ? 'bad' : 'muted'),
	),
	right('first-token', 'TTFT p50/90', 30, ({bucket}) => {
		const {firstTokenP50, firstTokenP90} = mainDurations(bucket) ?? {};
		return durationPair(firstTokenP50, firstTokenP90);
	}),
	right('latency', 'Total p50/90', 28, ({bucket}) => {
		const {latencyP50, latencyP90} = mainDurations(bucket) ?? {};
		return durationPair(latencyP50, latencyP90);
	}),
	right('cost', '$/h', 34, ({bucket}) => (bucket.activity === 'idle' ? unknownMark : costCell(bucket))),
];

/** Only where rows are of different minutes: else the header has it. */
const ageColumn = right('age', 'Age', 82, ageCell);

/** Cells of the line that shows the last hour. */
const sparklineWidth = 10;

const hourColumn: AccountColumn = {
	key: 'hour',
	header: 'Last hour',
	align: 'left',
	minWidth: sparklineWidth,
	priority: 68,
	format({bucket}) {
		const {series, quota, activity, minute} = bucket;
		const {tokensPerMinute, requestsPerMinute} = quota;
		const isByTokens = tokensPerMinute.state !== 'none';
		const {value} = isByTokens ? tokensPerMinute : requestsPerMinute;
		return activity === 'idle' || minute === null
			? ''
			: sparkline(isByTokens ? series.quotaTokens : series.requests, sparklineWidth, value ?? 0);
	},
};

/** A limit is named by the column before it; elsewhere it needs a name of its own. */
function withOwnHeader(
	column: AccountColumn,
	index: number,
	all: ReadonlyArray<AccountColumn>,
): AccountColumn {
	const [unit, rest] = column.key.split('-limit');
	return rest === '' && all[index - 1]?.key !== unit
		? {...column, header: `${unit?.toUpperCase()} limit`}
		: column;
}

/** A price of another Region is an estimate. */
const costCell = ({costPerHourUsd, priceRegion}: AccountBucket): string =>
	`${costPerHourUsd === null || priceRegion === undefined ? '' : '~'}${formatUsd(costPerHourUsd)}`;

/**
 * @param hasRegions The table has rows of several Regions.
 * @param hasAges Rows are of different minutes.
 * @param own Columns of the user's own, by view.
 */
export function accountColumns({
	hasRegions,
	hasOwners = false,
	hasAges,
	own = {},
}: {
	readonly hasRegions: boolean;
	/** The rows belong to several accounts. */
	readonly hasOwners?: boolean;
	readonly hasAges: boolean;
	readonly own?: OwnColumns;
}): readonly AccountColumn[] {
	const all: readonly AccountColumn[] = [
		modelColumn,
		{
			key: 'scope',
			header: 'Scope',
			align: 'left',
			priority: 84,
			format: ({bucket}) => bucket.scope,
			tone: dimTone,
		},
		...(hasOwners
			? [
					{
						key: 'owner',
						header: 'Account',
						align: 'left' as const,
						priority: 99,
						format: ({bucket}: AccountRow) => cleanText(bucket.owner ?? unknownMark),
						tone: dimTone,
					},
				]
			: []),
		...(hasRegions
			? [
					{
						key: 'region',
						header: 'Region',
						align: 'left' as const,
						priority: 98,
						format: ({bucket}: AccountRow) => cleanText(bucket.region),
						tone: dimTone,
					},
				]
			: []),
		...limitColumns,
		hourColumn,
		...healthColumns,
		...(hasAges ? [ageColumn] : []),
	];
	return chosenColumns(all, 'account', own).map(withOwnHeader);
}
