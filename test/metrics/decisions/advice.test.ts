import {describe, expect, it} from 'vitest';
import {createRandom} from '../../../source/domain/clock.ts';
import type {RunSpec} from '../../../source/domain/run-config.ts';
import type {Snapshot} from '../../../source/domain/snapshot.ts';
import {createRun} from '../../../source/engine/run.ts';
import {FakeClock} from '../../helpers/fake-clock.ts';
import {drawn, figuresOf} from '../../helpers/figures-fixture.ts';
import {enforcements, ModelServer, type ModelServerOptions} from '../../helpers/model-server.ts';
import {cellOf, itemsOf, loadOf, quotaOf, specOf, targetOf, variantOf} from '../../helpers/spec-fixture.ts';

const minuteMs = 60_000;

const play = async (
	spec: Partial<RunSpec>,
	server: Partial<ModelServerOptions>,
): Promise<{snapshot: Snapshot; usefulPerMinute: number}> => {
	const clock = new FakeClock();
	const model = new ModelServer({clock, requestsPerWindow: 1e6, tokensPerWindow: 1e9, ...server});
	const run = createRun(specOf(spec), {backend: model, clock});
	const ended = run.start();
	await clock.advance(minuteMs);
	const before = run.snapshot().variants[0]?.items.useful ?? 0;
	await clock.advance(2 * minuteMs);
	const after = run.snapshot().variants[0]?.items.useful ?? 0;
	run.stop('key', 0);
	await clock.settle(ended);
	expect(model.throttles).toEqual([]);
	return {snapshot: run.snapshot(), usefulPerMinute: (after - before) / 2};
};

