import {occupiedBy} from '../../source/domain/accounting.ts';
import type {Failure} from '../../source/domain/backend.ts';
import {createRandom, type Random} from '../../source/domain/clock.ts';
import {goals, type RunSpec} from '../../source/domain/run-config.ts';
import {type RunEvent, throttleKindOf} from '../../source/domain/run-event.ts';
import {adviceOf} from '../../source/metrics/decisions/advice.ts';
import {Contest} from '../../source/metrics/decisions/variant-contest.ts';
import {gainOf} from '../../source/metrics/decisions/verdict.ts';
import {emptyFigures} from '../../source/metrics/figures/figures.ts';
import {foldEvent} from '../../source/metrics/figures/fold-event.ts';
import {toVariantFigures} from '../../source/metrics/figures/variant-figures.ts';
import {cellOf, loadOf, quotaOf, specOf, targetOf, variantOf} from './spec-fixture.ts';

/** Figures of a run from its answers, without an engine. */

/** An answer by its output tokens, or with more about it. */
type Answer =
	| number
	| {
			readonly output: number;
			readonly input?: number;
			readonly totalMs?: number;
			readonly isTruncated?: boolean;
			/** True where it is absent, unless it is truncated. */
			readonly isUseful?: boolean;
			/** The first attempts that failed before it. */
			readonly failures?: readonly Failure[];
	  };

const price = {input: 1e-6, output: 5e-6, cacheRead: 0, cacheWrite: 0, source: 'test'};

type Attempt = Omit<Extract<RunEvent, {type: 'failed'}>, 'type' | 'failure'>;

function failedEvent(failure: Failure, attempt: Attempt, isFirst: boolean): RunEvent {
	const kind = throttleKindOf(failure);
	return kind === undefined
		? {...attempt, type: 'failed', failure}
		: {...attempt, type: 'throttled', kind, isFirst, failure};
}

/** Answers drawn from a source, always the same ones. */
export function drawn(count: number, draw: (random: Random) => Answer, seed = 11): readonly Answer[] {
	const random = createRandom(seed);
	return Array.from({length: count}, () => draw(random));
}

/**
 * Figures, verdicts and advice of a run in which each variant gave these answers, compared in rounds of all
 * variants. Service time is 400 ms, first token after 200 ms, one item per request.
 * @param answers By variant; one cell each, on the first target unless `spec` has other cells.
 */
export function figuresOf(
	answers: Readonly<Record<string, readonly Answer[]>>,
	overrides: Partial<RunSpec> = {},
) {
	const names = Object.keys(answers);
	const spec = specOf({
		targets: [targetOf(quotaOf(1e6, 1e6))],
		variants: names.map((name) => variantOf(name)),
		cells: names.map((_name, variant) => cellOf({variant, price, maxTokens: 1000})),
		load: loadOf('measure', {requests: 20}),
		...overrides,
	});
	const figures = emptyFigures(spec.cells, spec.targets.length, spec.windowMs);
	let at = 0;
	foldEvent(figures, {type: 'started', at, epochMs: 0});

	const answer = (cell: number, given: Answer, round: number): void => {
		const {
			output,
			input = 20,
			totalMs = 400,
			isTruncated = false,
			isUseful = !isTruncated,
			failures = [],
		} = typeof given === 'number' ? {output: given} : given;
		const {maxTokens = 0, target = 0, price: cellPrice = null} = spec.cells[cell] ?? {};
		const reservedTokens = input + maxTokens;
		const attempt = {at, cell, target, isCounted: true};
		const prompt = {system: undefined, user: 'x'};
		foldEvent(figures, {...attempt, type: 'sent', isFirst: true, items: 1, reservedTokens, prompt});
		for (const [index, failure] of failures.entries()) {
			foldEvent(figures, failedEvent(failure, {...attempt, reservedTokens}, index === 0));
			foldEvent(figures, {...attempt, type: 'sent', isFirst: false, items: 1, reservedTokens, prompt});
		}
		const quotaTokens = input + output;
		const times = {timeToFirstToken: 200, service: totalMs, dispatchDelay: 0, total: totalMs};
		at += totalMs;
		foldEvent(figures, {
			...attempt,
			at,
			type: 'answered',
			block: {number: round, units, isUnitOver: true},
			stopReason: isTruncated ? 'max_tokens' : 'end_turn',
			isTruncated,
			isRefused: false,
			items: {useful: isUseful ? 1 : 0, checkFailed: 0, unparsed: 0, checked: 0, passed: 0},
			tokens: {input, output, cacheRead: 0, cacheWrite: 0, reasoning: undefined, isEstimated: false},
			quotaTokens,
			occupied: occupiedBy(
				{setAside: reservedTokens, reserved: reservedTokens, settled: quotaTokens, countsFrom: 'unknown'},
				times,
				spec.windowMs,
			),
			reservedTokens,
			isOverrun: false,
			costUsd: cellPrice === null ? undefined : input * cellPrice.input + output * cellPrice.output,
			times,
			isWithinServiceLevel: undefined,
			isSimulated: false,
			isRescued: failures[0] !== undefined && throttleKindOf(failures[0]) !== undefined,
			text: 'fine',
		});
	};

	const units = spec.cells.length;
	const lists = spec.cells.map(({variant}) => answers[names[variant] ?? ''] ?? []);
	for (let round = 0; lists.some((list) => round < list.length); round++) {
		for (const [cell, list] of lists.entries()) {
			const given = list[round];
			if (given !== undefined) {
				answer(cell, given, round);
			}
		}
	}

	const variants = spec.cells.map((cell, index) =>
		toVariantFigures(figures, index, {
			name: spec.variants[cell.variant]?.name ?? '',
			cell,
			target: spec.targets[cell.target] ?? targetOf(quotaOf(null, null)),
			shape: spec.load.shape,
			hasServiceLevel: false,
			countsFrom: 'unknown',
			maxTokens: cell.maxTokens,
		}),
	);
	const contests = spec.targets.map(
		(_target, index) =>
			new Contest(spec, index, {figures: () => figures, isAlive: () => true, isPaired: () => true}),
	);
	const verdicts = contests.flatMap((contest) => contest.verdicts(variants));
	const leaders = contests.map(
		({cells, target}) =>
			cells.find(
				(cell) => variants[cell]?.name === verdicts.find((each) => each.target === target)?.recommended,
			) ?? cells[0],
	);
	const timeline = figures.timeline.toTimeline();
	return {
		variants,
		verdicts,
		/** The winner of each goal on the first target; null where there is none. */
		winners: goals.map((goal) => {
			const verdict = verdicts.find((each) => each.target === 0 && each.goal === goal);
			return verdict?.basis === 'winner' ? verdict.recommended : null;
		}),
		states: variants.map((_variant, cell) => contests[0]?.stateOf(cell)),
		gain: gainOf(spec.load.shape, variants, verdicts),
		advice: adviceOf({spec, figures, variants, timeline, leaders}),
	};
}
