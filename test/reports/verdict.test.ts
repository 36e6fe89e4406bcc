import {describe, expect, it} from 'vitest';
import {resultsOf} from '../../source/reports/results.ts';
import {bestChoice, choiceFor} from '../../source/reports/verdict.ts';
import {environment, snapshot, target, variant} from '../helpers/results-fixture.ts';

/** As version 0.1.0 wrote them: without a verdict. */
const results = (options: Parameters<typeof snapshot>[0]) => {
	const {verdict: _, ...earlier} = resultsOf(snapshot(options), environment);
	return earlier;
};
const none = {throughput: null, efficiency: null, cost: null, latency: null};
const short = variant({name: 'short', output: 20});
const long = variant({name: 'long', output: 200});

describe('choiceFor', () => {
	it('takes the winner that the run named', () => {
		const {best} = {best: [{target: 0, ...none, throughput: 'long'}]};
		const choice = choiceFor({...results({variants: [short, long]}), best}, 0, 'throughput', null);
		expect([choice?.variant.name, choice?.basis]).toEqual(['long', 'winner']);
	});

	it.each(['throughput', 'efficiency'] as const)(
		'takes the leader for %s where no winner is clear',
		(goal) => {
			const run = {...results({variants: [long, short]}), best: [{target: 0, ...none}]};
			const choice = choiceFor(run, 0, goal, null);
			expect([choice?.variant.name, choice?.basis]).toEqual(['short', 'leader']);
		},
	);

	it('takes no leader below the quality asked for, and none without a useful item', () => {
		const poor = {...short, quality: {checked: 10, passed: 5, score: 0.5, low: 0.2, high: 0.8}};
		const run = {...results({variants: [poor, long]}), best: []};
		expect(choiceFor(run, 0, 'efficiency', 0.9)?.variant.name).toBe('long');
		const empty = {...results({variants: [variant({count: 0})]}), best: []};
		expect(choiceFor(empty, 0, 'efficiency', null)).toBeUndefined();
	});
});

describe('choiceFor with a verdict', () => {
	const run = resultsOf(snapshot({variants: [short, long]}), environment);
	const verdict = {
		target: 0,
		goal: 'cost' as const,
		leaders: ['long', 'short'],
		tieBrokenBy: null,
		beaten: [],
		text: '',
	};
	const chosen = (part: {
		recommended: string | null;
		basis: 'winner' | 'tie' | 'undecided' | 'only' | 'none';
	}) => {
		const choice = choiceFor({...run, verdict: [{...verdict, ...part}]}, 0, 'cost', null);
		return [choice?.variant.name, choice?.basis];
	};

	it.each(['winner', 'tie', 'only'] as const)('takes what is recommended on basis %s', (basis) => {
		expect(chosen({recommended: 'short', basis})).toEqual(['short', basis]);
	});

	it('takes the one ahead, marked so, where it is undecided, and none where nothing may win', () => {
		expect(chosen({recommended: null, basis: 'undecided'})).toEqual(['long', 'leader']);
		expect(chosen({recommended: null, basis: 'none'})).toEqual([undefined, undefined]);
	});
});

describe('bestChoice', () => {
	it('prefers a clear winner to a better leader of another model', () => {
		const run = results({
			targets: [target, target],
			variants: [short, {...long, target: 1}],
		});
		const best = [{target: 1, ...none, efficiency: 'long'}];
		const choices = [0, 1].flatMap((index) => choiceFor({...run, best}, index, 'efficiency', null) ?? []);
		expect(bestChoice(choices)?.variant.name).toBe('long');
		expect(bestChoice(choices.slice(0, 1))?.variant.name).toBe('short');
		expect(bestChoice([])).toBeUndefined();
	});
});
