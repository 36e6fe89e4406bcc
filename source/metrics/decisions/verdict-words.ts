import type {GateState, VariantFigures, Verdict} from '../../domain/figures-schema.ts';
import type {Goal} from '../../domain/run-config.ts';
import {formatCount, formatUsd} from '../../text/numbers.ts';
import {cleanText} from '../../text/width.ts';
import type {Checked, Out, Standings, Wants} from './elimination.ts';
import {type Field, leadOf} from './pairwise-comparison.ts';
import {knownLimits} from './sustainable.ts';

/** A verdict in sentences, and the facts that they are made from. */

/** Patterns of stop reasons: every service has its own words. */
export const stopWords = {
	windowFull: /context.?window/i,
	refused: /refus|content.?filter|guardrail|safety|blocked|toxic/i,
	malformed: /^malformed/i,
	toolCall: /^(?:tool|function).?(?:use|calls?)$|^pause.?turn$/i,
} as const;

/** Answers of a variant with a matching stop reason. */
export function stoppedBy({stopReasons}: Pick<VariantFigures, 'stopReasons'>, words: RegExp): number {
	return Object.entries(stopReasons).reduce(
		(sum, [reason, count]) => sum + (words.test(reason) ? count : 0),
		0,
	);
}

/** The input of a verdict: one target and one goal. */
export type Case = {
	readonly target: number;
	readonly goal: Goal;
	/** Cells of the target that do the same work; those of other lanes among them are not compared. */
	readonly cells: readonly number[];
	/** What they are compared by; undefined where they never are: one cell, or none share their blocks. */
	readonly field: Field | undefined;
	readonly standings: Standings | undefined;
	readonly figures: (cell: number) => VariantFigures | undefined;
	readonly checkedOf: (cell: number) => Checked;
	readonly gateOf: (cell: number) => GateState;
	readonly minQuality: number | null;
	/** Of the task; 0: what is said holds for its one input. */
	readonly items: number;
};

/** Why a verdict is not possible yet, and what would help. */
export type Doubt =
	| {readonly kind: 'not-compared'}
	/** No variant has a figure for the goal. */
	| {readonly kind: 'no-figure'}
	/** Between whom; what would decide, and what that costs where it is requests. */
	| {readonly kind: 'close'; readonly wants: Wants; readonly costUsd: number | null}
	/** A rival that no evidence put out could not be sent. */
	| {readonly kind: 'given-up'}
	| {readonly kind: 'quality'; readonly checked: Checked; readonly items: number | undefined};

/** What a goal compares, per useful item where it is a cost: less is better. Undefined where it is not known. */
export function burdenOf(goal: Goal, figures: VariantFigures | undefined): number | undefined {
	if (figures === undefined || figures.items.useful === 0) {
		return undefined;
	}
	const {items, tokens, costUsd, latencyMs, sustainable} = figures;
	switch (goal) {
		case 'throughput':
			return sustainable.usefulPerMinute ? 1 / sustainable.usefulPerMinute : undefined;
		case 'efficiency':
			return tokens.quota / items.useful;
		case 'cost':
			return costUsd === null ? undefined : costUsd / items.useful;
		case 'latency':
			return latencyMs.total.p50 ?? latencyMs.total.mean ?? undefined;
	}
}

const listed = (names: readonly string[]): string => {
	const clean = names.map((name) => cleanText(name));
	return clean.length < 2 ? (clean[0] ?? '') : `${clean.slice(0, -1).join(', ')} and ${clean.at(-1)}`;
};

/** A bound, rounded down: `1.2x`, `1.05x`, `1.004x`. */
export function atLeastText(ratio: number): string {
	const decimals = ratio >= 10 ? 0 : ratio >= 1.01 ? 2 : 3;
	const scale = 10 ** decimals;
	return `${Number((Math.floor(ratio * scale + 1e-9) / scale).toFixed(decimals))}x`;
}

/** A part as a percentage with two digits. */
const percent = (part: number): string => `${Number((part * 100).toPrecision(2))} %`;

/** How a tie was broken, in words that follow the name. */
const tieWords: Readonly<Record<Goal, (part: string) => string>> = {
	throughput: (part) => `allows ${part} more`,
	efficiency: (part) => `takes ${part} fewer quota tokens`,
	cost: (part) => `costs ${part} less`,
	latency: (part) => `answers ${part} faster`,
};

const cellNamed = ({cells, figures}: Case, name: string | null): number | undefined =>
	cells.find((cell) => figures(cell)?.name === name);

