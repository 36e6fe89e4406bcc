import {type RaisedAlert, raisedWords} from '../account/alerts.ts';
import {dayOutlook} from '../account/outlook.ts';
import {watchCostWords} from '../account/poll-plan.ts';
import {measuredPeriod} from '../account/what-to-change.ts';
import type {AccountBucket, AccountDay, AccountRegion} from '../domain/account-snapshot.ts';
import type {FleetRow} from '../domain/fleet-view.ts';
import {dayQuotaOf} from '../domain/target.ts';
import {ceilingJson, ceilingWords} from '../metrics/figures/measured-ceiling.ts';
import {columnsMarkdown, escapeMarkdown} from '../reports/words.ts';
import {formatCount, formatNumber, formatTokens} from '../text/numbers.ts';
import {type Metric, prometheusText, type Sample} from '../text/prometheus.ts';
import {renderTable} from '../text/table.ts';
import {toAscii} from '../text/themes.ts';
import {cleanText} from '../text/width.ts';
import {accountColumns} from '../view/account/account-columns.ts';
import {
	accountDayWords,
	accountRow,
	activeWords,
	hasDifferentAges,
	provisionedWords,
	shortModel,
	sortAccountRows,
} from '../view/account/account-rows.ts';
import {fleetColumns, fleetCountWords} from '../view/fleet.ts';
import {sourceWords} from '../view/quotas.ts';

/** The account's use as append-only lines, one block per minute, and for Prometheus. */

type AccountStyle = {
	readonly width: number;
	readonly ascii: boolean;
};

