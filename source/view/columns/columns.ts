import {didYouMean} from '../../text/nearest-name.ts';
import type {Column} from '../../text/table.ts';
import {noEffect, type OverlayAction, type Transition} from '../actions.ts';
import {titleOf, type ViewName} from '../keymap.ts';
import type {ColumnChooser, OwnColumns, State} from '../state.ts';

/** The columns of the tables: which there are, which the user wants, and the box in which they are chosen. */

const ofVariants = {
	variant: 'name of the variant',
	model: 'its model, where there are several',
	lane: 'its lane, where there are several',
	sent: 'requests sent',
	useful: 'useful items',
	passed: 'share of the answers that passed all checks',
	sustainable: 'useful items per minute that the quota allows',
	limit: 'what limits that rate',
	throttled: 'requests that were throttled',
	failed: 'requests without an answer',
	input: 'input tokens per request',
	output: 'output tokens per request',
	quota: 'quota tokens per request',
	'first-token': 'time to the first token, p50',
	total: 'time to the end of the answer, p50',
	p99: 'time to the end of the answer, p99',
	truncated: 'answers cut off at max tokens',
	reserved: 'quota tokens set aside per request',
	overruns: 'answers above what was set aside',
	cost: 'cost per request',
} as const;

/** Every column by view with what it shows, in the order of the table. The first says what a row is about: it stays. */
const columnWords = {
	account: {
		model: 'model of the bucket',
		scope: 'on-demand, cross-region or global',
		region: 'Region, where there are several',
		rpm: 'requests in the newest minute',
		'rpm-limit': 'quota of requests per minute',
		'rpm-percent': 'how much of it is used',
		tpm: 'quota tokens in the newest minute',
		'tpm-limit': 'quota of tokens per minute',
		'tpm-percent': 'how much of it is used',
		day: "how much of the day's quota is used",
		free: 'what is left of the nearest limit',
		full: 'when it is used up, or since when',
		hour: 'use over the last hour',
		throttled: 'requests throttled in the newest minute',
		errors: 'other errors in it',
		'first-token': 'time to the first token, p50 and p90',
		latency: 'time to the end, p50 and p90',
		cost: 'cost per hour at the present rate',
		age: 'age of the figures, where they differ',
	},
	dashboard: ofVariants,
	variants: ofVariants,
	quotas: {
		model: 'model',
		scope: 'on-demand, cross-region or global',
		limit: 'unit: RPM, TPM or TPD',
		quota: 'quota in force',
		source: 'where its number is from',
		used: 'what is used of it now',
		applied: 'quota applied to the account',
		default: 'default of AWS',
		increase: 'whether it can be raised',
		code: 'its code in Service Quotas',
	},
	traffic: {
		client: 'client, and its session or how many it has',
		model: 'model that it calls',
		requests: 'requests so far',
		'in-flight': 'requests in flight',
		held: 'requests that wait for room',
		reserved: 'quota tokens set aside by the service',
		settled: 'quota tokens that answers cost',
		unused: 'share of what was set aside for nothing',
		output: 'share of output in what answers cost',
		cache: 'share of the input read from the cache',
		throttled: 'requests that the service throttled',
		retries: 'retries of the SDK',
		aborted: 'requests given up by the client',
		'first-token': 'time to the first token, p50',
		'first-token-p99': 'the same, p99',
		cost: 'cost so far',
	},
} as const satisfies Readonly<Partial<Record<ViewName, Readonly<Record<string, string>>>>>;

const wordsByView: Readonly<Partial<Record<string, Readonly<Record<string, string>>>>> = columnWords;

/** Columns of variants that the dashboard leaves to the Variants view, where there is little room. */
export const furtherColumns: ReadonlySet<string> = new Set([
	'p99',
	'truncated',
	'reserved',
	'overruns',
	'cost',
]);

/** The columns of a view by name, with what they show; none where they cannot be chosen. */
export function columnsOfView(view: ViewName): ReadonlyArray<readonly [name: string, words: string]> {
	return Object.entries(wordsByView[view] ?? {});
}

function namesOf(view: ViewName): readonly string[] {
	return columnsOfView(view).map(([name]) => name);
}

function usualNames(view: ViewName): readonly string[] {
	return namesOf(view).filter((name) => view !== 'dashboard' || !furtherColumns.has(name));
}

/** Names of the columns that are on. */
export function namesOn({columns}: Pick<State, 'columns'>, view: ViewName): readonly string[] {
	const [first = ''] = namesOf(view);
	const own = columns[view];
	return own === undefined ? usualNames(view) : [first, ...own.filter((name) => name !== first)];
}

