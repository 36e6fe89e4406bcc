import type {VariantFigures, Verdict} from '../../domain/figures-schema.ts';
import {type Goal, goals} from '../../domain/run-config.ts';
import type {Snapshot} from '../../domain/snapshot.ts';
import {atLeastText, burdenOf} from '../../metrics/decisions/verdict-words.ts';
import {formatCount, formatDurationMs, formatNumber, formatPercent, formatUsd} from '../../text/numbers.ts';
import {
	fitLine,
	flowLines,
	hangingLines,
	joinLines,
	type Line,
	lineWidth,
	type Segment,
	segment,
} from '../../text/segment.ts';
import {cleanText, truncateMiddle} from '../../text/width.ts';
import {keyOf} from '../../view/keymap.ts';
import {moreHint, offeredMore} from '../../view/run-commands.ts';
import {shownSnapshot} from '../../view/selectors.ts';
import type {State} from '../../view/state.ts';
import {areAnswersChecked, passedShare, verdictFor} from '../../view/variant-rows.ts';
import type {FrameTitle} from '../frame.ts';
import {shownTargetIndex} from './header.ts';

/** What to use for the goal that is shown and why, the other goals, and how good the answers are. */

/** Between the parts of a line. */
const gap = segment('   ');

/** Title of the panel. */
export function verdictTitle({config}: State): FrameTitle {
	return {title: [segment('Verdict', 'title'), segment(` · ${config.goal}`)]};
}

/** Models with a line of their own; the others are in the table. */
const maxTargets = 4;

/** Rows that the panel has while the run goes, so that nothing jumps: what is known so far, and from two on the goals. */
export function verdictRows(state: State, width: number, liveRows: number): number {
	const snapshot = startedSnapshot(state);
	if (snapshot === undefined) {
		return 0;
	}
	const sentences = Math.min(snapshot.targets.length, maxTargets);
	return isOver(snapshot)
		? verdictLines(state, width, Number.MAX_SAFE_INTEGER).length
		: sentences - 1 + liveRows;
}

/** The verdict in at most `height` lines of at most `width` cells: the sentences in full where they fit, else a line each. */
export function verdictLines(state: State, width: number, height: number): readonly Line[] {
	const snapshot = startedSnapshot(state);
	if (snapshot === undefined) {
		return [];
	}
	const verdicts = listedVerdicts(state, snapshot, Math.max(1, Math.min(maxTargets, height)));
	const below = flowLines([...goalParts(state, snapshot, width), hintPart(state, verdicts)], gap, width);
	const isOne = verdicts.length === 1 && snapshot.targets.length === 1;
	const full = verdicts.flatMap((verdict) => {
		const {mark, text} = sentenceOf(verdict, snapshot);
		return isOne && isOver(snapshot)
			? hangingLines(mark, text, width, 'strong')
			: [fitWithin([mark, ...modelWords(verdict, snapshot, width), segment(text, 'strong')], width)];
	});
	return full.length + below.length <= height
		? [...full, ...below, ...nextLines(state, snapshot, width)].slice(0, height)
		: [...verdicts.map((verdict) => lineOf(verdict, snapshot, width)), ...below].slice(
				0,
				Math.max(0, height),
			);
}

/** What to try after a first demo, a line each. */
function nextLines({isDemo, nextSteps}: State, snapshot: Snapshot, width: number): readonly Line[] {
	return isDemo && isOver(snapshot)
		? nextSteps.map((text) => fitWithin([segment('next ', 'accent'), segment(text)], width))
		: [];
}

/** The key that adds requests, where a verdict for the goal of the run is not decided: for others they may decide nothing. */
function hintPart(state: State, verdicts: readonly Verdict[]): Line {
	const offer = offeredMore(state);
	const isOfGoal = shownSnapshot(state)?.spec.goal === state.config.goal;
	return offer === undefined || !isOfGoal || verdicts.every(({basis}) => basis !== 'undecided')
		? []
		: [segment(keyOf(state, 'add-requests'), 'accent'), segment(` ${moreHint(offer, state.isDemo)}`)];
}

