import type {Plan} from '../../domain/run-config.ts';
import {
	formatCount,
	formatDurationMs,
	formatPercent,
	formatTokens,
	formatUsd,
	minutesText,
} from '../../text/numbers.ts';
import {hangingLines, type Line, segment, type Tone} from '../../text/segment.ts';
import {cleanText, wrapText} from '../../text/width.ts';
import {isDemoOffered} from '../../view/availability.ts';
import {type KeyCommand, keyOf} from '../../view/keymap.ts';
import type {State} from '../../view/state.ts';
import type {FrameTitle} from '../frame.ts';

/** Shown before any figures: the plan of a run that waits for `r`, or a fault and the way out. */
export type Notice = FrameTitle & {
	readonly lines: readonly Line[];
	/** The lines at the top that are the plan; undefined where there is none. */
	readonly planLines?: number;
};

/** The notice of a state, for lines of `width` cells; undefined where there is nothing to say. */
export function noticeOf(state: State, width: number): Notice | undefined {
	const {stage, plan} = state;
	if (stage.kind === 'failed') {
		return {title: [segment('Fault', 'bad')], lines: faultLines(state, width)};
	}
	// The old plan stays on screen while the run is planned again, so that nothing jumps.
	const isAgain = stage.kind === 'preparing' && !stage.startsThen && state.snapshot?.phase === 'ready';
	if ((stage.kind === 'planned' || isAgain) && plan !== undefined) {
		const entries = planEntries(state, plan, width);
		const key = (command: KeyCommand) => keyOf(state, command);
		const changing = [key('settings'), key('models'), key('presets')].join(' ');
		return {
			title: [segment('Plan', 'title'), segment(isAgain ? ' · planning again' : ' · nothing has been sent')],
			lines: [
				...entries,
				...(plan.refusal === undefined
					? keyLine(
							key('run'),
							'starts',
							`${changing} ${key('toggle-variant')}`,
							'change it',
							key('quit'),
							'quits',
						)
					: keyLine(
							key('models'),
							'chooses another model',
							key('run'),
							'does not start: it would be refused',
							key('quit'),
							'quits',
						)),
			],
			planLines: entries.length,
		};
	}
	return undefined;
}

function faultLines(state: State, width: number): readonly Line[] {
	if (state.stage.kind !== 'failed') {
		return [];
	}
	const {message, hint} = state.stage.fault;
	const choosing = [keyOf(state, 'open-account'), keyOf(state, 'regions')].join(' ');
	return [
		...paragraph(message, width, 'strong'),
		...(hint === undefined ? [] : paragraph(hint, width)),
		...keyLine(
			keyOf(state, 'run'),
			'tries again',
			...(isRegionMissing(message) ? [choosing, 'choose a Region'] : []),
			...(isDemoOffered(state) ? [keyOf(state, 'start-demo'), 'shows the demo'] : []),
			keyOf(state, 'quit'),
			'quits',
		),
	];
}

/** In the words of `bedrock/clients`: a fault crosses threads as its sentence alone. */
function isRegionMissing(message: string): boolean {
	return message.startsWith('No AWS Region is set');
}

/** The requests, quota and cost of a run. */
export function planEntries(state: State, plan: Plan, width: number): readonly Line[] {
	const {config, switchedOff} = state;
	const variantCount = config.variants.length - switchedOff.length;
	const share = plan.quotaShare;
	const variants = `${variantCount} ${variantCount === 1 ? 'variant' : 'variants'}`;
	return [
		...entry('sends', `${sendWords(plan)}, ${variants} by ${plan.method ?? config.method}`, width),
		...entry('quota', quotaWords(plan), width, share !== null && share > 1 ? 'warning' : 'plain'),
		...entry('costs', costWords(plan), width, plan.costUsd === null ? 'warning' : 'strong'),
		...plan.remarks.flatMap((remark) => paragraph(remark, width, remark === plan.refusal ? 'bad' : 'plain')),
	];
}

/** Requests and cost in one sentence. */
export function planSummary(plan: Plan): string {
	const cost = plan.costUsd === null ? 'cost not known' : `at most ${formatUsd(plan.costUsd)}`;
	return `${sendWords(plan)}, ${cost}`;
}

function quotaWords({quotaTokens, quotaShare, quotaMinutes, freePerMinute}: Plan): string {
	if (quotaTokens === null) {
		return 'tokens not known before the first answers';
	}
	const tokens = `about ${formatTokens(quotaTokens)} quota tokens`;
	if (quotaShare === null) {
		return tokens;
	}
	return `${tokens}, ${formatPercent(quotaShare)} of a minute's quota${minutesText(quotaMinutes, freePerMinute)}`;
}

function costWords({costUsd, priceSource}: Plan): string {
	if (costUsd === null) {
		return 'not known: no price for this model';
	}
	return `at most ${formatUsd(costUsd)}${priceSource === null ? '' : ` (${cleanText(priceSource)})`}`;
}

function sendWords(plan: Plan): string {
	const bound = plan.isMost ? 'at most ' : '';
	const likely =
		plan.likelyRequests === undefined ? '' : `, about ${formatCount(plan.likelyRequests)} the last time`;
	const requests =
		plan.requests === null ? undefined : `${bound}${formatCount(plan.requests)} requests${likely}`;
	const duration = plan.durationSeconds === null ? undefined : formatDurationMs(plan.durationSeconds * 1000);
	if (requests === undefined) {
		return duration === undefined ? 'requests until stopped' : `requests for ${duration}`;
	}
	return duration === undefined ? requests : `${requests} or ${duration}, whichever is first`;
}

function entry(label: string, text: string, width: number, tone: Tone = 'plain'): readonly Line[] {
	return hangingLines(segment(label.padEnd(8), 'muted'), text, width, tone);
}

function paragraph(text: string, width: number, tone: Tone = 'plain'): readonly Line[] {
	return wrapText(cleanText(text), width).map((line) => [segment(line, tone)]);
}

function keyLine(...pairs: readonly string[]): readonly Line[] {
	const line = pairs.flatMap((text, index) =>
		index % 2 === 0 ? [segment(index === 0 ? '' : '   '), segment(text, 'accent')] : [segment(` ${text}`)],
	);
	return [line];
}
