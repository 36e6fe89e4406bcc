import {describe, expect, it} from 'vitest';
import {UserError} from '../../source/domain/user-error.ts';
import {progressLine, stateText} from '../../source/plain/run.ts';
import {summaryLines} from '../../source/plain/summary.ts';
import {errorLines} from '../../source/terminal/io.ts';
import {themeNamed} from '../../source/text/themes.ts';
import {displayWidth} from '../../source/text/width.ts';
import {chartCases} from '../helpers/chart-cases.ts';
import {snapshot, target, variant} from '../helpers/results-fixture.ts';

/** Tests source/plain/summary.ts, source/plain/run.ts and source/terminal/io.ts. */

const look = {width: 100, theme: undefined, ascii: false};

describe('summaryLines', () => {
	it.each([40, 80, 120])('at %i columns', (width) => {
		expect(summaryLines(snapshot({simulated: true}), {...look, width}).join('\n')).toMatchSnapshot();
	});

	it.each(Object.entries(chartCases))('%s: one line a line, none wider than the output', (_, make) => {
		for (const width of [30, 40, 80, 120, 200]) {
			for (const line of summaryLines(make(), {...look, width})) {
				expect(line).not.toMatch(/\p{Cc}/u);
				expect(displayWidth(line)).toBeLessThanOrEqual(width);
			}
		}
	});

	it('colour only where it is asked for, and then the same words', () => {
		const plain = summaryLines(snapshot(), look);
		const coloured = summaryLines(snapshot(), {...look, theme: themeNamed('dark', 16)});
		expect(plain.join('')).not.toContain('\u001B');
		expect(coloured.join('')).toContain('\u001B[');
		expect(coloured.map((line) => line.replaceAll(/\u001B\[[\d;]*m/g, '').trimEnd())).toEqual(plain);
	});

	it('says what was judged by an LLM, how often it agrees, and what it took, apart from the run', () => {
		const judges = [
			{
				model: 'judge.model',
				question: 'Is it right?',
				passIf: 'yes',
				verdicts: {passed: 90, failed: 6, tie: 3, none: 1},
				fromCache: 20,
				agreement: {same: 92, of: 96},
				requests: 160,
				tokens: {input: 45_000, output: 160, quota: 45_800},
				costUsd: 0.25,
			},
		];
		const text = summaryLines({...snapshot(), judges}, {...look, width: 1000}).join('\n');
		expect(text).toContain(
			'Judged by judge.model ("Is it right?", yes passes): 90 passed, 6 failed, 3 changed with the order of the texts, which does not pass, 1 without a verdict; 160 requests (20 verdicts from cache), 45k input and 160 output tokens, $0.25 apart. It agrees with the expected answer on 92 of 96.',
		);
		expect(text).toMatch(/cost .* and \$0\.25 for judges/);
	});

	it('ASCII alone where that is asked for', () => {
		expect(summaryLines(snapshot(), {...look, ascii: true}).join('')).toMatch(/^[ -~]*$/);
	});

	it('says what is simulated, assumed, estimated, and the way out of failures', () => {
		const {tokens} = variant();
		const run = snapshot({
			simulated: true,
			variants: [variant({patch: {tokens: {...tokens, estimated: true}}})],
			targets: [
				{
					...target,
					quota: {
						...target.quota,
						tokensPerMinute: {
							...target.quota.tokensPerMinute,
							value: 10_000,
							state: 'unknown',
							source: 'assumed',
						},
					},
				},
			],
		});
		const text = summaryLines(run, {...look, width: 200}).join('\n');
		expect(text).toMatch(/^SIMULATED/);
		expect(text).toContain('~ minimal');
		expect(text).toContain('10,000 (assumed) tokens per minute');
		expect(text).toContain('Token counts are estimated');
		expect(text).toContain('12 x throttled-tokens: Too many tokens, please wait before trying again.');
		expect(text).toContain('Another application uses the same quota: lower --share.');
	});

	it('names a winner for each of several models', () => {
		const run = snapshot({
			targets: [target, {...target, model: 'other'}],
			variants: [variant(), variant({target: 1, name: 'terse', output: 20})],
			patch: {
				best: [
					{target: 0, throughput: 'minimal', efficiency: null, cost: null, latency: null},
					{target: 1, throughput: 'terse', efficiency: null, cost: null, latency: null},
				],
			},
		});
		const text = summaryLines(run, {...look, width: 200}).join('\n');
		expect(text).toContain('us.amazon.nova-lite-v1:0: Use minimal.');
		expect(text).toContain('other: Use terse.');
	});

	it.each([
		[
			'throughput',
			'Use minimal. At least 1.6x of detailed, 1.05x of concise. With it the quota allows 250 useful items per minute',
		],
		['efficiency', 'With it a useful item takes 400 quota tokens.'],
		['cost', 'With it a useful item costs $0.000040.'],
		[
			'latency',
			'Undecided between minimal and concise: about 12 more requests per variant would decide, about $0.02.',
		],
	] as const)('goal %s', (goal, sentence) => {
		const base = snapshot();
		const text = summaryLines({...base, spec: {...base.spec, goal}}, {...look, width: 200}).join('\n');
		expect(text).toContain(sentence);
	});

	it.each([
		['throughput', {over: 'worst', ratio: 1.9}, false],
		['throughput', {over: 'worst', ratio: 1.04}, false],
		['throughput', null, false],
		['cost', {over: 'worst', ratio: 1.9}, false],
		['cost', {over: 'serial', ratio: 1.9}, true],
	] as const)('goal %s with a gain of %j says it: %s', (goal, gain, isSaid) => {
		const base = snapshot({patch: {gain}});
		const text = summaryLines({...base, spec: {...base.spec, goal}}, {...look, width: 200}).join('\n');
		expect(text.includes('That is 1.9x the useful work of')).toBe(isSaid);
		expect(text.includes('the useful work of')).toBe(isSaid);
	});

	it('says so when nothing was useful', () => {
		const none = {basis: 'none', recommended: null, text: 'No useful answer: 3 refused.'} as const;
		const variants = [variant({count: 0})];
		const base = snapshot({variants});
		const verdicts = base.verdicts.map((each) => ({...each, ...none, leaders: [], beaten: []}));
		const text = summaryLines({...base, verdicts}, look).join('\n');
		expect(text).toContain('No useful answer: 3 refused.');
		expect(text).not.toContain('Other goals');
		// As version 0.1.0 wrote them.
		const earlier = summaryLines(snapshot({variants, patch: {verdicts: []}}), look).join('\n');
		expect(earlier).toContain('No variant gave a useful answer.');
	});
});

describe('progressLine', () => {
	const running = snapshot({
		patch: {
			phase: 'running',
			elapsedMs: 12_400,
			progress: {
				done: 12,
				total: 80,
				inFlight: 3,
				remainingMs: 61_000,
				waitingFor: 'token quota full · next request in 3 s',
			},
		},
	});

	it('is one line with time, state, progress, use and throttles', () => {
		expect(progressLine(running, {width: 200, ascii: false})).toBe(
			'00:12 · token quota full · next request in 3 s · 12/80 requests · 480 useful · RPM 118 of 400, TPM 65k of 100k · 12 throttled · 61 s left',
		);
	});

	it('fits any width and says SIMULATED first', () => {
		for (const width of [10, 20, 79]) {
			const line = progressLine({...running, simulated: true}, {width, ascii: true});
			expect(displayWidth(line)).toBeLessThanOrEqual(width);
			expect(line.startsWith('SIMULATED')).toBe(true);
		}
	});

	it('has the limits of input and output of a model on bedrock-mantle, by the name that calls it there', () => {
		const [target] = running.targets;
		const [bucket] = running.buckets;
		if (target === undefined || bucket === undefined) {
			throw new Error('The fixture has no target.');
		}
		const {requestsPerMinute: limit} = target.quota;
		const onMantle = {
			...target,
			scope: 'mantle',
			quota: {...target.quota, outputTokensPerMinute: limit},
		} as const;
		const line = progressLine(
			{
				...running,
				targets: [target, onMantle],
				buckets: [bucket, {...bucket, output: {used: 900, reserved: 100, limit: 40_000}}],
			},
			{width: 300, ascii: false},
		);
		expect(line).toContain(
			`${target.model} RPM 118 of 400, TPM 65k of 100k · mantle/${target.model} IN 65k of 100k, OUT 1k of 40k`,
		);
	});

	it('has no total and no limit where there is none', () => {
		const [bucket] = running.buckets;
		const line = progressLine(
			{
				...running,
				progress: {...running.progress, total: null, remainingMs: null},
				buckets: bucket ? [{...bucket, requests: {...bucket.requests, limit: null}}] : [],
			},
			{width: 200, ascii: false},
		);
		expect(line).toContain('12 requests');
		expect(line).toContain('RPM 118, TPM');
		expect(line).not.toContain('left');
	});
});

it.each([
	['ready', {phase: 'ready', outcome: null}],
	['running', {phase: 'running', outcome: null}],
	['paused', {phase: 'paused', outcome: null}],
	['finishing · closing the run', {phase: 'draining', outcome: null}],
	['stopping · closing the run', {phase: 'draining', outcome: null, stoppedBy: 'key'}],
	['completed', {}],
	['stopped by a signal', {outcome: 'stopped', stoppedBy: 'signal'}],
	['stopped at --max-cost', {outcome: 'stopped', stoppedBy: 'cost'}],
	['stopped at --max-cost $1.00', {outcome: 'stopped', stoppedBy: 'cost', stopReason: 'at --max-cost $1.00'}],
	[
		'stopped · daily token quota used up (35M of 2M)',
		{outcome: 'stopped', stoppedBy: 'day', stopReason: 'daily token quota used up (35M of 2M)'},
	],
	['failed · no variant could go on', {outcome: 'failed', stoppedBy: 'fault', failures: []}],
] as const)('state in words: %s', (words, patch) => {
	expect(stateText(snapshot({patch}))).toBe(words);
});

describe('errorLines', () => {
	it('says what is wrong, then the way out', () => {
		const error = new UserError('--requests "x" is no number.', {exitCode: 2, hint: 'Give a whole number.'});
		expect(errorLines(error, {width: 80})).toEqual([
			'bedrock-top: --requests "x" is no number.',
			'Give a whole number.',
		]);
	});

	it('keeps the lines of a plan', () => {
		const error = new UserError('Plan\n  cost  $2\n\nToo much.', {exitCode: 2});
		expect(errorLines(error, {width: 80})).toEqual(['bedrock-top: Plan', '  cost  $2', '', 'Too much.']);
	});
});