/** The verdict in a few words, for screens without panels; empty before anything was sent. */
export function briefVerdict(state: State): Line {
	const snapshot = startedSnapshot(state);
	const verdict = verdictFor(snapshot, shownTargetIndex(state), state.config.goal);
	if (snapshot === undefined || verdict === undefined) {
		return [];
	}
	const {mark} = sentenceOf(verdict, snapshot);
	return [mark, segment(briefWords(verdict, snapshot))];
}

function startedSnapshot(state: State): Snapshot | undefined {
	const snapshot = shownSnapshot(state);
	return snapshot?.startedAt == null ? undefined : snapshot;
}

const isOver = ({phase}: Snapshot): boolean => phase === 'ended';

/** Those of the goal that is shown, in the order of the models; where not all fit, that of the selected row is among them. */
function listedVerdicts(state: State, snapshot: Snapshot, count: number): readonly Verdict[] {
	const all = snapshot.targets.flatMap((_, target) => verdictFor(snapshot, target, state.config.goal) ?? []);
	const at = all.findIndex(({target}) => target === shownTargetIndex(state));
	const first = Math.max(0, Math.min(at, all.length - count));
	return all.slice(first, first + count);
}

function lineOf(verdict: Verdict, snapshot: Snapshot, width: number): Line {
	const {mark, text} = sentenceOf(verdict, snapshot);
	return fitWithin([mark, ...modelWords(verdict, snapshot, width), segment(text, 'strong')], width);
}

const fitWithin = (line: Line, width: number): Line => fitLine(line, Math.min(width, lineWidth(line)));

/** The model in front of its verdict, where there is more than one. */
function modelWords({target}: Verdict, {targets}: Snapshot, width: number): Line {
	return targets.length < 2
		? []
		: [
				segment(
					`${truncateMiddle(cleanText(targets[target]?.model ?? ''), Math.min(28, Math.floor(width / 3)))}: `,
					'muted',
				),
			];
}

/** A verdict as a mark and sentences. Before the end it says what is known so far. */
function sentenceOf(verdict: Verdict, snapshot: Snapshot): {readonly mark: Segment; readonly text: string} {
	const text = cleanText(verdict.text);
	if (!isOver(snapshot)) {
		const isEarned = verdict.basis === 'winner' || verdict.basis === 'tie';
		return {
			mark: isEarned ? segment('★ ', 'good') : segment('· ', 'muted'),
			text: `so far: ${soFarWords(verdict, snapshot)}`,
		};
	}
	switch (verdict.basis) {
		case 'winner':
		case 'tie':
			return {mark: segment('★ ', 'good'), text};
		case 'undecided':
			return {mark: segment('? ', 'warning'), text};
		case 'only':
			return {mark: segment('· ', 'muted'), text: onlyWords(verdict, snapshot)};
		case 'none':
			return {mark: segment('! ', 'bad'), text};
	}
}

/** What the run knows by now; the number of requests that would decide jumps with each look, and waits for the end. */
function soFarWords(verdict: Verdict, snapshot: Snapshot): string {
	const {basis, leaders, recommended} = verdict;
	const own = ofTarget(snapshot, verdict.target);
	const text = cleanText(verdict.text).replace(/\.$/, '');
	switch (basis) {
		case 'winner':
			return [`${nameOf(recommended)} wins`, ...beatenWords(verdict)].join(', ');
		case 'tie':
			return [
				`${nameOf(recommended)} ties with ${listed(leaders.filter((name) => name !== recommended))}`,
				...beatenWords(verdict),
			].join('; ');
		case 'undecided': {
			const [ahead, ...rivals] = leaders;
			// Without a leader by comparison the order of the names says nothing.
			const isCompared = own.some(({state}) => state === 'leader');
			return ahead === undefined || !isCompared
				? decapitalized(text)
				: [
						`${nameOf(ahead)} leads`,
						...(rivals.length === 0 ? [] : [`not decided against ${listed(rivals)}`]),
						...(isUnproven(own, ahead) ? ['its quality is not proven'] : []),
						...beatenWords(verdict),
					].join(', ');
		}
		case 'only':
			return decapitalized(onlyWords(verdict, snapshot)).replace(' was run', ' runs').replace(/\.$/, '');
		case 'none':
			return own.every(({requests}) => requests.succeeded === 0) ? 'no answer yet' : decapitalized(text);
	}
}

