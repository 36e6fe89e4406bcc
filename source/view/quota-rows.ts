import type {BucketState, Gauge} from '../domain/snapshot.ts';
import {type Limit, limitKinds} from '../domain/target.ts';
import {gaugeFraction} from '../text/bars.ts';
import {cleanText} from '../text/width.ts';
import {matchesFilter, selectedOf} from './lists.ts';
import {oncePerState, shownSnapshot} from './selectors.ts';
import type {State} from './state.ts';

/** A limit of a bucket of the run, as a row of the Quotas view. */
export type QuotaRow = {
	readonly key: string;
	readonly model: string;
	readonly scope: string;
	readonly unit: string;
	readonly limit: Limit;
	readonly gauge: Gauge | undefined;
};

const units = {
	requestsPerMinute: 'RPM',
	tokensPerMinute: 'TPM',
	tokensPerDay: 'TPD',
} as const;

function gaugeOf(kind: (typeof limitKinds)[number], bucket: BucketState | undefined): Gauge | undefined {
	switch (kind) {
		case 'requestsPerMinute':
			return bucket?.requests;
		case 'tokensPerMinute':
			return bucket?.tokens;
		case 'tokensPerDay':
			return bucket?.day;
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
	const rows = (snapshot?.targets ?? []).flatMap((target, index) =>
		limitKinds.map(
			(kind): QuotaRow => ({
				key: `${index} ${kind}`,
				model: cleanText(target.model),
				scope: target.scope,
				unit: units[kind],
				limit: target.quota[kind],
				gauge: gaugeOf(kind, snapshot?.buckets[index]),
			}),
		),
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
