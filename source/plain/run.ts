import {calledAs} from '../bedrock/identify/identify.ts';
import {type BatchProgress, paceOf} from '../domain/accounting.ts';
import type {Plan, RunConfig} from '../domain/run-config.ts';
import type {BucketState, Gauge, Snapshot} from '../domain/snapshot.ts';
import type {Target} from '../domain/target.ts';
import {formatQuota, formatTarget} from '../reports/words.ts';
import {
	formatCount,
	formatDurationMs,
	formatElapsedMs,
	formatNumber,
	formatPercent,
	formatTokens,
	formatUsd,
	minutesText,
	quietWords,
	unknownMark,
} from '../text/numbers.ts';
import {toAscii} from '../text/themes.ts';
import {cleanText, truncateEnd} from '../text/width.ts';
import {fleetWords, isApart} from '../view/fleet.ts';
import {minuteLimits} from '../view/quotas.ts';
import {leftWords, stopWords} from '../view/status.ts';

/** What a run prints before its results: its plan, and how far it is. */

/**
 * What a run would do and cost, one statement per line: for `--dry-run`, and before a run that must be confirmed.
 *
 * @returns Lines without colour.
 */
export function planLines(plan: Plan, config: RunConfig): readonly string[] {
	const {load} = config;
	const names = config.variants.map(({name}) => cleanText(name));
	return [
		config.connection.simulatorUrl === undefined ? 'Plan' : 'Plan (SIMULATED: nothing goes to AWS)',
		...plan.targets.flatMap((target) => [
			`  model         ${formatTarget(target)}`,
			`  quota         ${formatQuota(target)}`,
			...(target.burndown.value === 1
				? []
				: [
						`  burndown      output counts ${formatNumber(target.burndown.value)} times (${cleanText(target.burndown.source)})`,
					]),
		]),
		...(plan.account === undefined ? [] : [`  account       ${plan.account ?? unknownMark}`]),
		`  preset        ${config.preset === null ? 'none' : cleanText(config.preset)}`,
		`  variants      ${names.join(', ')}`,
		`  load          ${load.shape}, ${plan.method ?? config.method}, concurrency ${load.concurrency}, share ${formatPercent(config.share)}`,
		`  requests      ${requestsText(plan, load)}`,
		...(plan.durationSeconds === null ? [] : [`  duration      ${formatNumber(plan.durationSeconds)} s`]),
		`  max tokens    ${config.isMaxTokensAuto ? `auto, ${formatCount(config.maxTokens)} at first` : formatCount(config.maxTokens)}`,
		`  quota tokens  ${quotaText(plan)}`,
		`  cost          ${costText(plan)}`,
		...plan.remarks.map((remark) => `  note          ${cleanText(remark)}`),
	];
}

function requestsText({requests, isMost, likelyRequests}: Plan, load: RunConfig['load']): string {
	if (requests === null) {
		return 'as many as the duration allows';
	}

	const each =
		load.shape === 'measure' && load.requests !== null ? `, ${formatCount(load.requests)} per variant` : '';
	const likely = likelyRequests === undefined ? '' : `, about ${formatCount(likelyRequests)} the last time`;
	return isMost
		? `at most ${formatCount(requests)}${each}; it ends as soon as it is decided${likely}`
		: `${formatCount(requests)}${each}`;
}

function quotaText({quotaTokens, quotaShare, quotaMinutes, freePerMinute}: Plan): string {
	if (quotaTokens === null && quotaShare === null) {
		return 'not known';
	}

	return [
		...(quotaTokens === null ? [] : [`about ${formatTokens(quotaTokens)}`]),
		...(quotaShare === null
			? []
			: [
					`at most ${formatPercent(quotaShare)} of a minute's quota${minutesText(quotaMinutes, freePerMinute)}`,
				]),
	].join(', ');
}

function costText({costUsd, priceSource}: Plan): string {
	return costUsd === null
		? 'not known'
		: `at most ${formatUsd(costUsd)}${priceSource === null ? '' : ` (${cleanText(priceSource)})`}`;
}

/** The state of the run, and why nothing is sent, where nothing is. */
export function stateText(snapshot: Snapshot): string {
	const {phase, outcome, stoppedBy, progress} = snapshot;
	const quiet = quietWords(progress.quietMs);
	const withQuiet = (words: string): string => (quiet === undefined ? words : `${words}, ${quiet}`);
	switch (phase) {
		case 'ready':
			return 'ready';
		case 'running':
			return withQuiet(progress.waitingFor === null ? 'running' : progress.waitingFor);
		case 'paused':
			return 'paused';
		case 'draining':
			return withQuiet(
				`${stoppedBy === null ? 'finishing' : 'stopping'} · ${progress.waitingFor ?? 'closing the run'}`,
			);
		case 'ended': {
			const by = stopWords(snapshot);
			return [outcome ?? 'ended', by].filter(Boolean).join(' ');
		}
	}
}

