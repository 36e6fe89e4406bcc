import type {BucketState, Gauge} from '../domain/snapshot.ts';
import {dayQuotaOf, type Limit, limitKinds, type Quota, type Target} from '../domain/target.ts';
import {gaugeFraction} from '../text/bars.ts';
import {formatTokens, unknownMark} from '../text/numbers.ts';
import type {Column} from '../text/table.ts';
import {cleanText} from '../text/width.ts';
import {matchesFilter, selectedOf} from './lists.ts';
import {oncePerState, shownSnapshot} from './selectors.ts';
import type {State} from './state.ts';

/** Quotas in words, and the list of them as the screen and `quotas` show it: rows and columns. */

/** A limit in words; `unit` is `RPM`, `TPM` or `TPD`. */
export function limitWords(limit: Limit, unit: string): string {
	switch (limit.state) {
		case 'none':
			return `no ${unit} limit`;
		case 'blocked':
			return `${unit} blocked`;
		case 'known':
		case 'unknown':
			return limit.value === null ? `${unit} unknown` : `${formatTokens(limit.value)} ${unit}`;
	}
}

/** The source of a limit in one word; empty where there is no limit. */
export function sourceWord(limit: Limit): string {
	return limit.source ?? (limit.state === 'unknown' ? 'unknown' : '');
}

/** Several limits with their sources; a source that all share is named once. */
export function quotaWords(limits: ReadonlyArray<{readonly limit: Limit; readonly unit: string}>): string {
	const sources = new Set(limits.map(({limit}) => sourceWord(limit)).filter((word) => word !== ''));
	const isShared = sources.size <= 1;
	const words = limits.map(({limit, unit}) =>
		isShared ? limitWords(limit, unit) : `${limitWords(limit, unit)} ${sourceWord(limit)}`.trim(),
	);
	return `${words.join(' · ')}${isShared ? ` ${[...sources].join('')}` : ''}`.trim();
}

/** The account of the run in words; empty where there is none to name. */
export function accountWords(account: string | null | undefined): string {
	return account === undefined ? '' : `account ${account ?? unknownMark}`;
}

/** What is watched: the profile, where one was named, the Region and its account. */
export function sourceWords({
	profile,
	region,
	account,
}: {
	readonly profile?: string | undefined;
	readonly region: string;
	readonly account?: string | null | undefined;
}): string {
	return [
		...(profile === undefined ? [] : [`profile ${cleanText(profile)}`]),
		cleanText(region),
		...(account === undefined ? [] : [accountWords(account)]),
	].join(' · ');
}

/** The line above a table: where these quotas apply. */
export function placeLine(
	region: string,
	endpoint: string | null,
	isSimulated: boolean,
	account?: string | null,
): string {
	return [
		isSimulated ? 'SIMULATED' : '',
		region,
		// A simulator has no account to name.
		isSimulated && account === null ? '' : accountWords(account),
		endpoint === null ? '' : `endpoint ${endpoint} (not AWS)`,
	]
		.filter((part) => part !== '')
		.join('  ');
}

/** A limit of a bucket of the run, as a row of the Quotas view. */
export type QuotaRow = LimitRow & {readonly key: string; readonly gauge: Gauge | undefined};

function gaugeOf({of}: LimitRow, buckets: readonly BucketState[] | undefined): Gauge | undefined {
	const bucket = of === undefined ? undefined : buckets?.[of.target];
	switch (of?.kind) {
		case 'requestsPerMinute':
			return bucket?.requests;
		case 'tokensPerMinute':
			return bucket?.tokens;
		case 'tokensPerDay':
			return bucket?.day;
		case 'outputTokensPerMinute':
			return bucket?.output;
		case undefined:
			return undefined;
	}
}

/** Orders of the rows; those without the figure come last. */
const sorts = {
	order: undefined,
	model: ({model}: QuotaRow) => model,
	use: ({gauge}: QuotaRow) => (gauge === undefined ? null : gaugeFraction(gauge)),
	quota: ({limit}: QuotaRow) => limit.value,
} as const;

export const quotaSorts: readonly string[] = Object.keys(sorts);