const tieText = (verdict: Omit<Verdict, 'text'>, given: Case): string => {
	const own = cellNamed(given, verdict.recommended);
	const others = verdict.leaders.filter((name) => name !== verdict.recommended);
	const {field, goal, figures} = given;
	const apart = others.map((name) => {
		const other = cellNamed(given, name);
		const lead =
			field === undefined || own === undefined || other === undefined
				? undefined
				: leadOf(field, goal, own, other);
		return `${cleanText(name)}${lead === undefined ? '' : ` (${percent(Math.expm1(Math.abs(lead.difference)))} apart)`}`;
	});
	const by = verdict.tieBrokenBy;
	const ownBurden = own === undefined || by === null ? undefined : burdenOf(by, figures(own));
	const worse = others.flatMap((name) => {
		const other = cellNamed(given, name);
		const burden = other === undefined || by === null ? undefined : burdenOf(by, figures(other));
		return burden === undefined || ownBurden === undefined || burden <= ownBurden ? [] : [{name, burden}];
	});
	const nearest = Math.min(...worse.map(({burden}) => burden));
	const part = ownBurden === undefined || worse.length === 0 ? 0 : 1 - ownBurden / nearest;
	const than = worse.length === others.length ? '' : ` than ${listed(worse.map(({name}) => name))}`;
	const why = by === null || part < 0.001 ? '' : `, ${tieWords[by](percent(part))}${than}`;
	return `Ties with ${listed(apart)}${why}.`;
};

/** Lower bounds of the leads over others; with the name of the leader where none is recommended. */
const beatenText = ({beaten, recommended, leaders}: Omit<Verdict, 'text'>): readonly string[] =>
	beaten.length === 0
		? []
		: [
				`${recommended === null ? `${cleanText(leaders[0] ?? '')} is at least` : 'At least'} ${beaten
					.toSorted((one, other) => other.atLeast - one.atLeast)
					.map(({name, atLeast}) => `${atLeastText(atLeast)} of ${cleanText(name)}`)
					.join(', ')}.`,
			];

/** Why a cell is out, where it was not beaten. */
const outText = ({figures, checkedOf, minQuality}: Case, cell: number, {reason}: Out): readonly string[] => {
	const name = cleanText(figures(cell)?.name ?? '');
	switch (reason) {
		case 'gate': {
			const {count, passed} = checkedOf(cell);
			return [
				`${name} fails the minimum quality of ${minQuality}: ${passedText(passed)} of ${formatCount(count)} items passed.`,
			];
		}
		case 'given-up':
			return [`${name} was given up: it could not be sent.`];
		case 'beaten':
			return [];
	}
};

const shutOutText = (given: Case): readonly string[] =>
	[...(given.standings?.out ?? [])].flatMap(([cell, out]) => outText(given, cell, out));

const passedText = (passed: number): string => formatCount(Math.round(passed));

/** Why no variant has a figure for the goal. */
const noFigureText = ({field, goal, cells, figures}: Case): string => {
	const {requestsPerMinute, tokensPerMinute} = field === undefined ? {} : knownLimits(field.quota);
	const limits = [requestsPerMinute, tokensPerMinute].filter((limit) => limit !== undefined);
	if (goal === 'throughput' && limits.length === 0) {
		return 'Not decided: no quota is known, so no rate is; --rpm and --tpm set it.';
	}
	if (goal === 'throughput' && limits.some((limit) => limit <= 0)) {
		return 'Not decided: the quota lets nothing through.';
	}
	if (goal === 'cost' && cells.every((cell) => (figures(cell)?.costUsd ?? null) === null)) {
		return 'Not decided: the cost of these answers is not known.';
	}
	return 'Not decided: no whole round of those that are left holds a useful answer.';
};

/** What would decide between those that are left. */
const wantsText = (doubt: Extract<Doubt, {kind: 'close'}>, {field}: Case): string => {
	const {wants, costUsd} = doubt;
	switch (wants.what) {
		case 'rounds': {
			const blocks = field?.blocks.count ?? 0;
			const asked = `${formatCount(blocks)} whole ${blocks === 1 ? 'round' : 'rounds'}`;
			return `${asked} of all variants ${blocks === 1 ? 'is' : 'are'} too few to decide, ${wants.least} are the least.`;
		}
		case 'least-items':
			return `so few items cannot decide, ${wants.least} are the least.`;
		case 'pass':
			return `not all items were asked yet; ${formatCount(wants.left)} more ${wants.left === 1 ? 'round' : 'rounds'} would ask the rest.`;
		case 'items':
			return wants.more === undefined
				? 'every item was asked, so more items would help, not more requests.'
				: `about ${formatCount(wants.more)} more ${wants.more === 1 ? 'item' : 'items'} would decide, not more requests.`;
		case 'blocks': {
			const cost = costUsd === null ? '' : `, about ${formatUsd(costUsd)}`;
			return `about ${formatCount(wants.more)} more requests per variant would decide${cost}.`;
		}
		case 'nothing':
			return 'a sensible number of requests would not decide.';
	}
};

