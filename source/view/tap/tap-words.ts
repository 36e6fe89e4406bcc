import type {BucketState, Gauge, Snapshot} from '../../domain/snapshot.ts';
import type {Limit, Quota} from '../../domain/target.ts';
import {formatCount, formatSpan, formatTokens} from '../../text/numbers.ts';
import {cleanText} from '../../text/width.ts';
import type {ClientRow} from './client-rows.ts';

/** What a tap does, in words. */

const gaugeText = (
	{used, reserved, limit, others}: Gauge,
	unit: string,
	{source}: Pick<Limit, 'source'>,
): string =>
	[
		`${formatTokens(used)} used`,
		...(reserved > 0 ? [`${formatTokens(reserved)} reserved`] : []),
		...(others === undefined ? [] : [`others ${formatTokens(others)}`]),
		limit === null
			? `no ${unit} quota known`
			: `of ${formatTokens(limit)} ${unit}${source === 'assumed' ? ' (assumed)' : ''}`,
	].join(', ');

/** Both limits of a bucket in one line. */
export function gaugeWords(
	{requests, tokens}: BucketState,
	{requestsPerMinute, tokensPerMinute}: Pick<Quota, 'requestsPerMinute' | 'tokensPerMinute'>,
): string {
	return `${gaugeText(requests, 'RPM', requestsPerMinute)} · ${gaugeText(tokens, 'TPM', tokensPerMinute)}`;
}

/** Requests that came so far, those in flight or held among them. */
export function requestCount({tap}: Pick<Snapshot, 'tap'>): number {
	return (tap?.clients ?? []).reduce((sum, {requests}) => sum + requests, 0);
}

/** What a tap still has to answer: `3 in flight, 12 waiting`. */
export function leftWords(snapshot: Pick<Snapshot, 'progress' | 'tap'> | undefined): string {
	const held = (snapshot?.tap?.clients ?? []).reduce((sum, client) => sum + client.held, 0);
	const waiting = held === 0 ? '' : `, ${formatCount(held)} waiting`;
	return `${formatCount(snapshot?.progress.inFlight ?? 0)} in flight${waiting}`;
}

/** How long a tap is up: whole minutes, so that an idle screen stays as it is. */
export function upWords(elapsedMs: number): string {
	const minutes = Math.floor(elapsedMs / minuteMs);
	return minutes < 2 ? `up ${minutes === 0 ? 'under ' : ''}1 min` : `up ${formatSpan(elapsedMs)}`;
}

const minuteMs = 60_000;

/** What requests wait for: `held 12 s, 3 waiting, next in 4 s`; empty while none waits. */
export function heldWords({progress}: Pick<Snapshot, 'progress'>): string {
	return cleanText(progress.waitingFor ?? '');
}

/** Why input was not read from the cache, as far as the figures show; undefined before an answer. */
export function cacheMissWords({
	cachePoints,
	requests,
	inFlight,
	held,
	tokens,
}: ClientRow): string | undefined {
	const {input, cacheRead, cacheWrite} = tokens;
	if (input + cacheRead + cacheWrite === 0) {
		return undefined;
	}
	if (cacheRead > 0) {
		return cacheWrite > cacheRead
			? 'more is written than read: the prefix changes, or expires before the next request'
			: undefined;
	}
	if (cachePoints === 0) {
		return 'no cache point in its requests';
	}
	if (cacheWrite === 0) {
		return 'nothing was written: its prefix is below the minimum of the model, or the model does not cache';
	}
	return requests - inFlight - held <= 1
		? 'first request: it wrote the cache'
		: 'written and never read: the prefix changes, or expires before the next request';
}
