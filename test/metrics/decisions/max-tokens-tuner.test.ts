import {describe, expect, it} from 'vitest';
import {createRandom} from '../../../source/domain/clock.ts';
import {createRun} from '../../../source/engine/run.ts';
import {MaxTokensLog} from '../../../source/metrics/decisions/client-settings.ts';
import {FakeClock} from '../../helpers/fake-clock.ts';
import {ModelServer} from '../../helpers/model-server.ts';
import {cellOf, loadOf, quotaOf, specOf, targetOf} from '../../helpers/spec-fixture.ts';

/** Tests source/metrics/decisions/client-settings.ts: the max tokens that a run learns. */
describe('MaxTokensLog', () => {
	it('tells what matters, at most once in five seconds a cell, and the last value', () => {
		const lines: string[] = [];
		const learnt = new MaxTokensLog((text) => lines.push(text));
		learnt.changed(0, 'one', 1000, 400, 0);
		learnt.changed(0, 'one', 400, 300, 4999);
		learnt.changed(1, 'other', 1000, 900, 4999);
		learnt.changed(0, 'one', 300, 390, 6000);
		learnt.changed(0, 'one', 390, 310, 7000);
		learnt.changed(0, 'one', 310, 305, 7100);
		learnt.finish(8000);
		learnt.finish(8000);
		expect(lines.map((line) => line.split(',')[0])).toEqual([
			'one: max tokens 1000 -> 400',
			'other: max tokens 1000 -> 900',
			'one: max tokens 400 -> 310',
			'one: max tokens 310 -> 305',
		]);
	});
});

describe('a run with --max-tokens auto', () => {
	const play = async (requests: number) => {
		const clock = new FakeClock();
		const random = createRandom(4);
		const model = new ModelServer({
			clock,
			requestsPerWindow: 1e6,
			tokensPerWindow: 1e9,
			outputTokens: () => 60 + Math.round(60 * random()),
		});
		const run = createRun(
			specOf({
				targets: [targetOf(quotaOf(1e6, 20_000))],
				cells: [cellOf({maxTokens: 4096})],
				isMaxTokensAuto: true,
				load: loadOf('serial', {requests}),
			}),
			{backend: model, clock},
		);
		await clock.settle(run.start());
		return run.snapshot();
	};

	it('advises the value that fits, with its risk and the rate, and does not flood the log', async () => {
		const {advice, events, variants, elapsedMs} = await play(300);
		const line = advice.find(({kind}) => kind === 'max-tokens');
		const {value, truncationRisk, sustainablePerMinute} = variants[0]?.maxTokensAdvice ?? {};
		expect(line?.text).toMatch(
			/^plain: auto learnt \d+ max tokens instead of 4,096; \d+ fits its answers \(risk of a cut [\d.]+%\), and the quota then allows \d+ useful items per minute\.$/,
		);
		expect(line?.text).toContain(`; ${value} fits`);
		expect(truncationRisk).toBeLessThan(0.02);
		expect(line?.usefulPerMinute).toBe(sustainablePerMinute);
		const notes = events.filter(({kind}) => kind === 'max-tokens');
		const [, learnt] = /auto learnt (\d+)/.exec(line?.text ?? '') ?? [];
		expect(notes.at(-1)?.text).toContain(`-> ${learnt},`);
		expect(notes.length).toBeLessThan(Math.min(20, elapsedMs / 5000 + 2));
	});

	it('asks again with the full limit what was cut off at the learnt one', async () => {
		let asked = 0;
		const clock = new FakeClock();
		const model = new ModelServer({
			clock,
			requestsPerWindow: 1e6,
			tokensPerWindow: 1e9,
			outputTokens: () => (++asked % 50 === 0 ? 2500 : 60),
		});
		const run = createRun(
			specOf({
				targets: [targetOf(quotaOf(1e6, 1e9))],
				cells: [cellOf({maxTokens: 4096})],
				isMaxTokensAuto: true,
				load: loadOf('serial', {requests: 300}),
			}),
			{backend: model, clock},
		);
		await clock.settle(run.start());
		const {variants, advice} = run.snapshot();
		const [figures] = variants;
		expect(figures?.requests.truncated).toBeGreaterThan(0);
		expect(figures?.items.useful).toBe(300);
		expect(figures?.requests.sent).toBe(300 + (figures?.requests.truncated ?? 0));
		expect(advice.find(({kind}) => kind === 'max-tokens')?.text).toMatch(
			/answers were cut off and (?:were asked again with 4,096|are not useful)\.$/,
		);
	});

	it('says that few answers do not tell the risk', async () => {
		const {advice} = await play(10);
		expect(advice.find(({kind}) => kind === 'max-tokens')?.text).toMatch(
			/auto learnt \d+ max tokens instead of 4,096; 10 answers are too few to estimate the risk of a cut\.$/,
		);
	});
});
