import {isRunning} from '../selectors.ts';
import type {State} from '../state.ts';
import {selectedBucket} from './listed-buckets.ts';

/** Why a command of the Account view has no effect at present, as half a sentence. */

export function notBenchmarkable(state: State): string | undefined {
	if (isRunning(state)) {
		return 'a run is under way: x stops it';
	}
	if (state.stage.kind === 'preparing') {
		return 'the run is still being prepared';
	}
	const row = selectedBucket(state);
	if (row === undefined) {
		return 'there is no bucket to benchmark';
	}
	const {callable, quota} = row.bucket;
	if (callable === null) {
		return 'what stands behind this ModelId is not known';
	}
	return [quota.requestsPerMinute, quota.tokensPerMinute].some(({state: limit}) => limit === 'blocked')
		? 'its limit is 0'
		: undefined;
}

export function noBucket(state: State): string | undefined {
	return selectedBucket(state) === undefined ? 'there is no bucket to look at' : undefined;
}

export function nothingWatched({account}: State): string | undefined {
	return account.snapshot === undefined ? 'there is nothing to freeze yet' : undefined;
}