const doubtText = (doubt: Doubt, given: Case, leaders: readonly string[]): string => {
	switch (doubt.kind) {
		case 'not-compared':
			return 'Not decided: these variants do not share their blocks, so they are not compared.';
		case 'no-figure':
			return noFigureText(given);
		case 'given-up':
			return leaders.length === 1
				? `Not decided: ${cleanText(leaders[0] ?? '')} leads, but not all others could be sent.`
				: `Not decided: ${listed(leaders)} are equal, but not all others could be sent.`;
		case 'quality': {
			const {checked, items} = doubt;
			const more =
				items === undefined
					? 'more items would not prove it soon'
					: `about ${formatCount(items)} more items would prove it`;
			return `Undecided: ${cleanText(leaders[0] ?? '')} leads, but its quality is not proven: ${passedText(checked.passed)} of ${formatCount(checked.count)} items passed, the minimum is ${given.minQuality}; ${more}.`;
		}
		case 'close':
			return `Undecided between ${listed(leaders)}: ${wantsText(doubt, given)}`;
	}
};

/** Why nothing was useful, the most frequent reason first: `12 refused, 3 cut off`. */
export function uselessReasons(variants: readonly VariantFigures[]): string {
	const sum = (of: (figures: VariantFigures) => number): number =>
		variants.reduce((total, figures) => total + of(figures), 0);
	const stopped = (words: RegExp): number => sum((figures) => stoppedBy(figures, words));
	const named = (words: readonly string[]): string =>
		words.length === 0 ? '' : ` (${[...new Set(words)].map(cleanText).join(', ')})`;
	const stopReasons = variants.flatMap((figures) => Object.keys(figures.stopReasons));
	const failures = variants.flatMap(({requests}) => Object.keys(requests.failed));
	const beyondWindow = stopped(stopWords.windowFull);
	const reasons: ReadonlyArray<readonly [number, string]> = [
		[
			sum(({requests}) => requests.refused),
			`refused${named(stopReasons.filter((reason) => stopWords.refused.test(reason)))}`,
		],
		[sum(({requests}) => requests.truncated) - beyondWindow, 'cut off'],
		[beyondWindow, 'longer than the window of the model'],
		[stopped(stopWords.malformed), 'malformed'],
		[stopped(stopWords.toolCall), 'asked for a tool'],
		[sum(({items}) => items.empty ?? 0), 'empty'],
		[sum(({items}) => items.checkFailed - (items.empty ?? 0)), 'failed a check'],
		[sum(({items}) => items.unparsed), 'not found in a packed answer'],
		[sum(({requests}) => requests.sent - requests.succeeded), `without an answer${named(failures)}`],
	];
	return reasons
		.filter(([count]) => count > 0)
		.toSorted((one, other) => other[0] - one[0])
		.map(([count, word]) => `${formatCount(count)} ${word}`)
		.join(', ');
}

const noneText = ({cells, figures, minQuality, checkedOf}: Case): string => {
	const known = cells.flatMap((cell) => figures(cell) ?? []);
	if (known.some(({items}) => items.useful > 0)) {
		const each = cells.map((cell) => {
			const {count, passed} = checkedOf(cell);
			return `${cleanText(figures(cell)?.name ?? '')} ${passedText(passed)} of ${formatCount(count)}`;
		});
		return `No variant reaches the minimum quality of ${minQuality}: ${each.join(', ')}.`;
	}
	const reasons = uselessReasons(known);
	return known.every(({requests}) => requests.sent === 0)
		? 'Nothing was sent.'
		: `No useful answer${reasons === '' ? '' : `: ${reasons}`}.`;
};

/** The verdict in short sentences. */
export function verdictText(verdict: Omit<Verdict, 'text'>, given: Case, doubt: Doubt | undefined): string {
	const input =
		given.items === 0 && (verdict.basis === 'winner' || verdict.basis === 'tie')
			? ['It holds for this input.']
			: [];
	const rest = [...beatenText(verdict), ...shutOutText(given), ...input];
	const use = `Use ${cleanText(verdict.recommended ?? '')}.`;
	switch (verdict.basis) {
		case 'winner':
			return [use, ...rest].join(' ');
		case 'tie':
			return [use, tieText(verdict, given), ...rest].join(' ');
		case 'undecided':
			return [doubt === undefined ? 'Undecided.' : doubtText(doubt, given, verdict.leaders), ...rest].join(
				' ',
			);
		case 'only':
			return [
				`Only ${cleanText(verdict.recommended ?? '')} ${given.cells.length > 1 ? 'is left' : 'was run'}.`,
				...shutOutText(given),
			].join(' ');
		case 'none':
			return noneText(given);
	}
}