type ProgressStyle = {readonly width: number; readonly ascii: boolean};

/**
 * One line about the present run: time, state, requests done, use of each quota, throttles.
 *
 * @returns At most `width` cells, no colour, no line break.
 */
export function progressLine(snapshot: Snapshot, {width, ascii}: ProgressStyle): string {
	const {progress, simulated, elapsedMs, variants, targets, buckets} = snapshot;
	const throttled = variants.reduce(
		(sum, {requests}) =>
			sum +
			requests.throttled.requests +
			requests.throttled.tokens +
			requests.throttled.day +
			requests.throttled.overloaded,
		0,
	);
	const useful = variants.reduce((sum, {items}) => sum + items.useful, 0);
	const likely = progress.likely === undefined ? '' : `~${formatCount(progress.likely)}, at most `;
	const total = progress.total === null ? '' : `/${likely}${formatCount(progress.total)}`;
	const left = leftWords(snapshot);
	const parts = [
		`${simulated ? 'SIMULATED ' : ''}${formatElapsedMs(elapsedMs)}`,
		stateText(snapshot),
		`${formatCount(progress.done)}${total} requests`,
		`${formatCount(useful)} useful`,
		...buckets.map((bucket, index) => {
			const target = targets[index];
			const name = targets.length === 1 || target === undefined ? '' : `${cleanText(calledAs(target))} `;
			return `${name}${bucketText(bucket, target)}`;
		}),
		`${formatCount(throttled)} throttled`,
		...(left === undefined || snapshot.phase === 'ended' ? [] : [left]),
	];
	const line = truncateEnd(cleanText(parts.join(' · ')), width);
	return ascii ? toAscii(line) : line;
}

function bucketText(bucket: BucketState, target: Target | undefined): string {
	const {fleet} = bucket;
	const others = ({fleet: ofFleet = 0, others: use = 0}: Gauge, format: (value: number) => string) =>
		[ofFleet > 0 ? ` + fleet ${format(ofFleet)}` : '', use > 0 ? ` + others ${format(use)}` : ''].join('');
	const limits = (target === undefined ? [] : minuteLimits(target.quota)).flatMap(
		({label, field, gaugeOf}) => {
			const gauge = gaugeOf(bucket);
			if (gauge === undefined) {
				return [];
			}
			const format = field === 'requests' ? formatCount : formatTokens;
			const used = field === 'requests' ? gauge.used : gauge.used + gauge.reserved;
			const of = gauge.limit === null ? '' : ` of ${format(gauge.limit)}`;
			return [`${label} ${format(used)}${others(gauge, format)}${of}`];
		},
	);
	return [...limits, ...(fleet === undefined || !isApart(fleet) ? [] : [fleetWords(fleet, undefined)])].join(
		', ',
	);
}

/** Progress of batch jobs: `InProgress: 1,200 of 5,000 records (24%), 3 failed, 90 per minute, about 42s left`. */
export function batchProgressLine(progress: BatchProgress): string {
	const {states, records, processed, failed} = progress;
	const names = Object.entries(states)
		.map(([state, count]) => (Object.keys(states).length === 1 && count === 1 ? state : `${count} ${state}`))
		.join(', ');
	const done = `${formatCount(processed)} of ${formatCount(records)} records (${formatPercent(processed / records)})`;
	const pace = paceOf(progress);
	const parts = [
		done,
		...(failed > 0 ? [`${formatCount(failed)} failed`] : []),
		...(pace === null
			? []
			: [`${formatCount(pace.perMinute)} per minute`, `about ${formatDurationMs(pace.leftMs)} left`]),
	];
	return `${names}: ${parts.join(', ')}`;
}

/** Shown after a poll of the jobs has failed. */
export function troubleLine(message: string): string {
	return `${message} (trying again)`;
}

const barLength = 24;

/** Progress of an upload: `uploading [######------] 12.3 of 24.6 MB`. */
export function uploadLine(bytes: number, totalBytes: number): string {
	const share = totalBytes === 0 ? 1 : bytes / totalBytes;
	const filled = Math.round(share * barLength);
	const bar = '#'.repeat(filled) + '-'.repeat(barLength - filled);
	const megabytes = (count: number): string => (count / 1e6).toFixed(1);
	return `uploading [${bar}] ${megabytes(bytes)} of ${megabytes(totalBytes)} MB`;
}