const ofTarget = ({variants}: Snapshot, target: number): readonly VariantFigures[] =>
	variants.filter((each) => each.target === target);

const isUnproven = (own: readonly VariantFigures[], variant: string): boolean =>
	own.some(({name, quality}) => name === variant && quality.gate === 'unproven');

/** Why there is nothing to choose: no other variant, or only such that do other work. */
function onlyWords({target, recommended, text}: Verdict, snapshot: Snapshot): string {
	const own = ofTarget(snapshot, target);
	const lane = own.find(({name}) => name === recommended)?.lane;
	const others = own.filter(({name}) => name !== recommended);
	return others.length > 0 && others.every((each) => each.lane !== lane)
		? `Only ${nameOf(recommended)} runs in its lane. Nothing to compare.`
		: `${cleanText(text)} Nothing to compare.`;
}

function briefWords({target, basis, recommended, leaders}: Verdict, snapshot: Snapshot): string {
	switch (basis) {
		case 'winner':
		case 'tie':
			return equalNames(recommended, leaders);
		case 'undecided':
			return isOver(snapshot) || leaders.length === 0
				? 'not decided'
				: `not decided, ${nameOf(leaders[0])} ahead`;
		case 'only':
			return `only ${nameOf(recommended)}`;
		case 'none':
			return ofTarget(snapshot, target).some(({items}) => items.useful > 0)
				? 'none good enough'
				: isOver(snapshot)
					? 'no useful answer'
					: 'no useful answer yet';
	}
}

const maxNameWidth = 24;

const nameOf = (name: string | null | undefined): string =>
	truncateMiddle(cleanText(name ?? ''), maxNameWidth);

const decapitalized = (text: string): string => text.slice(0, 1).toLowerCase() + text.slice(1);

const maxListed = 3;

/** Names in words: `minimal`, `minimal and structured`, `5 others`. */
function listed(names: readonly string[]): string {
	if (names.length > maxListed) {
		return `${names.length} others`;
	}
	const shown = names.map(nameOf);
	return shown.length < 2 ? (shown[0] ?? '') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}

/** The recommended one with those that tie with it: `concise = minimal`. */
function equalNames(recommended: string | null, leaders: readonly string[]): string {
	const equals = leaders.filter((name) => name !== recommended);
	const names = equals.length > maxListed ? [`${equals.length} others`] : equals.map(nameOf);
	return [nameOf(recommended), ...names].join(' = ');
}

/** The bounds of the leads over those that are out, the greatest first. */
function beatenWords({beaten}: Verdict): readonly string[] {
	const bounds = beaten
		.toSorted((one, other) => other.atLeast - one.atLeast)
		.map(({name, atLeast}) => `${atLeastText(atLeast)} of ${nameOf(name)}`);
	return bounds.length === 0 ? [] : [`at least ${bounds.join(', ')}`];
}

/**
 * All goals with what wins each, and the quality of what is used. Goals with the same outcome share a part where they
 * would not fit into a line.
 */
function goalParts(state: State, snapshot: Snapshot, width: number): readonly Line[] {
	const target = shownTargetIndex(state);
	const verdicts = goals.flatMap((goal) => verdictFor(snapshot, target, goal) ?? []);
	const shown = verdicts.find(({goal}) => goal === state.config.goal);
	const model = shown === undefined ? [] : modelWords(shown, snapshot, width);
	const quality = shown === undefined ? [] : [qualityPart(state, snapshot, shown)];
	if (verdicts.every(({basis}) => basis === 'none')) {
		return quality;
	}
	const parts = verdicts.map(({goal}) => ({
		names: [goal],
		outcome: outcomeOf(verdicts, goal, snapshot),
	}));
	const each = parts.map((part, index) => [
		...(index === 0 ? model : []),
		...goalPart(part, state.config.goal),
	]);
	if (lineWidth(joinLines(each, gap)) <= width) {
		return [...each, ...quality];
	}
	const groups = parts.filter(
		({outcome}, index) => parts.findIndex((part) => part.outcome.text === outcome.text) === index,
	);
	return [
		...groups.map(({outcome}, index) => {
			const names = parts.filter((part) => part.outcome.text === outcome.text).flatMap((part) => part.names);
			return [...(index === 0 ? model : []), ...goalPart({names, outcome}, state.config.goal)];
		}),
		...quality,
	];
}

