import {formatCount, formatDurationMs, formatSecondsLeft} from '../../text/numbers.ts';
import type {State} from '../state.ts';
import type {Status} from '../status.ts';
import {accountFault, accountNowMs, shownRegions} from './account-state.ts';

/** Where the account monitor stands, in words. */
export const accountStatus = (state: State): Status => {
	const {account} = state;
	const regions = shownRegions(account);
	const fault = accountFault(account);
	if (fault !== undefined) {
		return {word: 'NO ACCOUNT', detail: fault.remarks[0] ?? '', tone: 'bad'};
	}
	const [first] = regions;
	if (first === undefined || regions.every(({phase}) => phase === 'loading')) {
		const waited = formatSecondsLeft(Math.floor((state.nowMs - account.askedMs) / 1000) * 1000);
		return {word: 'WATCHING', detail: `asking what the account uses (${waited})`, tone: 'accent'};
	}
	const active = regions.flatMap(({buckets}) => buckets.filter(({activity}) => activity === 'active')).length;
	const minute = Math.max(...regions.map((region) => region.minute ?? 0));
	const age = minute === 0 ? 0 : Math.max(0, accountNowMs(state) - minute - 60_000);
	const words = [
		`${formatCount(active)} active`,
		...(minute === 0
			? []
			: [`minute ${new Date(minute).toISOString().slice(11, 16)} UTC, ${formatDurationMs(age)} old`]),
		...(regions.every(({isComplete}) => isComplete) ? [] : ['incomplete']),
	];
	return account.frozen === undefined
		? {word: 'WATCHING', detail: words.join(' · '), tone: 'good'}
		: {word: 'FROZEN', detail: `${words.join(' · ')} · f shows the newest`, tone: 'warning'};
};
