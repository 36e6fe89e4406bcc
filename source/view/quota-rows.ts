import type {BucketState, Gauge} from '../domain/snapshot.ts';
import {gaugeFraction} from '../text/bars.ts';
import {matchesFilter, selectedOf} from './lists.ts';
import {type LimitRow, limitRows} from './quota-columns.ts';
import {oncePerState, shownSnapshot} from './selectors.ts';
import type {State} from './state.ts';

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