/** What is wrong with columns that the user chose: where it stands, the reason and a way out. */
type ColumnFault = {readonly path: readonly string[]; readonly reason: string; readonly hint: string};

/** The user's columns, or what is wrong with them. */
export function ownColumns(
	given: Readonly<Record<string, readonly string[]>>,
): {readonly columns: OwnColumns} | ColumnFault {
	const views = Object.keys(columnWords);
	for (const [view, names] of Object.entries(given)) {
		if (!Object.hasOwn(columnWords, view)) {
			const hint = `${didYouMean(view, views)}Views with columns: ${views.join(', ')}.`;
			return {path: [view], reason: `unknown view "${view}" in "columns".`, hint};
		}
		const known = namesOf(view as ViewName);
		const wrong = names.findIndex((name, index) => !known.includes(name) || names.indexOf(name) !== index);
		const name = names[wrong];
		if (name !== undefined) {
			return {
				path: [view, String(wrong)],
				reason: known.includes(name)
					? `"${view}" has the column "${name}" twice.`
					: `"${view}" has no column "${name}".`,
				hint: known.includes(name)
					? 'Name it once.'
					: `${didYouMean(name, known)}Its columns: ${known.join(', ')}.`,
			};
		}
	}
	return {columns: given as OwnColumns};
}

/** The columns of a table that the user wants; marks and what a row is about are always among them. */
export function chosenColumns<Row>(
	all: ReadonlyArray<Column<Row>>,
	view: ViewName,
	own: OwnColumns,
): ReadonlyArray<Column<Row>> {
	const names = own[view];
	if (names === undefined) {
		return all;
	}
	const known = namesOf(view);
	const [first] = known;
	const fixed = all.filter(({key}) => key === first || !known.includes(key));
	return [...fixed, ...names.flatMap((name) => all.filter(({key}) => key === name && key !== first))];
}

/** Why the columns of the view cannot be chosen; undefined where they can. */
export function notChoosable({view}: State): string | undefined {
	return columnsOfView(view).length > 0
		? undefined
		: view === 'items'
			? 'Items has a column for each variant: ← → choose one'
			: `${titleOf(view)} has no columns to choose`;
}

export function openColumns(state: State): Transition {
	const {view, columns} = state;
	return noEffect({...state, overlay: {kind: 'columns', view, index: 0, before: columns[view]}});
}

/** The columns change at once, so that the table behind the box shows them. */
export function inColumns(state: State, chooser: ColumnChooser, action: OverlayAction): Transition {
	const {view, index, before} = chooser;
	const names = namesOf(view);
	switch (action.type) {
		case 'overlay-moved': {
			const next = Math.min(names.length - 1, Math.max(0, index + action.lines));
			return noEffect({...state, overlay: {...chooser, index: next}});
		}
		case 'overlay-marked': {
			const name = names[index];
			// Without the first nobody knows what a row is about: so at least one column stays.
			return noEffect(name === undefined || index === 0 ? state : withToggled(state, view, name));
		}
		case 'text-erased':
			return noEffect(withColumns(state, view, undefined));
		case 'overlay-accepted':
			return noEffect({...state, overlay: undefined});
		case 'overlay-closed':
			return noEffect({...withColumns(state, view, before), overlay: undefined});
		case 'text-typed':
		case 'overlay-turned':
		case 'overlay-compared':
			return noEffect(state);
	}
}

function withToggled(state: State, view: ViewName, name: string): State {
	const on = namesOn(state, view);
	const order = namesOf(view);
	const inOrder = (names: readonly string[]) =>
		names.toSorted((one, other) => order.indexOf(one) - order.indexOf(other));
	const isUsualOrder = isSame(on, inOrder(on));
	const added = [...on, name];
	const next = on.includes(name) ? on.filter((each) => each !== name) : isUsualOrder ? inOrder(added) : added;
	// As usual again: then the order of the goal applies again, too.
	return withColumns(state, view, isSame(next, usualNames(view)) ? undefined : next);
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
	return one.length === other.length && one.every((name, index) => name === other[index]);
}

function withColumns(state: State, view: ViewName, names: readonly string[] | undefined): State {
	const {[view]: _, ...others} = state.columns;
	const [first] = namesOf(view);
	const own = names?.filter((name) => name !== first);
	return {...state, columns: own === undefined ? others : {...others, [view]: own}};
}
