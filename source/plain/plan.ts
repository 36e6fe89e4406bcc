import type {Plan, RunConfig} from '../domain/run-config.ts';
import {formatQuota, formatTarget} from '../reports/words.ts';
import {
	formatCount,
	formatNumber,
	formatPercent,
	formatTokens,
	formatUsd,
	minutesText,
	unknownMark,
} from '../text/numbers.ts';
import {cleanText} from '../text/width.ts';

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
