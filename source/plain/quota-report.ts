import type {Limit, Quota, Target} from '../domain/target.ts';
import {formatCount, unknownMark} from '../text/numbers.ts';
import type {Column} from '../text/table.ts';
import {cleanText} from '../text/width.ts';
import {accountWords} from '../view/quota-words.ts';

/** Quotas as a table in plain text. */

type LimitRow = {
	readonly model: string;
	readonly scope: string;
	readonly label: string;
	readonly limit: Limit;
};

const limitLabels = [
	['requestsPerMinute', 'requests/min'],
	['tokensPerMinute', 'tokens/min'],
	['tokensPerDay', 'tokens/day'],
] as const satisfies ReadonlyArray<readonly [keyof Quota, string]>;

/** Three rows per target, and one for the account's daily quota over all models where there is one. */
export function limitRows(targets: readonly Target[]): readonly LimitRow[] {
	const accountWide = targets.find(({quota}) => quota.accountTokensPerDay)?.quota.accountTokensPerDay;
	return [
		...targets.flatMap(({model, scope, quota}) =>
			limitLabels.map(([kind, label]) => ({model, scope, label, limit: quota[kind]})),
		),
		...(accountWide === undefined
			? []
			: [{model: 'all models together', scope: '', label: 'tokens/day', limit: accountWide}]),
	];
}

/** The source of the current number, or why it is missing; `x2` where calls of this scope have twice the quota. */
export function limitState(limit: Limit): string {
	const {value, state, source} = limit;
	const stated = source === 'applied' ? limit.applied : source === 'default' ? limit.default : value;
	const factor = value !== null && stated !== null && value > stated ? ` x${value / stated}` : '';
	return state === 'known' || (state === 'unknown' && source !== null) ? `${source}${factor}` : state;
}

/** The current number, or `none` for a limit that the service does not set. */
function limitValue({value, state}: Limit): string {
	return state === 'none' ? 'none' : formatCount(value);
}

const yesOrNo = (value: boolean | null): string => (value === null ? unknownMark : value ? 'yes' : 'no');

export const limitColumns: ReadonlyArray<Column<LimitRow>> = [
	{
		key: 'model',
		header: 'MODEL',
		align: 'left',
		minWidth: 16,
		priority: 9,
		format: ({model}) => cleanText(model),
		cut: 'middle',
	},
	{key: 'scope', header: 'SCOPE', align: 'left', priority: 5, format: ({scope}) => scope},
	{key: 'limit', header: 'LIMIT', align: 'left', priority: 8, format: ({label}) => label},
	{key: 'value', header: 'IN FORCE', align: 'right', priority: 8, format: ({limit}) => limitValue(limit)},
	{key: 'state', header: 'STATE', align: 'left', priority: 7, format: ({limit}) => limitState(limit)},
	{
		key: 'applied',
		header: 'APPLIED',
		align: 'right',
		priority: 2,
		format: ({limit}) => formatCount(limit.applied),
	},
	{
		key: 'default',
		header: 'DEFAULT',
		align: 'right',
		priority: 4,
		format: ({limit}) => formatCount(limit.default),
	},
	{
		key: 'adjustable',
		header: 'ADJUSTABLE',
		align: 'left',
		priority: 3,
		format: ({limit}) => yesOrNo(limit.adjustable),
	},
	{key: 'code', header: 'CODE', align: 'left', priority: 6, format: ({limit}) => limit.code ?? unknownMark},
];

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