/** Every limit of every bucket of the run, in the order and with the filter of the list. */
export const listedQuotas = oncePerState((state): readonly QuotaRow[] => {
	const {filter, sort, isInverted} = state.lists.quotas;
	const snapshot = shownSnapshot(state);
	const rows = limitRows(snapshot?.targets ?? []).map(
		(row): QuotaRow => ({
			...row,
			key: row.of === undefined ? 'account' : `${row.of.target} ${row.of.kind}`,
			gauge: gaugeOf(row, snapshot?.buckets),
		}),
	);
	const matching = rows.filter(({model, scope, unit}) => matchesFilter(`${model} ${scope} ${unit}`, filter));
	return sorted(matching, sort, isInverted);
});

function sorted(rows: readonly QuotaRow[], sort: string, isInverted: boolean): readonly QuotaRow[] {
	const value = sorts[sort as keyof typeof sorts];
	if (value === undefined) {
		return isInverted ? rows.toReversed() : rows;
	}
	const direction = isInverted ? -1 : 1;
	return rows.toSorted((one, other) => {
		const [left, right] = [value(one), value(other)];
		if (left === null || right === null) {
			return Number(left === null) - Number(right === null);
		}
		return typeof left === 'string'
			? direction * left.localeCompare(String(right), 'en')
			: direction * (Number(right) - left);
	});
}

/** The selected limit. */
export function selectedQuota(state: State): QuotaRow | undefined {
	return selectedOf(listedQuotas(state), ({key}) => key, state.lists.quotas);
}

/** One limit of a bucket. */
type LimitRow = {
	/** Clean text. */
	readonly model: string;
	readonly scope: string;
	readonly unit: string;
	readonly limit: Limit;
	/** Which limit of which target; undefined for the one of the account over all models. */
	readonly of: {readonly target: number; readonly kind: LimitKind} | undefined;
};

type LimitKind = (typeof limitKinds)[number] | 'outputTokensPerMinute';

const units = {
	requestsPerMinute: 'RPM',
	outputTokensPerMinute: 'output TPM',
	tokensPerMinute: 'TPM',
	tokensPerDay: 'TPD',
} as const satisfies Readonly<Partial<Record<keyof Quota, string>>>;

const inputUnit = 'input TPM';

/** The limits of a target, in the order in which they are shown; on bedrock-mantle those of the two sides only. */
const limitsOf = (quota: Quota): ReadonlyArray<readonly [kind: LimitKind, limit: Limit, unit: string]> =>
	quota.outputTokensPerMinute === undefined
		? limitKinds.map((kind) => [kind, quota[kind], units[kind]])
		: [
				['tokensPerMinute', quota.tokensPerMinute, inputUnit],
				['outputTokensPerMinute', quota.outputTokensPerMinute, units.outputTokensPerMinute],
			];

/** A limit of a minute. */
type MinuteLimit = {
	/** In four cells at most. */
	readonly label: 'RPM' | 'TPM' | 'IN' | 'OUT';
	readonly unit: string;
	readonly limit: Limit;
	/** What of a bucket counts against it; only where output has a limit of its own there is one of it. */
	readonly gaugeOf: (bucket: BucketState) => Gauge | undefined;
	readonly field: 'requests' | 'quotaTokens' | 'output';
};

/** The two limits of a minute: of requests and of tokens, on bedrock-mantle of input and of output. */
export function minuteLimits({
	requestsPerMinute,
	tokensPerMinute,
	outputTokensPerMinute,
}: Quota): readonly [MinuteLimit, MinuteLimit] {
	const gaugeOf = ({tokens}: BucketState): Gauge => tokens;
	return outputTokensPerMinute === undefined
		? [
				{
					label: 'RPM',
					unit: units.requestsPerMinute,
					limit: requestsPerMinute,
					gaugeOf: ({requests}) => requests,
					field: 'requests',
				},
				{label: 'TPM', unit: units.tokensPerMinute, limit: tokensPerMinute, gaugeOf, field: 'quotaTokens'},
			]
		: [
				{label: 'IN', unit: inputUnit, limit: tokensPerMinute, gaugeOf, field: 'quotaTokens'},
				{
					label: 'OUT',
					unit: units.outputTokensPerMinute,
					limit: outputTokensPerMinute,
					gaugeOf: ({output}) => output,
					field: 'output',
				},
			];
}

