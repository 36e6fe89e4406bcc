import type {AccountSnapshot} from '../../metrics/account/account-snapshot.ts';
import {raisedAlerts} from '../../metrics/account/alerts.ts';
import {formatPercent} from '../../text/numbers.ts';
import {type Change, changeWith, only, withFlash} from '../change.ts';
import {prepare} from '../run-commands.ts';
import {keptLogLines, type State} from '../state.ts';
import {rowId} from './account-row.ts';
import {type AccountState, accountFault} from './account-state.ts';
import {listedBuckets, selectedBucket} from './listed-buckets.ts';
import {accountSortAfter} from './sort-rows.ts';

/** Commands of the Account view. */

const withAccount = (state: State, account: Partial<AccountState>): State => ({
	...state,
	account: {...state.account, ...account},
});

/** Has the account watched, unless it is already. */
export function watchAccount(state: State): Change {
	return state.account.isWatched
		? only(state)
		: changeWith(withAccount(state, {isWatched: true, askedMs: state.nowMs}), {
				type: 'watch-account',
				regions: state.account.regions,
				config: state.config,
			});
}

/** News of the account: alarms that did not ring before ring now. */
export function takeAccount(state: State, snapshot: AccountSnapshot): Change {
	const raised = snapshot.regions
		.filter(({phase}) => phase === 'live')
		.flatMap((region) => raisedAlerts(state.account.alerts, region));
	const told = raised.map(({alert, bucket, percent}) => ({
		id: `${alert.text} ${rowId(bucket)}`,
		text: `alert ${alert.text}: ${bucket.model} (${bucket.scope}, ${bucket.region}) at ${formatPercent(percent / 100)}`,
	}));
	const news = told.filter(({id}) => !state.account.ringing.includes(id));
	const next = withStuck(
		withAccount(state, {snapshot, toldMs: state.nowMs, ringing: told.map(({id}) => id)}),
	);
	const [first] = news;
	return first === undefined
		? only(next)
		: changeWith(
				{
					...withFlash(next, first.text),
					log: [...next.log, ...news.map(({text}) => text)].slice(-keptLogLines),
				},
				{type: 'ring'},
			);
}

/** Where nothing was chosen yet and no account can be used, that is the fault of the session: the demo is the way out. */
function withStuck(state: State): State {
	const fault = accountFault(state.account);
	if (state.stage.kind !== 'choosing' || fault === undefined) {
		return state;
	}
	const [message = 'The account cannot be watched.', hint] = fault.remarks;
	return {...state, stage: {kind: 'failed', fault: {message, hint, exitCode: 1}}};
}

export function moveInAccount(state: State, lines: number): Change {
	const rows = listedBuckets(state);
	const selected = selectedBucket(state, rows);
	if (selected === undefined) {
		return only(state);
	}
	const index = Math.min(rows.length - 1, Math.max(0, rows.indexOf(selected) + lines));
	return only(withAccount(state, {selected: rows[index]?.id}));
}

export function nextAccountSort(state: State): Change {
	return only(withAccount(state, {sort: accountSortAfter(state.account.sort)}));
}

export function invertAccount(state: State): Change {
	return only(withAccount(state, {isInverted: !state.account.isInverted}));
}

export function freezeAccount(state: State): Change {
	const {frozen, snapshot} = state.account;
	return only(withAccount(state, {frozen: frozen === undefined ? snapshot : undefined}));
}

/** Takes the selected bucket to a run of its own: the model, its Region, and what others leave of it. */
export function benchmark(state: State): Change {
	const row = selectedBucket(state);
	const model = row?.bucket.callable;
	if (row === undefined || model == null) {
		return only(state);
	}
	const {config} = state;
	return prepare(
		{
			...state,
			config: {
				...config,
				models: [model],
				connection: {...config.connection, region: row.bucket.region},
			},
			view: 'dashboard',
			isDetailOpen: false,
			filter: '',
		},
		state.startsAtOnce,
	);
}

/** Watches other Regions from here on. */
export function watchRegions(state: State, regions: readonly string[]): Change {
	return changeWith(
		withAccount(state, {
			regions,
			isWatched: true,
			askedMs: state.nowMs,
			snapshot: undefined,
			frozen: undefined,
			selected: undefined,
		}),
		{type: 'watch-account', regions, config: state.config},
	);
}