const minuteWords = (minute: number | null): string =>
	minute === null
		? 'no minute known yet'
		: `${new Date(minute).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

const headOf = ({
	region,
	profile,
	account,
	simulated,
	endpoint,
	minute,
	isComplete,
	buckets,
}: AccountRegion): string => {
	return [
		minuteWords(minute),
		sourceWords({region, profile, account}),
		...(simulated ? ['SIMULATED'] : []),
		...(endpoint !== null && !simulated ? [cleanText(endpoint)] : []),
		`${activeWords(buckets)} active of ${formatCount(buckets.length)} buckets`,
		...(isComplete || minute === null ? [] : ['incomplete']),
	].join(' · ');
};

/** Sentences about shown rows, each with the name of its row. */
const noteLines = (buckets: readonly AccountBucket[]): readonly string[] =>
	buckets.flatMap(({model, scope, notes, disagreement, burndown, measured, quota}) => [
		...notes.map((note) => `${cleanText(model)} (${scope}): ${note}`),
		...(disagreement === null
			? []
			: [
					`${cleanText(model)} (${scope}): in the last hour the service counted ${formatTokens(disagreement.estimated)} quota tokens, the formula with burndown ${formatNumber(burndown.value)} (${burndown.source}) gives ${formatTokens(disagreement.computed)}${disagreement.burndown === null ? '' : `; burndown ${formatNumber(disagreement.burndown)} would explain it`}.`,
				]),
		...(measured === null
			? []
			: [`${cleanText(model)} (${scope}): ${ceilingWords(measured, quota, measuredPeriod)}`]),
	]);

const costLine = ({cost}: AccountRegion): string => `CloudWatch: ${watchCostWords([cost])}.`;

/** The quota of the day that all models share. */
const dayLine = ({day, at}: AccountRegion): readonly string[] =>
	day === undefined
		? []
		: [
				`Day, all models: ${accountDayWords(day, at).join(' · ')}${day.models.length === 0 ? '' : ` · ${dayModelWords(day)}`}`,
			];

const dayModelWords = ({models}: AccountDay): string =>
	models
		.slice(0, 3)
		.map(({model, tokens}) => `${shortModel(cleanText(model))} ${formatTokens(tokens)}`)
		.join(', ');

/** What is left out, as the screen folds it. */
const idleLine = (count: number): readonly string[] =>
	count === 0 ? [] : [`${formatCount(count)} idle ${count === 1 ? 'bucket' : 'buckets'} not listed`];

/** What nobody uses, the account nor a fleet, is left out. */
const isListed = ({activity, fleet}: AccountBucket): boolean => activity !== 'idle' || fleet !== undefined;

/** The members of the fleet that shares a bucket. */
const fleetLines = ({model, scope, fleet}: AccountBucket, width: number): readonly string[] =>
	fleet === undefined
		? []
		: [
				`${cleanText(model)} (${scope}): ${fleetCountWords(fleet)}`,
				...renderTable(fleetColumns, fleet, Math.max(1, width - 2)).map((line) => `  ${line}`),
			];

const rowsOf = (buckets: readonly AccountBucket[], region: AccountRegion) =>
	sortAccountRows(
		buckets.map((bucket) => accountRow(bucket, region.at)),
		'use',
		false,
	);

/** The newest minute of a Region, for a page in Markdown. */
export function accountMarkdown(region: AccountRegion): readonly string[] {
	const rows = rowsOf(region.buckets.filter(isListed), region);
	const columns = accountColumns({hasRegions: false, hasAges: hasDifferentAges(rows)});
	return [
		escapeMarkdown(headOf(region)),
		'',
		...(rows.length === 0 ? ['No bucket is in use.'] : columnsMarkdown(columns, rows)),
		'',
		...[...dayLine(region), ...noteLines(rows.map(({bucket}) => bucket)), ...region.remarks].map(
			(text) => `- ${escapeMarkdown(text)}`,
		),
		'',
	];
}

/** One block: the use of every active or quiet bucket, what is missing, and the cost of watching. */
export function accountLines(region: AccountRegion, {width, ascii}: AccountStyle): readonly string[] {
	const shown = region.buckets.filter(isListed);
	const rows = rowsOf(shown, region);
	const lines = [
		headOf(region),
		...(rows.length === 0
			? []
			: renderTable(accountColumns({hasRegions: false, hasAges: hasDifferentAges(rows)}), rows, width)),
		...dayLine(region),
		...idleLine(region.buckets.length - shown.length),
		...rows.flatMap(({bucket}) => fleetLines(bucket, width)),
		...noteLines(rows.map(({bucket}) => bucket)),
		...(region.provisioned ?? []).map(provisionedWords),
		...region.remarks,
		costLine(region),
		'',
	];
	return ascii ? lines.map((line) => toAscii(line)) : lines;
}

/** A line for each alert. */
export function alertLines(raised: readonly RaisedAlert[]): readonly string[] {
	return raised.map((each) => `ALERT ${raisedWords(each)}`);
}

/** One line of `watch --json`. */
export function accountJson({
	region,
	profile,
	account,
	phase,
	remarks,
	minute,
	isComplete,
	buckets,
	simulated,
	day,
	at,
	provisioned,
}: AccountRegion): string {
	return JSON.stringify({
		at: minute === null ? null : new Date(minute).toISOString(),
		region,
		...(profile === undefined ? {} : {profile, account: account ?? null}),
		...(simulated ? {simulated} : {}),
		complete: isComplete,
		...(phase === 'failed' ? {failure: remarks.join(' ')} : {}),
		...(day === undefined ? {} : {day: dayJson(day, at)}),
		...(provisioned === undefined ? {} : {provisioned}),
		buckets: buckets.filter(isListed).map((bucket) => ({
			model: bucket.model,
			scope: bucket.scope,
			modelIds: bucket.modelIds,
			requestsPerMinute: known(bucket, bucket.reported.requests),
			quotaTokensPerMinute: known(bucket, bucket.reported.quotaTokens),
			inputTokens: known(bucket, bucket.reported.inputTokens),
			outputTokens: known(bucket, bucket.reported.outputTokens),
			throttled: known(bucket, bucket.reported.throttles),
			quota: bucket.quota,
			...(bucket.projects === undefined ? {} : {projects: bucket.projects}),
			measured: ceilingJson(bucket.measured),
			...(bucket.fleet === undefined ? {} : {fleet: bucket.fleet.map(memberJson)}),
		})),
	});
}

const dayJson = (day: AccountDay, nowMs: number) => {
	const outlook = dayOutlook(day, nowMs);
	return {
		limit: day.limit,
		quotaTokens: day.tokens,
		quotaTokensPerHour: day.perMinute === null ? null : Math.round(day.perMinute * 60),
		usedUp: outlook?.type === 'full',
		usedUpAt: outlook?.atMs == null ? null : new Date(outlook.atMs).toISOString(),
		estimated: true,
		models: day.models.map(({model, tokens}) => ({model, quotaTokens: tokens})),
	};
};

const memberJson = ({name, state, use, inFlight, waiting, seenAgoMs}: FleetRow) => ({
	name,
	state,
	requests: use.requests,
	quotaTokens: use.tokens,
	inFlight,
	waiting,
	seenSecondsAgo: Math.floor(seenAgoMs / 1000),
});

const known = ({minute}: AccountBucket, value: number | null): number | null =>
	minute === null ? null : value;

const labelsOf = ({region, model, scope, owner, profile}: AccountBucket) => ({
	region,
	...(owner === undefined ? {} : {account: owner}),
	// Two profiles may lead to one account.
	...(profile === undefined ? {} : {profile}),
	model,
	scope,
});

/** What was never read is not there. */
const samplesOf = (
	buckets: readonly AccountBucket[],
	pick: (bucket: AccountBucket) => number | null,
): readonly Sample[] =>
	buckets.flatMap((bucket) => {
		const value = pick(bucket);
		return value === null ? [] : [{labels: labelsOf(bucket), value}];
	});

const gauge = (name: string, help: string, samples: readonly Sample[]): Metric => ({
	name: `bedrock_top_account_${name}`,
	help,
	type: 'gauge',
	samples,
});

const reported =
	(pick: (use: AccountBucket['reported']) => number | null) =>
	({minute, reported: use}: AccountBucket): number | null =>
		minute === null ? null : pick(use);

/** The page of the buckets that had traffic in the last three hours. */
export function accountMetrics(regions: readonly AccountRegion[]): string {
	const buckets = regions.flatMap((region) => region.buckets.filter(isListed));
	const of = (pick: (bucket: AccountBucket) => number | null): readonly Sample[] => samplesOf(buckets, pick);
	return prometheusText([
		gauge(
			'minute_timestamp_seconds',
			'Begin of the minute that the other values are about.',
			regions.flatMap(({region, profile, minute}) =>
				minute === null
					? []
					: [{labels: {region, ...(profile === undefined ? {} : {profile})}, value: minute / 1000}],
			),
		),
		gauge(
			'requests_per_minute',
			'Requests of the account in that minute.',
			of(reported(({requests}) => requests)),
		),
		gauge(
			'requests_per_minute_limit',
			'Requests per minute that the quota allows.',
			of(({quota}) => quota.requestsPerMinute.value),
		),
		gauge(
			'quota_tokens_per_minute',
			'Quota tokens of the account in that minute.',
			of(reported(({quotaTokens}) => quotaTokens)),
		),
		gauge(
			'output_tokens_per_minute',
			'Output tokens of the account in that minute.',
			of(reported(({outputTokens}) => outputTokens)),
		),
		gauge(
			'quota_tokens_per_minute_limit',
			'Quota tokens per minute that the quota allows.',
			of(({quota}) => quota.tokensPerMinute.value),
		),
		gauge(
			'output_tokens_per_minute_limit',
			'Output tokens per minute that the quota allows, where output has one of its own.',
			of(({quota}) => quota.outputTokensPerMinute?.value ?? null),
		),
		gauge(
			'quota_tokens_per_day',
			'Quota tokens since midnight UTC.',
			of(({dayTokens}) => dayTokens),
		),
		gauge(
			'quota_tokens_per_day_limit',
			'Quota tokens per day that the quota allows.',
			of(({quota}) => dayQuotaOf(quota).limit.value),
		),
		gauge(
			'day_quota_tokens',
			'Quota tokens of all models of the account since midnight UTC, an estimate of what AWS counts.',
			regions.flatMap(({region, day}) =>
				day?.tokens == null ? [] : [{labels: {region}, value: day.tokens}],
			),
		),
		gauge(
			'day_quota_tokens_limit',
			'Tokens per day that the quota over all models allows.',
			regions.flatMap(({region, day}) =>
				day?.limit.value == null ? [] : [{labels: {region}, value: day.limit.value}],
			),
		),
		gauge(
			'throttled_requests_per_minute',
			'Requests that the service throttled in that minute.',
			of(reported(({throttles}) => throttles)),
		),
		gauge(
			'fleet_members',
			'Programs that share the quota by a ledger.',
			buckets.flatMap((bucket) =>
				(['live', 'vanished'] as const).flatMap((state) => {
					const count = bucket.fleet?.filter((member) => member.state === state).length;
					return count === undefined ? [] : [{labels: {...labelsOf(bucket), state}, value: count}];
				}),
			),
		),
	]);
}