describe('advice', () => {
	it.each(enforcements)('of max tokens keeps its promise within a tenth (%s)', async (enforcement) => {
		const random = createRandom(5);
		const server = {
			enforcement,
			tokensPerWindow: 20_000,
			serviceMs: () => 1500 + 1000 * random(),
			outputTokens: () => 60 + Math.round(60 * random()),
		};
		const spec = (maxTokens: number): Partial<RunSpec> => ({
			targets: [targetOf(quotaOf(1e6, 20_000))],
			cells: [cellOf({maxTokens})],
			load: loadOf('saturate', {durationMs: 4 * minuteMs}),
		});
		const first = await play(spec(4096), server);
		const advice = first.snapshot.variants[0]?.maxTokensAdvice;
		const promised = advice?.sustainablePerMinute ?? Number.NaN;
		expect(advice?.value).toBeGreaterThanOrEqual(120);
		expect(advice?.value).toBeLessThan(180);
		expect(advice?.truncationRisk).toBeLessThan(0.05);
		const line = first.snapshot.advice.find(({kind}) => kind === 'max-tokens');
		expect(line?.usefulPerMinute).toBe(promised);
		const second = await play(spec(advice?.value ?? 0), server);
		expect(promised / first.usefulPerMinute).toBeGreaterThan(1.5);
		expect(second.usefulPerMinute / promised).toBeGreaterThan(0.9);
		expect(second.usefulPerMinute / promised).toBeLessThan(1.1);
	});

	it('of max tokens promises nothing where no answer is useful', () => {
		const {variants, advice} = figuresOf(
			{plain: drawn(100, () => ({output: 60, isUseful: false}))},
			{targets: [targetOf(quotaOf(1e6, 20_000))], cells: [cellOf({maxTokens: 4096})]},
		);
		expect(variants[0]?.maxTokensAdvice).toMatchObject({sustainablePerMinute: 0});
		expect(variants[0]?.maxTokensAdvice.value).toBeGreaterThan(0);
		expect(advice.filter(({kind}) => kind === 'max-tokens')).toEqual([]);
	});

	it('of packing keeps its promise within 10 %', async () => {
		const items = itemsOf(40);
		const answerOf = (count: number): string =>
			count === 1
				? 'yes'
				: JSON.stringify(Object.fromEntries(items.slice(0, count).map((_item, index) => [index + 1, 'yes'])));
		const spec = (itemsPerRequest: number): Partial<RunSpec> => ({
			targets: [targetOf(quotaOf(100, 50_000))],
			task: {task: 'x', content: undefined, items, checks: []},
			variants: [variantOf('one', {itemsPerRequest, instruction: '{{item}}'})],
			cells: [
				cellOf({
					maxTokens: 40 * itemsPerRequest,
					inputTokens: {value: 20 * itemsPerRequest, isEstimated: false},
				}),
			],
			load: loadOf('saturate', {durationMs: 4 * minuteMs}),
		});
		const server = (count: number): Partial<ModelServerOptions> => ({
			requestsPerWindow: 100,
			tokensPerWindow: 50_000,
			text: answerOf(count),
			inputTokens: () => 20 * count,
			outputTokens: () => 30 * count,
		});
		const first = await play(spec(1), server(1));
		const line = first.snapshot.advice.find(({kind}) => kind === 'packing');
		expect(line?.text).toContain('10 items');
		expect(line?.usefulPerMinute).toBeCloseTo(1000 / 1.01, 0);
		const second = await play(spec(10), server(10));
		expect(second.usefulPerMinute / (line?.usefulPerMinute ?? Number.NaN)).toBeGreaterThan(0.9);
		expect(second.usefulPerMinute / (line?.usefulPerMinute ?? Number.NaN)).toBeLessThan(1.1);
	});

	it('names the limit that binds, and gives the figures for a quota increase', async () => {
		const {snapshot} = await play(
			{targets: [targetOf(quotaOf(100, 1e6))], load: loadOf('saturate', {durationMs: 4 * minuteMs})},
			{requestsPerWindow: 100},
		);
		expect(snapshot.advice.find(({kind}) => kind === 'limit')?.text).toBe(
			'plain: limited by the quota of requests per minute (100) to 99.5 useful items per minute.',
		);
		expect(snapshot.advice.find(({kind}) => kind === 'quota-increase')?.text).toMatch(
			/steady \d+ and peak 100 requests per minute, steady [\d,]+ and peak 3,600 quota tokens per minute, on average 20 input and 16 output tokens per request\./,
		);
	});

	it('says that answers are cut off', () => {
		const {advice} = figuresOf(
			{plain: drawn(20, () => ({output: 10, isTruncated: true}))},
			{cells: [cellOf({maxTokens: 10})]},
		);
		expect(advice.find(({kind}) => kind === 'max-tokens')?.text).toMatch(
			/answers were cut off at 10 max tokens/,
		);
	});

	it('of caching says what the part that all prompts share would save', () => {
		const instruction = `${'These words are the same for all. '.repeat(200)}{{item}}`;
		const {advice} = figuresOf(
			{long: drawn(20, () => ({output: 16, input: 1600}))},
			{
				targets: [targetOf(quotaOf(1e6, 100_000))],
				task: {task: 'x', content: undefined, items: itemsOf(5), checks: []},
				variants: [variantOf('long', {instruction})],
				cells: [cellOf()],
			},
		);
		const line = advice.find(({kind}) => kind === 'caching');
		// Nearly all of the 1,600 input tokens are shared; 16 output tokens and the items stay.
		expect(line?.text).toContain('about 1,599 input tokens');
		// What is read from the cache is set aside all the same while a request is under way.
		expect(line?.usefulPerMinute ?? 0).toBeGreaterThan(100_000 / 30);
		expect(line?.usefulPerMinute ?? 0).toBeLessThan(100_000 / 17);
	});

	it('of scopes adds the rates of the quotas of one model', () => {
		const {advice} = figuresOf(
			{plain: drawn(20, () => 16)},
			{
				targets: [
					targetOf(quotaOf(100, 1e6)),
					{...targetOf(quotaOf(200, 1e6)), scope: 'cross-region', model: 'us.test.model-v1:0'},
				],
				cells: [cellOf(), cellOf({target: 1})],
			},
		);
		const line = advice.find(({kind}) => kind === 'scope');
		expect(line?.text).toContain('on-demand and cross-Region');
		expect(line?.usefulPerMinute).toBeCloseTo(300 / (1 + 200 / 60_000), 6);
	});

	it.each([
		[12_000, undefined],
		[
			41_000,
			/^p99 of total: plain – \(longest of 100 answers 4[01]\.\d+s\)\. Applications cut such answers off where they set no read timeout: after 30 s \(AWS SDK for Java 2\.x\); not before 60 s \(boto3, AWS CLI\), 100 s \(AWS SDK for \.NET\), 600 s \(SDKs of Anthropic and OpenAI\)\. Set more than 4[12] s/,
		],
		[130_000, /after 30 s .*, 60 s .*, 100 s .*; not before 600 s/],
		[700_000, /after 30 s .*, 600 s \(SDKs of Anthropic and OpenAI\)\. Set more than \d{3} s/],
	])('of read timeouts goes by the longest of few answers (%d ms)', (totalMs, words) => {
		// One in fifty is that slow.
		let drawnSoFar = 0;
		const {advice} = figuresOf({
			plain: drawn(100, () => ({output: 60, totalMs: ++drawnSoFar % 50 === 0 ? totalMs : 1000})),
		});
		const line = advice.find(({kind}) => kind === 'timeout');
		if (words === undefined) {
			expect(line).toBeUndefined();
		} else {
			expect(line?.text).toMatch(words);
		}
	});

	it('of read timeouts goes by p99 of total of many answers', () => {
		let drawnSoFar = 0;
		const {advice} = figuresOf({
			// One in two hundred is slower than one in fifty.
			plain: drawn(600, () => {
				drawnSoFar++;
				return {
					output: 60,
					totalMs: drawnSoFar % 200 === 0 ? 110_000 : drawnSoFar % 50 === 0 ? 41_000 : 1000,
				};
			}),
		});
		expect(advice.find(({kind}) => kind === 'timeout')?.text).toMatch(
			/^p99 of total: plain 4[01]\.\d+s\. .* after 30 s \(AWS SDK for Java 2\.x\); not before 60 s/,
		);
	});
});
