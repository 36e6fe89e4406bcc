import type {Limit, Quota} from '../domain/target.ts';
import {limitKinds, type Target} from '../domain/target.ts';
import {formatTokens, unknownMark} from '../text/numbers.ts';
import type {Column} from '../text/table.ts';
import {cleanText} from '../text/width.ts';

/** Quotas as rows and columns: the same in the Quotas view and in the commands that print them. */

/** One limit of a bucket. */
export type LimitRow = {
	/** Clean text. */
	readonly model: string;
	readonly scope: string;
	readonly unit: string;
	readonly limit: Limit;
	/** Which limit of which target; undefined for the one of the account over all models. */
	readonly of: {readonly target: number; readonly kind: (typeof limitKinds)[number]} | undefined;
};

const units = {
	requestsPerMinute: 'RPM',
	tokensPerMinute: 'TPM',
	tokensPerDay: 'TPD',
} as const satisfies Readonly<Partial<Record<keyof Quota, string>>>;

/** Three rows per target, and one for the account's daily quota over all models where there is one. */
export function limitRows(targets: readonly Target[]): readonly LimitRow[] {
	const accountWide = targets.find(({quota}) => quota.accountTokensPerDay)?.quota.accountTokensPerDay;
	return [
		...targets.flatMap(({model, scope, quota}, target) =>
			limitKinds.map((kind) => ({
				model: cleanText(model),
				scope,
				unit: units[kind],
				limit: quota[kind],
				of: {target, kind},
			})),
		),
		...(accountWide === undefined
			? []
			: [{model: 'all models together', scope: '', unit: 'TPD', limit: accountWide, of: undefined}]),
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