/** Rows for each limit of each target, and one for the day of the account over all models where there is one. */
export function limitRows(targets: readonly Target[]): readonly LimitRow[] {
	const accountWide = targets.find(({quota}) => quota.accountTokensPerDay)?.quota.accountTokensPerDay;
	const sharing = targets.findIndex(({quota}) => dayQuotaOf(quota).isShared);
	return [
		...targets.flatMap(({model, scope, quota}, target) =>
			limitsOf(quota)
				.filter(([kind]) => kind !== 'tokensPerDay' || !dayQuotaOf(quota).isShared)
				.map(([kind, limit, unit]) => ({
					model: cleanText(model),
					scope,
					unit,
					limit,
					of: {target, kind},
				})),
		),
		...(accountWide === undefined
			? []
			: [
					{
						model: 'all models together',
						scope: '',
						unit: 'TPD',
						limit: accountWide,
						of: sharing < 0 ? undefined : {target: sharing, kind: 'tokensPerDay' as const},
					},
				]),
	];
}

/**
 * How many times the stated quota is in force: 2 for the tokens per day of cross-Region calls ("doubled for cross-region
 * calls" in its name, Service Quotas); 1 for all others.
 */
export function limitFactor({value, source, applied, default: usual}: Limit): number {
	const stated = source === 'applied' ? applied : source === 'default' ? usual : value;
	return value !== null && stated !== null && stated > 0 && value > stated ? value / stated : 1;
}

/** Why a limit is a multiple of what is applied, in a sentence. */
export function factorWords(limit: Limit): string {
	const factor = limitFactor(limit);
	return `Cross-Region calls get ${factor === 2 ? 'twice' : `${factor} times`} the quota of the day. AWS ends that once it has approved an increase of tokens per minute.`;
}

/** Where the number in force comes from; `x2` where it is twice that number. */
export function limitSource(limit: Limit): string {
	const factor = limitFactor(limit);
	return limit.source === null ? unknownMark : `${limit.source}${factor > 1 ? ` x${factor}` : ''}`;
}

/** The number in force: a dash where it is not known. */
export function limitValue({value, state}: Limit, format: (value: number | null) => string): string {
	switch (state) {
		case 'none':
			return 'no limit';
		case 'blocked':
			return 'blocked';
		case 'known':
		case 'unknown':
			return format(value);
	}
}

/** Whether and how a limit can be raised. */
export function increaseWords({adjustable}: Limit): string {
	return adjustable === null ? unknownMark : adjustable ? 'on request' : 'not adjustable';
}

/** @param format Of numbers: short on the screen, exact in print. */
export function limitColumns<Row extends LimitRow>(
	format: (value: number | null) => string = formatTokens,
): ReadonlyArray<Column<Row>> {
	return [
		{
			key: 'model',
			header: 'Model',
			align: 'left',
			minWidth: 16,
			priority: 9,
			cut: 'middle',
			format: ({model}) => model,
		},
		{key: 'scope', header: 'Scope', align: 'left', priority: 4, format: ({scope}) => scope},
		{key: 'limit', header: 'Limit', align: 'left', priority: 10, format: ({unit}) => unit},
		{
			key: 'quota',
			header: 'Quota',
			align: 'right',
			priority: 10,
			format: ({limit}) => limitValue(limit, format),
			tone: ({limit: {state}}) => (state === 'blocked' ? 'bad' : state === 'known' ? 'strong' : 'muted'),
		},
		{key: 'source', header: 'Source', align: 'left', priority: 8, format: ({limit}) => limitSource(limit)},
		{
			key: 'applied',
			header: 'Applied',
			align: 'right',
			priority: 2,
			format: ({limit}) => format(limit.applied),
		},
		{
			key: 'default',
			header: 'Default',
			align: 'right',
			priority: 3,
			format: ({limit}) => format(limit.default),
		},
		{
			key: 'increase',
			header: 'Increase',
			align: 'left',
			priority: 5,
			format: ({limit}) => increaseWords(limit),
		},
		{key: 'code', header: 'Code', align: 'left', priority: 6, format: ({limit}) => limit.code ?? unknownMark},
	];
}
