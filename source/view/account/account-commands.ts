import {fractionOf, raisedAlerts, raisedId, raisedWords} from '../../account/alerts.ts';
import {regionNow} from '../../account/own-traffic-registry.ts';
import type {AccountSnapshot} from '../../domain/account-snapshot.ts';
import {formatPercent} from '../../text/numbers.ts';
import {noEffect, type Transition, withEffects, withFlash} from '../actions.ts';
import {withList} from '../lists.ts';
import {withLog} from '../log-lines.ts';
import {prepare} from '../run-commands.ts';
import {accountFault, isRunning} from '../selectors.ts';
import type {State} from '../state.ts';
import {type AccountRow, selectedBucket} from './account-rows.ts';
import type {AccountState} from './account-state.ts';

/** Commands of the Account view. */

/** An alert may ring again after this long without being raised. */
const calmMs = 60_000;

const withAccount = (state: State, account: Partial<AccountState>): State => ({
	...state,
	account: {...state.account, ...account},
});

/** Starts to watch the account, unless it is watched already. */
export function watchAccount(state: State): Transition {
	return state.account.isWatched
		? noEffect(state)
		: withEffects(withAccount(state, {isWatched: true, askedMs: state.nowMs}), {
				type: 'watch-account',
				regions: state.account.regions,
				config: state.config,
			});
}

/** Takes a report of the account. */
export function takeAccount(state: State, snapshot: AccountSnapshot): Transition {
	return withAlerts(withStuck(withAccount(state, {snapshot, receivedMs: state.nowMs})));
}

/** Rings alerts that are newly raised, by the account's last report and the current use of this program's run. */
export function withAlerts(state: State): Transition {
	const {account, snapshot} = state;
	if (account.alerts.length === 0) {
		return noEffect(state);
	}
	const run = isRunning(state) ? snapshot : undefined;
	const raised = (account.snapshot?.regions ?? [])
		.filter(({phase}) => phase === 'live')
		.flatMap((region) => raisedAlerts(account.alerts, regionNow(region, run)));
	const newly = raised.filter((each) => !account.ringing.has(raisedId(each)));
	const news = newly.map((each) => `alert ${raisedWords(each)}`);
	const next = withAccount(state, {
		ringing: new Map([
			...[...account.ringing].filter(([, atMs]) => state.nowMs - atMs < calmMs),
			...raised.map((each) => [raisedId(each), state.nowMs] as const),
		]),
	});
	const [first] = news;
	return first === undefined
		? noEffect(next)
		: withEffects(
				{
					...withLog(withFlash(next, first), 'alert', ...news.map((text) => text.replace(/^alert /, ''))),
				},
				{type: 'ring', texts: news, raised: newly},
			);
}

/** Where nothing is chosen yet and no account can be used, the session fails, and offers the demo. */
function withStuck(state: State): State {
	const fault = accountFault(state.account);
	if (state.stage.kind !== 'choosing' || fault === undefined) {
		return state;
	}
	const [message = 'The account cannot be watched.', hint] = fault.remarks;
	return {...state, stage: {kind: 'failed', fault: {message, hint, exitCode: 1}}};
}

/** Folds idle buckets into a line, or shows them. */
export function foldIdle(state: State): Transition {
	return noEffect(withAccount(state, {isIdleFolded: !state.account.isIdleFolded}));
}

export function freezeAccount(state: State): Transition {
	const {frozen, snapshot} = state.account;
	return noEffect(withAccount(state, {frozen: frozen === undefined ? snapshot : undefined}));
}

/** What is left for a run: admission subtracts the others' use, as the monitor reports it. */
function headroomWords({model, bucket: {others, minute, quota}}: AccountRow): string {
	const used = [
		fractionOf(others.requests, quota.requestsPerMinute),
		fractionOf(others.quotaTokens, quota.tokensPerMinute),
	].filter((fraction) => fraction !== null);
	return minute === null || used.length === 0
		? `${model}: what others use of its quota is not known`
		: `${model}: ${formatPercent(Math.max(0, 1 - Math.max(...used)))} of the quota is free; the run uses only that`;
}

/** Prepares a run on the selected bucket: its model, its Region, and what others leave of it. */
export function benchmark(state: State): Transition {
	const row = selectedBucket(state);
	const model = row?.bucket.callable;
	if (row === undefined || model == null) {
		return noEffect(state);
	}
	const {config} = state;
	return prepare(
		{
			...withFlash(state, headroomWords(row)),
			config: {
				...config,
				models: [model],
				connection: {...config.connection, region: row.bucket.region},
			},
			view: 'dashboard',
			isDetailOpen: false,
		},
		state.startsAtOnce,
	);
}

/** Watches other Regions from here on. */
export function watchRegions(state: State, regions: readonly string[]): Transition {
	const [only] = regions;
	const {connection} = state.config;
	// Where none was set, runs and the list of models need one, too.
	const config =
		connection.region === undefined && only !== undefined && regions.length === 1
			? {...state.config, connection: {...connection, region: only}}
			: state.config;
	return withEffects(
		withAccount(withList({...state, config}, 'account', {selected: undefined}), {
			regions,
			isWatched: true,
			askedMs: state.nowMs,
			snapshot: undefined,
			frozen: undefined,
		}),
		{type: 'watch-account', regions, config},
	);
}