type Outcome = {readonly text: string; readonly hasStar: boolean};

function goalPart(
	{names, outcome}: {readonly names: readonly Goal[]; readonly outcome: Outcome},
	shown: Goal,
): Line {
	return [
		...names.flatMap((name, index) => [
			...(index === 0 ? [] : [segment(', ', 'muted')]),
			segment(name, name === shown ? 'strong' : 'muted'),
		]),
		segment(outcome.hasStar ? ' ★' : '', 'good'),
		segment(` ${outcome.text}`),
	];
}

function outcomeOf(verdicts: readonly Verdict[], goal: Goal, snapshot: Snapshot): Outcome {
	const verdict = verdicts.find((each) => each.goal === goal);
	switch (verdict?.basis) {
		case 'winner':
		case 'tie':
			return {text: equalNames(verdict.recommended, verdict.leaders), hasStar: true};
		case 'only': {
			const own = figuresOf(snapshot, verdict.target, verdict.recommended);
			return {text: figureWords(goal, own), hasStar: false};
		}
		case 'undecided':
			return {text: isOver(snapshot) ? 'not decided' : 'not decided yet', hasStar: false};
		case 'none':
		case undefined:
			return {text: '–', hasStar: false};
	}
}

function figuresOf({variants}: Snapshot, target: number, name: string | null): VariantFigures | undefined {
	return variants.find((each) => each.target === target && each.name === name);
}

/** The figure that a goal compares, per useful item. */
function figureWords(goal: Goal, figures: VariantFigures | undefined): string {
	const burden = burdenOf(goal, figures);
	if (burden === undefined) {
		return '–';
	}
	switch (goal) {
		case 'throughput':
			return `${formatNumber(1 / burden)} per minute`;
		case 'efficiency':
			return `${formatCount(burden)} quota tokens each`;
		case 'cost':
			return `${formatUsd(burden * 1000)} per 1,000`;
		case 'latency':
			return formatDurationMs(burden);
	}
}

/** That an LLM decided what passes, who that is, and how often it agrees with the right answers. */
function judgedPart({judges = []}: Snapshot): Line {
	return judges.flatMap(({model, agreement}) => [
		segment(', judged', 'muted'),
		segment(
			agreement === null ? '' : ` (agrees on ${formatCount(agreement.same)} of ${formatCount(agreement.of)})`,
		),
		segment(` by ${truncateMiddle(cleanText(model), maxNameWidth)}`, 'muted'),
	]);
}

/** How good the answers of the one to use are, else of the one ahead or the best: the state of the gate is a part of it. */
function qualityPart(state: State, snapshot: Snapshot, {target, recommended, leaders}: Verdict): Line {
	const label = segment('quality ', 'muted');
	if (!areAnswersChecked(state)) {
		return [label, segment('not checked (no `expected`)')];
	}
	const own = snapshot.variants
		.filter((each) => each.target === target && each.quality.score !== null)
		.toSorted((one, other) => (other.quality.score ?? 0) - (one.quality.score ?? 0));
	const figures = own.find(({name}) => name === (recommended ?? leaders[0])) ?? own[0];
	if (figures === undefined) {
		return [label, segment('nothing checked yet')];
	}
	const {gate = 'none', checked} = figures.quality;
	const tone = gate === 'failed' ? 'bad' : gate === 'unproven' ? 'warning' : 'plain';
	const share = `${passedShare(figures.quality)} of ${formatCount(checked)}`;
	const minimum = formatPercent(snapshot.spec.minQuality);
	return [
		label,
		segment(`${nameOf(figures.name)} passed ${share}`),
		...judgedPart(snapshot),
		...(gate === 'none' ? [] : [segment(`, minimum ${minimum}: `, 'muted'), segment(gate, tone)]),
	];
}
